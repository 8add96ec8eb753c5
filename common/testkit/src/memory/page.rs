//! Pages by key: what comes after the last entry of the page before, in an order that inserts do not
//! disturb.

use attune_port::{Page, PageRequest, StoreError};
use serde_json::Value;

/// A key in a cursor.
pub(super) trait Key: Ord + Sized {
    fn write(&self) -> Value;
    fn read(value: &Value) -> Option<Self>;
}

impl Key for String {
    fn write(&self) -> Value {
        Value::from(self.as_str())
    }
    fn read(value: &Value) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
}

impl Key for (i64, u128) {
    fn write(&self) -> Value {
        Value::from(vec![
            Value::from(self.0),
            Value::from(format!("{:x}", self.1)),
        ])
    }
    fn read(value: &Value) -> Option<Self> {
        let number = value.get(0)?.as_i64()?;
        let id = u128::from_str_radix(value.get(1)?.as_str()?, 16).ok()?;
        Some((number, id))
    }
}

impl Key for (u8, i64, u128) {
    fn write(&self) -> Value {
        Value::from(vec![Value::from(self.0), (self.1, self.2).write()])
    }
    fn read(value: &Value) -> Option<Self> {
        let part = u8::try_from(value.get(0)?.as_u64()?).ok()?;
        let (number, id) = Key::read(value.get(1)?)?;
        Some((part, number, id))
    }
}

/// One page of all entries.
pub(super) fn page<T, K: Key>(
    mut items: Vec<T>,
    request: &PageRequest,
    descending: bool,
    key: impl Fn(&T) -> K,
) -> Result<Page<T>, StoreError> {
    let limit = match request.limit {
        0 => 50,
        limit => limit.min(1_000) as usize,
    };
    items.sort_by(|a, b| {
        let order = key(a).cmp(&key(b));
        if descending { order.reverse() } else { order }
    });
    if let Some(cursor) = &request.cursor {
        let wrong =
            || StoreError::Invalid("this cursor was not given out for this list".to_owned());
        let value: Value = serde_json::from_str(cursor).map_err(|_| wrong())?;
        let last = K::read(&value).ok_or_else(wrong)?;
        items.retain(|item| {
            if descending {
                key(item) < last
            } else {
                key(item) > last
            }
        });
    }
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items
        .last()
        .filter(|_| more)
        .map(|last| key(last).write().to_string());
    Ok(Page { items, next })
}
