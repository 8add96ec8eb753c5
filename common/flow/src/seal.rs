//! A Program's identity and its way to JSON and back.
//!
//! The hash covers everything that decides how runs behave and nothing that is derived from it.

use crate::graph::Graph;
use crate::program::Program;
use attune_types::{JsonValue, ProgramHash, canonical_json};
use sha2::{Digest, Sha256};

/// A stored Program that this build cannot use.
#[derive(Debug, thiserror::Error)]
#[error("not a program of this version: {0}")]
pub struct ProgramError(#[from] serde_json::Error);

impl Program {
    /// The same Program with its hash and its graph made from what it holds.
    #[must_use]
    pub fn seal(mut self) -> Self {
        self.graph = Graph::of(&self);
        let mut json = self.to_json();
        if let JsonValue::Object(map) = &mut json {
            map.remove("hash");
        }
        let digest = Sha256::digest(canonical_json(&json).as_bytes());
        self.hash = ProgramHash(hex::encode(digest));
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
    /// [`ProgramError`] if it is not a Program, or a template in it no longer compiles.
    pub fn from_json(json: JsonValue) -> Result<Self, ProgramError> {
        let mut program: Self = serde_json::from_value(json)?;
        program.graph = Graph::of(&program);
        Ok(program)
    }
}
