//! A Program's identity and its way to JSON and back.
//!
//! The hash covers everything that decides how runs behave and nothing that is derived from it.

use crate::graph::Graph;
use crate::program::Program;
use crate::sound::{self, Unsound};
use attune_types::{JsonValue, ProgramHash, canonical_json};
use serde::Deserialize as _;
use sha2::{Digest, Sha256};

/// A stored Program that this build cannot use.
#[derive(Debug, thiserror::Error)]
#[error("not a program of this version: {reason}")]
pub struct ProgramError {
    /// What it stumbled over.
    reason: Reason,
    /// Whether it is stored as it was written: then a newer build wrote it, since those of older ones
    /// can be read for ever.
    pub intact: bool,
}

/// Why a stored Program is none.
#[derive(Debug, thiserror::Error)]
enum Reason {
    /// A part has another shape than this build knows.
    #[error(transparent)]
    Shape(#[from] serde_json::Error),
    /// Its tasks name each other by numbers that do not fit.
    #[error(transparent)]
    Numbers(#[from] Unsound),
}

impl Program {
    /// The same Program with its hash and its graph made from what it holds.
    #[must_use]
    pub fn seal(mut self) -> Self {
        self.graph = Graph::of(&self);
        self.hash = hash(self.to_json());
        self
    }

    /// Its stored form.
    pub fn to_json(&self) -> JsonValue {
        // All keys are text and all values are plain data, so that this cannot fail.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Reads the stored form. The hash that is stored stays: it names what was registered, also
    /// where this build would write it otherwise.
    ///
    /// # Errors
    /// [`ProgramError`] if it is not a Program, a template in it no longer compiles, or its tasks name
    /// each other by numbers that do not fit.
    pub fn from_json(json: JsonValue) -> Result<Self, ProgramError> {
        match Self::read(&json) {
            Ok(mut program) => {
                program.graph = Graph::of(&program);
                Ok(program)
            }
            Err(reason) => {
                let named = json["hash"].as_str().unwrap_or_default().to_owned();
                let intact = hash(json).0 == named;
                Err(ProgramError { reason, intact })
            }
        }
    }

    fn read(json: &JsonValue) -> Result<Self, Reason> {
        let program = Self::deserialize(json)?;
        sound::check(&program)?;
        Ok(program)
    }
}

/// The digest of all of it but its name.
fn hash(mut json: JsonValue) -> ProgramHash {
    if let JsonValue::Object(map) = &mut json {
        map.remove("hash");
    }
    let digest = Sha256::digest(canonical_json(&json).as_bytes());
    ProgramHash(hex::encode(digest))
}
