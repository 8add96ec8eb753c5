//! The formatter and the schemas, from outside.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should end; clippy only knows the test functions themselves"
)]

mod format;
mod schema;
