//! What authors and their editors are given: the canonical form of a workflow file, and JSON Schemas
//! of every kind of file in a pack.
//!
//! Pure: text in, text out. Never checks what a workflow means (`attune-flow` does). Called by the
//! CLI and by the chore that writes the checked-in schemas and reference pages.

pub mod format;
pub mod reference;
pub mod schema;
