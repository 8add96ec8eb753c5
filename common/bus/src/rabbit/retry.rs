//! How long to wait before trying again: the only user of the `backoff` crate.
//!
//! Owns the growing, randomised delay. Never gives up and never sleeps itself; the link and the
//! subscriptions ask for the next delay after a failure and reset it after a success.

use backoff::backoff::Backoff;
use backoff::{ExponentialBackoff, ExponentialBackoffBuilder};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

/// A delay that grows from 0.1 s to 5 s.
pub(crate) struct Retry(ExponentialBackoff);

impl Retry {
    pub(crate) fn new() -> Self {
        Self(
            ExponentialBackoffBuilder::new()
                .with_initial_interval(FIRST)
                .with_max_interval(LONGEST)
                .with_multiplier(2.0)
                // Many processes lose the broker at the same moment; they must not all come back so.
                .with_randomization_factor(0.4)
                .with_max_elapsed_time(None)
                .build(),
        )
    }

    /// The wait before the next try.
    pub(crate) fn next(&mut self) -> Duration {
        self.0.next_backoff().unwrap_or(LONGEST)
    }

    /// It worked: the next failure starts small again.
    pub(crate) fn reset(&mut self) {
        self.0.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_a_bound_and_never_end() {
        let mut retry = Retry::new();
        let first = retry.next();
        assert!(first <= FIRST * 2);
        let last = (0..50).map(|_| retry.next()).last().expect("some");
        assert!(last >= LONGEST / 2 && last <= LONGEST * 2);
        retry.reset();
        assert!(retry.next() <= FIRST * 2);
    }
}
