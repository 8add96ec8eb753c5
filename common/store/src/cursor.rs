//! Cursors of lists: the key of the last entry, opaque to whoever carries them.
//!
//! A cursor that was not given out here is refused as invalid; it is never part of a statement's
//! text.

use attune_port::{Page, PageRequest, StoreError};
use attune_types::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How many entries a page may have.
const MOST: u32 = 1_000;
/// How many it has unless asked.
const USUAL: u32 = 50;

/// How many entries are asked for.
pub(crate) fn limit(page: &PageRequest) -> usize {
    let limit = match page.limit {
        0 => USUAL,
        limit => limit.min(MOST),
    };
    usize::try_from(limit).unwrap_or(50)
}

/// One more than [`limit`], to see whether anything follows.
pub(crate) fn fetch(page: &PageRequest) -> i64 {
    i64::try_from(limit(page)).unwrap_or(50).saturating_add(1)
}

/// The key that a cursor holds.
pub(crate) fn read<K: DeserializeOwned>(page: &PageRequest) -> Result<Option<K>, StoreError> {
    let Some(text) = page.cursor.as_deref() else {
        return Ok(None);
    };
    let wrong = || StoreError::Invalid("this cursor was not given out for this list".to_owned());
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong())?;
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|_| wrong())
}

/// A time inside a cursor.
pub(crate) fn time(micros: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(micros)
        .map_err(|_| StoreError::Invalid("this cursor was not given out for this list".to_owned()))
}

/// A page of what was fetched: at most the limit, with a cursor if there was more.
pub(crate) fn page<T, K: Serialize>(
    mut items: Vec<T>,
    request: &PageRequest,
    key: impl Fn(&T) -> K,
) -> Page<T> {
    let limit = limit(request);
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).and_then(|last| {
        let bytes = serde_json::to_vec(&key(last)).ok()?;
        Some(URL_SAFE_NO_PAD.encode(bytes))
    });
    Page { items, next }
}
