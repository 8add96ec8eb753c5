//! The bus: RabbitMQ, or the same within one process.
//!
//! Owns the two adapters of [`attune_port::Bus`] - [`RabbitBus`] for a cluster and [`InProcessBus`]
//! for one process - and everything that AMQP needs: names, queue arguments, connections, retries.
//! Knows nothing of what the messages say, stores nothing, and is the only place that names lapin or
//! backoff. Made by the composition root (`attune dev`, `attune serve`) and by tests; the services
//! see the port alone. Failure: a broker that is away is waited for (subscriptions, `send`) or
//! answered with `Unavailable` (`publish`); nothing here needs a restart to come back.

mod error;
mod in_process;
mod rabbit;

pub use error::ConnectError;
pub use in_process::InProcessBus;
pub use rabbit::{BusStats, QueueKind, RabbitBus, RabbitOptions};
