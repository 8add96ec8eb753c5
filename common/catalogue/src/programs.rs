//! Programs by hash, compiled once and shared.
//!
//! A Program never changes, so the cache needs no invalidation, only a bound.

use attune_flow::program::Program;
use attune_port::{CatalogueStore, StoreError};
use attune_types::ProgramHash;
use moka::future::Cache;
use std::sync::Arc;

/// How many Programs are kept compiled.
const KEPT: u64 = 2_000;

/// Why a Program could not be had.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ProgramError {
    /// The store failed.
    #[error("the program {hash} could not be read: {reason}")]
    Store {
        /// Which.
        hash: ProgramHash,
        /// What the store said.
        reason: String,
        /// Whether trying again may help.
        transient: bool,
    },
    /// There is none with that hash.
    #[error("there is no program {0}")]
    Unknown(ProgramHash),
    /// What is stored is not a Program that this version understands.
    #[error("the program {hash} cannot be used: {reason}")]
    Unusable {
        /// Which.
        hash: ProgramHash,
        /// Why.
        reason: String,
        /// Whether a newer version wrote it; otherwise it is broken.
        newer: bool,
    },
}

impl ProgramError {
    /// Whether trying again may help.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Store {
                transient: true,
                ..
            }
        )
    }
}

/// The cache.
#[derive(Clone)]
pub struct Programs {
    store: Arc<dyn CatalogueStore>,
    cache: Cache<ProgramHash, Arc<Program>>,
}

impl Programs {
    /// An empty cache over a store.
    pub fn new(store: Arc<dyn CatalogueStore>) -> Self {
        Self {
            store,
            cache: Cache::new(KEPT),
        }
    }

    /// The Program with that hash; concurrent callers wait for one load.
    ///
    /// # Errors
    /// [`ProgramError`] says whether it is missing, unusable or could not be read.
    pub async fn get(&self, hash: &ProgramHash) -> Result<Arc<Program>, ProgramError> {
        self.cache
            .try_get_with_by_ref(hash, self.load(hash))
            .await
            .map_err(|error: Arc<ProgramError>| (*error).clone())
    }

    async fn load(&self, hash: &ProgramHash) -> Result<Arc<Program>, ProgramError> {
        let record = self
            .store
            .program(hash)
            .await
            .map_err(|error: StoreError| ProgramError::Store {
                hash: hash.clone(),
                transient: error.is_transient(),
                reason: error.to_string(),
            })?
            .ok_or_else(|| ProgramError::Unknown(hash.clone()))?;
        Program::from_json(record.program)
            .map(Arc::new)
            .map_err(|error| ProgramError::Unusable {
                hash: hash.clone(),
                newer: error.intact,
                reason: error.to_string(),
            })
    }
}
