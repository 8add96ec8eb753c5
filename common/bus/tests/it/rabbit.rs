//! The contract on a real RabbitMQ, with both kinds of queues, and what only a broker can do wrong.

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use attune_bus::{QueueKind, RabbitBus, RabbitOptions};
use attune_port::{Address, Bus, BusError};
use attune_testkit::bus_contract::{BusHarness, numbered, soon, take};
use std::sync::Arc;

const LIMIT: u32 = 3;

/// A corner of the shared broker with names of its own.
pub(crate) struct Harness {
    options: RabbitOptions,
}

impl Harness {
    pub(crate) fn at(url: String, kind: QueueKind) -> Self {
        let mut options = RabbitOptions::new(url);
        options.prefix = attune_local::shared::prefix();
        options.queue_kind = kind;
        options.delivery_limit = LIMIT;
        Self { options }
    }

    async fn shared(kind: QueueKind) -> Result<Self> {
        let broker = tokio::task::spawn_blocking(attune_local::shared::rabbitmq).await??;
        Ok(Self::at(broker.amqp_url().to_owned(), kind))
    }

    pub(crate) async fn bus(&self) -> Result<Arc<RabbitBus>> {
        let bus = RabbitBus::connect(self.options.clone()).await?;
        ensure!(bus.is_connected(), "no connection: {}", bus.trouble());
        Ok(Arc::new(bus))
    }
}

#[async_trait]
impl BusHarness for Harness {
    async fn client(&self) -> Result<Arc<dyn Bus>> {
        Ok(self.bus().await?)
    }

    async fn dead_letters(&self) -> Result<u64> {
        Ok(self.bus().await?.dead_letters().await?)
    }

    fn delivery_limit(&self) -> u32 {
        LIMIT
    }
}

mod classic {
    use super::{Harness, QueueKind};
    attune_testkit::bus_contract!(Harness::shared(QueueKind::Classic));
}

mod quorum {
    use super::{Harness, QueueKind};
    attune_testkit::bus_contract!(Harness::shared(QueueKind::Quorum));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_of_another_kind_is_named_with_what_to_do() -> Result<()> {
    let classic = Harness::shared(QueueKind::Classic).await?;
    classic
        .bus()
        .await?
        .publish(Address::Events, numbered("a", 1))
        .await?;
    let mut options = classic.options.clone();
    options.queue_kind = QueueKind::Quorum;
    let quorum = RabbitBus::connect(options).await?;
    for refused in [
        quorum
            .publish(Address::Events, numbered("b", 1))
            .await
            .err(),
        quorum.subscribe(Address::Events, 1).await.err(),
    ] {
        let Some(BusError::Unavailable(text)) = refused else {
            anyhow::bail!("not refused: {refused:?}");
        };
        ensure!(text.contains("other properties"), "{text}");
        ensure!(text.contains(&classic.options.prefix), "{text}");
    }
    // The refusal costs the others nothing.
    let good = classic.bus().await?;
    let mut consumer = good.subscribe(Address::Events, 1).await?;
    ensure!(take(&mut consumer).await? == "a 0");
    Ok(())
}

async fn the_broker_removes_an_unused_queue_of_labels(kind: QueueKind) -> Result<()> {
    let mut harness = Harness::shared(kind).await?;
    harness.options.unused_after = std::time::Duration::from_millis(500);
    let bus = harness.bus().await?;
    let chosen = Address::Work("p[gpu=a]".to_owned());
    let usual = Address::Work("p".to_owned());
    for address in [&chosen, &usual] {
        bus.publish(address.clone(), numbered("old", 1)).await?;
    }
    // Gone with what lay in it: a fresh one takes what is published from then on. Taking from it
    // would be a use, so that it is only asked after.
    soon("the removal of the queue", async {
        let other = attune_local::shared::rabbitmq()?;
        let link =
            lapin::Connection::connect(other.amqp_url(), lapin::ConnectionProperties::default())
                .await?;
        let name = format!("{}.work.p[gpu=a]", harness.options.prefix);
        loop {
            let channel = link.create_channel().await?;
            let passive = lapin::options::QueueDeclareOptions {
                passive: true,
                ..Default::default()
            };
            let asked = channel
                .queue_declare(name.as_str().into(), passive, Default::default())
                .await;
            if asked.is_err() {
                return anyhow::Ok(());
            }
            tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
        }
    })
    .await??;
    bus.publish(chosen.clone(), numbered("new", 1)).await?;
    bus.send(chosen.clone(), numbered("sent", 1));
    let mut consumer = bus.subscribe(chosen, 10).await?;
    let mut found = vec![take(&mut consumer).await?, take(&mut consumer).await?];
    found.sort();
    ensure!(found == ["new 0", "sent 0"], "{found:?}");
    let mut consumer = bus.subscribe(usual, 10).await?;
    ensure!(take(&mut consumer).await? == "old 0");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unused_classic_queue_of_labels_is_removed() -> Result<()> {
    the_broker_removes_an_unused_queue_of_labels(QueueKind::Classic).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unused_quorum_queue_of_labels_is_removed() -> Result<()> {
    the_broker_removes_an_unused_queue_of_labels(QueueKind::Quorum).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_too_long_for_the_broker_is_unroutable() -> Result<()> {
    let bus = Harness::shared(QueueKind::Classic).await?.bus().await?;
    let far = Address::Work("p".repeat(300));
    let refused = bus.publish(far.clone(), numbered("a", 1)).await;
    ensure!(
        matches!(refused, Err(BusError::Unroutable(_))),
        "{refused:?}"
    );
    bus.send(far, numbered("a", 2));
    ensure!(bus.stats().dropped == 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_publish_at_once_on_one_bus() -> Result<()> {
    let harness = Harness::shared(QueueKind::Classic).await?;
    let bus = harness.bus().await?;
    let mut publishing = tokio::task::JoinSet::new();
    for n in 0..64 {
        let bus = Arc::clone(&bus);
        publishing.spawn(async move {
            bus.publish(Address::Shard(n % 4), numbered(&n.to_string(), 20))
                .await
        });
    }
    while let Some(published) = publishing.join_next().await {
        published??;
    }
    let mut found = std::collections::BTreeSet::new();
    for shard in 0..4 {
        let mut consumer = bus.subscribe(Address::Shard(shard), 100).await?;
        for _ in 0..16 * 20 {
            let text = take(&mut consumer).await?;
            ensure!(found.insert(text.clone()), "{text} came twice");
        }
    }
    ensure!(found.len() == 64 * 20);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_told_and_not_fatal() -> Result<()> {
    let harness = Harness::shared(QueueKind::Classic).await?;
    let mut options = harness.options.clone();
    let (_, place) = options
        .url
        .rsplit_once('@')
        .context("no user in the address")?;
    options.url = format!("amqp://nobody:wrong@{place}");
    options.connect_timeout = std::time::Duration::from_secs(3);
    let bus = RabbitBus::connect(options).await?;
    ensure!(!bus.is_connected());
    let trouble = soon("a reason", async {
        loop {
            let trouble = bus.trouble();
            if !trouble.is_empty() {
                return trouble;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    })
    .await?;
    ensure!(trouble.contains("ACCESS_REFUSED"), "{trouble}");
    let refused = bus.publish(Address::Events, numbered("a", 1)).await;
    ensure!(
        matches!(refused, Err(BusError::Unavailable(_))),
        "{refused:?}"
    );
    Ok(())
}
