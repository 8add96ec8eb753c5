//! Runs in a calm world, each done again from every activation that it had.
//!
//! Nobody interferes, no message is lost. What is done again meets the same fates in the same order, so
//! that it has to come to the same end. That is not asked where the clock had a say, nor where the order
//! could not be kept because what was half done begins anew.

use super::check::{Checks, Violation};
use super::fate::{Weather, fate};
use super::{Rng, random_program};
use crate::flow::Flow;
use attune_flow::run::{
    Command, Effect, Event, Execution, Now, Outcome, Parts, RunState, decide, fold, outstanding,
};
use attune_types::{AttemptId, ExecutionStatus, JsonValue};
use serde_json::json;
use std::collections::BTreeMap;

/// What came of one seed.
#[derive(Clone, Debug, Default)]
pub struct Reruns {
    /// How often it was done again.
    pub reruns: usize,
    /// How often its end was compared.
    pub compared: usize,
    /// How the run ended.
    pub status: String,
}

/// Steps after which a run that has not ended counts as stuck.
const MOST_STEPS: usize = 30_000;
/// Activations of one run from which it is done again.
const MOST_RERUNS: usize = 10;

/// An attempt by names: where its execution stands, and its number.
type Who = (String, u32);

/// How attempts came out, and in which order.
#[derive(Clone, Debug, Default)]
struct Fates(BTreeMap<Who, (usize, Option<Outcome>)>);

/// Runs a random Program and does it again from each of its activations.
///
/// # Errors
/// A [`Violation`] that says what did not hold, with the seed.
pub fn simulate_rerun(seed: u64) -> Result<Reruns, Violation> {
    let mut rng = Rng::new(seed);
    let program = random_program(&mut rng);
    let mut rng = Rng::new(seed ^ 0x0a9a_1000);
    let weather = Weather::of(&mut rng);
    let first = Flow::open(program, json!({}));
    let mut fates = Fates::default();
    let mut first = Calm::new(seed, first);
    first.play(&Command::Begin, &mut rng, weather, &mut fates)?;
    if rng.chance(40) {
        // Of one that was retried only the rules are checked: attempts are numbered on then.
        let retry = Command::Retry {
            by: "ops".to_owned(),
            request: uuid::Uuid::from_u128(1),
            attempt: None,
        };
        first.shifted = true;
        first.play(&retry, &mut rng, weather, &mut fates)?;
    }
    let mut report = Reruns {
        status: first.flow.state.status().to_string(),
        ..Reruns::default()
    };
    let starts: Vec<(String, u32)> = first.flow.events.iter().filter_map(start).collect();
    let step = starts.len().div_ceil(MOST_RERUNS).max(1);
    for (task, activation) in starts.into_iter().step_by(step) {
        let again = first.again(&mut rng, weather, &fates, (&task, activation))?;
        report.note(&first, &again, &task)?;
        // What was done again is done again, from what it took over or from its own.
        let starts: Vec<(String, u32)> = again.flow.events.iter().filter_map(start).collect();
        if rng.chance(30) && !starts.is_empty() {
            let (task, activation) = rng.pick(&starts).clone();
            let third = again.again(&mut rng, weather, &fates, (&task, activation))?;
            report.note(&first, &third, &task)?;
        }
    }
    Ok(report)
}

impl Reruns {
    /// Takes in a run that was done again.
    fn note(&mut self, first: &Calm, again: &Calm, task: &str) -> Result<(), Violation> {
        self.reruns += 1;
        if first.shifted || again.shifted {
            return Ok(());
        }
        self.compared += 1;
        again.same_end(&first.flow, &format!("from {task}"))
    }
}

/// A task that stands on its own and was reached.
fn start(event: &Event) -> Option<(String, u32)> {
    match event {
        Event::TaskActivated {
            name,
            activation,
            parent: None,
            ..
        } => Some((name.clone(), *activation)),
        _ => None,
    }
}

struct Calm {
    seed: u64,
    flow: Flow,
    checks: Checks,
    /// Whether something waited for the clock, or came out of turn.
    shifted: bool,
    /// Whether nothing else began anew with the activation that it was done again from.
    alone: bool,
    /// Place of the last attempt that ended, in the order of the first time.
    last: usize,
    draws: u128,
}

impl Calm {
    fn new(seed: u64, flow: Flow) -> Self {
        Self {
            seed,
            checks: Checks::new(seed, &flow.state),
            flow,
            shifted: false,
            alone: true,
            last: 0,
            draws: u128::from(seed),
        }
    }

    /// The same run done again from an activation, to its end.
    fn again(
        &self,
        rng: &mut Rng,
        weather: Weather,
        fates: &Fates,
        (task, activation): (&str, u32),
    ) -> Result<Self, Violation> {
        let opened = self
            .flow
            .rerun(task, Some(activation), None)
            .map_err(|refused| self.checks.violation(refused))?;
        let alone = opened.state.live_count() <= 1;
        let mut again = Self::new(self.seed, opened);
        again.alone = self.alone && alone;
        again.shifted = self.shifted;
        again.play(&Command::Begin, rng, weather, &mut fates.clone())?;
        Ok(again)
    }

    /// From that command on to the end.
    fn play(
        &mut self,
        first: &Command,
        rng: &mut Rng,
        weather: Weather,
        fates: &mut Fates,
    ) -> Result<(), Violation> {
        let played = self.whole(first, rng, weather, fates);
        played.map_err(|violation| violation.with_story(&self.flow.program, &self.flow.events))
    }

    fn whole(
        &mut self,
        first: &Command,
        rng: &mut Rng,
        weather: Weather,
        fates: &mut Fates,
    ) -> Result<(), Violation> {
        self.send(first)?;
        for _ in 0..MOST_STEPS {
            if self.flow.state.is_terminal() {
                let Flow {
                    program,
                    state,
                    events,
                    ..
                } = &self.flow;
                return self.checks.end(program, state, events);
            }
            let command = self.next(rng, weather, fates);
            self.send(&command)?;
        }
        Err(self.checks.violation(format!(
            "the run did not end; it waits for {:?}",
            self.flow.state.waiting_for()
        )))
    }

    /// The next thing that happens: what happened first the first time, then anything.
    fn next(&mut self, rng: &mut Rng, weather: Weather, fates: &mut Fates) -> Command {
        let owed = outstanding(&self.flow.program, &self.flow.state);
        if owed
            .values()
            .any(|effect| matches!(effect, Effect::AcquireSlot(_)))
        {
            return Command::SlotGranted;
        }
        let open: Vec<AttemptId> = owed
            .values()
            .filter_map(|effect| match effect {
                Effect::Dispatch(order) => Some(order.attempt),
                Effect::Native(order) => Some(order.attempt),
                Effect::OpenChild(order) => Some(order.attempt),
                _ => None,
            })
            .collect();
        let known = open
            .iter()
            .filter_map(|attempt| {
                let (place, outcome) = fates.0.get(&self.who(*attempt)?)?;
                Some((*place, *attempt, outcome.clone()))
            })
            .min_by_key(|(place, ..)| *place);
        if let Some((place, attempt, outcome)) = known {
            self.shifted |= place < self.last;
            self.last = place;
            return ended(attempt, outcome);
        }
        if open.is_empty() {
            self.shifted = true;
            if let Some(wake) = self.flow.state.wake_at() {
                self.flow.at = self.flow.at.max(wake);
            }
            return Command::Wake;
        }
        let attempt = *rng.pick(&open);
        let outcome = fate(rng, weather);
        if let Some(who) = self.who(attempt) {
            let place = fates.0.len();
            fates.0.insert(who, (place, outcome.clone()));
        }
        ended(attempt, outcome)
    }

    fn who(&self, attempt: AttemptId) -> Option<Who> {
        let state = &self.flow.state;
        let execution = state.execution_of(attempt)?;
        Some((place(state, execution), execution.attempts))
    }

    fn send(&mut self, command: &Command) -> Result<(), Violation> {
        self.draws = self.draws.wrapping_add(1);
        let now = Now {
            at: self.flow.at,
            entropy: self.draws.to_be_bytes(),
        };
        let Flow {
            program,
            state,
            events: log,
            ..
        } = &mut self.flow;
        let decided = decide(program, state, command, &now);
        self.checks
            .rejection(state, command, decided.as_ref().err())?;
        let Ok(events) = decided else { return Ok(()) };
        let before = state.clone();
        let (after, change) = fold(program, before.clone(), &events);
        *state = after;
        log.extend(events.iter().cloned());
        self.checks
            .step(program, &before, state, &events, &change, log)?;
        self.checks.repetition(program, state, command, &now)
    }

    /// Whether it came to the end of the first run: its status; of one that went well also the
    /// output and where each activation ended. What fails a run first, and how far others had come by then,
    /// is a matter of order; and what began anew beside it sees what was published since it first began.
    fn same_end(&self, first: &Flow, from: &str) -> Result<(), Violation> {
        let differ = |what: &str, first: &dyn std::fmt::Debug, again: &dyn std::fmt::Debug| {
            let what = format!("{from}: {what} was {first:?} first and {again:?} again");
            Err(self
                .checks
                .violation(what)
                .with_story(&self.flow.program, &self.flow.events))
        };
        let (was, is) = (&first.state, &self.flow.state);
        if was.status() != is.status() {
            return differ("the status", &was.status(), &is.status());
        }
        if was.status() != ExecutionStatus::Succeeded || !self.alone {
            return Ok(());
        }
        // Without a map the output is what ended last.
        if first.program.output_map.is_some() && was.output() != is.output() {
            return differ("the output", was.output(), is.output());
        }
        let (was, is) = (ends(was), ends(is));
        if was != is {
            return differ("the tasks", &was, &is);
        }
        Ok(())
    }
}

/// Where an execution stands, by names from the top. A branch is told by what it is a branch of: how
/// often its task was reached before depends on which parallel task came first.
fn place(state: &RunState, execution: &Execution) -> String {
    let above = execution.parent.and_then(|above| state.execution(above));
    match (above, execution.item) {
        (None, _) => format!("{}#{}", execution.name, execution.activation),
        (Some(above), Some(item)) => format!("{}[{item}]", place(state, above)),
        (Some(above), None) => {
            let before = match &above.parts {
                Parts::Branches { begun, .. } => begun
                    .all()
                    .into_iter()
                    .take_while(|branch| *branch != execution.id)
                    .filter_map(|branch| state.execution(branch))
                    .filter(|branch| branch.task == execution.task)
                    .count(),
                _ => 0,
            };
            format!("{}/{}#{before}", place(state, above), execution.name)
        }
    }
}

fn ended(attempt: AttemptId, outcome: Option<Outcome>) -> Command {
    match outcome {
        Some(outcome) => Command::AttemptFinished { attempt, outcome },
        None => Command::AttemptLost {
            attempt,
            reason: "its worker is gone".to_owned(),
        },
    }
}

/// How all activations that stand on their own ended.
fn ends(state: &RunState) -> Vec<(String, u32, ExecutionStatus, JsonValue)> {
    let mut all: Vec<_> = state
        .in_order()
        .into_iter()
        .filter(|execution| execution.parent.is_none())
        .map(|execution: &Execution| {
            (
                execution.name.to_string(),
                execution.activation,
                execution.status(),
                state.result_of(execution),
            )
        })
        .collect();
    all.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    all
}
