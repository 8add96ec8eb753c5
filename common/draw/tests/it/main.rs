//! Drawings and differences of whole workflows.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at the first thing that is not as it must be; helpers outside of test functions too"
)]

mod diff;
mod forms;
mod properties;
mod support;
