//! Packs as they lie on disk: what loads, and what the diagnostics of broken ones look like.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should end; clippy only knows the test functions themselves"
)]

mod acceptance;
mod broken;
mod folder;
mod fuzz;
mod reading;
mod shipped;
