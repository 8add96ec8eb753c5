//! What every adapter of the bus port must do, as a suite that runs against any of them.
//!
//! Owns the cases. Knows no broker: a [`BusHarness`] makes clients of one and counts its dead letters.
//! Called by the tests of the `bus` crate through [`bus_contract!`](crate::bus_contract!). A case
//! that does not hold is an error that says which promise was broken.

mod sending;
mod settling;

pub use sending::*;
pub use settling::*;

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use attune_port::{Address, Bus, Consumer, Delivery};
use bytes::Bytes;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// Generous: it decides only how long a broken adapter takes to fail.
const DEADLINE: Duration = Duration::from_secs(60);
/// How long nothing must come where nothing may come. Too short can only hide a fault.
const QUIET: Duration = Duration::from_millis(300);

/// A broker of its own for one case.
#[async_trait]
pub trait BusHarness: Send + Sync {
    /// Another client of the broker.
    async fn client(&self) -> Result<Arc<dyn Bus>>;

    /// Number of messages put aside.
    async fn dead_letters(&self) -> Result<u64>;

    /// Times that one message is handed out at most.
    fn delivery_limit(&self) -> u32;
}

/// One test per case: `bus_contract!(async { Ok(MyHarness::new()) })`.
#[macro_export]
macro_rules! bus_contract {
    ($make:expr) => {
        $crate::bus_contract!(@cases $make;
            delivers_in_order, keeps_without_consumer, delivers_large_batches, send_keeps_order,
            competing_consumers_share, prefetch_bounds_what_is_unsettled,
            requeued_comes_again, dropped_comes_again, ended_subscription_gives_back,
            rejected_is_put_aside, poison_is_put_aside_and_others_pass,
            lossy_reaches_every_subscriber, lossy_without_subscriber_is_fine,
            addresses_do_not_mix, empty_publish_is_fine, body_is_kept_to_the_byte,
            close_ends_everything, close_flushes_what_was_sent,
        );
    };
    (@cases $make:expr; $($case:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() -> anyhow::Result<()> {
                let harness = $make.await?;
                $crate::bus_contract::$case(&harness).await
            }
        )*
    };
}

/// Waits for something that must come.
///
/// # Errors
/// If it does not come before a generous deadline.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(DEADLINE, future)
        .await
        .with_context(|| format!("{what} did not happen within {DEADLINE:?}"))
}

/// The next delivery, which must come.
///
/// # Errors
/// If none comes.
pub async fn next(consumer: &mut Box<dyn Consumer>) -> Result<Delivery> {
    soon("a delivery", consumer.next())
        .await?
        .context("the subscription has ended")
}

/// The next delivery's text, acknowledged.
///
/// # Errors
/// If none comes or it cannot be acknowledged.
pub async fn take(consumer: &mut Box<dyn Consumer>) -> Result<String> {
    let delivery = next(consumer).await?;
    let text = text(&delivery);
    delivery.ack().await?;
    Ok(text)
}

fn text(delivery: &Delivery) -> String {
    String::from_utf8_lossy(&delivery.body).into_owned()
}

/// Messages `0`, `1` ... with a word before.
pub fn numbered(word: &str, count: usize) -> Vec<Bytes> {
    (0..count)
        .map(|n| Bytes::from(format!("{word} {n}")))
        .collect()
}

fn pool() -> Address {
    Address::Work("contract".to_owned())
}

/// Waits until the dead letters are as many as expected.
///
/// # Errors
/// If they do not become so.
pub async fn dead_letters_become(harness: &dyn BusHarness, expected: u64) -> Result<()> {
    soon("the dead letters", async {
        loop {
            let found = harness.dead_letters().await?;
            if found == expected {
                return Ok(());
            }
            ensure!(
                found < expected,
                "{found} dead letters, expected {expected}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await?
}
