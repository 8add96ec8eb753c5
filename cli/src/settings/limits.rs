//! `limits.*`: what the installation allows of definitions and runs.

use attune_flow::program::{DefinitionLimits, Limits as FlowLimits, RunLimits};
use attune_template::Bounds;
use attune_types::parse_bytes;
use serde::{Deserialize, Deserializer, de::Error as _};
use std::time::Duration;

/// Larger values would not pass every broker.
const MOST_PAYLOAD: u64 = 16 << 20;
/// A definition of that size takes seconds to check.
const MOST_DEFINITION: u64 = 16 << 20;
/// A template that works for longer holds up other runs.
const MOST_TIME: Duration = Duration::from_secs(10);
/// One evaluation may take that much from a process that runs many.
const MOST_MEMORY: u64 = 1 << 30;

/// `limits.*`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    #[serde(deserialize_with = "definition")]
    pub(crate) definition: u64,
    #[serde(deserialize_with = "count")]
    pub(crate) tasks: u32,
    #[serde(deserialize_with = "count")]
    pub(crate) activations: u32,
    #[serde(deserialize_with = "count")]
    pub(crate) items: u32,
    #[serde(deserialize_with = "payload")]
    pub(crate) payload: u64,
    #[serde(deserialize_with = "count")]
    pub(crate) depth: u32,
    #[serde(deserialize_with = "time")]
    pub(crate) expression_time: Duration,
    #[serde(deserialize_with = "memory")]
    pub(crate) expression_memory: u64,
}

impl Limits {
    /// As the engine takes them.
    pub(crate) fn flow(&self) -> FlowLimits {
        let ms = u64::try_from(self.expression_time.as_millis()).unwrap_or(u64::MAX);
        FlowLimits {
            definition: DefinitionLimits {
                bytes: usize::try_from(self.definition).unwrap_or(usize::MAX),
                tasks: self.tasks as usize,
            },
            run: RunLimits {
                activations: self.activations,
                items: self.items,
                payload_bytes: u32::try_from(self.payload).unwrap_or(u32::MAX),
                depth: self.depth,
                expression_steps: ms.saturating_mul(Bounds::STEPS_PER_MS),
                expression_bytes: self.expression_memory,
            },
        }
    }
}

fn count<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let count = u32::deserialize(from)?;
    if count == 0 {
        return Err(D::Error::custom("must be at least 1"));
    }
    Ok(count)
}

/// A number of bytes, or a text with a unit.
fn size<'de, D: Deserializer<'de>>(from: D, most: u64) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(u64),
        Text(String),
    }
    let bytes = match Either::deserialize(from)? {
        Either::Number(bytes) => bytes,
        Either::Text(text) => parse_bytes(&text).map_err(D::Error::custom)?,
    };
    if !(1_024..=most).contains(&bytes) {
        let most = attune_types::format_bytes(most);
        return Err(D::Error::custom(format!("must be from 1 KiB to {most}")));
    }
    Ok(bytes)
}

fn definition<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    size(from, MOST_DEFINITION)
}

fn payload<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    size(from, MOST_PAYLOAD)
}

fn memory<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    size(from, MOST_MEMORY)
}

fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let time = super::model::duration(from)?;
    if time < Duration::from_millis(1) || time > MOST_TIME {
        return Err(D::Error::custom("must be from 1ms to 10s"));
    }
    Ok(time)
}
