//! The sensor service: notices things and says so, durably and once.
//!
//! Owns timers and process sensors. Shares them fairly among its replicas by leases: each runs in one
//! place at a time. Never matches rules and never starts a run: it stores trigger events and hints
//! that they are there. Called by the composition root. Failure: what cannot be stored is tried
//! again; a process that ends is started again with a growing delay, and its status says why.

mod config;
mod emit;
mod host;
mod process;
mod timer;

pub use config::{SensorConfig, SensorDeps};
pub use host::Sensor;
