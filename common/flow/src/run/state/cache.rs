//! A value that is made when first asked for and is no part of what it belongs to.

use attune_types::JsonValue;
use std::sync::OnceLock;

/// Equal to any other; a copy is empty.
#[derive(Debug, Default)]
pub(in crate::run) struct Cache(OnceLock<JsonValue>);

impl Cache {
    /// The value, made now if it is not there yet.
    pub(in crate::run) fn get_or_make(&self, make: impl FnOnce() -> JsonValue) -> &JsonValue {
        self.0.get_or_init(make)
    }
}

impl Clone for Cache {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Cache {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}
