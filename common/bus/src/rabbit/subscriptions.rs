//! All subscriptions of one bus, and the consumer's end of each.
//!
//! Owns their making and ending, and the queue between a subscription's task and its handler.
//! Deliveries of a channel that is gone are passed over here: they come again.

use super::link::Link;
use super::publisher::Publisher;
use super::subscription::Subscription;
use super::topology::Topology;
use async_trait::async_trait;
use attune_port::{Address, BusError, Consumer, Delivery};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Longest time that `subscribe` waits for the broker while it is there.
const FIRST_WITHIN: Duration = Duration::from_secs(5);

/// All subscriptions of one bus.
pub(crate) struct Subscriptions {
    link: Link,
    topology: Arc<Topology>,
    publisher: Arc<Publisher>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Subscriptions {
    pub(crate) fn new(link: Link, topology: Arc<Topology>, publisher: Arc<Publisher>) -> Self {
        Self {
            link,
            topology,
            publisher,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        }
    }

    /// Subscribes; comes back when the broker has answered, or at once while it is away.
    pub(crate) async fn add(
        &self,
        from: Address,
        prefetch: u16,
    ) -> Result<Box<dyn Consumer>, BusError> {
        let route = self.topology.route(&from)?;
        let (out, deliveries) = mpsc::unbounded_channel();
        let (settled_in, settled) = mpsc::unbounded_channel();
        let (first, established) = oneshot::channel();
        let queued = Arc::new(AtomicUsize::new(0));
        let current = Arc::new(AtomicU64::new(0));
        let task = Subscription {
            link: self.link.clone(),
            topology: Arc::clone(&self.topology),
            publisher: Arc::clone(&self.publisher),
            route,
            prefetch: prefetch.max(1),
            out,
            queued: Arc::clone(&queued),
            settled_in,
            current: Arc::clone(&current),
            stop: self.stop.child_token(),
            first: Some(first),
        };
        self.tasks.spawn(task.run(settled));
        let consumer = Box::new(RabbitConsumer {
            deliveries,
            queued,
            current,
        });
        if self.link.is_up() {
            match tokio::time::timeout(FIRST_WITHIN, established).await {
                // The task ended or is slow: the subscription goes on in the background.
                Ok(Ok(Ok(()))) | Ok(Err(_)) | Err(_) => {}
                Ok(Ok(Err(error))) => return Err(error),
            }
        }
        Ok(consumer)
    }

    /// Ends all and waits until the last acknowledgements are out, for that long.
    pub(crate) async fn close(&self, within: Duration) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(within, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("subscriptions did not end in time");
        }
    }

    pub(crate) fn abandon(&self) {
        self.stop.cancel();
    }
}

/// A delivery on its way to the handler, with the channel it came from.
pub(crate) struct Out {
    /// Zero: needs no settling and is good on any channel.
    pub(crate) session: u64,
    pub(crate) delivery: Delivery,
}

struct RabbitConsumer {
    deliveries: mpsc::UnboundedReceiver<Out>,
    queued: Arc<AtomicUsize>,
    current: Arc<AtomicU64>,
}

#[async_trait]
impl Consumer for RabbitConsumer {
    async fn next(&mut self) -> Option<Delivery> {
        loop {
            let out = self.deliveries.recv().await?;
            self.queued.fetch_sub(1, Ordering::AcqRel);
            // What an old channel delivered comes again on the new one.
            if out.session == 0 || out.session == self.current.load(Ordering::Acquire) {
                return Some(out.delivery);
            }
        }
    }
}
