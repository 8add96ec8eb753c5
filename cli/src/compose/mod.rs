//! The composition root: here services meet their store, their bus and their settings.
//!
//! Owns how a process starts, says that it is ready, and stops. The only place that names both the
//! services and their adapters. Never does any of their work. Called by `command::{serve, dev,
//! migrate}`. Failure: a part that cannot start ends the process with a message that says what to do;
//! parts that go away later are waited for, and readiness tells.

mod api;
mod dev;
mod executor;
mod migrate;
mod ports;
mod reach;
mod readiness;
mod sensor;
mod serve;
mod shutdown;

pub(crate) use dev::dev;
pub(crate) use migrate::{POSTGRES_PORT, migrate, not_migrated, store_options};
pub(crate) use reach::reach;
pub(crate) use serve::serve;

/// The name of this machine, for people who look at lists of processes.
fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| std::env::var("HOSTNAME").ok())
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "localhost".to_owned())
}

/// A name for a process that was not given one: where it runs, and which process it is.
fn usual_name(service: &str) -> String {
    format!("{service}-{}-{}", host(), std::process::id())
}
