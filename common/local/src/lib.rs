//! Private PostgreSQL and RabbitMQ instances, and a supervisor for our own services, on this machine.
//!
//! Owns every process it starts: each listens on the loopback interface only, keeps its files under
//! the directory it was given, and is stopped when its handle is dropped *and* when this process
//! dies, even by `kill -9` (see [`guard`]). It never uses, stops or reconfigures an instance that
//! somebody else started.
//!
//! Called by `attune dev`, by `xtask` (demo, tests, acceptance) and by integration tests. It does not
//! know the rest of Attune: services are programs with an environment that the caller names.
//!
//! Everything here blocks; call it from a blocking thread where that matters. Failures are
//! [`LocalError`] values that quote the end of the server's own log.

mod error;
pub mod guard;
mod http;
mod layout;
mod log;
mod ports;
mod postgres;
mod rabbitmq;
mod run_as;
pub mod shared;
mod stack;

pub use error::LocalError;
pub use http::get_status;
pub use ports::free_port;
pub use postgres::{Postgres, PostgresOptions};
pub use rabbitmq::{RabbitMq, RabbitMqOptions};
pub use stack::{AttuneStack, ProcessSpec, Stack};

/// What every fallible function here returns.
pub type Result<T> = std::result::Result<T, LocalError>;
