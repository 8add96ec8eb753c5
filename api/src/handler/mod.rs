//! The handlers, one module per resource. Each lists its endpoints beside them.
//!
//! A handler checks what it was given, calls a port, and shows what came of it. Roles are checked
//! before it is called.

pub(crate) mod action;
pub(crate) mod auth;
pub(crate) mod control;
pub(crate) mod drawing;
pub(crate) mod event;
pub(crate) mod execution;
pub(crate) mod identity;
pub(crate) mod key;
pub(crate) mod pack;
pub(crate) mod rule;
pub(crate) mod running;
pub(crate) mod start;
pub(crate) mod token;
pub(crate) mod version;
mod wait;
pub(crate) mod workflow;
