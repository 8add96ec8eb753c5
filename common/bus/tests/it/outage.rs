//! The bus while its broker stops, restarts, forgets everything or raises an alarm. Each test has a
//! broker to itself.

use crate::rabbit::Harness;
use anyhow::{Context, Result, ensure};
use attune_bus::{QueueKind, RabbitBus};
use attune_local::{RabbitMq, RabbitMqOptions};
use attune_port::{Address, Bus, BusError};
use attune_testkit::bus_contract::{next, numbered, soon, take};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;

/// A broker that can be hurt.
struct Broker {
    server: Arc<std::sync::Mutex<RabbitMq>>,
    harness: Harness,
    // Removed with the value, after the broker.
    _dir: tempfile::TempDir,
}

impl Broker {
    async fn start(kind: QueueKind) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().to_owned();
        let server = tokio::task::spawn_blocking(move || {
            RabbitMq::start(&path, RabbitMqOptions::for_tests())
        })
        .await??;
        Ok(Self {
            harness: Harness::at(server.amqp_url(), kind),
            server: Arc::new(std::sync::Mutex::new(server)),
            _dir: dir,
        })
    }

    async fn with<T: Send + 'static>(
        &self,
        action: impl FnOnce(&mut RabbitMq) -> attune_local::Result<T> + Send + 'static,
    ) -> Result<T> {
        let server = Arc::clone(&self.server);
        let done = tokio::task::spawn_blocking(move || {
            action(
                &mut server
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner),
            )
        });
        Ok(done.await??)
    }
}

async fn until(what: &str, condition: impl Fn() -> bool) -> Result<()> {
    soon(what, async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
}

/// Publishes as a caller would who does not give up.
async fn publish_until_taken(bus: &RabbitBus, to: Address, messages: Vec<Bytes>) -> Result<()> {
    soon("a publish", async {
        while bus.publish(to.clone(), messages.clone()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await
}

async fn survives_a_restart(kind: QueueKind) -> Result<()> {
    let broker = Broker::start(kind).await?;
    let bus = broker.harness.bus().await?;
    let shard = Address::Shard(5);
    let mut consumer = bus.subscribe(shard.clone(), 10).await?;
    let mut news = bus.subscribe(Address::Live, 10).await?;
    bus.publish(shard.clone(), numbered("before", 1)).await?;
    let held = next(&mut consumer).await?;
    bus.publish(Address::Work("later".to_owned()), numbered("kept", 3))
        .await?;

    broker.with(RabbitMq::restart).await?;
    until("the bus to be back", || bus.is_connected()).await?;

    // What was confirmed is still there.
    let mut later = bus.subscribe(Address::Work("later".to_owned()), 10).await?;
    for n in 0..3 {
        ensure!(take(&mut later).await? == format!("kept {n}"));
    }
    // What was held is void and comes again, marked.
    ensure!(
        held.ack().await.is_err(),
        "an acknowledgement over a dead channel"
    );
    let again = next(&mut consumer).await?;
    ensure!(again.redelivered && again.body == "before 0");
    again.ack().await?;
    // The same subscriptions hear what is new.
    publish_until_taken(&bus, shard, numbered("after", 1)).await?;
    ensure!(take(&mut consumer).await? == "after 0");
    soon("a notice", async {
        loop {
            bus.send(Address::Live, numbered("news", 1));
            let heard = tokio::time::timeout(Duration::from_millis(200), news.next()).await;
            if let Ok(heard) = heard {
                return heard.context("the subscription has ended");
            }
        }
    })
    .await??;
    bus.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn classic_survives_a_restart() -> Result<()> {
    survives_a_restart(QueueKind::Classic).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quorum_survives_a_restart() -> Result<()> {
    survives_a_restart(QueueKind::Quorum).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_broker_is_away_nothing_blocks_and_sends_arrive_later() -> Result<()> {
    let broker = Broker::start(QueueKind::Classic).await?;
    let bus = broker.harness.bus().await?;
    let mut consumer = bus.subscribe(Address::Shard(1), 10).await?;
    broker
        .with(|server| {
            server.kill9();
            Ok(())
        })
        .await?;
    until("the loss to be seen", || !bus.is_connected()).await?;
    let refused = bus.publish(Address::Shard(1), numbered("p", 1)).await;
    ensure!(
        matches!(refused, Err(BusError::Unavailable(_))),
        "{refused:?}"
    );
    for n in 0..100 {
        bus.send(Address::Shard(1), vec![Bytes::from(format!("s {n}"))]);
    }
    ensure!(bus.stats().dropped == 0 && bus.stats().waiting > 0);
    // A subscription made now waits for the broker.
    let mut second = bus.subscribe(Address::Shard(2), 10).await?;
    broker.with(RabbitMq::restart).await?;
    for n in 0..100 {
        ensure!(take(&mut consumer).await? == format!("s {n}"));
    }
    publish_until_taken(&bus, Address::Shard(2), numbered("new", 1)).await?;
    ensure!(take(&mut second).await? == "new 0");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_that_was_being_made_when_the_broker_died_is_good() -> Result<()> {
    let broker = Broker::start(QueueKind::Classic).await?;
    let bus = broker.harness.bus().await?;
    let making = async {
        let mut made = Vec::new();
        // One after the other without a pause, until the loss is seen: one of them meets it half-way.
        while bus.is_connected() {
            let shard = u16::try_from(made.len())?;
            made.push(bus.subscribe(Address::Shard(shard), 10).await?);
        }
        anyhow::Ok(made)
    };
    let killing = broker.with(|server| {
        server.kill9();
        Ok(())
    });
    let (made, killed) = tokio::join!(making, killing);
    killed?;
    broker.with(RabbitMq::restart).await?;
    for (shard, mut consumer) in made?.into_iter().enumerate() {
        let to = Address::Shard(u16::try_from(shard)?);
        publish_until_taken(&bus, to, numbered("new", 1)).await?;
        ensure!(take(&mut consumer).await? == "new 0");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_forgot_everything_gets_its_queues_again() -> Result<()> {
    let broker = Broker::start(QueueKind::Classic).await?;
    let bus = broker.harness.bus().await?;
    let mut consumer = bus.subscribe(Address::Events, 10).await?;
    bus.publish(Address::Shard(9), numbered("gone", 1)).await?;
    broker.with(RabbitMq::wipe).await?;
    publish_until_taken(&bus, Address::Events, numbered("new", 1)).await?;
    ensure!(take(&mut consumer).await? == "new 0");
    publish_until_taken(&bus, Address::Shard(9), numbered("again", 1)).await?;
    let mut shard = bus.subscribe(Address::Shard(9), 10).await?;
    ensure!(take(&mut shard).await? == "again 0");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_queue_is_declared_again_by_who_publishes() -> Result<()> {
    let broker = Broker::start(QueueKind::Classic).await?;
    let bus = broker.harness.bus().await?;
    let pool = Address::Work("deleted".to_owned());
    bus.publish(pool.clone(), numbered("lost", 1)).await?;
    bus.send(pool.clone(), numbered("lost", 1));
    until("the send", || bus.stats().confirmed == 1).await?;
    let listed = broker
        .with(|server| server.ctl(&["list_queues", "name"]))
        .await?;
    let name = listed
        .lines()
        .find(|line| line.ends_with(".work.deleted"))
        .context("the queue is not there")?
        .to_owned();
    broker
        .with(move |server| server.ctl(&["delete_queue", &name]))
        .await?;
    bus.publish(pool.clone(), numbered("published", 3)).await?;
    let mut consumer = bus.subscribe(pool.clone(), 10).await?;
    for n in 0..3 {
        ensure!(take(&mut consumer).await? == format!("published {n}"));
    }
    bus.send(pool, numbered("sent", 1));
    ensure!(take(&mut consumer).await? == "sent 0");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_memory_alarm_stops_publishing_but_not_acknowledging() -> Result<()> {
    let broker = Broker::start(QueueKind::Classic).await?;
    let bus = broker.harness.bus().await?;
    let shard = Address::Shard(4);
    let mut consumer = bus.subscribe(shard.clone(), 10).await?;
    bus.publish(shard.clone(), numbered("before", 2)).await?;
    let first = next(&mut consumer).await?;
    let second = next(&mut consumer).await?;
    broker
        .with(|server| server.ctl(&["set_vm_memory_high_watermark", "absolute", "1"]))
        .await?;
    // The alarm is on when a publish no longer comes through.
    let publishing = {
        let (bus, shard) = (Arc::clone(&bus), shard.clone());
        tokio::spawn(async move { bus.publish(shard, numbered("during", 1)).await })
    };
    tokio::time::sleep(Duration::from_millis(500)).await;
    let stuck = !publishing.is_finished();
    first.ack().await?;
    second.ack().await?;
    let queue = "messages_unacknowledged";
    soon("the acknowledgements to reach the broker", async {
        loop {
            let listed = broker
                .with(move |server| server.ctl(&["list_queues", "name", queue]))
                .await?;
            let open = listed
                .lines()
                .find(|line| line.contains(".shard.4"))
                .and_then(|line| line.split_whitespace().nth(1).map(str::to_owned))
                .context("the queue is not listed")?;
            if open == "0" {
                return anyhow::Ok(());
            }
        }
    })
    .await??;
    ensure!(
        stuck,
        "the alarm did not stop publishing: the test shows nothing"
    );
    broker
        .with(|server| server.ctl(&["set_vm_memory_high_watermark", "0.6"]))
        .await?;
    soon("the publish after the alarm", publishing).await???;
    ensure!(take(&mut consumer).await? == "during 0");
    Ok(())
}
