//! The executor service: runs as actors, rules, and the worker pool.
//!
//! Owns the shell around the pure heart: leases, actors, the committer, the performance of effects,
//! the matching of trigger events and the running of processes. Never names a database or a broker:
//! it is given its ports. Called by the composition root. Failure: what cannot be stored is not
//! done; a port that fails stops the actor that needed it, and the sweep brings it back.

mod config;
mod live;
mod native;
mod pump;
mod roles;
pub mod run;
mod trigger;
pub mod worker;

pub use config::{Deps, ExecutorConfig};
pub use roles::Executor;

/// Why the executor could not start.
#[derive(Debug, thiserror::Error)]
pub enum ExecutorError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] attune_port::StoreError),
    /// The actor system failed.
    #[error("the supervisor of runs could not be started: {0}")]
    Actor(String),
    /// A part of it panicked.
    #[error("a part of the executor broke: {0}")]
    Part(String),
}
