//! Listening for what is said to all workers: stop an attempt, take from a new queue.
//!
//! Owns the subscription to what is said to all workers. Lossy: a request that is not heard is sent
//! again by the run for as long as it is owed. Unreadable messages are dropped.

use super::Shared;
use attune_port::{Address, WorkQueue};
use attune_wire::{WorkerControl, decode};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Requests that are read ahead.
const PREFETCH: u16 = 64;
/// Pause before a subscription that failed is made anew.
const SUBSCRIBE_AGAIN: Duration = Duration::from_secs(1);

/// Listens until `stop`; a subscription that fails or ends is made anew.
pub(super) async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        listen(&shared, &stop).await;
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(SUBSCRIBE_AGAIN) => {}
        }
    }
}

async fn listen(shared: &Shared, stop: &CancellationToken) {
    let mut requests = match shared.deps.bus.subscribe(Address::Workers, PREFETCH).await {
        Ok(requests) => requests,
        Err(error) => {
            tracing::error!(%error, "requests to stop attempts cannot be heard");
            return;
        }
    };
    // What was said before cannot be heard any more.
    shared.selectors.look();
    loop {
        let delivery = tokio::select! {
            () = stop.cancelled() => return,
            delivery = requests.next() => match delivery {
                Some(delivery) => delivery,
                None => return,
            },
        };
        match decode::<WorkerControl>(&delivery.body) {
            Ok(records) => {
                for record in records {
                    match record.map(|envelope| envelope.body) {
                        Ok(WorkerControl::Stop { attempt }) => shared.holdings.stop(attempt),
                        Ok(WorkerControl::Queue {
                            name,
                            pool,
                            selector,
                        }) => shared.offered(vec![WorkQueue {
                            name,
                            pool,
                            selector,
                        }]),
                        Err(error) => tracing::warn!(%error, "a request could not be read"),
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "a request could not be read"),
        }
        // Nothing hangs on it: the address is lossy.
        drop(delivery.ack().await);
    }
}
