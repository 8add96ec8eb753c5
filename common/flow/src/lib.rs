//! The heart of Attune, pure: the workflow language, the checked Program, and how a run of it moves.
//!
//! Owns parsing (`syntax`), checking (`check`), the intermediate form ([`program`]) and the run's
//! state machine ([`run`]). Never reads a clock, makes an id, or does IO. Called by the executor (to
//! run), the API (to check and to project) and the CLI (offline tools).

pub mod bits;
mod call;
pub mod check;
pub mod graph;
mod looks_back;
pub mod program;
mod reach;
pub mod run;
mod seal;
mod sound;
pub mod syntax;
mod template_json;
mod undo;

pub use seal::ProgramError;
