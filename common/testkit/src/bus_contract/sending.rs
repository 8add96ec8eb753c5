//! The cases about sending: what arrives, where, in what order, and what closing means.

use super::{BusHarness, next, numbered, pool, soon, take};
use anyhow::{Result, ensure};
use attune_port::{Address, BusError};
use bytes::Bytes;
use std::collections::BTreeSet;

/// Messages of one publisher arrive in order.
///
/// # Errors
/// If the promise is broken.
pub async fn delivers_in_order(harness: &dyn BusHarness) -> Result<()> {
    let bus = harness.client().await?;
    let mut consumer = bus.subscribe(Address::Shard(3), 10).await?;
    bus.publish(Address::Shard(3), numbered("a", 50)).await?;
    bus.publish(Address::Shard(3), numbered("b", 50)).await?;
    for word in ["a", "b"] {
        for n in 0..50 {
            let found = take(&mut consumer).await?;
            ensure!(found == format!("{word} {n}"), "{found} is out of order");
        }
    }
    Ok(())
}

/// What nobody listens to yet is kept for whoever subscribes later, also by another client.
///
/// # Errors
/// If the promise is broken.
pub async fn keeps_without_consumer(harness: &dyn BusHarness) -> Result<()> {
    let first = harness.client().await?;
    first.publish(Address::Events, numbered("kept", 3)).await?;
    let second = harness.client().await?;
    let mut consumer = second.subscribe(Address::Events, 5).await?;
    for n in 0..3 {
        ensure!(take(&mut consumer).await? == format!("kept {n}"));
    }
    Ok(())
}

/// A publish larger than any window inside the adapter is complete.
///
/// # Errors
/// If the promise is broken.
pub async fn delivers_large_batches(harness: &dyn BusHarness) -> Result<()> {
    const MANY: usize = 3_000;
    let bus = harness.client().await?;
    let mut consumer = bus.subscribe(pool(), 500).await?;
    bus.publish(pool(), numbered("m", MANY)).await?;
    for n in 0..MANY {
        let found = take(&mut consumer).await?;
        ensure!(found == format!("m {n}"), "{found} instead of m {n}");
    }
    Ok(())
}

/// `send` keeps the order of calls.
///
/// # Errors
/// If the promise is broken.
pub async fn send_keeps_order(harness: &dyn BusHarness) -> Result<()> {
    let bus = harness.client().await?;
    let mut consumer = bus.subscribe(Address::Shard(1), 100).await?;
    for n in 0..200 {
        bus.send(Address::Shard(1), vec![Bytes::from(format!("s {n}"))]);
    }
    for n in 0..200 {
        let found = take(&mut consumer).await?;
        ensure!(found == format!("s {n}"), "{found} is out of order");
    }
    Ok(())
}

/// A lossy message reaches every subscriber that is there.
///
/// # Errors
/// If the promise is broken.
pub async fn lossy_reaches_every_subscriber(harness: &dyn BusHarness) -> Result<()> {
    let (one, other) = (harness.client().await?, harness.client().await?);
    for address in [Address::Workers, Address::Live, Address::Catalogue] {
        let mut first = one.subscribe(address.clone(), 5).await?;
        let mut second = other.subscribe(address.clone(), 5).await?;
        one.publish(address.clone(), numbered("news", 2)).await?;
        other.send(address, numbered("sent", 1));
        for consumer in [&mut first, &mut second] {
            let mut found = BTreeSet::new();
            for _ in 0..3 {
                found.insert(take(consumer).await?);
            }
            ensure!(found.len() == 3 && found.contains("sent 0"), "{found:?}");
        }
    }
    Ok(())
}

/// A lossy message that nobody listens to is no error, and is not kept.
///
/// # Errors
/// If the promise is broken.
pub async fn lossy_without_subscriber_is_fine(harness: &dyn BusHarness) -> Result<()> {
    let bus = harness.client().await?;
    bus.publish(Address::Live, numbered("nobody", 1)).await?;
    let mut consumer = bus.subscribe(Address::Live, 5).await?;
    bus.publish(Address::Live, numbered("somebody", 1)).await?;
    ensure!(take(&mut consumer).await? == "somebody 0");
    Ok(())
}

/// Each address has its own queue.
///
/// # Errors
/// If the promise is broken.
pub async fn addresses_do_not_mix(harness: &dyn BusHarness) -> Result<()> {
    let bus = harness.client().await?;
    let addresses = [
        Address::Shard(1),
        Address::Shard(11),
        Address::Work("a".to_owned()),
        Address::Work("b".to_owned()),
        Address::Events,
    ];
    for address in &addresses {
        let text = Bytes::from(format!("{address:?}"));
        bus.publish(address.clone(), vec![text]).await?;
    }
    for address in addresses {
        let expected = format!("{address:?}");
        let mut consumer = bus.subscribe(address, 5).await?;
        ensure!(take(&mut consumer).await? == expected);
    }
    Ok(())
}

/// Publishing nothing is nothing.
///
/// # Errors
/// If the promise is broken.
pub async fn empty_publish_is_fine(harness: &dyn BusHarness) -> Result<()> {
    let bus = harness.client().await?;
    bus.publish(pool(), Vec::new()).await?;
    bus.send(pool(), Vec::new());
    bus.publish(pool(), numbered("one", 1)).await?;
    let mut consumer = bus.subscribe(pool(), 5).await?;
    ensure!(take(&mut consumer).await? == "one 0");
    Ok(())
}

/// Bodies are bytes: none is changed, empty and large ones included.
///
/// # Errors
/// If the promise is broken.
pub async fn body_is_kept_to_the_byte(harness: &dyn BusHarness) -> Result<()> {
    let bus = harness.client().await?;
    let mut consumer = bus.subscribe(pool(), 5).await?;
    let all: Vec<u8> = (0..=255).collect();
    let bodies = [
        Bytes::new(),
        Bytes::from(all.clone()),
        Bytes::from(all.repeat(16 * 1024)),
    ];
    bus.publish(pool(), bodies.to_vec()).await?;
    for expected in bodies {
        let delivery = next(&mut consumer).await?;
        ensure!(
            delivery.body == expected,
            "a body of {} bytes differs",
            expected.len()
        );
        delivery.ack().await?;
    }
    Ok(())
}

/// After `close` subscriptions end and everything else is refused.
///
/// # Errors
/// If the promise is broken.
pub async fn close_ends_everything(harness: &dyn BusHarness) -> Result<()> {
    let bus = harness.client().await?;
    let mut consumer = bus.subscribe(pool(), 5).await?;
    ensure!(bus.is_connected());
    let (ended, ()) = soon("the end", async {
        tokio::join!(consumer.next(), bus.close())
    })
    .await?;
    ensure!(ended.is_none(), "a delivery came from nowhere");
    ensure!(!bus.is_connected());
    let refused = bus.publish(pool(), numbered("late", 1)).await;
    ensure!(matches!(refused, Err(BusError::Closed)), "{refused:?}");
    ensure!(matches!(
        bus.subscribe(pool(), 1).await,
        Err(BusError::Closed)
    ));
    bus.send(pool(), numbered("late", 1));
    soon("the second close", bus.close()).await
}

/// What was sent before `close` is on its way when it returns.
///
/// # Errors
/// If the promise is broken.
pub async fn close_flushes_what_was_sent(harness: &dyn BusHarness) -> Result<()> {
    let sender = harness.client().await?;
    let receiver = harness.client().await?;
    let mut consumer = receiver.subscribe(Address::Shard(2), 50).await?;
    sender.send(Address::Shard(2), numbered("f", 100));
    soon("the close", sender.close()).await?;
    for n in 0..100 {
        let found = take(&mut consumer).await?;
        ensure!(found == format!("f {n}"), "{found} instead of f {n}");
    }
    Ok(())
}
