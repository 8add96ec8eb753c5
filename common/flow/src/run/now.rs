//! What `decide` may know of the moment: time and randomness, as arguments.

use attune_types::Timestamp;

/// The moment at which a command is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The time.
    pub at: Timestamp,
    /// Sixteen random bytes; `uuid()` and jitter come from them and are recorded.
    pub entropy: [u8; 16],
}
