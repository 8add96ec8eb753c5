//! Counting deliveries on classic queues, which do not count themselves.
//!
//! Owns the rule. A message that the broker marks as redelivered was given to somebody who neither
//! acknowledged nor rejected it, be it by request or by dying. Before it is given to a handler again
//! it is published anew with a header that counts one more, confirmed, and the old copy
//! acknowledged; so the count survives crashes of the handler and of the broker. Beyond the limit it
//! is rejected into the dead-letter queue. The copy goes to the queue's end; order is only kept
//! without redeliveries. Failure: a copy that could not be published is handed out uncounted.

use super::publisher::DELIVERIES_HEADER;
use lapin::BasicProperties;
use lapin::types::AMQPValue;

/// What to do with a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Give it to the handler.
    HandOut {
        /// Whether somebody had it before.
        redelivered: bool,
    },
    /// Publish it anew with that count, and acknowledge this copy.
    Recount {
        /// Deliveries so far.
        deliveries: u32,
    },
    /// To the dead-letter queue.
    Bury,
}

/// Earlier deliveries according to the header.
pub(crate) fn count(properties: &BasicProperties) -> u32 {
    let Some(headers) = properties.headers() else {
        return 0;
    };
    match headers.inner().get(DELIVERIES_HEADER) {
        Some(AMQPValue::LongLongInt(count)) => u32::try_from(*count).unwrap_or(u32::MAX),
        _ => 0,
    }
}

/// The verdict on a delivery from a classic queue.
pub(crate) fn judge(counted: u32, redelivered: bool, limit: u32) -> Verdict {
    if !redelivered {
        return Verdict::HandOut {
            redelivered: counted > 0,
        };
    }
    let deliveries = counted.saturating_add(1);
    if deliveries >= limit {
        Verdict::Bury
    } else {
        Verdict::Recount { deliveries }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_handed_out_as_often_as_the_limit_says() {
        let limit = 3;
        let (mut counted, mut redelivered, mut handed_out) = (0, false, 0);
        loop {
            match judge(counted, redelivered, limit) {
                Verdict::HandOut { redelivered: again } => {
                    assert_eq!(again, handed_out > 0);
                    handed_out += 1;
                    redelivered = true;
                }
                Verdict::Recount { deliveries } => {
                    counted = deliveries;
                    redelivered = false;
                }
                Verdict::Bury => break,
            }
        }
        assert_eq!(handed_out, limit);
    }
}
