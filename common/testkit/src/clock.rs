//! A clock that moves only when a test moves it.

use attune_port::Clock;
use attune_types::Timestamp;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A clock set by hand; clones are the same clock. Its random bytes count up, so that a test that is
/// run again gets the same ones.
#[derive(Clone, Debug)]
pub struct FakeClock(Arc<Mutex<(Timestamp, u128)>>);

impl FakeClock {
    /// A clock that stands at `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new((now, 0))))
    }

    /// Moves it on.
    pub fn advance(&self, by: Duration) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = state.0.saturating_add(by).unwrap_or(Timestamp::MAX);
    }

    /// Sets it.
    pub fn set(&self, now: Timestamp) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0 = now;
    }
}

impl Default for FakeClock {
    /// A clock that stands at the beginning of 2026.
    fn default() -> Self {
        Self::at(Timestamp::from_second(1_767_225_600).unwrap_or(Timestamp::UNIX_EPOCH))
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    fn entropy(&self) -> [u8; 16] {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.1 = state.1.wrapping_add(1);
        // Spread over all bytes, so that ids made of it differ in more than their end.
        state
            .1
            .wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)
            .to_be_bytes()
    }
}
