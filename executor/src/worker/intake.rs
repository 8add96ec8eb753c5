//! Taking work: from a pool's queue to a claimed attempt in a slot.
//!
//! Owns the order of things: a slot first, then the claim, then the acknowledgement, then the
//! process. What waits in the queue while a slot is free goes into one claim. Called by
//! `Worker::run`. Failure: an order that cannot be read is rejected into the dead letters; with the
//! database away the claim is tried again, unacknowledged; dropped on shutdown, an order goes to
//! another worker.

use super::{Shared, WorkerError, attempt};
use attune_flow::run::WorkOrder;
use attune_port::{Address, ClaimRequest, Consumer, Delivery};
use attune_types::selects;
use attune_wire::{WorkMessage, decode};
use futures::FutureExt;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Orders that are read ahead beyond the slots, so that a free slot need not wait for the broker.
const AHEAD: u16 = 8;
/// Waits between tries to claim while the database is away.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Takes work for all pools, and from the queues of selectors as they become known, until `stop`.
pub(super) async fn run(shared: &Arc<Shared>, stop: CancellationToken) -> Result<(), WorkerError> {
    let prefetch = u16::try_from(shared.config.slots)
        .unwrap_or(u16::MAX)
        .saturating_add(AHEAD);
    let mut intakes = JoinSet::new();
    let mut taken: BTreeMap<String, CancellationToken> = BTreeMap::new();
    let mut wanted = shared.selectors.queues();
    for pool in &shared.config.pools {
        intakes.spawn(intake(shared, pool, prefetch).await?.run(stop.clone()));
    }
    loop {
        let now: BTreeSet<String> = wanted.borrow_and_update().clone();
        taken.retain(|queue, own| {
            let kept = now.contains(queue);
            if !kept {
                tracing::info!(queue, "a queue for workers with labels is out of use");
                own.cancel();
            }
            kept
        });
        for queue in now {
            if let Entry::Vacant(place) = taken.entry(queue) {
                let queue = place.key();
                tracing::info!(queue, "taking from a queue for workers with labels");
                let own = stop.child_token();
                intakes.spawn(intake(shared, queue, prefetch).await?.run(own.clone()));
                place.insert(own);
            }
        }
        tokio::select! {
            changed = wanted.changed() => if changed.is_err() { break },
            ended = intakes.join_next() => if ended.is_none() { break },
        }
    }
    while intakes.join_next().await.is_some() {}
    Ok(())
}

async fn intake(shared: &Arc<Shared>, queue: &str, prefetch: u16) -> Result<Intake, WorkerError> {
    let address = Address::Work(queue.to_owned());
    Ok(Intake {
        shared: Arc::clone(shared),
        orders: shared.deps.bus.subscribe(address, prefetch).await?,
        waiting: VecDeque::new(),
    })
}

/// One delivery; acknowledged when each of its orders is claimed or refused.
struct Batch {
    delivery: Mutex<Option<Delivery>>,
}

impl Batch {
    /// Acknowledges if this was the last order of the batch.
    async fn done(self: Arc<Self>) {
        let Some(batch) = Arc::into_inner(self) else {
            return;
        };
        let delivery = batch
            .delivery
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(delivery) = delivery
            && let Err(error) = delivery.ack().await
        {
            // It comes again, and its claim is refused then.
            tracing::debug!(%error, "an acknowledgement was lost");
        }
    }
}

struct Waiting {
    order: Box<WorkOrder>,
    batch: Arc<Batch>,
}

struct Intake {
    shared: Arc<Shared>,
    orders: Box<dyn Consumer>,
    waiting: VecDeque<Waiting>,
}

impl Intake {
    async fn run(mut self, stop: CancellationToken) {
        loop {
            let round = async {
                self.shared.holdings.room().await;
                if self.waiting.is_empty() {
                    let delivery = self.orders.next().await?;
                    self.read(delivery).await;
                }
                Some(())
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                more = round => if more.is_none() { return },
            }
            let slot = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                slot = Arc::clone(&self.shared.slots).acquire_owned() => slot,
            };
            let Ok(slot) = slot else { return };
            let mut slots = vec![slot];
            // Whatever else waits already and has a slot goes along.
            loop {
                while slots.len() < self.waiting.len()
                    && let Some(slot) = self.free_slot()
                {
                    slots.push(slot);
                }
                if slots.len() < self.waiting.len() {
                    break;
                }
                let Some(slot) = self.free_slot() else { break };
                let Some(Some(delivery)) = self.orders.next().now_or_never() else {
                    break;
                };
                slots.push(slot);
                self.read(delivery).await;
            }
            let count = slots.len().min(self.waiting.len());
            let taken: Vec<Waiting> = self.waiting.drain(..count).collect();
            if !taken.is_empty() {
                self.take(taken, slots, &stop).await;
            }
        }
    }

    fn free_slot(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.shared.slots).try_acquire_owned().ok()
    }

    /// Puts the orders of a delivery into the line.
    async fn read(&mut self, delivery: Delivery) {
        let records = match decode::<WorkMessage>(&delivery.body) {
            Ok(records) => records,
            Err(error) => {
                tracing::error!(%error, "a work message cannot be read; it is put aside");
                reject(delivery).await;
                return;
            }
        };
        let mut orders = Vec::with_capacity(records.len());
        for record in records {
            match record {
                Ok(envelope) => {
                    let order = envelope.body.order;
                    if selects(&order.selector, &self.shared.config.labels) {
                        orders.push(Box::new(order));
                    } else {
                        // Its run sends it again, to the right queue.
                        tracing::error!(attempt = %order.attempt, "an attempt came to a worker without the labels that it asks for");
                    }
                }
                Err(error) => tracing::error!(%error, "a work order cannot be read"),
            }
        }
        if orders.is_empty() {
            reject(delivery).await;
            return;
        }
        let batch = Arc::new(Batch {
            delivery: Mutex::new(Some(delivery)),
        });
        for order in orders {
            self.waiting.push_back(Waiting {
                order,
                batch: Arc::clone(&batch),
            });
        }
    }

    /// Claims, acknowledges, starts.
    async fn take(
        &mut self,
        taken: Vec<Waiting>,
        slots: Vec<OwnedSemaphorePermit>,
        stop: &CancellationToken,
    ) {
        let requests: Vec<ClaimRequest> = taken
            .iter()
            .map(|waiting| ClaimRequest {
                attempt: waiting.order.attempt,
                run: waiting.order.run,
            })
            .collect();
        let Some(claimed) = self.claim(&requests, stop).await else {
            // Dropped unacknowledged: another worker gets them.
            return;
        };
        let mut slots = slots.into_iter();
        let mut batches = Vec::with_capacity(taken.len());
        for (waiting, mine) in taken.into_iter().zip(claimed) {
            // The claim is granted again to its holder: an order that came twice is begun once.
            let mine = mine && !self.shared.holdings.has(waiting.order.attempt);
            if mine && let Some(slot) = slots.next() {
                let signal = self.shared.holdings.begin(waiting.order.attempt);
                tokio::spawn(attempt::run(
                    Arc::clone(&self.shared),
                    waiting.order,
                    signal,
                    slot,
                ));
            }
            batches.push(waiting.batch);
        }
        for batch in batches {
            batch.done().await;
        }
    }

    /// Claims, however long the database is away; none when the worker stops meanwhile.
    async fn claim(
        &mut self,
        requests: &[ClaimRequest],
        stop: &CancellationToken,
    ) -> Option<Vec<bool>> {
        let mut wait = FIRST_WAIT;
        loop {
            match self
                .shared
                .deps
                .work
                .claim(self.shared.info.id, requests)
                .await
            {
                Ok(claimed) => return Some(claimed),
                Err(error) => tracing::warn!(%error, "attempts cannot be claimed; trying again"),
            }
            tokio::select! {
                () = stop.cancelled() => return None,
                () = tokio::time::sleep(wait) => {}
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }
}

async fn reject(delivery: Delivery) {
    if let Err(error) = delivery.reject().await {
        tracing::debug!(%error, "a rejection was lost; the message comes again");
    }
}
