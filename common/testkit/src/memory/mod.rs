//! All stores in memory: simple, clearly right, for tests of everything above the ports.
//!
//! One mutex over one state, so every call is a transaction. Time is the clock that it was given: a
//! fake one makes leases lapse and timers fall due when a test says so. It passes the same contract
//! suite as the adapter for PostgreSQL, down to microseconds and the refusal of NUL. Not for use
//! outside tests: nothing is ever forgotten.

mod catalogue;
mod check;
mod event;
mod identity;
mod inbox;
mod key;
mod lease;
mod page;
mod read;
mod run;
mod schedule;
mod slot;
mod work;
mod workflow;

use attune_port::{Clock, Stores};
use attune_types::Timestamp;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// All stores in memory.
#[derive(Clone)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
    clock: Arc<dyn Clock>,
    shards: u16,
}

#[derive(Default)]
struct State {
    runs: run::Runs,
    events: event::Events,
    work: work::Work,
    leases: lease::Leases,
    slots: slot::Slots,
    schedules: schedule::Schedules,
    catalogue: catalogue::Catalogue,
    identities: identity::Identities,
    keys: key::Keys,
}

impl MemoryStore {
    /// An empty store of an installation with 16 shards.
    pub fn new(clock: impl Clock + 'static) -> Self {
        Self::with_shards(clock, 16)
    }

    /// An empty store of an installation with so many shards.
    pub fn with_shards(clock: impl Clock + 'static, shards: u16) -> Self {
        Self {
            state: Arc::default(),
            clock: Arc::new(clock),
            shards,
        }
    }

    /// The bundle that services take. Clones of the store share its contents.
    pub fn stores(&self) -> Stores {
        let shared = Arc::new(self.clone());
        Stores {
            runs: shared.clone(),
            reads: shared.clone(),
            catalogue: shared.clone(),
            workflows: shared.clone(),
            events: shared.clone(),
            work: shared.clone(),
            leases: shared.clone(),
            slots: shared.clone(),
            schedules: shared.clone(),
            identities: shared.clone(),
            keys: shared,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        micros(self.clock.now())
    }
}

/// A time as the database keeps it.
fn micros(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

/// How long `later` lies after `earlier`; none if it does not.
fn since(later: Timestamp, earlier: Timestamp) -> std::time::Duration {
    std::time::Duration::try_from(later.duration_since(earlier)).unwrap_or_default()
}
