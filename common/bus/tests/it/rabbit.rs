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
