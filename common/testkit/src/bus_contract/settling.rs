//! The cases about settling: who gets a message, how often, and where it ends.

use super::{BusHarness, QUIET, dead_letters_become, next, numbered, pool, soon, take, text};
use anyhow::{Context, Result, ensure};
use attune_port::Address;
use bytes::Bytes;
use std::collections::BTreeSet;

/// Two consumers of a durable address share its messages: each goes to one of them.
///
/// # Errors
/// If the promise is broken.
pub async fn competing_consumers_share(harness: &dyn BusHarness) -> Result<()> {
    let (one, other) = (harness.client().await?, harness.client().await?);
    let mut left = one.subscribe(pool(), 5).await?;
    let mut right = other.subscribe(pool(), 5).await?;
    one.publish(pool(), numbered("c", 100)).await?;
    let mut seen = BTreeSet::new();
    let (mut by_left, mut by_right) = (0, 0);
    while seen.len() < 100 {
        let delivery = soon("a delivery", async {
            tokio::select! {
                delivery = left.next() => { by_left += 1; delivery }
                delivery = right.next() => { by_right += 1; delivery }
            }
        })
        .await?
        .context("the subscription has ended")?;
        ensure!(
            seen.insert(text(&delivery)),
            "{} came twice",
            text(&delivery)
        );
        delivery.ack().await?;
    }
    ensure!(by_left + by_right == 100);
    Ok(())
}

/// No more than `prefetch` messages are with a consumer at a time.
///
/// # Errors
/// If the promise is broken.
pub async fn prefetch_bounds_what_is_unsettled(harness: &dyn BusHarness) -> Result<()> {
    let bus = harness.client().await?;
    let mut consumer = bus.subscribe(pool(), 2).await?;
    bus.publish(pool(), numbered("p", 4)).await?;
    let first = next(&mut consumer).await?;
    let _second = next(&mut consumer).await?;
    let third = tokio::time::timeout(QUIET, consumer.next()).await;
    ensure!(third.is_err(), "a third message came with two unsettled");
    first.ack().await?;
    let third = next(&mut consumer).await?;
    ensure!(text(&third) == "p 2");
    Ok(())
}

/// A requeued message is given out again, marked as such.
///
/// # Errors
/// If the promise is broken.
pub async fn requeued_comes_again(harness: &dyn BusHarness) -> Result<()> {
    let bus = harness.client().await?;
    let mut consumer = bus.subscribe(pool(), 5).await?;
    bus.publish(pool(), numbered("r", 1)).await?;
    let first = next(&mut consumer).await?;
    ensure!(
        !first.redelivered,
        "a fresh message is marked as redelivered"
    );
    first.requeue().await?;
    let again = next(&mut consumer).await?;
    ensure!(again.redelivered, "a repeated message is not marked");
    ensure!(text(&again) == "r 0");
    again.ack().await?;
    bus.publish(pool(), numbered("after", 1)).await?;
    ensure!(take(&mut consumer).await? == "after 0");
    Ok(())
}

/// A delivery that is dropped is given out again.
///
/// # Errors
/// If the promise is broken.
pub async fn dropped_comes_again(harness: &dyn BusHarness) -> Result<()> {
    let bus = harness.client().await?;
    let mut consumer = bus.subscribe(pool(), 5).await?;
    bus.publish(pool(), numbered("d", 1)).await?;
    drop(next(&mut consumer).await?);
    let again = next(&mut consumer).await?;
    ensure!(again.redelivered && text(&again) == "d 0");
    again.ack().await?;
    Ok(())
}

/// What a subscription had in hand when it ended goes to another; what it had settled does not.
///
/// # Errors
/// If the promise is broken.
pub async fn ended_subscription_gives_back(harness: &dyn BusHarness) -> Result<()> {
    let bus = harness.client().await?;
    let mut first = bus.subscribe(pool(), 10).await?;
    bus.publish(pool(), numbered("e", 3)).await?;
    let settled = next(&mut first).await?;
    let held = next(&mut first).await?;
    settled.ack().await?;
    drop(first);
    let other = harness.client().await?;
    let mut second = other.subscribe(pool(), 10).await?;
    let mut found = BTreeSet::new();
    while found.len() < 2 {
        found.insert(take(&mut second).await?);
    }
    ensure!(
        found == BTreeSet::from(["e 1".to_owned(), "e 2".to_owned()]),
        "came again: {found:?}"
    );
    ensure!(
        held.ack().await.is_err(),
        "a delivery given to another was acknowledged"
    );
    Ok(())
}

/// A rejected message is put aside and does not come again.
///
/// # Errors
/// If the promise is broken.
pub async fn rejected_is_put_aside(harness: &dyn BusHarness) -> Result<()> {
    let bus = harness.client().await?;
    let mut consumer = bus.subscribe(Address::Shard(0), 1).await?;
    bus.publish(Address::Shard(0), numbered("x", 2)).await?;
    next(&mut consumer).await?.reject().await?;
    ensure!(take(&mut consumer).await? == "x 1");
    dead_letters_become(harness, 1).await
}

/// A message that nobody ever settles well is put aside after the limit; others pass meanwhile.
///
/// # Errors
/// If the promise is broken.
pub async fn poison_is_put_aside_and_others_pass(harness: &dyn BusHarness) -> Result<()> {
    let bus = harness.client().await?;
    let mut consumer = bus.subscribe(pool(), 4).await?;
    let mut messages = numbered("good", 5);
    messages.insert(2, Bytes::from_static(b"poison"));
    bus.publish(pool(), messages).await?;
    let mut poisoned = 0;
    let mut good = BTreeSet::new();
    let limit = harness.delivery_limit();
    // The last sign of life of the poison is its dead letter; the loop ends when all else is done.
    while good.len() < 5 || poisoned < limit {
        let delivery = next(&mut consumer).await?;
        if text(&delivery) == "poison" {
            poisoned += 1;
            ensure!(poisoned <= limit + 1, "poison came {poisoned} times");
            delivery.requeue().await?;
        } else {
            good.insert(text(&delivery));
            delivery.ack().await?;
        }
    }
    let rest = async {
        // One more delivery than the limit is within the promise.
        while let Some(delivery) = consumer.next().await {
            drop(delivery);
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        outcome = dead_letters_become(harness, 1) => outcome,
        () = rest => Ok(()),
    }
}
