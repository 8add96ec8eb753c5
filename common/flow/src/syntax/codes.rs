//! The codes of all diagnostics of the workflow language; each has a page in `docs/errors/`.

use attune_pack::Codes;

/// What reading fields may find.
pub const READ: Codes = Codes {
    unknown_key: "FLOW001",
    missing_key: "FLOW002",
    wrong_type: "FLOW003",
    bad_value: "FLOW004",
};
/// Two things have one name.
pub const DUPLICATE: &str = "FLOW005";
/// The language has it, this version cannot carry it out.
pub const UNSUPPORTED: &str = "FLOW006";
/// Keys that exclude each other.
pub const CONFLICT: &str = "FLOW007";
/// `ref` does not match the pack or the file.
pub const REF_MISMATCH: &str = "FLOW008";
/// A name that means something else.
pub const RESERVED: &str = "FLOW009";
/// `do` names no task.
pub const UNKNOWN_TASK: &str = "FLOW010";
/// Nothing leads to a task.
pub const UNREACHABLE: &str = "FLOW011";
/// Every task waits for another.
pub const NO_ENTRY: &str = "FLOW012";
/// A join waits for more than can come.
pub const JOIN_TOO_LARGE: &str = "FLOW013";
/// A cycle that nothing ends.
pub const ENDLESS_CYCLE: &str = "FLOW014";
/// A transition into or out of a parallel block.
pub const ACROSS_PARALLEL: &str = "FLOW015";
/// More than the limits allow.
pub const LIMIT: &str = "FLOW016";
/// A branch or a transition that never fires.
pub const NEVER: &str = "FLOW017";
/// The catalogue has no such action.
pub const UNKNOWN_ACTION: &str = "FLOW020";
/// The action needs an input that is not given.
pub const MISSING_INPUT: &str = "FLOW021";
/// The action does not know an input that is given.
pub const UNKNOWN_INPUT: &str = "FLOW022";
/// A literal that the action does not take.
pub const WRONG_INPUT: &str = "FLOW023";
/// A template that cannot be read.
pub const TEMPLATE: &str = "FLOW030";
/// A name that no scope has.
pub const UNKNOWN_NAME: &str = "FLOW031";
/// An expression names a task that is not there.
pub const UNKNOWN_TASK_IN_EXPRESSION: &str = "FLOW032";
/// A name that exists elsewhere but not at this place.
pub const NOT_HERE: &str = "FLOW033";
/// A task's result is used before it can have run.
pub const TOO_EARLY: &str = "FLOW034";
/// A field that the action's output schema does not have.
pub const UNKNOWN_FIELD: &str = "FLOW035";
/// A value of one type where another is taken.
pub const TYPE_MISMATCH: &str = "FLOW036";
/// A template in the marks of another system is plain text.
pub const FOREIGN_TEMPLATE: &str = "FLOW039";
/// `output_map` does not make what `output` says.
pub const OUTPUT: &str = "FLOW038";
/// Two branches that may run together publish one name.
pub const PUBLISH_RACE: &str = "FLOW037";
/// A template would look into a secret.
pub const SECRET: &str = "FLOW045";
