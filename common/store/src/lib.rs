//! The stores on PostgreSQL: the only crate that names sqlx.
//!
//! Owns the connection pools, the migrations and every SQL statement (`.sql` files beside the code
//! that runs them). Never decides anything about a run: it keeps what it is given, whole or not at
//! all. Called through the ports; only the composition root names [`PgStore`]. Failure: every error
//! becomes a [`StoreError`](attune_port::StoreError) that says whether trying again can help; a
//! database that restarts costs failed calls, never a restart of ours.

mod catalogue;
mod columns;
mod cursor;
mod error;
mod event;
mod identity;
mod json;
mod key;
mod lease;
mod maintain;
mod pool;
mod read;
mod run;
mod schedule;
mod slot;
mod time;
mod work;
mod workflow;

pub use key::Keyring;
pub use maintain::migrate;
pub use pool::{PgStore, StoreOptions};
