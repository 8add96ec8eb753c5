//! Words of other workflow languages, and what says the same here.
//!
//! Owns two tables, read by [`attune_pack::MapReader`] when it reports an unknown key. Nothing in them
//! is accepted: they only make the help of that error a better one.

/// What follows a task is said where it comes from.
const BEFORE: &str = "order is said by the task before: give that one `on_success: <this task>`; `join: all` here waits for several";

/// At the top level.
pub(super) const WORKFLOW: [(&str, &str); 16] = [
    ("steps", "tasks"),
    ("jobs", "tasks"),
    ("nodes", "tasks"),
    ("states", "tasks"),
    ("dag", "tasks"),
    ("name", "ref"),
    ("id", "ref"),
    ("title", "label"),
    ("input", "parameters"),
    ("inputs", "parameters"),
    ("params", "parameters"),
    ("args", "parameters"),
    ("variables", "vars"),
    ("ctx", "vars"),
    ("outputs", "output_map"),
    ("result", "output_map"),
];

/// Of a task.
pub(super) const TASK: [(&str, &str); 26] = [
    ("depends", BEFORE),
    ("depends_on", BEFORE),
    ("dependencies", BEFORE),
    ("needs", BEFORE),
    ("requires", BEFORE),
    ("after", BEFORE),
    ("wait_for", BEFORE),
    ("id", "name"),
    ("uses", "action"),
    ("call", "action"),
    ("ref", "action"),
    ("if", "when"),
    ("condition", "when"),
    ("with", "with_items"),
    ("loop", "with_items"),
    ("foreach", "with_items"),
    ("for_each", "with_items"),
    ("args", "input"),
    ("arguments", "input"),
    ("params", "input"),
    ("parameters", "input"),
    ("do", "next"),
    ("then", "next"),
    ("catch", "on_failure"),
    ("on_error", "on_failure"),
    ("steps", "tasks"),
];
