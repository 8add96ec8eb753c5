//! The questions that may be asked of a run's state. Nothing here changes anything.

use super::RunState;
use super::execution::{Execution, Phase};
use super::slot::{Slot, taken};
use super::task::TaskState;
use super::trie::earlier;
use crate::program::TaskIx;
use crate::run::event::By;
use crate::run::{Outcome, RunHeader};
use attune_types::{
    AttemptId, ErrorInfo, ExecutionId, ExecutionStatus, JsonValue, RunId, Timestamp, code,
    labels_text,
};
use std::collections::BTreeMap;

static NULL: JsonValue = JsonValue::Null;

impl RunState {
    /// The run.
    pub fn run(&self) -> RunId {
        self.about.header.run
    }

    /// What was fixed when it opened.
    pub fn header(&self) -> &RunHeader {
        &self.about.header
    }

    /// Where it stands.
    pub fn status(&self) -> ExecutionStatus {
        let about = &self.about;
        if self.is_undoing() {
            ExecutionStatus::Compensating
        } else if let Some(end) = &about.end {
            end.status
        } else if about.canceling.is_some() {
            ExecutionStatus::Canceling
        } else if about.begun_at.is_none() {
            ExecutionStatus::Requested
        } else if about.paused {
            ExecutionStatus::Paused
        } else if self.is_slot_wanted() {
            ExecutionStatus::Scheduled
        } else {
            ExecutionStatus::Running
        }
    }

    /// Whether it has ended, and is not being undone.
    pub fn is_terminal(&self) -> bool {
        self.about.end.is_some() && !self.is_undoing()
    }

    /// Whether it is paused.
    pub const fn is_paused(&self) -> bool {
        self.about.paused && self.about.end.is_none()
    }

    /// Whether its entry tasks were started.
    pub const fn has_begun(&self) -> bool {
        self.about.begun_at.is_some()
    }

    /// Whether nothing new starts because it fails, is cancelled, or has ended.
    pub(in crate::run) const fn is_closing(&self) -> bool {
        self.about.failing.is_some() || self.about.canceling.is_some() || self.about.end.is_some()
    }

    /// Whether what was reached may start now. A run that took activations over starts none of them
    /// before it has begun and has its place.
    pub(in crate::run) fn may_start(&self) -> bool {
        let open = !self.is_closing() && !self.about.paused;
        open && self.has_begun() && !self.is_slot_wanted()
    }

    /// The earliest time at which the run itself has something to do.
    pub fn wake_at(&self) -> Option<Timestamp> {
        if self.is_terminal() {
            return None;
        }
        let summary = self.executions.summary();
        let starts = if self.is_paused() {
            None
        } else {
            summary.start
        };
        // A run that is closing because its time ran out has been told so already.
        let deadline = if self.is_closing() {
            None
        } else {
            self.about.deadline
        };
        earlier(earlier(starts, summary.due), deadline)
    }

    /// What it gave back; null until it has ended.
    pub fn output(&self) -> &JsonValue {
        self.about.end.as_ref().map_or(&NULL, |end| &*end.output)
    }

    /// What went wrong: at the end, or as soon as it is known that the run will fail.
    pub fn error(&self) -> Option<&ErrorInfo> {
        match &self.about.end {
            Some(end) => end.error.as_deref(),
            None => self.about.failing.as_ref().map(|failing| &*failing.error),
        }
    }

    /// Its labels.
    pub fn labels(&self) -> &BTreeMap<String, String> {
        &self.about.labels
    }

    /// Text to find it by.
    pub fn trace_tag(&self) -> Option<&str> {
        self.about.trace_tag.as_deref()
    }

    /// Money spent so far.
    pub const fn cost_usd(&self) -> f64 {
        self.about.cost_usd
    }

    /// When it was opened.
    pub const fn opened_at(&self) -> Timestamp {
        self.about.opened_at
    }

    /// When its variables were evaluated: templates call this its start.
    pub const fn begun_at(&self) -> Option<Timestamp> {
        self.about.begun_at
    }

    /// When its first tasks started.
    pub fn started_at(&self) -> Option<Timestamp> {
        match &self.about.slot {
            Some(slot) => slot.granted_at,
            None => self.about.begun_at,
        }
    }

    /// The place among the runs of its workflow that it asked for, if it needs one.
    pub fn slot(&self) -> Option<&Slot> {
        self.about.slot.as_deref()
    }

    /// Whether it waits for that place.
    pub fn is_slot_wanted(&self) -> bool {
        !self.is_closing() && self.slot().is_some_and(|slot| slot.granted_at.is_none())
    }

    /// When it ended.
    pub fn ended_at(&self) -> Option<Timestamp> {
        let end = self.about.end.as_ref().filter(|_| !self.is_undoing());
        end.map(|end| end.at)
    }

    /// When the whole run times out.
    pub const fn deadline(&self) -> Option<Timestamp> {
        self.about.deadline
    }

    /// A published value.
    pub fn var(&self, name: &str) -> Option<&JsonValue> {
        self.about.vars.get(name)
    }

    /// How it ended, told to the run that waits for it; none until it has. Being undone afterwards
    /// does not change it.
    pub fn outcome(&self) -> Option<Outcome> {
        let end = match &self.about.undo {
            Some(undo) => &undo.first,
            None => self.about.end.as_ref()?,
        };
        let error = || match &end.error {
            Some(error) => (**error).clone(),
            None => ErrorInfo::new(code::FAILED, format!("the child run ended {}", end.status)),
        };
        Some(match end.status {
            ExecutionStatus::Succeeded => Outcome::Succeeded {
                result: (*end.output).clone(),
                process: None,
            },
            ExecutionStatus::TimedOut => Outcome::TimedOut {
                error: error(),
                process: None,
            },
            ExecutionStatus::Cancelled => Outcome::Cancelled { process: None },
            _ => Outcome::Failed {
                error: error(),
                result: (*end.output).clone(),
                process: None,
            },
        })
    }

    /// One execution of the run.
    pub fn execution(&self, id: ExecutionId) -> Option<&Execution> {
        self.executions.get(id.0.as_u128())
    }

    /// The execution that an attempt belongs to, whether the attempt is open or not.
    pub fn execution_of(&self, attempt: AttemptId) -> Option<&Execution> {
        let id = self.attempts.get(attempt.0.as_u128())?;
        self.execution(*id)
    }

    /// Whether that attempt is open.
    pub fn is_open(&self, attempt: AttemptId) -> bool {
        self.execution_of(attempt)
            .is_some_and(|execution| execution.attempt_id() == Some(attempt))
    }

    /// What is known of a task as a whole.
    pub fn task(&self, task: TaskIx) -> Option<&TaskState> {
        self.tasks.get(u128::from(task.0))
    }

    /// Id of an activation of a task.
    pub(in crate::run) fn activation_id(&self, name: &str, activation: u32) -> ExecutionId {
        Self::activation_in(self.run(), name, activation)
    }

    /// Id of an activation of a task in that run.
    pub(in crate::run) fn activation_in(run: RunId, name: &str, activation: u32) -> ExecutionId {
        ExecutionId(run.derive(&format!("task:{name}:{activation}")))
    }

    /// Id of an item of an iteration.
    pub(in crate::run) fn item_id(parent: ExecutionId, index: u32) -> ExecutionId {
        ExecutionId(parent.derive(&format!("item:{index}")))
    }

    /// The latest activation of a task.
    pub fn latest(&self, task: TaskIx, name: &str) -> Option<&Execution> {
        let activations = self.task(task)?.activations;
        self.execution(self.activation_id(name, activations))
    }

    /// All executions in the order in which they came to be.
    pub fn in_order(&self) -> Vec<&Execution> {
        let mut all = self.executions.values();
        all.sort_unstable_by_key(|execution| execution.created);
        all
    }

    /// The executions that have not ended, in the order in which they came to be.
    pub fn live(&self) -> Vec<&Execution> {
        let mut live = self.executions.select(|summary| summary.live > 0);
        live.sort_unstable_by_key(|execution| execution.created);
        live
    }

    /// How many executions have not ended.
    pub fn live_count(&self) -> u32 {
        self.executions.summary().live
    }

    /// The executions with something to do at that time, the most overdue first.
    pub(in crate::run) fn due(&self, now: Timestamp) -> Vec<&Execution> {
        let past = |time: Option<Timestamp>| time.is_some_and(|time| time <= now);
        let starts = !self.is_paused();
        let mut due = self
            .executions
            .select(|summary| past(summary.due) || (starts && past(summary.start)));
        due.sort_unstable_by_key(|execution| execution.created);
        due
    }

    /// What the run waits for, for people. Empty when it has ended.
    pub fn waiting_for(&self) -> Vec<String> {
        if self.is_terminal() {
            return Vec::new();
        }
        if !self.has_begun() && !self.is_undoing() {
            return vec!["an executor to begin it".to_owned()];
        }
        let mut out = Vec::new();
        if self.is_paused() {
            out.push("somebody to resume it".to_owned());
        }
        if let Some(slot) = self.slot().filter(|_| self.is_slot_wanted()) {
            out.push(match &slot.holders {
                Some(holders) => format!(
                    "a place among its like: {}",
                    taken(self.header(), slot, holders)
                ),
                None => "an executor to ask for its place among its like".to_owned(),
            });
        }
        out.extend(self.live().into_iter().filter_map(describe_wait));
        out
    }
}

fn describe_wait(execution: &Execution) -> Option<String> {
    let name = match execution.item {
        Some(index) => format!("item {index} of task `{}`", execution.name),
        None => format!("task `{}`", execution.name),
    };
    Some(match &execution.phase {
        Phase::Ready => format!("{name} to be started"),
        Phase::Delayed(until) => format!("{name}, which starts at {until}"),
        Phase::Retrying(at) => format!("{name}, which is tried again at {at}"),
        Phase::Attempting(attempt) => match (&attempt.by, &attempt.started) {
            (By::Worker { pool, selector }, None) => {
                let labels = match selector.is_empty() {
                    true => String::new(),
                    false => format!(" with the labels {}", labels_text(selector)),
                };
                format!(
                    "a worker of pool `{pool}`{labels} to take {name} (attempt {})",
                    attempt.number
                )
            }
            (By::Worker { .. }, Some((_, worker))) => {
                format!("{name} on worker {worker} (attempt {})", attempt.number)
            }
            (By::Native, _) => format!("{name} in the executor"),
            (By::Child { action, .. }, _) => {
                let child = execution.child_run().unwrap_or(RunId(execution.id.0));
                format!("{name}: the child run {child} of {action}")
            }
            (By::Undo { run }, _) => format!("{name}: the child run {run} to be undone"),
            (By::Timer, _) => match attempt.due {
                Some(due) => format!("{name}, which sleeps until {due}"),
                None => format!("{name}, which sleeps"),
            },
        },
        Phase::Gathering | Phase::Ended(_) => return None,
    })
}
