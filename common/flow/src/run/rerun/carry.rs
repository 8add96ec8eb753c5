//! What a rerun takes over of the first run's history.
//!
//! The history is cut before the activation from which on things are done again. What had come to its
//! end by then is kept whole: attempts, items, branches, results, published values, arrivals at joins.
//! Of anything else only that it was reached is kept: it begins anew. What befell the first run as a
//! whole (pauses, a cancel, its failure, its place among its like, its end, its being undone) is not
//! taken over. Ids follow from the new run's id; times stay what they were.

use super::cut::{Cut, is_of_group};
use super::{Activation, RerunRefused};
use crate::program::Program;
use crate::run::event::{CarriedOver, Reopened, UndoActivated};
use crate::run::secret::with_reads;
use crate::run::{Event, RunHeader, RunState, Secrets};
use attune_types::{ExecutionId, ExecutionStatus, RunId, Timestamp};
use std::collections::{HashMap, HashSet};

/// The engine command that fails a run, as a fired transition names it.
const FAIL: &str = "fail";

/// What is taken over.
#[derive(Clone, Debug)]
pub struct Carried {
    /// From where on things are done again.
    pub from: Activation,
    /// The events that follow the opening of the new run.
    pub events: Vec<Event>,
    /// Activations that had been reached and had not ended: they begin anew, `from` among them.
    pub begun_anew: Vec<Activation>,
    /// What the tokens in these events stand for.
    pub secrets: Option<Secrets>,
}

/// What the run `new` takes over of a run with that history, to do again everything from an
/// activation of a task on (its first, if no number is given).
///
/// # Errors
/// [`RerunRefused`] if there is no such activation, or it cannot be started by itself.
pub fn carry(
    program: &Program,
    history: &[Event],
    task: &str,
    activation: Option<u32>,
    new: RunId,
    at: Timestamp,
) -> Result<Carried, RerunRefused> {
    let Some(Event::RunOpened { header, .. }) = history.first() else {
        return Err(RerunRefused::NoHistory);
    };
    let cut = Cut::find(program, history, task, activation)?;
    let (past, later) = history.split_at(cut.end);
    let mut walk = Walk::new(header, new);
    walk.look(&past[..cut.at]);
    let held = walk.held_groups(later);
    for event in past.iter().chain(held) {
        walk.take(event);
    }
    walk.events.extend(failed_at_once(past, later));
    Ok(walk.finish(cut.from, at))
}

/// The failure of the run that was decided together with the activation, by a `fail` that waited for
/// nobody: it is planned, and comes true with the first end of what is done again.
fn failed_at_once(past: &[Event], later: &[Event]) -> Option<Event> {
    let Some(Event::RunFailing { at, error, .. }) = later.first() else {
        return None;
    };
    let group = past.iter().rev().take_while(|event| {
        matches!(
            event,
            Event::TaskActivated { .. } | Event::TransitionFired { .. }
        )
    });
    let mut group = group.filter_map(|event| match event {
        Event::TransitionFired { to, .. } => Some(to),
        _ => None,
    });
    group
        .any(|to| to.iter().any(|to| to == FAIL))
        .then(|| Event::FailurePlanned {
            at: *at,
            error: error.clone(),
            after: Vec::new(),
        })
}

struct Walk {
    new: RunId,
    /// The activation that each execution is, or is a part of; of those that stand on their own.
    roots: HashMap<ExecutionId, ExecutionId>,
    /// Those of them that had come to their end, with all that followed from it.
    kept: HashSet<ExecutionId>,
    ids: HashMap<ExecutionId, ExecutionId>,
    anew: Vec<Activation>,
    opening: CarriedOver,
    /// Whether the first run has itself taken something over.
    again: bool,
    secrets: Option<Secrets>,
    events: Vec<Event>,
}

impl Walk {
    fn new(header: &RunHeader, new: RunId) -> Self {
        Self {
            new,
            roots: HashMap::new(),
            kept: HashSet::new(),
            ids: HashMap::new(),
            anew: Vec::new(),
            opening: CarriedOver {
                at: Timestamp::UNIX_EPOCH,
                events: 0,
                vars: Default::default(),
                labels: Default::default(),
                trace_tag: None,
            },
            again: false,
            secrets: Secrets::at_opening(header),
            events: Vec::new(),
        }
    }

    /// Sees what had come to its end before the cut. What had failed with nothing to follow from it, or
    /// was stopped, had not: the failure of the run came after it, and is not taken over.
    fn look(&mut self, past: &[Event]) {
        for event in past {
            match event {
                Event::TaskActivated {
                    execution, parent, ..
                } => self.stands(*execution, *parent),
                Event::ItemActivated {
                    execution, parent, ..
                } => self.stands(*execution, Some(*parent)),
                Event::ExecutionEnded {
                    execution,
                    status,
                    handled,
                    ..
                } if self.is_root(*execution) => {
                    let well = matches!(
                        status,
                        ExecutionStatus::Succeeded | ExecutionStatus::Skipped
                    );
                    if well || *handled {
                        self.kept.insert(*execution);
                    }
                }
                Event::Reopened(Reopened { execution, .. }) => {
                    self.kept.remove(execution);
                }
                _ => {}
            }
        }
    }

    fn stands(&mut self, execution: ExecutionId, parent: Option<ExecutionId>) {
        let above = parent.and_then(|parent| self.roots.get(&parent).copied());
        self.roots.insert(execution, above.unwrap_or(execution));
    }

    fn is_root(&self, execution: ExecutionId) -> bool {
        self.roots.get(&execution) == Some(&execution)
    }

    fn is_kept(&self, execution: ExecutionId) -> bool {
        self.roots
            .get(&execution)
            .is_some_and(|root| self.kept.contains(root))
    }

    /// What followed after the cut from something that had ended before it: what was held back while
    /// the run was closing, and led on when it was retried. What failed the run then is done again.
    fn held_groups<'a>(&mut self, later: &'a [Event]) -> Vec<&'a Event> {
        let mut held = Vec::new();
        let mut done: HashSet<ExecutionId> = HashSet::new();
        let mut rest = later;
        while let Some((first, more)) = rest.split_first() {
            rest = more;
            match first {
                Event::Reopened(Reopened { execution, .. }) => {
                    done.insert(*execution);
                }
                Event::TransitionFired { execution, to, .. }
                    if self.kept.contains(execution) && !done.contains(execution) =>
                {
                    if to.iter().any(|to| to == FAIL) {
                        self.kept.remove(execution);
                        continue;
                    }
                    let more = more
                        .iter()
                        .take_while(|event| is_of_group(event, Some(*execution)));
                    let size = more.count();
                    held.push(first);
                    held.extend(&rest[..size]);
                    rest = &rest[size..];
                }
                _ => {}
            }
        }
        held
    }

    /// Takes an event over, if it is one of those that are.
    fn take(&mut self, event: &Event) {
        match event {
            Event::RunBegun {
                vars,
                labels,
                trace_tag,
                ..
            } => {
                // One that took over variables itself has begun with none of its own.
                if !self.again {
                    self.opening.vars = vars.clone();
                    self.opening.labels = labels.clone();
                    self.opening.trace_tag = trace_tag.clone();
                }
            }
            Event::CarriedOver(of_first) => {
                self.opening = of_first.clone();
                self.again = true;
            }
            Event::KeysRead { nonce, read, .. } => {
                self.secrets = with_reads(self.secrets.as_ref(), nonce.as_ref(), read);
                self.events.push(event.clone());
            }
            Event::JoinMoved { .. } => self.events.push(event.clone()),
            Event::FailurePlanned { at, error, after } => {
                let after = after.iter().filter_map(|id| self.ids.get(id).copied());
                self.events.push(Event::FailurePlanned {
                    at: *at,
                    error: error.clone(),
                    after: after.collect(),
                });
            }
            // What was to fail the run is forgotten when it is retried.
            Event::RunRetried(_) => self
                .events
                .retain(|event| !matches!(event, Event::FailurePlanned { .. })),
            Event::TaskActivated {
                execution,
                name,
                activation,
                parent,
                ..
            } => {
                let id = RunState::activation_in(self.new, name, *activation);
                if parent.is_none() && !self.kept.contains(execution) {
                    let activation = Activation {
                        task: name.clone(),
                        activation: *activation,
                    };
                    self.anew.push(activation);
                } else if !self.is_kept(*execution) {
                    return;
                }
                self.put(*execution, id, event);
            }
            Event::ItemActivated {
                execution,
                parent,
                index,
                ..
            } if self.is_kept(*execution) => {
                if let Some(parent) = self.ids.get(parent) {
                    let id = RunState::item_id(*parent, *index);
                    self.put(*execution, id, event);
                }
            }
            _ => {
                let Some(execution) = event.execution().filter(|id| self.is_kept(*id)) else {
                    return;
                };
                if let Some(id) = self.ids.get(&execution) {
                    let event = self.renamed(event, *id);
                    self.events.push(event);
                }
            }
        }
    }

    fn put(&mut self, old: ExecutionId, id: ExecutionId, event: &Event) {
        self.ids.insert(old, id);
        let event = self.renamed(event, id);
        self.events.push(event);
    }

    /// The event with the new ids in it. What somebody spent is on the account of the first run.
    fn renamed(&self, event: &Event, id: ExecutionId) -> Event {
        let mut event = event.clone();
        match &mut event {
            Event::TaskActivated {
                execution, parent, ..
            } => {
                *execution = id;
                *parent = parent.and_then(|above| self.ids.get(&above).copied());
            }
            Event::ItemActivated {
                execution, parent, ..
            } => {
                *execution = id;
                *parent = self.ids.get(parent).copied().unwrap_or(*parent);
            }
            Event::Reported {
                execution, report, ..
            } => {
                *execution = id;
                report.cost_usd = None;
                report.meter = None;
            }
            Event::Tagged { execution, .. }
            | Event::Delayed { execution, .. }
            | Event::ItemsPlanned { execution, .. }
            | Event::BranchesPlanned { execution, .. }
            | Event::BranchesTimedOut { execution, .. }
            | Event::AttemptScheduled { execution, .. }
            | Event::AttemptStarted { execution, .. }
            | Event::AttemptFailed { execution, .. }
            | Event::AttemptLost { execution, .. }
            | Event::StopRequested { execution, .. }
            | Event::ExecutionEnded { execution, .. }
            | Event::TransitionFired { execution, .. }
            | Event::UndoActivated(UndoActivated { execution, .. })
            | Event::Reopened(Reopened { execution, .. }) => *execution = id,
            _ => {}
        }
        event
    }

    fn finish(self, from: Activation, at: Timestamp) -> Carried {
        let mut events = Vec::with_capacity(self.events.len() + 1);
        events.push(Event::CarriedOver(CarriedOver {
            at,
            events: self.events.len() as u64,
            ..self.opening
        }));
        events.extend(self.events);
        Carried {
            from,
            events,
            begun_anew: self.anew,
            secrets: self.secrets,
        }
    }
}
