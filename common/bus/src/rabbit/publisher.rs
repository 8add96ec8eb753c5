//! Confirmed publishing.
//!
//! Owns a pool of channels in confirm mode. A call has a channel to itself while it lasts, because
//! the broker's "no queue takes this" comes back on the channel without saying for which publish. All
//! messages of a call are written, then all confirmations awaited. Called by `RabbitBus::publish` and
//! by the redelivery counter. Failure: whatever is not confirmed in time is `Unavailable`; a message
//! that no queue takes gets its queue declared and is sent once more before it is `Unroutable`.

use super::link::{Link, Live, unavailable};
use super::topology::{Route, Topology};
use attune_port::{Address, BusError};
use bytes::Bytes;
use futures::future::BoxFuture;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Confirmation};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Messages that are written before their confirmations are awaited.
const WINDOW: usize = 1_024;
/// Channels that are kept open while nobody needs them.
const IDLE_CHANNELS: usize = 32;
/// Header that counts earlier deliveries of a message on a classic queue.
pub(crate) const DELIVERIES_HEADER: &str = "x-attune-deliveries";

/// The confirmation of one message, once it is there.
pub(crate) type Confirming = BoxFuture<'static, lapin::Result<Confirmation>>;

/// Whether the broker is to keep a message over its restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    Durable,
    Transient,
}

/// Puts a message on its way. It is written in the order of calls, whenever the answer is awaited.
pub(crate) async fn post(
    channel: &Channel,
    route: &Route,
    body: Bytes,
    keep: Keep,
    deliveries: u32,
) -> Confirming {
    let channel = channel.clone();
    let (exchange, key) = route.target();
    let options = BasicPublishOptions {
        mandatory: route.mandatory(),
        immediate: false,
    };
    let mut properties = BasicProperties::default()
        .with_content_type("application/json".into())
        .with_delivery_mode(if keep == Keep::Durable { 2 } else { 1 });
    if deliveries > 0 {
        let mut headers = FieldTable::default();
        headers.insert(
            DELIVERIES_HEADER.into(),
            AMQPValue::LongLongInt(i64::from(deliveries)),
        );
        properties = properties.with_headers(headers);
    }
    let mut publishing: BoxFuture<'static, lapin::Result<lapin::PublisherConfirm>> =
        Box::pin(async move {
            channel
                .basic_publish(exchange, key, options, &body, properties)
                .await
        });
    // The first poll hands the frames over; that fixes the order. What follows waits for the socket.
    match futures::poll!(publishing.as_mut()) {
        std::task::Poll::Ready(Ok(confirm)) => Box::pin(confirm),
        std::task::Poll::Ready(Err(error)) => Box::pin(std::future::ready(Err(error))),
        std::task::Poll::Pending => Box::pin(async move { publishing.await?.await }),
    }
}

/// Opens a channel in confirm mode.
pub(crate) async fn confirming_channel(live: &Live) -> lapin::Result<Channel> {
    let channel = live.connection.create_channel().await?;
    channel
        .confirm_select(ConfirmSelectOptions::default())
        .await?;
    Ok(channel)
}

#[derive(Default)]
struct Pool {
    generation: u64,
    idle: Vec<Channel>,
    declared: HashSet<Route>,
}

pub(crate) struct Publisher {
    link: Link,
    topology: Arc<Topology>,
    timeout: Duration,
    pool: Mutex<Pool>,
}

impl Publisher {
    pub(crate) fn new(link: Link, topology: Arc<Topology>, timeout: Duration) -> Self {
        Self {
            link,
            topology,
            timeout,
            pool: Mutex::default(),
        }
    }

    /// Publishes and waits until the broker has taken all of it.
    pub(crate) async fn publish(&self, to: &Address, messages: Vec<Bytes>) -> Result<(), BusError> {
        let route = self.topology.route(to)?;
        let keep = if route.mandatory() {
            Keep::Durable
        } else {
            Keep::Transient
        };
        let left_over = self.deliver(&route, messages, keep, 0).await?;
        if left_over.is_empty() || !route.mandatory() {
            return Ok(());
        }
        Err(BusError::Unroutable(to.clone()))
    }

    /// Publishes a message once more to its queue, noting how often it was delivered before.
    pub(crate) async fn again(
        &self,
        route: &Route,
        body: Bytes,
        deliveries: u32,
    ) -> Result<(), BusError> {
        let left_over = self
            .deliver(route, vec![body], Keep::Durable, deliveries)
            .await?;
        if left_over.is_empty() {
            return Ok(());
        }
        Err(BusError::Unavailable("the queue is gone".to_owned()))
    }

    /// Ends the use of pooled channels.
    pub(crate) fn close(&self) {
        *self.lock() = Pool::default();
    }

    fn lock(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers what no queue took even after declaring it.
    async fn deliver(
        &self,
        route: &Route,
        messages: Vec<Bytes>,
        keep: Keep,
        deliveries: u32,
    ) -> Result<Vec<Bytes>, BusError> {
        let live = self.link.current()?;
        let work = self.deliver_on(&live, route, messages, keep, deliveries);
        match tokio::time::timeout(self.timeout, work).await {
            Ok(Ok(left_over)) => Ok(left_over),
            Ok(Err(error)) => {
                self.link.suspect(live.generation);
                Err(error)
            }
            Err(_) => {
                self.link.suspect(live.generation);
                let blocked = live.connection.status().blocked();
                Err(BusError::Unavailable(format!(
                    "no confirmation within {:?}{}",
                    self.timeout,
                    if blocked {
                        ": the broker takes no messages for now (memory or disk alarm)"
                    } else {
                        ""
                    }
                )))
            }
        }
    }

    async fn deliver_on(
        &self,
        live: &Live,
        route: &Route,
        messages: Vec<Bytes>,
        keep: Keep,
        deliveries: u32,
    ) -> Result<Vec<Bytes>, BusError> {
        self.declare(live, route).await?;
        let channel = self.channel(live).await?;
        let mut left_over = transmit(&channel, route, messages, keep, deliveries).await?;
        if !left_over.is_empty() && route.mandatory() {
            // Somebody deleted the queue, or the broker lost everything it had.
            self.lock().declared.remove(route);
            self.declare(live, route).await?;
            left_over = transmit(&channel, route, left_over, keep, deliveries).await?;
        }
        self.give_back(live.generation, channel);
        Ok(left_over)
    }

    async fn declare(&self, live: &Live, route: &Route) -> Result<(), BusError> {
        {
            let mut pool = self.lock();
            if pool.generation != live.generation {
                *pool = Pool {
                    generation: live.generation,
                    ..Pool::default()
                };
            }
            if pool.declared.contains(route) {
                return Ok(());
            }
        }
        // On a channel of its own: a refusal closes it.
        let channel = live
            .connection
            .create_channel()
            .await
            .map_err(unavailable)?;
        self.topology.declare(&channel, route).await?;
        let mut pool = self.lock();
        if pool.generation == live.generation {
            pool.declared.insert(route.clone());
        }
        Ok(())
    }

    async fn channel(&self, live: &Live) -> Result<Channel, BusError> {
        let idle = {
            let mut pool = self.lock();
            if pool.generation == live.generation {
                pool.idle.pop()
            } else {
                None
            }
        };
        match idle {
            Some(channel) if channel.status().connected() => Ok(channel),
            _ => confirming_channel(live).await.map_err(unavailable),
        }
    }

    /// Only a channel on which nothing is outstanding comes back; others are dropped, thus closed.
    fn give_back(&self, generation: u64, channel: Channel) {
        let mut pool = self.lock();
        if pool.generation == generation && pool.idle.len() < IDLE_CHANNELS {
            pool.idle.push(channel);
        }
    }
}

/// Writes all, awaits all; answers those that came back because no queue took them.
async fn transmit(
    channel: &Channel,
    route: &Route,
    messages: Vec<Bytes>,
    keep: Keep,
    deliveries: u32,
) -> Result<Vec<Bytes>, BusError> {
    let mut returned = Vec::new();
    for window in messages.chunks(WINDOW) {
        let mut confirming = Vec::with_capacity(window.len());
        for body in window {
            confirming.push(post(channel, route, body.clone(), keep, deliveries).await);
        }
        for confirmation in confirming {
            match confirmation.await.map_err(unavailable)? {
                Confirmation::Ack(None) | Confirmation::NotRequested => {}
                Confirmation::Ack(Some(message)) => {
                    returned.push(Bytes::from(message.delivery.data));
                }
                Confirmation::Nack(_) => {
                    return Err(BusError::Unavailable(
                        "the broker refused a message".to_owned(),
                    ));
                }
            }
        }
    }
    if returned.len() == messages.len() {
        // The usual case of a missing queue; keeps the order as given.
        return Ok(messages);
    }
    Ok(returned)
}
