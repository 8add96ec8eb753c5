//! The product end to end: real processes of the `attune` binary on a real PostgreSQL and RabbitMQ.
//!
//! Owns the proofs that only whole processes can give: the main job, crashes of every part, refusals,
//! the command line. Knows the product from outside alone: REST, the command line, files that actions
//! write, processes of the system. A test that needs a server to die has servers of its own; the
//! others share one and keep apart by database and queue prefix.
//!
//! Nothing waits for a fixed time: every wait is for a condition, with a generous deadline, and a
//! failed test prints the end of every process's log.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test a panic is the report"
)]

mod broker;
mod client;
mod command_line;
mod concurrency;
mod database;
mod dev;
mod ending;
mod history;
mod keys;
mod killed;
mod labels;
mod load;
mod main_job;
mod packs;
mod paused;
mod places;
mod proc;
mod refusals;
mod rerun;
mod retried;
mod secrets;
mod undone;
mod versions;
mod world;
