//! The world around one run: it performs what the run owes, badly.
//!
//! Workers and child runs remember what they did (as they do in a durable claim), so that an order
//! that comes twice is done once; messages are repeated, reordered and lost; a crash forgets
//! everything but the log.

mod person;
mod redo;
mod undo;

pub use redo::simulate_retry;
pub use undo::simulate_undo;

use super::check::{Checks, Violation};
use super::fate::{Weather, fate};
use super::{Rng, beside, random_program};
use crate::flow::header;
use crate::naive::Naive;
use attune_flow::program::{OnLimit, Program};
use attune_flow::run::{
    Command, Effect, EffectKey, Event, Now, Outcome, Report as Told, RunState, SlotOrder, decide,
    fold, outstanding,
};
use attune_types::{AttemptId, Duration, JsonMap, RunId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// What came of one seed.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Events in the run's log.
    pub events: usize,
    /// Commands that reached the run.
    pub commands: usize,
    /// Crashes.
    pub crashes: usize,
    /// How the run ended.
    pub status: String,
    /// How undoing it ended; none if nobody asked.
    pub undone: Option<String>,
    /// How it ended once it was retried; none if nobody asked, or it could not be.
    pub retried: Option<String>,
}

/// Messages and steps after which a run that has not ended counts as stuck.
const MOST_STEPS: usize = 60_000;

struct World<'a> {
    program: &'a Program,
    rng: Rng,
    weather: Weather,
    log: Vec<Event>,
    state: RunState,
    /// Messages under way.
    mail: Vec<Command>,
    /// What workers and child runs have done, whether the run knows of it or not.
    done: BTreeMap<AttemptId, Option<Outcome>>,
    stopped: BTreeSet<AttemptId>,
    /// Child runs that were told to pause and not to go on since.
    paused: BTreeSet<RunId>,
    /// Obligations that this executor has performed since it started.
    performed: BTreeMap<EffectKey, Effect>,
    at: Timestamp,
    checks: Checks,
    /// The same run by another reading of the language.
    naive: Naive,
    report: Report,
    /// Whether faults still happen. They stop after a while, so that the run can be asked to end.
    faults: bool,
}

/// Runs a random Program in a world made from the seed.
///
/// # Errors
/// A [`Violation`] that says what did not hold, with the seed.
pub fn simulate(seed: u64) -> Result<Report, Violation> {
    let mut rng = Rng::new(seed);
    let program = random_program(&mut rng);
    simulate_program(&program, seed)
}

/// Runs that Program in a world made from the seed.
///
/// # Errors
/// A [`Violation`] that says what did not hold, with the seed.
pub fn simulate_program(program: &Program, seed: u64) -> Result<Report, Violation> {
    world(program, seed)?.whole()
}

fn world(program: &Program, seed: u64) -> Result<World<'_>, Violation> {
    let at = Timestamp::from_second(1_800_000_000).map_err(|e| Violation::of(seed, e))?;
    let header = header(program, JsonMap::new());
    let opened = Event::RunOpened {
        at,
        header: Box::new(header.clone()),
    };
    let state = RunState::opened(header, at);
    let mut rng = Rng::new(seed ^ 0x5eed_0000);
    Ok(World {
        program,
        weather: Weather::of(&mut rng),
        rng,
        log: vec![opened],
        checks: Checks::new(seed, &state),
        naive: Naive::new(program, JsonMap::new(), at),
        state,
        mail: vec![Command::Begin],
        done: BTreeMap::new(),
        stopped: BTreeSet::new(),
        paused: BTreeSet::new(),
        performed: BTreeMap::new(),
        at,
        report: Report::default(),
        faults: true,
    })
}

impl World<'_> {
    fn whole(&mut self) -> Result<Report, Violation> {
        if let Err(violation) = self.run() {
            return Err(violation.with_story(self.program, &self.log));
        }
        self.report.events = self.log.len();
        self.report.status = self.state.status().to_string();
        Ok(self.report.clone())
    }

    fn run(&mut self) -> Result<(), Violation> {
        for step in 0..MOST_STEPS {
            if self.state.is_terminal() {
                return self.afterwards();
            }
            self.faults = step < 400;
            self.step()?;
        }
        Err(self.checks.violation(format!(
            "the run did not end; it waits for {:?}",
            self.state.waiting_for()
        )))
    }

    fn step(&mut self) -> Result<(), Violation> {
        let roll = self.rng.below(100);
        match roll {
            0..=2 if self.faults => self.crash(),
            3 | 4 if self.faults => self.person(),
            5 if self.faults && !self.mail.is_empty() => {
                // Lost; the sweep sends it again because it is still owed.
                let n = self.any_mail();
                self.mail.remove(n);
                self.performed.clear();
                Ok(())
            }
            6..=49 if !self.mail.is_empty() => {
                let n = self.any_mail();
                let command = if self.faults && self.rng.chance(15) {
                    self.mail[n].clone()
                } else {
                    self.mail.swap_remove(n)
                };
                self.deliver(&command)
            }
            50..=84 => self.perform_something(),
            _ => self.pass_time(),
        }
    }

    fn any_mail(&mut self) -> usize {
        usize::try_from(self.rng.below(self.mail.len() as u64)).unwrap_or(0)
    }

    fn deliver(&mut self, command: &Command) -> Result<(), Violation> {
        self.report.commands += 1;
        let now = Now {
            at: self.at,
            entropy: (u128::from(self.rng.bits()) << 64 | u128::from(self.rng.bits()))
                .to_be_bytes(),
        };
        let decided = decide(self.program, &self.state, command, &now);
        self.checks
            .rejection(&self.state, command, decided.as_ref().err())?;
        let Ok(events) = decided else { return Ok(()) };
        // A crash before the commit: nothing happened.
        if self.faults && self.rng.chance(2) {
            return self.crash();
        }
        let before = self.state.clone();
        let (state, change) = fold(self.program, self.state.clone(), &events);
        self.state = state;
        self.log.extend(events.iter().cloned());
        self.checks.step(
            self.program,
            &before,
            &self.state,
            &events,
            &change,
            &self.log,
        )?;
        // The naive reading ends with the run: of undoing it knows nothing.
        let retried = matches!(command, Command::Retry { .. });
        if (!before.is_terminal() || retried) && !before.is_undoing() {
            let naive = &mut self.naive;
            beside::feed(naive, command, &before, &self.state, &events, &now);
            naive
                .differs(&self.state)
                .map_err(|what| self.checks.violation(format!("after {command:?}: {what}")))?;
        }
        self.checks
            .repetition(self.program, &self.state, command, &now)?;
        for key in &change.settled {
            self.performed.remove(key);
        }
        for (key, _) in &change.owed {
            self.performed.remove(key);
        }
        // A crash right after it: the effects were not performed.
        if self.faults && self.rng.chance(2) {
            return self.crash();
        }
        Ok(())
    }

    /// Everything in memory is gone; the log is read again.
    fn crash(&mut self) -> Result<(), Violation> {
        self.report.crashes += 1;
        let Some(state) = RunState::replay(&self.log) else {
            return Err(self.checks.violation("the log does not open a run"));
        };
        if state != self.state {
            return Err(self.checks.violation("the log gives another state"));
        }
        self.state = state;
        self.performed.clear();
        if self.rng.chance(50) {
            self.mail.clear();
        }
        if !self.state.has_begun() {
            self.mail.push(Command::Begin);
        }
        Ok(())
    }

    /// The sweep finds a run that has not begun; an executor performs something that is owed.
    fn perform_something(&mut self) -> Result<(), Violation> {
        if !self.state.has_begun() && !self.mail.contains(&Command::Begin) {
            self.mail.push(Command::Begin);
        }
        let owed = outstanding(self.program, &self.state);
        let open: Vec<(EffectKey, Effect)> = owed
            .iter()
            .filter(|(key, effect)| self.performed.get(key) != Some(effect))
            .map(|(key, effect)| (*key, effect.clone()))
            .collect();
        if open.is_empty() {
            self.children_stand(&owed)?;
            if self.mail.is_empty() && !self.faults && self.rng.chance(20) {
                // What was performed and had no answer is performed again.
                self.performed.clear();
                if self.state.is_paused() {
                    self.mail.push(Command::Resume { by: "ops".into() });
                }
            }
            return Ok(());
        }
        let (key, effect) = self.rng.pick(&open).clone();
        self.performed.insert(key, effect.clone());
        match effect {
            Effect::Dispatch(order) => self.work(order.attempt, true),
            Effect::Native(order) => self.work(order.attempt, false),
            Effect::OpenChild(order) => self.work(order.attempt, false),
            Effect::CompensateChild { attempt, .. } => self.work(attempt, false),
            Effect::StopAttempt { attempt, .. } => self.stop(attempt),
            Effect::CancelChild { run, .. } => self.stop(match key {
                EffectKey::Stop(attempt) => attempt,
                _ => AttemptId(run.0),
            }),
            Effect::AcquireSlot(order) => self.slot(&order),
            Effect::PauseChild { run } => drop(self.paused.insert(run)),
            Effect::ResumeChild { run } => drop(self.paused.remove(&run)),
            Effect::WakeAt(_) => {}
        }
        Ok(())
    }

    /// Once everything owed is performed, child runs are paused if and only if the run is.
    fn children_stand(&self, owed: &BTreeMap<EffectKey, Effect>) -> Result<(), Violation> {
        let wanted = self.state.is_paused();
        let waited = owed.values().filter_map(|effect| match effect {
            Effect::OpenChild(order) if order.wait => Some(order.run),
            _ => None,
        });
        for run in waited {
            if self.paused.contains(&run) != wanted {
                return Err(self.checks.violation(format!(
                    "the run is{} paused and its child run {run} is not so",
                    if wanted { "" } else { " not" }
                )));
            }
        }
        Ok(())
    }

    /// Somebody takes an attempt on. What it comes to is decided once, and told each time.
    fn work(&mut self, attempt: AttemptId, with_start: bool) {
        if with_start && self.rng.chance(80) {
            self.mail.push(Command::AttemptStarted {
                attempt,
                worker: "w1".to_owned(),
            });
        }
        let fate = match self.done.get(&attempt) {
            Some(fate) => fate.clone(),
            None => {
                let fate = if self.stopped.contains(&attempt) {
                    Some(Outcome::Cancelled { process: None })
                } else {
                    fate(&mut self.rng, self.weather)
                };
                self.done.insert(attempt, fate.clone());
                fate
            }
        };
        if self.rng.chance(20) {
            self.mail.push(Command::Reported {
                attempt,
                number: self.rng.below(3),
                report: Told {
                    cost_usd: Some(0.25),
                    progress: Some(0.5),
                    ..Told::default()
                },
            });
        }
        if self.faults && self.weather == Weather::Slow && self.rng.chance(70) {
            return;
        }
        match fate {
            Some(outcome) => self
                .mail
                .push(Command::AttemptFinished { attempt, outcome }),
            None => self.mail.push(Command::AttemptLost {
                attempt,
                reason: "its worker is gone".to_owned(),
            }),
        }
    }

    fn stop(&mut self, attempt: AttemptId) {
        self.stopped.insert(attempt);
        // Sometimes nobody answers: the run has to go on by itself. A child run always does.
        if !self.done.contains_key(&attempt) || self.rng.chance(50) {
            self.mail.push(Command::AttemptFinished {
                attempt,
                outcome: Outcome::Cancelled { process: None },
            });
        }
    }

    /// The store answers at once, or puts the run in line first, or refuses it.
    fn slot(&mut self, order: &SlotOrder) {
        let holders = vec![RunId(uuid::Uuid::from_u128(7))];
        match self.rng.below(4) {
            0 if order.on_limit == OnLimit::Reject => {
                self.mail.push(Command::SlotRefused { holders });
            }
            1 => {
                self.mail.push(Command::SlotQueued { holders });
                self.mail.push(Command::SlotGranted);
            }
            _ => self.mail.push(Command::SlotGranted),
        }
    }

    fn pass_time(&mut self) -> Result<(), Violation> {
        let seconds = if self.faults { self.rng.below(4) } else { 5 };
        let mut at = self
            .at
            .checked_add(Duration::from_secs(seconds))
            .unwrap_or(self.at);
        // With nothing else to do time passes to the next timer.
        if self.mail.is_empty()
            && let Some(wake) = self.state.wake_at()
            && self.rng.chance(60)
        {
            at = at.max(wake);
        }
        self.at = at;
        if self.state.wake_at().is_some_and(|wake| wake <= self.at) || self.rng.chance(10) {
            return self.deliver(&Command::Wake);
        }
        Ok(())
    }
}
