//! The operations server over real sockets, and the names it shows.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod names;
mod ops;
