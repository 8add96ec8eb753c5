//! What must hold after every step, whatever the world did.

use super::Rng;
use attune_flow::program::{Program, Work};
use attune_flow::run::{
    Change, Command, Effect, EffectKey, Event, Execution, ExecutionRow, Now, Rejection, RunState,
    UndoActivated, decide, fold, outstanding,
};
use attune_types::{ExecutionId, ExecutionStatus, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Something that did not hold.
#[derive(Clone, Debug)]
pub struct Violation {
    /// The seed that shows it.
    pub seed: u64,
    /// What did not hold.
    pub what: String,
    /// The Program and the run's log, for whoever looks for the cause.
    pub story: String,
}

impl Violation {
    pub(super) fn of(seed: u64, what: impl fmt::Display) -> Self {
        Self {
            seed,
            what: what.to_string(),
            story: String::new(),
        }
    }

    pub(super) fn with_story(self, program: &Program, log: &[Event]) -> Self {
        let mut story = serde_json::to_string_pretty(&program.tasks).unwrap_or_default();
        for event in log {
            story.push('\n');
            story.push_str(&serde_json::to_string(event).unwrap_or_default());
        }
        Self { story, ..self }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}: {}", self.seed, self.what)
    }
}

impl std::error::Error for Violation {}

/// The checks, with what they remember from step to step.
pub(super) struct Checks {
    seed: u64,
    steps: usize,
    rows: BTreeMap<ExecutionId, ExecutionRow>,
    owed: BTreeMap<EffectKey, Effect>,
    closed: BTreeSet<(ExecutionId, u32)>,
    scheduled: BTreeSet<(ExecutionId, u32)>,
    ended: BTreeSet<ExecutionId>,
    last_at: Option<Timestamp>,
}

impl Checks {
    /// From the moment at which the run was opened, with its rows written.
    pub(super) fn new(seed: u64, opened: &RunState) -> Self {
        Self {
            seed,
            steps: 0,
            rows: opened.executions().map(|row| (row.id, row)).collect(),
            owed: BTreeMap::new(),
            closed: BTreeSet::new(),
            scheduled: BTreeSet::new(),
            ended: BTreeSet::new(),
            last_at: None,
        }
    }

    pub(super) fn violation(&self, what: impl fmt::Display) -> Violation {
        Violation::of(self.seed, what)
    }

    fn must(&self, holds: bool, what: impl FnOnce() -> String) -> Result<(), Violation> {
        if holds {
            Ok(())
        } else {
            Err(self.violation(what()))
        }
    }

    /// An open attempt's end is never refused, and a closed one's always.
    pub(super) fn rejection(
        &self,
        state: &RunState,
        command: &Command,
        rejection: Option<&Rejection>,
    ) -> Result<(), Violation> {
        let attempt = match command {
            Command::AttemptFinished { attempt, .. } | Command::AttemptLost { attempt, .. } => {
                *attempt
            }
            _ => return Ok(()),
        };
        let open = state.is_open(attempt);
        self.must(open == rejection.is_none(), || {
            format!("attempt {attempt} is open: {open}, but {command:?} gave {rejection:?}")
        })
    }

    pub(super) fn step(
        &mut self,
        program: &Program,
        before: &RunState,
        state: &RunState,
        events: &[Event],
        change: &Change,
        log: &[Event],
    ) -> Result<(), Violation> {
        self.steps += 1;
        for event in events {
            self.event(event)?;
        }
        // The whole log is folded again now and then, and always while it is short.
        if log.len() < 60 || self.steps.is_multiple_of(16) {
            let replayed = RunState::replay(log);
            self.must(replayed.as_ref() == Some(state), || {
                "folding the log does not give the live state".to_owned()
            })?;
        }
        self.obligations(program, before, state, change)?;
        for row in &change.rows {
            self.rows.insert(row.id, row.clone());
        }
        if log.len() < 60 || self.steps.is_multiple_of(16) || state.is_terminal() {
            self.rows(state)?;
        }
        self.progress(program, state)
    }

    fn obligations(
        &mut self,
        program: &Program,
        before: &RunState,
        state: &RunState,
        change: &Change,
    ) -> Result<(), Violation> {
        let was = outstanding(program, before);
        let is = outstanding(program, state);
        differs(&was, &is, change).map_err(|e| self.violation(e))?;
        self.owed = is;
        Ok(())
    }

    fn rows(&self, state: &RunState) -> Result<(), Violation> {
        for row in state.executions() {
            let kept = self.rows.get(&row.id);
            self.must(kept == Some(&row), || {
                format!("the row kept step by step is {kept:?}, the projection gives {row:?}")
            })?;
        }
        let count = state.executions().count();
        self.must(self.rows.len() == count, || {
            "there are rows too many".to_owned()
        })
    }

    fn progress(&self, program: &Program, state: &RunState) -> Result<(), Violation> {
        let owed = !self.owed.is_empty();
        if state.is_terminal() {
            self.must(!owed, || {
                format!("a run that has ended owes {:?}", self.owed)
            })?;
        } else if state.has_begun() && !state.is_paused() {
            self.must(owed, || {
                format!(
                    "a live run owes nothing; it waits for {:?}",
                    state.waiting_for()
                )
            })?;
        }
        for execution in state.live() {
            let most = most_attempts(program, execution, state.retry_rounds());
            self.must(execution.attempts <= most, || {
                format!(
                    "{} has {} attempts, {most} at most",
                    execution.name, execution.attempts
                )
            })?;
        }
        Ok(())
    }

    fn event(&mut self, event: &Event) -> Result<(), Violation> {
        let at = event.at();
        let in_order = self.last_at.is_none_or(|last| last <= at);
        self.last_at = Some(at);
        self.must(in_order, || {
            format!("{event:?} is before the one before it")
        })?;
        match event {
            Event::AttemptScheduled {
                execution, number, ..
            } => {
                let fresh = self.scheduled.insert((*execution, *number));
                self.must(fresh, || format!("scheduled twice: {event:?}"))?;
            }
            Event::AttemptFailed {
                execution, number, ..
            }
            | Event::AttemptLost {
                execution, number, ..
            } => {
                let fresh = self.closed.insert((*execution, *number));
                self.must(fresh, || format!("a second result: {event:?}"))?;
            }
            Event::Reopened(it) => {
                let ended = self.ended.remove(&it.execution);
                self.must(ended, || format!("had not ended: {event:?}"))?;
            }
            Event::ExecutionEnded { execution, .. } => {
                let fresh = self.ended.insert(*execution);
                self.must(fresh, || format!("ended twice: {event:?}"))?;
            }
            _ => {}
        }
        if let Some(execution) = event.execution() {
            let over = self.ended.contains(&execution)
                && !matches!(
                    event,
                    Event::ExecutionEnded { .. }
                        | Event::TransitionFired { .. }
                        | Event::Reported { .. }
                );
            self.must(!over, || format!("after its end: {event:?}"))?;
        }
        Ok(())
    }

    /// The same command once more adds nothing.
    pub(super) fn repetition(
        &self,
        program: &Program,
        state: &RunState,
        command: &Command,
        now: &Now,
    ) -> Result<(), Violation> {
        let again = decide(program, state, command, now);
        self.must(!matches!(&again, Ok(events) if !events.is_empty()), || {
            format!("{command:?} repeated gives {again:?}")
        })
    }

    pub(super) fn end(
        &self,
        program: &Program,
        state: &RunState,
        log: &[Event],
    ) -> Result<(), Violation> {
        self.must(outstanding(program, state).is_empty(), || {
            "a run that has ended owes something".to_owned()
        })?;
        self.must(RunState::replay(log).as_ref() == Some(state), || {
            "folding the log does not give the final state".to_owned()
        })?;
        self.batches(program, log)?;
        self.undone(program, state, log)?;
        for execution in state.in_order() {
            self.must(execution.is_ended(), || {
                format!("{} has not ended", execution.name)
            })?;
        }
        let stored = serde_json::to_value(state).map_err(|e| self.violation(e))?;
        let read: RunState = serde_json::from_value(stored).map_err(|e| self.violation(e))?;
        self.must(&read == state, || {
            "a snapshot gives another state".to_owned()
        })?;
        for event in log {
            let stored = serde_json::to_value(event).map_err(|e| self.violation(e))?;
            let read: Event = serde_json::from_value(stored).map_err(|e| self.violation(e))?;
            self.must(&read == event, || {
                format!("stored and read again: {event:?}")
            })?;
        }
        Ok(())
    }
}

impl Checks {
    /// What was undone: only what can be, each once and no more, the last that ended first.
    fn undone(&self, program: &Program, state: &RunState, log: &[Event]) -> Result<(), Violation> {
        let mut done = BTreeSet::new();
        let mut last: Option<u32> = None;
        for event in log {
            match event {
                Event::CompensationStarted { .. } => last = None,
                Event::UndoActivated(UndoActivated {
                    execution, undoes, ..
                }) => {
                    let undone = state.execution(undoes.execution);
                    let of = undone.map_or(0, |undone| undone.completed);
                    self.must(last.is_none_or(|last| of <= last), || {
                        format!("{event:?} is out of order")
                    })?;
                    last = Some(of);
                    let well = state.execution(*execution).map(Execution::status)
                        == Some(ExecutionStatus::Succeeded);
                    let fresh = !well || done.insert((undoes.execution, undoes.attempt));
                    self.must(fresh, || format!("undone twice: {event:?}"))?;
                }
                _ => {}
            }
        }
        if state.status() != ExecutionStatus::Compensated {
            return Ok(());
        }
        for execution in state.in_order() {
            let task = program.task(execution.task);
            let says = task.is_some_and(|task| {
                task.compensate.is_some() && (task.items.is_none() || execution.item.is_some())
            });
            let due = says
                && execution.undoes.is_none()
                && execution.status() == ExecutionStatus::Succeeded;
            self.must(!due || done.contains(&(execution.id, None)), || {
                format!("{} was not undone", execution.name)
            })?;
        }
        Ok(())
    }

    /// The log folded in batches of any size, also such as end in the middle of a decision, says each
    /// time what the whole computation says.
    fn batches(&self, program: &Program, log: &[Event]) -> Result<(), Violation> {
        let mut rng = Rng::new(self.seed ^ 0xba7c);
        let Some(mut state) = log.first().and_then(|opened| RunState::replay([opened])) else {
            return Err(self.violation("the log does not open a run"));
        };
        let row = state.run_row();
        let mut rows = BTreeMap::from([(row.id, row)]);
        let mut rest = &log[1..];
        while !rest.is_empty() {
            let size = usize::try_from(1 + rng.below(7)).unwrap_or(1);
            let (batch, later) = rest.split_at(size.min(rest.len()));
            rest = later;
            let was = outstanding(program, &state);
            let (next, change) = fold(program, state, batch);
            state = next;
            differs(&was, &outstanding(program, &state), &change).map_err(|e| self.violation(e))?;
            rows.extend(change.rows.into_iter().map(|row| (row.id, row)));
            let projected: BTreeMap<ExecutionId, ExecutionRow> =
                state.executions().map(|row| (row.id, row)).collect();
            self.must(projected == rows, || {
                format!("rows kept in batches differ after {batch:?}")
            })?;
        }
        Ok(())
    }
}

/// Whether the change is the difference between what was owed and what is.
fn differs(
    was: &BTreeMap<EffectKey, Effect>,
    is: &BTreeMap<EffectKey, Effect>,
    change: &Change,
) -> Result<(), String> {
    let owed: BTreeMap<EffectKey, Effect> = is
        .iter()
        .filter(|(key, effect)| was.get(key) != Some(effect))
        .map(|(key, effect)| (*key, effect.clone()))
        .collect();
    let said: BTreeMap<EffectKey, Effect> = change.owed.iter().cloned().collect();
    if said != owed {
        return Err(format!("newly owed is {owed:?}, the fold says {said:?}"));
    }
    let settled: BTreeSet<EffectKey> = was
        .keys()
        .filter(|key| !is.contains_key(key))
        .copied()
        .collect();
    let said: BTreeSet<EffectKey> = change.settled.iter().copied().collect();
    if said != settled {
        return Err(format!("settled is {settled:?}, the fold says {said:?}"));
    }
    Ok(())
}

/// How often a lost attempt is done again by itself.
const MOST_LOSSES: u32 = 3;

/// One, the retries, and the losses; the same for each time that the run was retried, whose losses are
/// counted anew.
fn most_attempts(program: &Program, execution: &Execution, rounds: u32) -> u32 {
    let task = execution.task_in(program);
    let retries = task
        .and_then(|task| task.retry.as_ref())
        .map_or(0, |retry| retry.count);
    let parts = task.is_some_and(|task| matches!(task.work, Work::Parallel { .. }));
    let once = 1 + retries + u32::from(parts);
    once + execution.losses + rounds * (once + MOST_LOSSES)
}
