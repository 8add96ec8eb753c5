//! The codes of what is wrong in test and mock files; each has a page in `docs/errors/`.

use attune_pack::Codes;

/// What the field reader finds.
pub(crate) const READ: Codes = Codes {
    unknown_key: "TEST001",
    wrong_type: "TEST002",
    missing_key: "TEST003",
    bad_value: "TEST004",
};

/// The workflow of a test is not known.
pub(crate) const UNKNOWN_WORKFLOW: &str = "TEST005";
/// A mock or an expectation names a task or an action that is not there.
pub(crate) const UNKNOWN_TASK: &str = "TEST006";
/// A mock cannot apply to the task that it names.
pub(crate) const WRONG_MOCK: &str = "TEST007";
/// A template in a mock cannot be read.
pub(crate) const TEMPLATE: &str = "TEST008";
