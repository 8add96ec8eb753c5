//! The sensor service on stores in memory and the bus within one process: timers tick once however
//! many replicas there are, process sensors are started again from where they were.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by a panic"
)]

mod processes;
mod timers;
mod world;
