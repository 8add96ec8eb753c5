//! One task per subscription.
//!
//! Owns the loop that opens a channel, declares, subscribes, hands deliveries out and settles them -
//! and does all of it again when the channel or the connection is lost. A handler's deliveries of a
//! lost channel are void: the broker gives them to somebody again. Called by `RabbitBus::subscribe`.
//! Failure: a queue that exists with other properties is an error of the first try; everything else,
//! a connection that is lost during the first try included, is tried again until the subscription or
//! the bus is closed.

use super::link::{Link, Live, unavailable};
use super::options::QueueKind;
use super::publisher::Publisher;
use super::redelivery::{self, Verdict};
use super::retry::Retry;
use super::settle::{Handle, Ledger, NothingToSettle, Settled};
use super::subscriptions::Out;
use super::topology::{Route, Topology};
use attune_port::{BusError, Delivery, Settlement};
use bytes::Bytes;
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use lapin::Channel;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions};
use lapin::types::FieldTable;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Notices that a slow subscriber of a lossy address may be behind.
const LOSSY_BACKLOG: usize = 8_192;

/// What a subscription's task knows.
pub(crate) struct Subscription {
    pub(crate) link: Link,
    pub(crate) topology: Arc<Topology>,
    pub(crate) publisher: Arc<Publisher>,
    pub(crate) route: Route,
    pub(crate) prefetch: u16,
    pub(crate) out: mpsc::UnboundedSender<Out>,
    pub(crate) queued: Arc<AtomicUsize>,
    pub(crate) settled_in: mpsc::UnboundedSender<Settled>,
    pub(crate) current: Arc<AtomicU64>,
    pub(crate) stop: CancellationToken,
    pub(crate) first: Option<oneshot::Sender<Result<(), BusError>>>,
}

/// An original on its way to be published anew.
type Recounting = BoxFuture<'static, (lapin::message::Delivery, Result<(), BusError>)>;

/// One channel's life.
struct Session {
    number: u64,
    channel: Channel,
    ledger: Ledger,
    recounting: FuturesUnordered<Recounting>,
}

impl Subscription {
    pub(crate) async fn run(mut self, mut settled: mpsc::UnboundedReceiver<Settled>) {
        let mut retry = Retry::new();
        let mut session = 0;
        loop {
            let live = tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                () = self.out.closed() => return,
                live = self.link.wait() => match live {
                    Some(live) => live,
                    None => return,
                },
            };
            session += 1;
            let before = retry.next();
            let error = match self.session(&live, session, &mut settled, &mut retry).await {
                Ok(()) => return,
                Err(error) => error,
            };
            self.current.store(0, Ordering::Release);
            tracing::warn!(route = ?self.route, %error, "a subscription broke off");
            self.link.suspect(live.generation);
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(before) => {}
            }
            // Refused at the first try: the caller is told, and there is no second. A connection that
            // broke meanwhile, which its status tells a little later than the error, is no refusal.
            if live.connection.status().connected()
                && let Some(first) = self.first.take()
            {
                let _ = first.send(Err(error));
                return;
            }
        }
    }

    /// Serves one channel. Ok when the subscription has ended for good.
    async fn session(
        &mut self,
        live: &Live,
        number: u64,
        settled: &mut mpsc::UnboundedReceiver<Settled>,
        retry: &mut Retry,
    ) -> Result<(), BusError> {
        let (channel, mut consumer) = self.open(live).await?;
        let mut session = Session {
            number,
            channel,
            ledger: Ledger::default(),
            recounting: FuturesUnordered::new(),
        };
        self.current.store(number, Ordering::Release);
        retry.reset();
        if let Some(first) = self.first.take() {
            // The caller may have stopped waiting.
            let _ = first.send(Ok(()));
        }
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                () = self.out.closed() => break,
                Some(one) = settled.recv() => {
                    self.settle(&mut session, one, settled).await?;
                }
                Some((delivery, result)) = session.recounting.next() => {
                    self.recounted(&mut session, delivery, result).await?;
                }
                delivery = consumer.next() => match delivery {
                    Some(Ok(delivery)) => self.receive(&mut session, delivery).await?,
                    Some(Err(error)) => return Err(unavailable(error)),
                    None => return Err(BusError::Unavailable(
                        "the broker ended the subscription".to_owned(),
                    )),
                },
            }
        }
        // What was settled before the end still counts; the rest goes back with the channel.
        if let Ok(one) = settled.try_recv() {
            self.settle(&mut session, one, settled).await?;
        }
        self.current.store(0, Ordering::Release);
        // Best effort: a channel that cannot be closed is gone already.
        let _ = session.channel.close(200, "done".into()).await;
        Ok(())
    }

    async fn open(&self, live: &Live) -> Result<(Channel, lapin::Consumer), BusError> {
        let channel = live
            .connection
            .create_channel()
            .await
            .map_err(unavailable)?;
        self.topology.declare(&channel, &self.route).await?;
        let (queue, no_ack) = match &self.route {
            Route::Queue(name) => {
                channel
                    .basic_qos(self.prefetch, BasicQosOptions::default())
                    .await
                    .map_err(unavailable)?;
                (name.clone(), false)
            }
            Route::Fanout(name) => (self.topology.declare_ear(&channel, name).await?, true),
        };
        let options = BasicConsumeOptions {
            no_ack,
            ..BasicConsumeOptions::default()
        };
        let consumer = channel
            .basic_consume(queue, "".into(), options, FieldTable::default())
            .await
            .map_err(unavailable)?;
        Ok((channel, consumer))
    }

    async fn receive(
        &self,
        session: &mut Session,
        delivery: lapin::message::Delivery,
    ) -> Result<(), BusError> {
        if !self.route.mandatory() {
            self.notice(delivery);
            return Ok(());
        }
        let verdict = match self.topology.kind {
            QueueKind::Quorum => Verdict::HandOut {
                redelivered: delivery.redelivered,
            },
            QueueKind::Classic => redelivery::judge(
                redelivery::count(&delivery.properties),
                delivery.redelivered,
                self.topology.delivery_limit,
            ),
        };
        session.ledger.delivered(delivery.delivery_tag);
        match verdict {
            Verdict::HandOut { redelivered } => self.hand_out(session, delivery, redelivered),
            Verdict::Bury => {
                tracing::warn!(route = ?self.route, "a message was delivered too often");
                session.reject(delivery.delivery_tag, false).await?;
            }
            Verdict::Recount { deliveries } => {
                let publisher = Arc::clone(&self.publisher);
                let route = self.route.clone();
                session.recounting.push(Box::pin(async move {
                    let body = Bytes::copy_from_slice(&delivery.data);
                    let result = publisher.again(&route, body, deliveries).await;
                    (delivery, result)
                }));
            }
        }
        Ok(())
    }

    /// The copy is in the queue: this one is done with. Otherwise it is handed out as it is.
    async fn recounted(
        &self,
        session: &mut Session,
        delivery: lapin::message::Delivery,
        result: Result<(), BusError>,
    ) -> Result<(), BusError> {
        match result {
            Ok(()) => {
                session.ledger.close(delivery.delivery_tag, Settlement::Ack);
                session.flush().await
            }
            Err(error) => {
                tracing::debug!(%error, "a redelivery could not be counted");
                self.hand_out(session, delivery, true);
                Ok(())
            }
        }
    }

    fn hand_out(&self, session: &Session, delivery: lapin::message::Delivery, redelivered: bool) {
        let handle = Handle::new(
            session.number,
            delivery.delivery_tag,
            Arc::clone(&self.current),
            self.settled_in.clone(),
        );
        self.push(
            session.number,
            Delivery {
                body: Bytes::from(delivery.data),
                redelivered,
                settle: Box::new(handle),
            },
        );
    }

    fn notice(&self, delivery: lapin::message::Delivery) {
        if self.queued.load(Ordering::Acquire) >= LOSSY_BACKLOG {
            tracing::debug!(route = ?self.route, "a slow subscriber missed a notice");
            return;
        }
        self.push(
            0,
            Delivery {
                body: Bytes::from(delivery.data),
                redelivered: false,
                settle: Box::new(NothingToSettle),
            },
        );
    }

    fn push(&self, session: u64, delivery: Delivery) {
        self.queued.fetch_add(1, Ordering::AcqRel);
        // A consumer that is gone is noticed in the loop; its deliveries go back with the channel.
        let _ = self.out.send(Out { session, delivery });
    }

    /// Settles this one and all that wait behind it.
    async fn settle(
        &self,
        session: &mut Session,
        one: Settled,
        settled: &mut mpsc::UnboundedReceiver<Settled>,
    ) -> Result<(), BusError> {
        let mut next = Some(one);
        while let Some(one) = next {
            if one.session == session.number && session.ledger.close(one.tag, one.settlement) {
                match one.settlement {
                    Settlement::Ack => {}
                    Settlement::Requeue => session.reject(one.tag, true).await?,
                    Settlement::Reject => session.reject(one.tag, false).await?,
                }
            }
            next = settled.try_recv().ok();
        }
        session.flush().await
    }
}

impl Session {
    async fn flush(&mut self) -> Result<(), BusError> {
        for ack in self.ledger.due() {
            self.channel
                .basic_ack(
                    ack.tag,
                    BasicAckOptions {
                        multiple: ack.multiple,
                    },
                )
                .await
                .map_err(unavailable)?;
        }
        Ok(())
    }

    async fn reject(&mut self, tag: u64, requeue: bool) -> Result<(), BusError> {
        self.ledger.close(tag, Settlement::Reject);
        self.channel
            .basic_nack(
                tag,
                BasicNackOptions {
                    multiple: false,
                    requeue,
                },
            )
            .await
            .map_err(unavailable)
    }
}
