//! Durations as JSON: seconds, as a number. For `#[serde(with = ...)]`.
//!
//! Owns only that mapping. A number that is no length of time is a deserialisation error.

use attune_types::Duration;
use serde::{Deserialize, Deserializer, Serializer};

fn read<E: serde::de::Error>(seconds: f64) -> Result<Duration, E> {
    Duration::try_from_secs_f64(seconds).map_err(E::custom)
}

/// Writes seconds.
///
/// # Errors
/// Those of the serialiser.
pub fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(value.as_secs_f64())
}

/// Reads seconds.
///
/// # Errors
/// Those of the deserialiser; a negative or infinite number.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    read(f64::deserialize(from)?)
}

/// The same for optional durations.
pub mod option {
    use super::{Duration, read};
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes seconds or null.
    ///
    /// # Errors
    /// Those of the serialiser.
    pub fn serialize<S: Serializer>(value: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => to.serialize_some(&value.as_secs_f64()),
            None => to.serialize_none(),
        }
    }

    /// Reads seconds or null.
    ///
    /// # Errors
    /// Those of the deserialiser; a negative or infinite number.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
        Option::<f64>::deserialize(from)?.map(read).transpose()
    }
}
