//! What people ask of a run while it goes on, sense and nonsense.

use super::{Violation, World};
use attune_flow::run::{Command, Outcome};
use attune_types::AttemptId;

impl World<'_> {
    /// Somebody asks for something.
    pub(super) fn person(&mut self) -> Result<(), Violation> {
        let by = "ops".to_owned();
        if self.state.is_undoing() && self.rng.chance(10) {
            return self.deliver(&Command::Cancel { by, reason: None });
        }
        let command = match self.rng.below(12) {
            0..=3 => Command::Pause { by },
            4..=9 => Command::Resume { by },
            10 if self.rng.chance(30) => Command::Cancel {
                by,
                reason: Some("enough".to_owned()),
            },
            // Nonsense about an attempt that never was.
            _ => Command::AttemptFinished {
                attempt: AttemptId(uuid::Uuid::from_u128(self.rng.bits().into())),
                outcome: Outcome::Cancelled { process: None },
            },
        };
        self.deliver(&command)
    }
}
