//! What comes after a run's end: late messages, and being asked to undo what it did.

use super::{Report, Rng, Violation, World, random_program, world};
use crate::flow::{inline, native, worker, workflow};
use attune_flow::program::{InlineAction, Program};
use attune_flow::run::{Command, CompensationJoined, CompensationStarted, Event, Now, decide};
use attune_types::{AttemptId, ExecutionStatus};
use serde_json::json;

/// Runs a random Program in a world made from the seed, and has what it did undone, a few times if
/// it takes that.
///
/// # Errors
/// A [`Violation`] that says what did not hold, with the seed.
pub fn simulate_undo(seed: u64) -> Result<Report, Violation> {
    let mut rng = Rng::new(seed);
    let program = undoable(random_program(&mut rng), &mut rng);
    let mut world = world(&program, seed)?;
    let mut report = world.whole()?;
    for _ in 0..3 {
        if world.state.status() == ExecutionStatus::Compensated {
            break;
        }
        world.undo()?;
        report.undone = Some(world.state.status().to_string());
    }
    report.events = world.log.len();
    report.crashes = world.report.crashes;
    Ok(report)
}

/// The same Program with tasks that say how they are undone.
fn undoable(mut program: Program, rng: &mut Rng) -> Program {
    for task in &mut program.tasks {
        if !rng.chance(50) {
            continue;
        }
        let by = match rng.below(8) {
            0 => inline("undo", InlineAction::Set).input(json!({"was": "{{ task.t0.status }}"})),
            1 => inline("undo", InlineAction::Fail),
            2 => workflow("undo"),
            3 => native("undo"),
            4 => inline("undo", InlineAction::Sleep).input(json!({"seconds": rng.below(20)})),
            _ => worker("undo").retry(rng.below(3) as u32, rng.below(3)),
        };
        let by = if rng.chance(30) { by.idempotent() } else { by };
        task.compensate = Some(by.as_undo());
    }
    program.seal()
}

impl World<'_> {
    /// Somebody, or the run above, asks for what was done to be undone: twice and more, now and late.
    fn undo(&mut self) -> Result<(), Violation> {
        let command = Command::Compensate {
            by: "ops".to_owned(),
            request: uuid::Uuid::from_u128(self.rng.bits().into()),
            attempt: self
                .rng
                .chance(40)
                .then(|| AttemptId(uuid::Uuid::from_u128(self.rng.bits().into()))),
        };
        self.mail.extend([command.clone(), command.clone()]);
        self.deliver(&command)?;
        self.run()
    }

    fn was_asked(&self, asked: uuid::Uuid) -> bool {
        self.log.iter().any(|event| {
            matches!(event, Event::CompensationStarted(CompensationStarted { request, .. })
                | Event::CompensationJoined(CompensationJoined { request, .. }) if *request == asked)
        })
    }

    /// What is still under way when the run has ended changes nothing.
    pub(super) fn afterwards(&mut self) -> Result<(), Violation> {
        self.checks.end(self.program, &self.state, &self.log)?;
        for command in std::mem::take(&mut self.mail) {
            let now = Now {
                at: self.at,
                entropy: [7; 16],
            };
            let decided = decide(self.program, &self.state, &command, &now);
            // One whose first coming was lost with a crash is taken in when it comes again.
            let lost = matches!(&command, Command::Compensate { request, .. } if !self.was_asked(*request));
            let lost = lost || self.is_news(&command);
            let undo = matches!(command, Command::Compensate { .. } | Command::Retry { .. });
            if !lost && decided.is_ok_and(|events| !undo || !events.is_empty()) {
                return Err(self
                    .checks
                    .violation(format!("a run that has ended accepted {command:?}")));
            }
        }
        Ok(())
    }
}
