//! What comes after a run's end: being asked to go on from what went wrong.

use super::super::fate::Weather;
use super::{Report, Rng, Violation, World, random_program, world};
use attune_flow::run::{Command, Event, Now, RunRetried, decide};
use attune_types::{AttemptId, ExecutionStatus};

/// Runs a random Program in a world made from the seed, and has it retried, a few times if it takes
/// that.
///
/// # Errors
/// A [`Violation`] that says what did not hold, with the seed.
pub fn simulate_retry(seed: u64) -> Result<Report, Violation> {
    let mut rng = Rng::new(seed);
    let program = random_program(&mut rng);
    let mut world = world(&program, seed)?;
    let mut report = world.whole()?;
    for _ in 0..4 {
        match world.retry() {
            Ok(true) => report.retried = Some(world.state.status().to_string()),
            Ok(false) => break,
            Err(violation) => return Err(violation.with_story(&program, &world.log)),
        }
    }
    report.events = world.log.len();
    report.crashes = world.report.crashes;
    Ok(report)
}

impl World<'_> {
    /// Somebody asks, twice and more, now and late. False if it was refused.
    fn retry(&mut self) -> Result<bool, Violation> {
        let command = Command::Retry {
            by: "ops".to_owned(),
            request: uuid::Uuid::from_u128(self.rng.bits().into()),
            attempt: self
                .rng
                .chance(30)
                .then(|| AttemptId(uuid::Uuid::from_u128(self.rng.bits().into()))),
        };
        let now = Now {
            at: self.at,
            entropy: [3; 16],
        };
        let from_above = matches!(
            &command,
            Command::Retry {
                attempt: Some(_),
                ..
            }
        );
        let well = !from_above && self.state.status() == ExecutionStatus::Succeeded;
        let asked = decide(self.program, &self.state, &command, &now);
        if well && asked.is_ok() {
            return Err(self
                .checks
                .violation("a run that succeeded took a request to retry"));
        }
        if asked.is_err() {
            return Ok(false);
        }
        let results = self.results();
        // No child run is at work any more; one that goes on again does so unpaused.
        self.paused.clear();
        // It gets better in the end.
        self.weather = match self.rng.below(3) {
            0 => self.weather,
            _ => Weather::Fair,
        };
        self.mail.extend([command.clone(), command.clone()]);
        while !self.was_retried(&command) {
            self.deliver(&command)?;
        }
        self.run()?;
        self.keeps(&results)?;
        Ok(true)
    }

    fn was_retried(&self, command: &Command) -> bool {
        let Command::Retry { request: asked, .. } = command else {
            return false;
        };
        self.log.iter().any(|event| {
            matches!(event, Event::RunRetried(RunRetried { request, .. }) if request == asked)
        })
    }

    /// What went well and is not the reason of the failure, with how often it was tried.
    fn results(&self) -> Vec<(attune_types::ExecutionId, u32, bool)> {
        self.state
            .in_order()
            .into_iter()
            .filter(|execution| {
                execution.status() == ExecutionStatus::Succeeded
                    && execution.tally().is_none()
                    && !execution.fails
            })
            .map(|execution| (execution.id, execution.attempts, execution.parent.is_some()))
            .collect()
    }

    /// What went well is not done again: a branch may be, once its whole parallel task is.
    fn keeps(&self, results: &[(attune_types::ExecutionId, u32, bool)]) -> Result<(), Violation> {
        for (id, attempts, part) in results {
            let kept = self
                .state
                .execution(*id)
                .is_some_and(|now| *part || now.attempts == *attempts);
            if !kept {
                return Err(self
                    .checks
                    .violation(format!("{id} went well and was done again")));
            }
        }
        Ok(())
    }

    /// Nothing else asks a run that has ended to go on.
    pub(super) fn is_news(&self, command: &Command) -> bool {
        matches!(command, Command::Retry { .. }) && !self.was_retried(command)
    }
}
