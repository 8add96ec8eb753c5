//! How far one evaluation may go. The numbers are deterministic (steps and bytes, not seconds): the
//! same template over the same values stops at the same place on every machine. Exceeding one is an
//! [`ErrorKind::Limit`](crate::ErrorKind::Limit), never a crash.

/// The limits of every template. Steps are sized so that the slowest of them, all together, take about
/// 100 ms on a small machine.
#[derive(Clone, Copy, Debug)]
pub struct Limits;

impl Limits {
    /// The longest string that may hold a template.
    pub const SOURCE_BYTES: usize = 64 * 1024;
    /// How deep lists and maps may be nested, in a template's source and in what it makes.
    pub const VALUE_DEPTH: usize = 64;
    /// How deep expressions may be nested in parentheses, brackets and arguments.
    pub const EXPRESSION_DEPTH: usize = 16;
    /// How deep the tree of an expression may be: also `a + b + c` is one deeper for each operator.
    pub const TREE_DEPTH: usize = 64;
    /// How many operators, filters and steps one expression may have.
    pub const EXPRESSION_LINKS: usize = 2_000;
    /// How many branches one `if` may have.
    pub const BRANCHES: usize = 50;
    /// How deep `if` and `for` may be nested.
    pub const BLOCK_DEPTH: usize = 12;
    /// Steps of work: about one per value looked at and per 32 bytes of text gone through.
    pub const STEPS: u64 = 2_000_000;
    /// Bytes of values that one evaluation may make, all together.
    pub const MEMORY_BYTES: u64 = 16 * 1024 * 1024;
    /// Bytes of values that one evaluation may take in.
    pub const INPUT_BYTES: u64 = 32 * 1024 * 1024;
    /// Bytes of the result.
    pub const OUTPUT_BYTES: usize = 4 * 1024 * 1024;
    /// The most elements that `range()` gives.
    pub const RANGE_ITEMS: usize = 100_000;
    /// How many keys may have to be looked up at once.
    pub const KEYS: usize = 1_000;
    /// The longest regular expression.
    pub const REGEX_BYTES: usize = 1024;
    /// How many places of a regular expression a search may be in at once.
    pub const REGEX_PLACES: u64 = 2_000;
    /// How large a regular expression may become when compiled.
    pub const REGEX_COMPILED_BYTES: usize = 512 * 1024;
}

/// What an installation may set: the limits of one evaluation. A scope says which hold for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Steps of work.
    pub steps: u64,
    /// Bytes of values that it may make; it may take in twice as much.
    pub memory_bytes: u64,
    /// Bytes of the result.
    pub output_bytes: usize,
}

impl Bounds {
    /// Steps that take about a millisecond on a small machine.
    pub const STEPS_PER_MS: u64 = 20_000;
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            steps: Limits::STEPS,
            memory_bytes: Limits::MEMORY_BYTES,
            output_bytes: Limits::OUTPUT_BYTES,
        }
    }
}
