//! Whether this process can do its work, kept up to date while it runs.
//!
//! Owns the flags `database` and `bus`, and the figures of the connection pool. Looks once a second:
//! neither a database nor a broker that is gone announces it.

use super::ports::Ports;
use attune_telemetry::Health;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often to look.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long the database may take to answer.
const ANSWER: Duration = Duration::from_secs(5);
/// How often the store is tidied: partitions ahead, what may be forgotten.
const MAINTAIN_EVERY: Duration = Duration::from_secs(24 * 3_600);

/// Registers the flags, then keeps them until `stop`. Without `needs_bus` a broker that is away does
/// not count: the API takes requests all the same, for the database is the truth.
pub(super) fn watch(ports: &Ports, health: &Health, needs_bus: bool, stop: CancellationToken) {
    let database = health.register("database");
    let bus = needs_bus.then(|| health.register("bus"));
    let ports = ports.clone();
    tokio::spawn(async move {
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = look.tick() => {}
            }
            match tokio::time::timeout(ANSWER, ports.database_answers()).await {
                Ok(Ok(())) => database.ready(),
                Ok(Err(error)) => database.not_ready(error.to_string()),
                Err(_) => database.not_ready("it does not answer"),
            }
            match &bus {
                Some(bus) if ports.bus.is_connected() => bus.ready(),
                Some(bus) => bus.not_ready("the broker is not connected"),
                None => {}
            }
            let (open, idle) = ports.store.pool_use();
            let open = usize::try_from(open).unwrap_or(usize::MAX);
            ports.metrics.pool.set(open.saturating_sub(idle), idle);
        }
    });
}

/// Tidies the store daily until `stop`. Several processes that do it at once only do it twice.
pub(super) fn maintain(ports: &Ports, stop: CancellationToken) {
    let store = ports.store.clone();
    tokio::spawn(async move {
        let mut every = tokio::time::interval(MAINTAIN_EVERY);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = every.tick() => {}
            }
            if let Err(error) = store.maintain().await {
                tracing::warn!(%error, "the store could not be tidied; tomorrow again");
            }
        }
    });
}
