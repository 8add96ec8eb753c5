//! A message's fate: acknowledged once everything in it is committed, given back otherwise.

use attune_port::Delivery;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// One record's share in a delivery. Dropped without [`Ticket::done`], the whole delivery goes back
/// to its queue: a record that was already dealt with is recognised when it comes again.
pub(crate) struct Ticket {
    shared: Arc<Shared>,
    done: bool,
}

struct Shared {
    delivery: Mutex<Option<Delivery>>,
    failed: AtomicBool,
}

impl Ticket {
    /// Splits a delivery into one ticket for each of its records.
    pub(crate) fn split(delivery: Delivery, records: usize) -> Vec<Self> {
        let shared = Arc::new(Shared {
            delivery: Mutex::new(Some(delivery)),
            failed: AtomicBool::new(false),
        });
        (0..records)
            .map(|_| Self {
                shared: Arc::clone(&shared),
                done: false,
            })
            .collect()
    }

    /// The record is dealt with for good.
    pub(crate) fn done(mut self) {
        self.done = true;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.done {
            self.shared.failed.store(true, Ordering::Release);
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let delivery = match self.delivery.get_mut() {
            Ok(slot) => slot.take(),
            Err(poisoned) => poisoned.into_inner().take(),
        };
        let Some(delivery) = delivery else { return };
        // Outside a runtime (the process is ending) the broker redelivers by itself.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let failed = self.failed.load(Ordering::Acquire);
        runtime.spawn(async move {
            let settled = if failed {
                delivery.requeue().await
            } else {
                delivery.ack().await
            };
            if let Err(error) = settled {
                tracing::debug!(%error, "a delivery could not be settled; it will come again");
            }
        });
    }
}
