//! The vocabulary of Attune: identifiers, references, statuses, time and small JSON helpers.
//!
//! Owns the types that every other crate speaks. Never reads a clock, makes a random id or does IO:
//! time and ids come in as arguments. Called by every crate. Parsing failures are values
//! ([`RefError`], [`DurationError`]) that say what was wrong and what is accepted.

mod bytes;
mod error_info;
mod id;
mod json;
mod label;
mod reference;
mod role;
mod status;
mod time;

pub use bytes::{SizeError, format_bytes, parse_bytes};
pub use error_info::{ErrorInfo, code};
pub use id::{
    AttemptId, EnforcementId, EventId, ExecutionId, ExecutorId, IdentityId, ProgramHash, RunId,
    TokenId, WorkerId,
};
pub use json::{JsonMap, JsonValue, NulByte, canonical_json, find_nul, pointer_escape};
pub use label::{Labels, is_label, labels_text, selects};
pub use reference::{Ref, RefError, is_identifier};
pub use role::Role;
pub use status::{ExecutionStatus, StatusError};
pub use time::{Duration, DurationError, Timestamp, format_duration, parse_duration};
