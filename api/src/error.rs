//! What can keep the API from starting, or its helpers from doing their work.

use attune_pack::Diagnostics;
use attune_port::{BusError, StoreError};

/// Why the API does not start or serve.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// Sessions could be forged.
    #[error("the secret for sessions has {0} bytes; give it at least 32 random ones")]
    WeakSecret(usize),
    /// A login or password that is not accepted.
    #[error("{0}")]
    Credentials(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bus is closed.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// The password could not be hashed.
    #[error("the password could not be hashed: {0}")]
    Hash(String),
}

/// Why a pack was not registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// Its files are wrong; all that is wrong in any of them.
    #[error("the pack has errors:\n{0}")]
    Invalid(Diagnostics),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The work was broken off.
    #[error("the registration was broken off: {0}")]
    Broken(String),
}
