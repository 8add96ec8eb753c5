//! The catalogue as a service holds it in memory, and the two things that are done with it by more
//! than one service: preparing a run, and preparing a pack for registration.
//!
//! Beside them, what a service does with keys: looking them up ([`KeyRows`]) and, where a process
//! starts, putting values in the place of tokens ([`SecretValues`]); and what they do with a run that was
//! read from the store: folding it into its state ([`fold_stored`]).
//!
//! Owns [`Directory`] (a snapshot that follows the store), [`Programs`] (compiled once per hash),
//! [`start`] and [`registration`]. Never starts a run and never writes: it gives back what the caller
//! then hands to a port. Called by the API, the executor and the sensor service. Failure:
//! [`StartError`] and `Diagnostics` are answers for people; a [`StoreError`](attune_port::StoreError)
//! leaves the last snapshot in place.

mod directory;
mod files;
mod fold;
mod keys;
mod mask;
mod packing;
mod programs;
mod registration;
mod rerun;
mod secrets;
mod start;

pub use directory::{Directory, Snapshot};
pub use files::{FilesError, PackFiles};
pub use fold::{FoldError, Folded, SNAPSHOT_VERSION, fold_stored, has_usable_snapshot};
pub use keys::KeyRows;
pub use mask::{MASK, Mask, MaskStream};
pub use programs::{ProgramError, Programs};
pub use registration::{check_pack, record, registration};
pub use rerun::{RerunError, RerunRequest, prepare_rerun};
pub use secrets::{SecretError, SecretValues};
pub use start::{Opening, StartError, StartRequest, first_event, prepare, prepare_inline};
