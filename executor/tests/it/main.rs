//! The executor on stores in memory and the bus within one process.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on says so by a panic"
)]

mod concurrency;
mod keys;
mod notify;
mod pausing;
mod retry;
mod routing;
mod runs;
mod secrets;
mod undo;
mod worker;
mod world;
