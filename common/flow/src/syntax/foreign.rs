//! Words of other workflow languages, and what says the same here; keys in a wrong place, and where they
//! belong.
//!
//! Owns these tables, read by [`attune_pack::MapReader`] when it reports an unknown key. Nothing in them
//! is accepted: they only make the help of that error a better one.

/// What follows a task is said where it comes from.
pub(super) const BEFORE: &str = "order is said by the task before: give that one `on_success: <this task>`; `join: all` here waits for several";

const IN_TASK: &str = "it is a key of a task";
const IN_ITEMS: &str = "it stands inside of `with_items: {items: ...}`";
const IN_RETRY: &str = "it is a key of `retry`";
const BY_RULE: &str = "what starts a workflow is a rule: `rules/<name>.yaml`";

/// At the top level.
pub(super) const WORKFLOW: [(&str, &str); 29] = [
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
    ("action", IN_TASK),
    ("when", IN_TASK),
    ("with_items", IN_TASK),
    ("next", IN_TASK),
    ("join", IN_TASK),
    ("delay", IN_TASK),
    ("publish", IN_TASK),
    ("compensate", IN_TASK),
    ("decision", IN_TASK),
    ("on_success", IN_TASK),
    ("on_complete", IN_TASK),
    ("trigger", BY_RULE),
    ("schedule", BY_RULE),
];

/// Of a task.
pub(super) const TASK: [(&str, &str); 33] = [
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
    ("do", "on_success"),
    ("then", "on_success"),
    ("catch", "on_failure"),
    ("on_error", "on_failure"),
    ("steps", "tasks"),
    ("as", IN_ITEMS),
    ("tolerate", IN_ITEMS),
    (
        "fail_fast",
        "it stands inside of `with_items: {items: ...}`, or on a parallel task",
    ),
    ("count", IN_RETRY),
    ("backoff", IN_RETRY),
    ("max_delay", IN_RETRY),
    (
        "run",
        "a task calls an action of a pack: `action: pack.name`",
    ),
];

/// Of an item of `next`.
pub(super) const TRANSITION: [(&str, &str); 8] = [
    ("if", "when"),
    ("condition", "when"),
    ("next", "do"),
    ("to", "do"),
    ("then", "do"),
    ("goto", "do"),
    ("vars", "publish"),
    ("input", IN_TASK),
];

/// Of a branch of `decision`.
pub(super) const BRANCH: [(&str, &str); 9] = [
    ("if", "when"),
    ("condition", "when"),
    ("do", "next"),
    ("to", "next"),
    ("then", "next"),
    ("goto", "next"),
    ("else", "default"),
    ("otherwise", "default"),
    (
        "publish",
        "it is a key of the task, or of an item of `next`",
    ),
];
