//! Settling deliveries, many at a time.
//!
//! Owns the handle that a handler settles with, and the ledger that turns settled tags into as few
//! acknowledgements as the order allows. Knows nothing of the broker beyond delivery tags. A handle
//! that is dropped asks for redelivery; one of a channel that is gone answers so.

use async_trait::async_trait;
use attune_port::{BusError, Settle, Settlement};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;

/// A delivery's fate, on its way to the subscription's task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settled {
    /// The channel it was delivered on.
    pub(crate) session: u64,
    pub(crate) tag: u64,
    pub(crate) settlement: Settlement,
}

/// One delivery's handle.
pub(crate) struct Handle {
    session: u64,
    tag: u64,
    /// The channel that is open now; zero for none.
    current: Arc<AtomicU64>,
    settled: Option<mpsc::UnboundedSender<Settled>>,
}

impl Handle {
    pub(crate) fn new(
        session: u64,
        tag: u64,
        current: Arc<AtomicU64>,
        settled: mpsc::UnboundedSender<Settled>,
    ) -> Self {
        Self {
            session,
            tag,
            current,
            settled: Some(settled),
        }
    }

    fn tell(&mut self, settlement: Settlement) -> Result<(), BusError> {
        let gone = || {
            BusError::Unavailable(
                "the channel of this delivery has ended; it is delivered again".to_owned(),
            )
        };
        let settled = self.settled.take().ok_or_else(gone)?;
        if self.current.load(Ordering::Acquire) != self.session {
            return Err(gone());
        }
        settled
            .send(Settled {
                session: self.session,
                tag: self.tag,
                settlement,
            })
            .map_err(|_| gone())
    }
}

#[async_trait]
impl Settle for Handle {
    async fn settle(mut self: Box<Self>, settlement: Settlement) -> Result<(), BusError> {
        self.tell(settlement)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if self.settled.is_some() {
            // If nobody hears it, the broker delivers again by itself.
            let _ = self.tell(Settlement::Requeue);
        }
    }
}

/// For addresses whose messages need no settling.
pub(crate) struct NothingToSettle;

#[async_trait]
impl Settle for NothingToSettle {
    async fn settle(self: Box<Self>, _: Settlement) -> Result<(), BusError> {
        Ok(())
    }
}

/// What one channel has delivered and what became of it.
#[derive(Default)]
pub(crate) struct Ledger {
    /// Delivered and not settled.
    open: BTreeSet<u64>,
    /// Acknowledged by the handler, the broker not told yet.
    acked: BTreeSet<u64>,
}

/// One acknowledgement to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ack {
    pub(crate) tag: u64,
    /// Also everything before it.
    pub(crate) multiple: bool,
}

impl Ledger {
    pub(crate) fn delivered(&mut self, tag: u64) {
        self.open.insert(tag);
    }

    /// Notes a settlement. False if the tag is not open (settled already).
    pub(crate) fn close(&mut self, tag: u64, settlement: Settlement) -> bool {
        let known = self.open.remove(&tag);
        if known && settlement == Settlement::Ack {
            self.acked.insert(tag);
        }
        known
    }

    /// The acknowledgements that are due: one for all up to the first open delivery, the others one
    /// by one. None is held back.
    pub(crate) fn due(&mut self) -> Vec<Ack> {
        let first_open = self.open.first().copied().unwrap_or(u64::MAX);
        let after = self.acked.split_off(&first_open);
        let before = std::mem::take(&mut self.acked);
        let mut acks = Vec::with_capacity(after.len() + 1);
        if let Some(last) = before.last() {
            acks.push(Ack {
                tag: *last,
                multiple: before.len() > 1,
            });
        }
        acks.extend(after.into_iter().map(|tag| Ack {
            tag,
            multiple: false,
        }));
        acks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(tags: std::ops::RangeInclusive<u64>) -> Ledger {
        let mut ledger = Ledger::default();
        for tag in tags {
            ledger.delivered(tag);
        }
        ledger
    }

    #[test]
    fn a_prefix_is_acknowledged_at_once() {
        let mut ledger = ledger(1..=5);
        for tag in [2, 1, 3] {
            assert!(ledger.close(tag, Settlement::Ack));
        }
        assert_eq!(
            ledger.due(),
            [Ack {
                tag: 3,
                multiple: true
            }]
        );
        assert!(ledger.due().is_empty());
    }

    #[test]
    fn an_open_delivery_is_never_covered() {
        let mut ledger = ledger(1..=4);
        ledger.close(1, Settlement::Ack);
        ledger.close(3, Settlement::Ack);
        ledger.close(4, Settlement::Ack);
        assert_eq!(
            ledger.due(),
            [
                Ack {
                    tag: 1,
                    multiple: false
                },
                Ack {
                    tag: 3,
                    multiple: false
                },
                Ack {
                    tag: 4,
                    multiple: false
                },
            ]
        );
    }

    #[test]
    fn what_was_requeued_is_not_acknowledged() {
        let mut ledger = ledger(1..=2);
        assert!(ledger.close(1, Settlement::Requeue));
        assert!(!ledger.close(1, Settlement::Ack));
        assert!(ledger.due().is_empty());
        ledger.close(2, Settlement::Ack);
        assert_eq!(
            ledger.due(),
            [Ack {
                tag: 2,
                multiple: false
            }]
        );
    }
}
