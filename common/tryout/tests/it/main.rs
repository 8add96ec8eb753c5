//! Walks, mocks, test files, verdicts and coverage, on packs written here and on those that ship.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends at the first thing that is not as it must be; helpers outside of test functions too"
)]

mod asked;
mod diagnostics;
mod guide;
mod random;
mod shipped;
mod support;
mod verdicts;
mod walks;
