//! Bytes <-> types: bus messages and stored run events, each with a version.
//!
//! Owns the shape of everything that one process writes and another may read: [`Envelope`] and the
//! messages in it, and the stored form of run events with its upcasters. Never sends, stores, reads
//! a clock or makes an id. Called by the bus and store adapters and by the services. Bytes that
//! cannot be understood become a [`WireError`], a value that the caller puts aside; nothing panics.

mod envelope;
mod error;
mod event;
mod message;

pub use envelope::{Envelope, Message, decode, encode, encode_one};
pub use error::WireError;
pub use event::{KINDS, StoredKind, Upcaster, decode_event, encode_event};
pub use message::{EventMessage, LiveKind, LiveNotice, ShardMessage, WorkMessage, WorkerControl};
