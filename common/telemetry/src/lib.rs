//! What a service lets be seen: logs, metrics, health.
//!
//! Owns the log subscriber of the process, the metric names of Attune, the readiness flags, and the
//! small server that shows them. The only crate that names `prometheus`. There are no globals but
//! the log subscriber: the composition root makes one [`Metrics`] and one [`Health`] and hands them
//! around as `Arc`. Never decides anything: whether to stop or retry is for the one that measures.
//!
//! Called by the composition root, and through the handles by every service and adapter. Counting
//! cannot fail; starting up can, with a [`TelemetryError`].

mod error;
mod health;
mod logs;
mod metrics;
mod ops;

pub use error::TelemetryError;
pub use health::{Health, Readiness, Report};
pub use logs::{LogFormat, init};
pub use metrics::{
    BusMetrics, CommitMetrics, Counter, ExecutorMetrics, Gauge, Held, Histogram, HttpMetrics,
    Metrics, PoolMetrics, RuleMetrics, RunMetrics, SensorMetrics, WorkerMetrics,
};
pub use ops::{OPS_LISTEN_DEFAULT, OpsServer, ops_router, serve_ops};
