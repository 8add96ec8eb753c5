//! Sending without waiting.
//!
//! Owns a bounded backlog and the task that empties it over one channel, so that the order of calls
//! is kept. Confirmations are read as they come, while the next messages are under way already. Never
//! blocks a caller. Failure: while the broker is away the backlog grows to its bound, then messages
//! are dropped and counted; what was under way when a connection broke is sent again.

use super::link::{Link, Live};
use super::options::RabbitOptions;
use super::publisher::{Confirming, Keep, confirming_channel, post};
use super::topology::{Route, Topology};
use attune_port::{Address, BusError};
use bytes::Bytes;
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use lapin::{Channel, Confirmation};
use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Messages written whose confirmation is not there yet.
const WINDOW: usize = 4_096;
/// Wait after a channel could not be opened on a connection that seems to live.
const PAUSE: Duration = Duration::from_millis(200);

/// What `send` has in hand, and what it lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BusStats {
    /// Messages waiting for the broker.
    pub waiting: u64,
    /// Messages dropped because the backlog was full or no queue took them.
    pub dropped: u64,
    /// Messages that the broker has confirmed.
    pub confirmed: u64,
}

#[derive(Clone)]
struct Entry {
    number: u64,
    route: Route,
    body: Bytes,
    /// Whether it came back once because no queue took it.
    returned: bool,
}

#[derive(Default)]
struct Backlog {
    entries: VecDeque<Entry>,
    bytes: usize,
    next_number: u64,
    stats: BusStats,
    closed: bool,
}

impl Backlog {
    fn take(&mut self) -> Option<Entry> {
        let entry = self.entries.pop_front()?;
        self.bytes -= entry.body.len();
        Some(entry)
    }

    fn put_back(&mut self, entry: Entry) {
        self.bytes += entry.body.len();
        self.entries.push_front(entry);
    }
}

struct Shared {
    backlog: Mutex<Backlog>,
    arrived: Notify,
    stop: CancellationToken,
    empty: CancellationToken,
    topology: Arc<Topology>,
    messages_limit: usize,
    bytes_limit: usize,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Backlog> {
        self.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) struct Outbox {
    shared: Arc<Shared>,
}

impl Outbox {
    pub(crate) fn start(link: Link, topology: Arc<Topology>, options: &RabbitOptions) -> Self {
        let shared = Arc::new(Shared {
            backlog: Mutex::default(),
            arrived: Notify::new(),
            stop: CancellationToken::new(),
            empty: CancellationToken::new(),
            topology,
            messages_limit: options.backlog_messages,
            bytes_limit: options.backlog_bytes,
        });
        let carrier = Carrier {
            shared: Arc::clone(&shared),
            link,
        };
        tokio::spawn(async move {
            let stop = carrier.shared.stop.clone();
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = carrier.run() => {}
            }
            carrier.shared.empty.cancel();
        });
        Self { shared }
    }

    /// Takes messages if there is room.
    pub(crate) fn put(&self, to: &Address, messages: Vec<Bytes>) {
        let route = self.shared.topology.route(to);
        let mut backlog = self.shared.lock();
        for body in messages {
            let full = backlog.entries.len() >= self.shared.messages_limit
                || backlog.bytes + body.len() > self.shared.bytes_limit;
            match &route {
                Ok(route) if !full && !backlog.closed => {
                    let number = backlog.next_number;
                    backlog.next_number += 1;
                    backlog.bytes += body.len();
                    backlog.entries.push_back(Entry {
                        number,
                        route: route.clone(),
                        body,
                        returned: false,
                    });
                }
                _ => backlog.stats.dropped += 1,
            }
        }
        drop(backlog);
        self.shared.arrived.notify_one();
    }

    pub(crate) fn stats(&self) -> BusStats {
        let backlog = self.shared.lock();
        BusStats {
            waiting: backlog.entries.len().try_into().unwrap_or(u64::MAX),
            ..backlog.stats
        }
    }

    /// Takes nothing more and waits until everything is confirmed, for that long.
    pub(crate) async fn close(&self, within: Duration) {
        self.shared.lock().closed = true;
        self.shared.arrived.notify_one();
        if tokio::time::timeout(within, self.shared.empty.cancelled())
            .await
            .is_err()
        {
            let left = self.stats().waiting;
            tracing::warn!(left, "messages not sent before the bus was closed");
        }
        self.shared.stop.cancel();
    }

    pub(crate) fn abandon(&self) {
        self.shared.stop.cancel();
    }
}

/// One message under way.
type UnderWay = BoxFuture<'static, (Entry, lapin::Result<Confirmation>)>;

struct Carrier {
    shared: Arc<Shared>,
    link: Link,
}

impl Carrier {
    /// Carries until the backlog is closed and empty.
    async fn run(&self) {
        while let Some(live) = self.link.wait().await {
            match confirming_channel(&live).await {
                Ok(channel) => {
                    if self.carry(&live, &channel).await {
                        return;
                    }
                }
                Err(error) => tracing::debug!(%error, "no channel for sending"),
            }
            self.link.suspect(live.generation);
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Carries over one channel; true when everything is done for good.
    async fn carry(&self, live: &Live, channel: &Channel) -> bool {
        let mut declared = HashSet::new();
        let mut under_way: FuturesUnordered<UnderWay> = FuturesUnordered::new();
        let mut unconfirmed: std::collections::BTreeMap<u64, Entry> =
            std::collections::BTreeMap::new();
        let healthy = loop {
            while unconfirmed.len() < WINDOW
                && let Some(entry) = self.take()
            {
                if !declared.contains(&entry.route) {
                    if let Err(error) = self.declare(live, &entry.route).await {
                        if live.connection.status().connected() {
                            self.lose(&entry.route, &error.to_string());
                            continue;
                        }
                        self.shared.lock().put_back(entry);
                        break;
                    }
                    declared.insert(entry.route.clone());
                }
                unconfirmed.insert(entry.number, entry.clone());
                let confirming = post(
                    channel,
                    &entry.route,
                    entry.body.clone(),
                    Keep::Transient,
                    0,
                )
                .await;
                under_way.push(wait_for(entry, confirming));
            }
            if !channel.status().connected() {
                break false;
            }
            if under_way.is_empty() && self.is_done() {
                break true;
            }
            tokio::select! {
                Some((entry, result)) = under_way.next(), if !under_way.is_empty() => {
                    match result {
                        Ok(confirmation) => {
                            unconfirmed.remove(&entry.number);
                            self.confirmed(entry, confirmation, &mut declared);
                        }
                        Err(error) => {
                            tracing::debug!(%error, "sending broke off");
                            break false;
                        }
                    }
                }
                () = self.shared.arrived.notified(), if unconfirmed.len() < WINDOW => {}
            }
        };
        // The highest number first, so that the lowest ends up at the head.
        let mut backlog = self.shared.lock();
        for entry in unconfirmed.into_values().rev() {
            backlog.put_back(entry);
        }
        healthy
    }

    fn take(&self) -> Option<Entry> {
        self.shared.lock().take()
    }

    fn is_done(&self) -> bool {
        let backlog = self.shared.lock();
        backlog.closed && backlog.entries.is_empty()
    }

    async fn declare(&self, live: &Live, route: &Route) -> Result<(), BusError> {
        let channel = live
            .connection
            .create_channel()
            .await
            .map_err(super::link::unavailable)?;
        self.shared.topology.declare(&channel, route).await
    }

    fn confirmed(&self, entry: Entry, confirmation: Confirmation, declared: &mut HashSet<Route>) {
        match confirmation {
            Confirmation::Ack(None) | Confirmation::NotRequested => {
                self.shared.lock().stats.confirmed += 1;
            }
            // The queue is gone: declare it and try once more. The broker does not say which of
            // the messages under way it sent back, so what came back is sent, not what was asked.
            Confirmation::Ack(Some(message)) if !entry.returned => {
                let route = Route::Queue(message.delivery.routing_key.clone());
                declared.remove(&route);
                self.shared.lock().put_back(Entry {
                    number: entry.number,
                    route,
                    body: Bytes::from(message.delivery.data),
                    returned: true,
                });
            }
            Confirmation::Ack(Some(_)) => self.lose(&entry.route, "no queue takes it"),
            Confirmation::Nack(_) => self.lose(&entry.route, "the broker refused it"),
        }
    }

    fn lose(&self, route: &Route, reason: &str) {
        self.shared.lock().stats.dropped += 1;
        tracing::warn!(?route, reason, "a message could not be sent");
    }
}

fn wait_for(entry: Entry, confirming: Confirming) -> UnderWay {
    Box::pin(async move {
        let result = confirming.await;
        (entry, result)
    })
}
