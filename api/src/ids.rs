//! New ids from the clock port, and ids read from addresses.

use crate::refusal::{Answer, Refusal};
use attune_port::Clock;
use attune_types::Ref;
use std::str::FromStr;
use uuid::Uuid;

/// A new UUID v7: sorts by time.
pub(crate) fn new_id(clock: &dyn Clock) -> Uuid {
    let [random @ .., _, _, _, _, _, _] = clock.entropy();
    let millis = u64::try_from(clock.now().as_millisecond()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// An id in an address. What is no id names nothing.
pub(crate) fn id<T: FromStr>(what: &str, text: &str) -> Answer<T> {
    text.parse().map_err(|_| Refusal::not_found(what, text))
}

/// A reference in an address. What is no reference names nothing.
pub(crate) fn reference(what: &str, text: &str) -> Answer<Ref> {
    Ref::parse(text).map_err(|_| Refusal::not_found(what, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use attune_port::SystemClock;

    #[test]
    fn new_ids_are_of_version_7_and_distinct() {
        let (a, b) = (new_id(&SystemClock), new_id(&SystemClock));
        assert_eq!(a.get_version_num(), 7);
        assert_ne!(a, b);
    }
}
