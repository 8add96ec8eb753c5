//! The bus within one process: the same behaviour as the broker's, in memory.
//!
//! Owns queues that live as long as the value does. Never touches the network or the disk: what is
//! queued is lost with the process, which the store makes good. Used by `attune dev` and by tests.
//! Failure: a full queue answers `Unavailable`; after `close` everything answers `Closed`.

use async_trait::async_trait;
use attune_port::{Address, Bus, BusError, Consumer, Delivery, Settle, Settlement, Source};
use bytes::Bytes;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, broadcast};
use tokio_util::sync::CancellationToken;

/// Times that a message is given to somebody before it is put aside.
const DELIVERY_LIMIT: u32 = 20;
/// Messages that one queue holds at most.
const QUEUE_LIMIT: usize = 1_000_000;
/// Messages put aside that are kept for looking at.
const DEAD_LIMIT: usize = 10_000;
/// Notices that a slow subscriber of a lossy address may be behind.
const LOSSY_BACKLOG: usize = 8_192;

/// A bus without a broker. Clones are the same client; [`InProcessBus::client`] makes another.
#[derive(Clone)]
pub struct InProcessBus {
    shared: Arc<Shared>,
    closed: CancellationToken,
}

struct Shared {
    queues: Mutex<HashMap<Address, Arc<Queue>>>,
    topics: Mutex<HashMap<Address, broadcast::Sender<Bytes>>>,
    dead: Mutex<VecDeque<Bytes>>,
    dropped: AtomicU64,
    delivery_limit: u32,
}

#[derive(Default)]
struct Queue {
    ready: Mutex<VecDeque<Message>>,
    arrived: Notify,
}

struct Message {
    body: Bytes,
    /// How often it was given to somebody before.
    deliveries: u32,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const fn is_lossy(address: &Address) -> bool {
    matches!(
        address,
        Address::Workers | Address::Live | Address::Catalogue
    )
}

impl Default for InProcessBus {
    fn default() -> Self {
        Self::new()
    }
}

impl InProcessBus {
    /// An empty bus.
    pub fn new() -> Self {
        Self::with_delivery_limit(DELIVERY_LIMIT)
    }

    /// An empty bus that puts a message aside after that many deliveries.
    pub fn with_delivery_limit(limit: u32) -> Self {
        Self {
            shared: Arc::new(Shared {
                queues: Mutex::default(),
                topics: Mutex::default(),
                dead: Mutex::default(),
                dropped: AtomicU64::new(0),
                delivery_limit: limit.max(1),
            }),
            closed: CancellationToken::new(),
        }
    }

    /// Another client of the same queues, closed on its own.
    #[must_use]
    pub fn client(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            closed: CancellationToken::new(),
        }
    }

    /// Number of messages that were put aside as unmanageable.
    pub fn dead_letters(&self) -> usize {
        lock(&self.shared.dead).len()
    }

    /// Messages given to `send` that were dropped.
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn queue(&self, address: &Address) -> Arc<Queue> {
        let mut queues = lock(&self.queues);
        if let Some(queue) = queues.get(address) {
            return Arc::clone(queue);
        }
        Arc::clone(queues.entry(address.clone()).or_default())
    }

    fn topic(&self, address: &Address) -> broadcast::Sender<Bytes> {
        lock(&self.topics)
            .entry(address.clone())
            .or_insert_with(|| broadcast::channel(LOSSY_BACKLOG).0)
            .clone()
    }

    fn put(&self, to: &Address, messages: Vec<Bytes>) -> Result<(), BusError> {
        if is_lossy(to) {
            let topic = self.topic(to);
            for body in messages {
                // Nobody listens: that is what lossy means.
                let _ = topic.send(body);
            }
            return Ok(());
        }
        let queue = self.queue(to);
        let mut ready = lock(&queue.ready);
        if ready.len() + messages.len() > QUEUE_LIMIT {
            return Err(BusError::Unavailable(format!(
                "the queue for {to:?} holds {QUEUE_LIMIT} messages already"
            )));
        }
        ready.extend(messages.into_iter().map(|body| Message {
            body,
            deliveries: 0,
        }));
        drop(ready);
        queue.arrived.notify_one();
        Ok(())
    }

    fn bury(&self, body: Bytes) {
        let mut dead = lock(&self.dead);
        if dead.len() == DEAD_LIMIT {
            dead.pop_front();
        }
        dead.push_back(body);
    }

    /// Gives a message back to the head of its queue, or puts it aside if that happened too often.
    fn give_back(&self, queue: &Queue, message: Message) {
        if message.deliveries >= self.delivery_limit {
            self.bury(message.body);
            return;
        }
        lock(&queue.ready).push_front(message);
        queue.arrived.notify_one();
    }
}

/// What one subscription has handed out.
struct Unsettled {
    shared: Arc<Shared>,
    queue: Arc<Queue>,
    messages: Mutex<BTreeMap<u64, Message>>,
}

impl Unsettled {
    fn give_back_all(&self) {
        let messages = std::mem::take(&mut *lock(&self.messages));
        // The last first, so that the first is at the head again.
        for message in messages.into_values().rev() {
            self.shared.give_back(&self.queue, message);
        }
    }
}

struct InProcessSettle {
    unsettled: Arc<Unsettled>,
    number: u64,
    _slot: OwnedSemaphorePermit,
}

impl InProcessSettle {
    fn take(&self) -> Option<Message> {
        lock(&self.unsettled.messages).remove(&self.number)
    }
}

#[async_trait]
impl Settle for InProcessSettle {
    async fn settle(self: Box<Self>, settlement: Settlement) -> Result<(), BusError> {
        let Some(message) = self.take() else {
            return Err(BusError::Unavailable(
                "the subscription has ended; the message is delivered again".to_owned(),
            ));
        };
        match settlement {
            Settlement::Ack => {}
            Settlement::Requeue => self
                .unsettled
                .shared
                .give_back(&self.unsettled.queue, message),
            Settlement::Reject => self.unsettled.shared.bury(message.body),
        }
        Ok(())
    }
}

impl Drop for InProcessSettle {
    fn drop(&mut self) {
        if let Some(message) = self.take() {
            self.unsettled
                .shared
                .give_back(&self.unsettled.queue, message);
        }
    }
}

struct QueueConsumer {
    unsettled: Arc<Unsettled>,
    slots: Arc<Semaphore>,
    next_number: u64,
    closed: CancellationToken,
}

impl QueueConsumer {
    /// The next message, once there is one. Dropped half-way it has taken nothing.
    async fn pop(&self) -> Message {
        let queue = &self.unsettled.queue;
        loop {
            let arrived = queue.arrived.notified();
            tokio::pin!(arrived);
            // Listen before looking, or an arrival between the two would be missed.
            arrived.as_mut().enable();
            let found = {
                let mut ready = lock(&queue.ready);
                let found = ready.pop_front();
                if found.is_some() && !ready.is_empty() {
                    queue.arrived.notify_one();
                }
                found
            };
            match found {
                Some(message) => return message,
                None => arrived.await,
            }
        }
    }
}

#[async_trait]
impl Consumer for QueueConsumer {
    async fn next(&mut self) -> Option<Delivery> {
        let closed = self.closed.clone();
        let slots = Arc::clone(&self.slots);
        let (slot, mut message) = tokio::select! {
            biased;
            () = closed.cancelled() => return None,
            slot = slots.acquire_owned() => {
                let slot = slot.ok()?;
                tokio::select! {
                    biased;
                    () = closed.cancelled() => return None,
                    message = self.pop() => (slot, message),
                }
            }
        };
        let redelivered = message.deliveries > 0;
        message.deliveries += 1;
        let body = message.body.clone();
        let number = self.next_number;
        self.next_number += 1;
        lock(&self.unsettled.messages).insert(number, message);
        Some(Delivery {
            body,
            redelivered,
            settle: Box::new(InProcessSettle {
                unsettled: Arc::clone(&self.unsettled),
                number,
                _slot: slot,
            }),
        })
    }
}

impl Drop for QueueConsumer {
    fn drop(&mut self) {
        self.unsettled.give_back_all();
        // A notification may have been meant for this consumer.
        self.unsettled.queue.arrived.notify_one();
    }
}

/// For addresses whose messages need no settling.
struct NothingToSettle;

#[async_trait]
impl Settle for NothingToSettle {
    async fn settle(self: Box<Self>, _: Settlement) -> Result<(), BusError> {
        Ok(())
    }
}

struct LossyConsumer {
    notices: broadcast::Receiver<Bytes>,
    closed: CancellationToken,
}

#[async_trait]
impl Consumer for LossyConsumer {
    async fn next(&mut self) -> Option<Delivery> {
        loop {
            let received = tokio::select! {
                biased;
                () = self.closed.cancelled() => return None,
                received = self.notices.recv() => received,
            };
            match received {
                Ok(body) => {
                    return Some(Delivery {
                        body,
                        redelivered: false,
                        settle: Box::new(NothingToSettle),
                    });
                }
                Err(broadcast::error::RecvError::Lagged(missed)) => {
                    tracing::debug!(missed, "a slow subscriber missed notices");
                }
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

#[async_trait]
impl Bus for InProcessBus {
    async fn publish(&self, to: Address, messages: Vec<Bytes>) -> Result<(), BusError> {
        if self.closed.is_cancelled() {
            return Err(BusError::Closed);
        }
        self.shared.put(&to, messages)
    }

    fn send(&self, to: Address, messages: Vec<Bytes>) {
        let count = messages.len();
        let put = if self.closed.is_cancelled() {
            Err(BusError::Closed)
        } else {
            self.shared.put(&to, messages)
        };
        if let Err(error) = put {
            self.shared
                .dropped
                .fetch_add(count.try_into().unwrap_or(u64::MAX), Ordering::Relaxed);
            tracing::debug!(%error, count, "messages dropped");
        }
    }

    async fn subscribe(&self, from: Source, prefetch: u16) -> Result<Box<dyn Consumer>, BusError> {
        if self.closed.is_cancelled() {
            return Err(BusError::Closed);
        }
        if is_lossy(&from) {
            return Ok(Box::new(LossyConsumer {
                notices: self.shared.topic(&from).subscribe(),
                closed: self.closed.clone(),
            }));
        }
        Ok(Box::new(QueueConsumer {
            unsettled: Arc::new(Unsettled {
                shared: Arc::clone(&self.shared),
                queue: self.shared.queue(&from),
                messages: Mutex::default(),
            }),
            slots: Arc::new(Semaphore::new(usize::from(prefetch.max(1)))),
            next_number: 0,
            closed: self.closed.clone(),
        }))
    }

    fn is_connected(&self) -> bool {
        !self.closed.is_cancelled()
    }

    async fn close(&self) {
        self.closed.cancel();
    }
}
