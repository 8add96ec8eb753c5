//! The envelope of every bus message, and the batch that several of them travel in.
//!
//! Owns framing and versioning. Knows nothing of queues. `encode` is called by senders, `decode` by
//! consumers. One record of a batch that cannot be read is an error in its place: the others are
//! delivered all the same.

use crate::WireError;
use attune_types::{JsonValue, Timestamp};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A type that travels on the bus.
pub trait Message: Serialize + DeserializeOwned {
    /// Names the family of messages that one queue carries.
    const KIND: &'static str;
    /// The version that is written; all from 1 up to it can be read.
    const VERSION: u16;

    /// Turns the body of an older version into the present one. The default is for the first.
    ///
    /// # Errors
    /// [`WireError::Version`] when there never was such a version.
    fn upcast(version: u16, body: JsonValue) -> Result<JsonValue, WireError> {
        let _ = body;
        Err(WireError::Version {
            kind: Self::KIND.to_owned(),
            found: version,
            newest: Self::VERSION,
        })
    }
}

/// One record with what is needed to read, trace and recognise it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Envelope<T> {
    /// Version of the body's shape.
    pub v: u16,
    /// Family of the body; [`Message::KIND`].
    pub kind: String,
    /// The message's own id: a redelivery carries the same.
    pub id: Uuid,
    /// When it was made.
    pub at: Timestamp,
    /// W3C `traceparent` of what caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// What it says.
    pub body: T,
}

impl<T: Message> Envelope<T> {
    /// Wraps a body; id and time are the caller's.
    pub fn new(id: Uuid, at: Timestamp, trace: Option<String>, body: T) -> Self {
        Self {
            v: T::VERSION,
            kind: T::KIND.to_owned(),
            id,
            at,
            trace,
            body,
        }
    }
}

/// Several records in one message.
#[derive(Serialize)]
struct BatchOut<'a, T> {
    batch: &'a [Envelope<T>],
}

/// The same when read: the records stay JSON, so that a bad one spoils only itself.
#[derive(Deserialize)]
struct BatchIn {
    batch: Vec<JsonValue>,
}

/// The bytes of one message that carries all these records, in order.
///
/// # Errors
/// [`WireError::Encode`] when a body cannot be JSON.
pub fn encode<T: Message>(records: &[Envelope<T>]) -> Result<Bytes, WireError> {
    match records {
        [one] => encode_one(one),
        many => write::<T>(&BatchOut { batch: many }),
    }
}

/// The bytes of one message with one record.
///
/// # Errors
/// [`WireError::Encode`] when the body cannot be JSON.
pub fn encode_one<T: Message>(record: &Envelope<T>) -> Result<Bytes, WireError> {
    write::<T>(record)
}

fn write<T: Message>(value: &impl Serialize) -> Result<Bytes, WireError> {
    serde_json::to_vec(value)
        .map(Bytes::from)
        .map_err(|error| WireError::Encode {
            kind: T::KIND.to_owned(),
            reason: error.to_string(),
        })
}

/// All records of a message, in order; each may be unreadable on its own.
///
/// # Errors
/// [`WireError::NotAMessage`] when not even the frame can be read.
pub fn decode<T: Message>(bytes: &[u8]) -> Result<Vec<Result<Envelope<T>, WireError>>, WireError> {
    // The usual case, one record of the present version, is read without a tree of values between.
    if let Ok(envelope) = serde_json::from_slice::<Envelope<T>>(bytes)
        && envelope.v == T::VERSION
        && envelope.kind == T::KIND
    {
        return Ok(vec![Ok(envelope)]);
    }
    let value: JsonValue =
        serde_json::from_slice(bytes).map_err(|error| WireError::NotAMessage(error.to_string()))?;
    if value.get("batch").is_none() {
        return Ok(vec![read_record(value)]);
    }
    let frame: BatchIn =
        serde_json::from_value(value).map_err(|error| WireError::NotAMessage(error.to_string()))?;
    Ok(frame.batch.into_iter().map(read_record).collect())
}

/// Reads one record: kind first, then version, then body, so that the error names the first cause.
fn read_record<T: Message>(value: JsonValue) -> Result<Envelope<T>, WireError> {
    let raw: Envelope<JsonValue> =
        serde_json::from_value(value).map_err(|error| WireError::NotAMessage(error.to_string()))?;
    if raw.kind != T::KIND {
        return Err(WireError::Kind {
            expected: T::KIND,
            found: raw.kind,
        });
    }
    let body = match raw.v {
        v if v == T::VERSION => raw.body,
        v if v == 0 || v > T::VERSION => {
            return Err(WireError::Version {
                kind: raw.kind,
                found: v,
                newest: T::VERSION,
            });
        }
        older => T::upcast(older, raw.body)?,
    };
    let body = serde_json::from_value(body).map_err(|error| WireError::Body {
        kind: T::KIND.to_owned(),
        version: raw.v,
        reason: error.to_string(),
    })?;
    Ok(Envelope {
        v: T::VERSION,
        kind: raw.kind,
        id: raw.id,
        at: raw.at,
        trace: raw.trace,
        body,
    })
}
