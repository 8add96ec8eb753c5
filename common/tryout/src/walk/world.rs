//! The loop of a walk: runs, what they owe, and the clock.
//!
//! Owns the state of a walk while it goes. Commands go through [`World::send`], which decides, folds
//! and notes what is owed; [`World::go`] performs that and lets time pass.

use super::agenda::{Agenda, Coming};
use super::look::Look;
use super::slots::Slots;
use super::trial::Mocked;
use super::{Logged, Missing, NotTaken, Stopped, Walk, WalkWarning, WalkedRun};
use crate::library::Library;
use crate::mock::Turns;
use crate::setup::Setup;
use attune_flow::program::Program;
use attune_flow::run::{
    Command, Effect, EffectKey, Event, Now, Outcome, Rejection, RunState, decide_with_keys, fold,
};
use attune_template::KeySet;
use attune_types::{
    ErrorInfo, ExecutionId, ExecutionStatus, JsonValue, ProgramHash, RunId, Timestamp, code,
};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

/// Commands after which a walk is stopped: more than the largest iteration needs.
const MOST_STEPS: u64 = 1_000_000;

/// A run while the walk goes.
pub(super) struct Live {
    pub(super) path: String,
    /// As `path`, with the items that the run lies in.
    pub(super) place: String,
    /// The Program as it is.
    pub(super) program: Arc<Program>,
    /// The same with mocked work handed out.
    pub(super) trial: Arc<Program>,
    pub(super) state: RunState,
    pub(super) parent: Option<(usize, ExecutionId)>,
    /// Whether somebody waits for its end.
    pub(super) awaited: bool,
    wake: Option<Timestamp>,
    draws: u64,
}

/// What is to be done at this moment.
pub(super) enum Todo {
    Perform(usize, Effect),
    Send(usize, Command),
}

/// A walk while it goes.
pub(super) struct World<'a> {
    pub(super) library: &'a Library,
    pub(super) setup: &'a Setup,
    pub(super) runs: Vec<Live>,
    pub(super) by_id: HashMap<RunId, usize>,
    pub(super) trials: HashMap<(ProgramHash, Mocked), Arc<Program>>,
    /// Calls without a mock; the walk stops when nothing else is left to do at this moment.
    pub(super) missing: Vec<Missing>,
    keys: KeySet,
    pub(super) at: Timestamp,
    pub(super) todo: VecDeque<Todo>,
    pub(super) agenda: Agenda,
    pub(super) turns: Turns,
    pub(super) slots: Slots,
    pub(super) stopped: Option<Stopped>,
    warnings: Vec<WalkWarning>,
    log: Vec<Logged>,
    not_taken: Vec<NotTaken>,
    wakes: BTreeSet<(Timestamp, usize)>,
    steps: u64,
}

impl<'a> World<'a> {
    /// A walk of a workflow of that pack.
    pub(super) fn new(library: &'a Library, setup: &'a Setup, pack: &str) -> Self {
        Self {
            library,
            setup,
            runs: Vec::new(),
            by_id: HashMap::new(),
            trials: HashMap::new(),
            missing: Vec::new(),
            keys: setup.key_set(library, pack),
            at: setup.at,
            todo: VecDeque::new(),
            agenda: Agenda::default(),
            turns: Turns::default(),
            slots: Slots::default(),
            stopped: None,
            warnings: Vec::new(),
            log: Vec::new(),
            not_taken: Vec::new(),
            wakes: BTreeSet::new(),
            steps: 0,
        }
    }

    /// Goes on until nothing is left to do or something stops it.
    pub(super) fn go(&mut self) {
        while self.stopped.is_none() {
            match self.todo.pop_front() {
                Some(Todo::Perform(run, effect)) => self.perform(run, effect),
                Some(Todo::Send(run, command)) => self.send(run, &command),
                None => {
                    if !self.pass_time() {
                        break;
                    }
                }
            }
        }
        if self.stopped.is_none() && !self.missing.is_empty() {
            self.stopped = Some(Stopped::Unmocked(std::mem::take(&mut self.missing)));
        }
    }

    /// Says what keeps runs that have not ended.
    pub(super) fn see_what_waits(&mut self) {
        if self.stopped.is_none() {
            let waits: Vec<String> = self
                .runs
                .iter()
                .flat_map(|run| run.state.waiting_for())
                .collect();
            if !waits.is_empty() {
                self.stopped = Some(Stopped::Waits(waits));
            }
        }
    }

    /// Jumps to the next moment at which something happens. What ends exactly when its time runs out
    /// has ended in time.
    fn pass_time(&mut self) -> bool {
        let wake = self.wakes.first().copied();
        let coming = self.agenda.next_at();
        match (coming, wake) {
            (Some(at), wake) if wake.is_none_or(|(wake, _)| at <= wake) => {
                self.at = self.at.max(at);
                if let Some(Coming { run, command }) = self.agenda.pop() {
                    self.send(run, &command);
                }
                true
            }
            // Time does not pass while somebody waits for an answer that will not come.
            (_, Some(_)) if !self.missing.is_empty() => false,
            (_, Some((at, run))) => {
                self.at = self.at.max(at);
                let before = self.log.len();
                self.send(run, &Command::Wake);
                if self.log.len() == before {
                    // A run that has nothing to do when it asked to be woken would ask for ever.
                    self.wakes.remove(&(at, run));
                }
                true
            }
            _ => false,
        }
    }

    /// Decides a command and folds what follows.
    pub(super) fn send(&mut self, run: usize, command: &Command) {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            self.stopped = Some(Stopped::TooLong(format!("{MOST_STEPS} steps")));
            return;
        }
        let explain = self.setup.explain;
        let Some(live) = self.runs.get_mut(run) else {
            return;
        };
        live.draws += 1;
        let moment = live.state.run().derive(&format!("moment:{}", live.draws));
        let now = Now {
            at: self.at,
            entropy: moment.into_bytes(),
        };
        // What a run refuses comes too late: a stopped attempt that ended, a run that is over.
        let decided = decide_with_keys(&live.trial, &live.state, command, &now, &self.keys);
        let events = match decided {
            Ok(events) => events,
            Err(refused) => {
                if let (
                    Some((above, _)),
                    Command::Retry {
                        attempt: Some(attempt),
                        ..
                    },
                ) = (live.parent, command)
                {
                    // Whoever waits for it is told.
                    let outcome = not_retried(live.state.run(), &refused);
                    self.answer(above, *attempt, outcome);
                }
                return;
            }
        };
        let (state, change) = fold(&live.trial, live.state.clone(), &events);
        live.state = state;
        let mut owed = change.owed;
        owed.sort_by_key(|(key, _)| order(&live.state, *key));
        for (_, effect) in owed {
            self.todo.push_back(Todo::Perform(run, effect));
        }
        let over = live.state.is_terminal();
        if over && live.awaited {
            live.awaited = false;
            if let (Some((above, _)), Some((attempt, outcome))) = (live.parent, live.state.answer())
            {
                let command = Command::AttemptFinished { attempt, outcome };
                self.todo.push_back(Todo::Send(above, command));
            }
        }
        if events
            .iter()
            .any(|event| matches!(event, Event::CompensationEnded { .. }))
            && let Some((above, _)) = live.parent
        {
            for (attempt, outcome) in live.state.undo_answers() {
                let command = Command::AttemptFinished { attempt, outcome };
                self.todo.push_back(Todo::Send(above, command));
            }
        }
        let wake = live.state.wake_at();
        if wake != live.wake {
            if let Some(old) = live.wake {
                self.wakes.remove(&(old, run));
            }
            live.wake = wake;
            self.wakes.extend(wake.map(|at| (at, run)));
        }
        if explain {
            let found = not_taken(run, live, &events, now);
            self.not_taken.extend(found);
        }
        self.log
            .extend(events.into_iter().map(|event| Logged { run, event }));
        if over {
            self.release(run);
        }
    }

    /// Takes a run in; it begins when its turn comes.
    pub(super) fn add(&mut self, live: Live, opened: Event) {
        let run = self.runs.len();
        self.by_id.insert(live.state.run(), run);
        self.runs.push(live);
        self.log.push(Logged { run, event: opened });
        self.todo.push_back(Todo::Send(run, Command::Begin));
    }

    /// Says something strange about a mock, once.
    pub(super) fn warn(&mut self, warning: WalkWarning) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    pub(super) fn finish(self) -> Walk {
        let runs = self.runs.into_iter().map(|live| WalkedRun {
            path: live.path,
            place: live.place,
            program: live.program,
            state: live.state,
            parent: live.parent,
        });
        Walk {
            runs: runs.collect(),
            log: self.log,
            stopped: self.stopped,
            warnings: self.warnings,
            not_taken: self.not_taken,
        }
    }
}

impl Live {
    /// A run that was just opened.
    pub(super) fn new(
        path: String,
        place: String,
        programs: (Arc<Program>, Arc<Program>),
        state: RunState,
        parent: Option<(usize, ExecutionId)>,
    ) -> Self {
        Self {
            path,
            place,
            program: programs.0,
            trial: programs.1,
            state,
            parent,
            awaited: false,
            wake: None,
            draws: 0,
        }
    }
}

/// How an attempt ends whose child run does not go on.
fn not_retried(child: RunId, why: &Rejection) -> Outcome {
    let message = format!("the child run {child} cannot be retried: {why}");
    Outcome::Failed {
        error: ErrorInfo::new(code::RETRY_REFUSED, message),
        result: JsonValue::Null,
        process: None,
    }
}

/// Obligations in the order in which what they belong to came to be.
fn order(state: &RunState, key: EffectKey) -> (u32, EffectKey) {
    let created = match key {
        EffectKey::Attempt(attempt) | EffectKey::Stop(attempt) => {
            state.execution_of(attempt).map_or(0, |known| known.created)
        }
        _ => 0,
    };
    (created, key)
}

/// Which transitions of tasks that ended in these events did not fire, and what they looked at.
fn not_taken(run: usize, live: &Live, events: &[Event], now: Now) -> Vec<NotTaken> {
    let mut found = Vec::new();
    for event in events {
        let Event::ExecutionEnded {
            execution, status, ..
        } = event
        else {
            continue;
        };
        let ended = live.state.execution(*execution);
        let Some(ended) = ended.filter(|one| one.item.is_none()) else {
            continue;
        };
        if *status == ExecutionStatus::Cancelled {
            continue;
        }
        let Some(task) = live.program.task(ended.task) else {
            continue;
        };
        let look = Look::at(&live.program, &live.state, ended, now);
        for (transition, number) in task.next.iter().zip(0u32..) {
            let fired = events.iter().any(|event| {
                matches!(event, Event::TransitionFired { execution: id, transition, .. }
                    if id == execution && *transition == number)
            });
            if !fired {
                found.push(NotTaken {
                    run,
                    execution: *execution,
                    transition: number,
                    saw: transition
                        .when
                        .as_ref()
                        .map(|when| look.saw(when))
                        .unwrap_or_default(),
                });
            }
        }
    }
    found
}
