//! Where attempts go that ask for labels: the queue of their pool and selector, which the store and the
//! workers have to know.
//!
//! Owns the telling, and the notice that an attempt waits for a worker that is not there: in the log of
//! its task, in the log of this process, and as a metric. Called by the performance of effects. Failure:
//! a queue that could not be made known is told of again when the attempt is sent again.

use super::perform::Performer;
use super::registry::Registry;
use attune_flow::run::WorkOrder;
use attune_port::{Address, NewLogLine, QUEUE_KEPT, WorkQueue, WorkerRow};
use attune_types::{labels_text, selects};
use attune_wire::WorkerControl;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Number of the line in the log of an attempt that says that no worker is there: beyond those of any
/// worker, and the same each time, so that it stands there once.
const NO_WORKER_LINE: u64 = 1 << 40;

/// Makes the queues of such orders known, and says of those that no live worker may run that they wait.
pub(super) fn announce(registry: &Arc<Registry>, orders: &[WorkOrder]) {
    let chosen: Vec<WorkOrder> = orders
        .iter()
        .filter(|order| !order.selector.is_empty())
        .cloned()
        .collect();
    if chosen.is_empty() {
        return;
    }
    let registry = Arc::clone(registry);
    tokio::spawn(async move {
        tell_workers(&registry, &chosen).await;
        say_who_waits(&registry, &chosen).await;
    });
}

async fn tell_workers(registry: &Registry, orders: &[WorkOrder]) {
    let queues: BTreeMap<String, WorkQueue> = orders
        .iter()
        .map(|order| {
            let queue = WorkQueue {
                name: order.queue(),
                pool: order.pool.clone(),
                selector: order.selector.clone(),
            };
            (queue.name.clone(), queue)
        })
        .collect();
    let queues: Vec<WorkQueue> = queues.into_values().collect();
    let shared = &registry.shared;
    if let Err(error) = shared.deps.stores.work.offer(&queues, QUEUE_KEPT).await {
        tracing::warn!(%error, "a queue for workers with labels could not be made known; it is tried again");
        return;
    }
    let notices = queues
        .into_iter()
        .flat_map(|queue| {
            shared.performer.message(
                None,
                WorkerControl::Queue {
                    name: queue.name,
                    pool: queue.pool,
                    selector: queue.selector,
                },
            )
        })
        .collect();
    shared.deps.bus.send(Address::Workers, notices);
}

async fn say_who_waits(registry: &Registry, orders: &[WorkOrder]) {
    let shared = &registry.shared;
    let workers = match shared
        .deps
        .stores
        .work
        .workers(shared.config.lost_after)
        .await
    {
        Ok(workers) => workers,
        Err(error) => {
            tracing::warn!(%error, "it could not be seen whether there are workers");
            return;
        }
    };
    let lines: Vec<NewLogLine> = orders
        .iter()
        .filter(|order| !workers.iter().any(|worker| may_run(worker, order)))
        .map(|order| line(order, shared.deps.clock.now()))
        .collect();
    if lines.is_empty() {
        return;
    }
    shared
        .deps
        .metrics
        .workers
        .attempts_without_worker
        .add(lines.len() as u64);
    for line in &lines {
        tracing::warn!(run = %line.run, execution = %line.execution, "{}", line.text);
    }
    if let Err(error) = shared.deps.stores.work.log(lines).await {
        tracing::warn!(%error, "the log of a waiting task could not be written");
    }
}

fn may_run(worker: &WorkerRow, order: &WorkOrder) -> bool {
    worker.info.pools.contains(&order.pool) && selects(&order.selector, &worker.info.labels)
}

fn line(order: &WorkOrder, at: attune_types::Timestamp) -> NewLogLine {
    NewLogLine {
        run: order.run,
        execution: order.execution,
        attempt: order.number,
        number: NO_WORKER_LINE,
        stream: "system".to_owned(),
        at,
        text: format!(
            "no live worker of pool `{}` has the labels {}; the attempt waits for one",
            order.pool,
            labels_text(&order.selector)
        ),
    }
}

impl Performer {
    /// The address of the queue that an order goes to.
    pub(super) fn address(order: &WorkOrder) -> Address {
        Address::Work(order.queue())
    }
}
