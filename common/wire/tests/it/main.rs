//! Tests of the wire formats, in one binary.

mod envelope;
mod event;
