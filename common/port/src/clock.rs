//! Time and chance, as arguments to everything that is pure.

use attune_types::Timestamp;

/// Where the services get time and random bytes from. The fake of `testkit` is set by hand.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
    /// Sixteen random bytes, for ids and recorded randomness.
    fn entropy(&self) -> [u8; 16];
}

/// The machine's own clock and random source.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn entropy(&self) -> [u8; 16] {
        *uuid::Uuid::new_v4().as_bytes()
    }
}
