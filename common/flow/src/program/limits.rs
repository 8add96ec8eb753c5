//! What an installation allows: of definitions, and of runs.
//!
//! Limits of definitions hold when one is checked; those of runs are written into the run when it
//! opens, so that a change of the settings changes no run that goes on.

use attune_template::{Bounds, Limits as TemplateLimits};
use serde::{Deserialize, Serialize};

/// Everything that an installation may set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Of definitions.
    pub definition: DefinitionLimits,
    /// Of runs.
    pub run: RunLimits,
}

/// Bounds of a definition; one beyond them is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefinitionLimits {
    /// Bytes of its text.
    pub bytes: usize,
    /// Tasks, children of parallel tasks too.
    pub tasks: usize,
}

impl Default for DefinitionLimits {
    fn default() -> Self {
        Self {
            bytes: attune_pack::yaml::MAX_BYTES,
            tasks: 1_000,
        }
    }
}

impl DefinitionLimits {
    /// For a look at a definition that is checked elsewhere.
    pub const NONE: Self = Self {
        bytes: usize::MAX,
        tasks: usize::MAX,
    };
}

/// Bounds of a run; going over one ends it with a clear error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLimits {
    /// Task activations in one run.
    pub activations: u32,
    /// Items of one iteration.
    pub items: u32,
    /// Bytes of one inline value.
    pub payload_bytes: u32,
    /// Runs above one another.
    pub depth: u32,
    /// Steps of work of one evaluation of a template.
    #[serde(default = "steps", skip_serializing_if = "is_usual_steps")]
    pub expression_steps: u64,
    /// Bytes of values that one evaluation of a template may make.
    #[serde(default = "memory", skip_serializing_if = "is_usual_memory")]
    pub expression_bytes: u64,
}

impl Default for RunLimits {
    fn default() -> Self {
        Self {
            activations: 10_000,
            items: 100_000,
            payload_bytes: 4 << 20,
            depth: 32,
            expression_steps: steps(),
            expression_bytes: memory(),
        }
    }
}

impl RunLimits {
    /// How far one evaluation of a template may go.
    pub fn expression(&self) -> Bounds {
        Bounds {
            steps: self.expression_steps,
            memory_bytes: self.expression_bytes,
            // What is larger than a payload is refused with that limit's own error.
            output_bytes: TemplateLimits::OUTPUT_BYTES.max(self.payload_bytes as usize),
        }
    }
}

const fn steps() -> u64 {
    TemplateLimits::STEPS
}

const fn memory() -> u64 {
    TemplateLimits::MEMORY_BYTES
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_usual_steps(value: &u64) -> bool {
    *value == steps()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_usual_memory(value: &u64) -> bool {
    *value == memory()
}
