//! Runs without a server: build a Program in a few words, drive it by hand, look at what came of it.
//!
//! For given/when/then tests of the core and of whatever is built on it. Owns no rules of its own: it
//! only calls `decide`, `fold` and `outstanding`, and panics where a test asks for what is not there.
#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test helper fails its test by panicking"
)]

mod build;
mod drive;

pub use build::{
    ProgramBuilder, TaskBuilder, action, condition, inline, native, parallel, template, worker,
    workflow,
};
pub use drive::{Flow, failed, header, succeeded};
