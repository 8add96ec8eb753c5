//! Ownership: leases on shards, kept by heartbeat, and what follows from gaining and losing them.
//!
//! A gained shard is subscribed to and all its active runs are taken up at a bounded rate; a lost one
//! is let go at once. When the store does not answer for as long as a lease holds, everything is let
//! go: somebody else may have it by then. Correctness does not rest on this, the epoch on every
//! append does.

use super::{Registry, Ticket};
use attune_port::{Address, Delivery, Lease, StoreError};
use attune_wire::ShardMessage;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Name of the lease group.
pub(crate) const GROUP: &str = "shard";
/// Runs taken up at once when a shard is gained.
const PAGE: u32 = 500;
/// Pause before a subscription that failed is made anew.
const SUBSCRIBE_AGAIN: Duration = Duration::from_secs(1);
/// Pause between two pages, so that live runs keep going.
const PAGE_PAUSE: Duration = Duration::from_millis(20);

/// Keeps leases and serves the shards behind them.
pub(crate) struct Owner {
    registry: Arc<Registry>,
    serving: HashMap<u16, (u64, CancellationToken)>,
}

impl Owner {
    pub(crate) fn new(registry: Arc<Registry>) -> Self {
        Self {
            registry,
            serving: HashMap::new(),
        }
    }

    /// Runs until `stop`, then hands everything back.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let shared = &self.registry.shared;
        let (id, ttl) = (shared.config.id.uuid(), shared.config.lease_ttl);
        let name = shared.config.name.clone();
        let leases = Arc::clone(&shared.deps.stores.leases);
        let resources: Vec<String> = (0..shared.shards).map(|shard| shard.to_string()).collect();
        let mut good = Instant::now();
        loop {
            let began = Instant::now();
            // A connection that is dead without saying so must not keep the shards past their lease.
            let balance = leases.balance(GROUP, id, &name, &resources, ttl);
            let answer = tokio::time::timeout(ttl, balance)
                .await
                .unwrap_or_else(|_| {
                    let reason = "the database does not answer".to_owned();
                    Err(StoreError::Unavailable(reason))
                });
            match answer {
                Ok(owned) => {
                    // Counted from before the call: the lease cannot be younger than that.
                    good = began;
                    self.serve(&owned);
                }
                Err(error) => {
                    tracing::warn!(%error, "leases could not be renewed");
                    if good.elapsed() >= ttl {
                        self.serve(&[]);
                    }
                }
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(ttl / 3) => {}
            }
        }
        self.serve(&[]);
        if let Err(error) = leases.leave(GROUP, id).await {
            tracing::warn!(%error, "leases could not be handed back; they lapse by themselves");
        }
    }

    fn serve(&mut self, owned: &[Lease]) {
        let now: HashMap<u16, u64> = owned
            .iter()
            .filter_map(|lease| Some((lease.resource.parse().ok()?, lease.epoch)))
            .collect();
        let registry = &self.registry;
        self.serving.retain(|shard, (epoch, stop)| {
            let kept = now.get(shard) == Some(epoch);
            if !kept {
                stop.cancel();
                registry.give_up(*shard);
                tracing::info!(shard, epoch, "shard given up");
            }
            kept
        });
        for (shard, epoch) in now {
            if self.serving.contains_key(&shard) {
                continue;
            }
            tracing::info!(shard, epoch, "shard taken");
            let stop = CancellationToken::new();
            registry.take(shard, epoch);
            tokio::spawn(consume(Arc::clone(registry), shard, stop.clone()));
            tokio::spawn(recover(Arc::clone(registry), shard, stop.clone()));
            self.serving.insert(shard, (epoch, stop));
        }
        registry
            .shared
            .deps
            .metrics
            .executor
            .shards_owned
            .set(self.serving.len());
    }
}

/// Feeds a shard's queue to its runs until `stop`. Workers tell how attempts ended here only, so a
/// subscription that fails or ends is made anew.
async fn consume(registry: Arc<Registry>, shard: u16, stop: CancellationToken) {
    while !stop.is_cancelled() {
        consume_once(&registry, shard, &stop).await;
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(SUBSCRIBE_AGAIN) => {}
        }
    }
}

async fn consume_once(registry: &Registry, shard: u16, stop: &CancellationToken) {
    let shared = &registry.shared;
    let subscribed = shared
        .deps
        .bus
        .subscribe(Address::Shard(shard), shared.config.prefetch);
    let mut consumer = tokio::select! {
        () = stop.cancelled() => return,
        subscribed = subscribed => match subscribed {
            Ok(consumer) => consumer,
            Err(error) => {
                tracing::warn!(shard, %error, "no subscription now; it is tried again");
                return;
            }
        }
    };
    loop {
        let delivery = tokio::select! {
            () = stop.cancelled() => return,
            delivery = consumer.next() => match delivery {
                Some(delivery) => delivery,
                None => return,
            }
        };
        let metrics = &shared.deps.metrics.bus;
        metrics.consumed("shard").inc();
        if delivery.redelivered {
            metrics.redelivered("shard").inc();
        }
        dispatch(registry, shard, delivery).await;
    }
}

async fn dispatch(registry: &Registry, shard: u16, delivery: Delivery) {
    let records = match attune_wire::decode::<ShardMessage>(&delivery.body) {
        Ok(records) => records,
        Err(error) => {
            tracing::error!(shard, %error, "a message cannot be read and is put aside");
            if let Err(error) = delivery.reject().await {
                tracing::warn!(shard, %error, "it could not be put aside; it will come again");
            }
            return;
        }
    };
    let mut readable = Vec::new();
    for record in records {
        match record {
            Ok(envelope) => readable.push(envelope.body),
            Err(error) => tracing::error!(shard, %error, "a record cannot be read and is left out"),
        }
    }
    let tickets = Ticket::split(delivery, readable.len().max(1));
    if readable.is_empty() {
        // Nothing in it could be read; giving it back would only bring it again.
        tickets.into_iter().for_each(Ticket::done);
        return;
    }
    for (message, ticket) in readable.into_iter().zip(tickets) {
        // A ticket for a shard that has just been lost goes back by being dropped.
        match message {
            ShardMessage::Hint { run } => {
                registry.look(run, Some(ticket));
            }
            ShardMessage::Command {
                run,
                command,
                inbox,
            } => {
                registry.command(run, command, inbox, Some(ticket));
            }
        }
    }
}

/// Takes up all active runs of a gained shard.
async fn recover(registry: Arc<Registry>, shard: u16, stop: CancellationToken) {
    let runs = Arc::clone(&registry.shared.deps.stores.runs);
    let mut after = None;
    let mut taken = 0usize;
    while !stop.is_cancelled() {
        match runs.active(&[shard], after, PAGE).await {
            Ok(page) => {
                let Some(last) = page.last().copied() else {
                    break;
                };
                taken += page.len();
                for run in page {
                    registry.look(run, None);
                }
                after = Some(last);
                tokio::time::sleep(PAGE_PAUSE).await;
            }
            Err(error) => {
                tracing::warn!(shard, %error, "active runs could not be read; trying again");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
    if taken > 0 {
        tracing::info!(shard, runs = taken, "active runs taken up");
    }
}
