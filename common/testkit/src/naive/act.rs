//! One thing that was reached: an activation of a task, or an item of one.
//!
//! Data and small questions about it.

use super::Who;
use attune_flow::program::Program;
use attune_types::{Duration, ErrorInfo, ExecutionStatus, JsonMap, JsonValue, Timestamp};

#[derive(Clone, Debug)]
pub(super) struct Act {
    pub(super) task: usize,
    /// Which time its task was reached.
    pub(super) activation: u32,
    /// The activation that it is an item or a branch of.
    pub(super) parent: Option<usize>,
    pub(super) item: Option<u32>,
    pub(super) at: At,
    pub(super) attempts: u32,
    pub(super) failures: u32,
    pub(super) losses: u32,
    pub(super) input: Option<JsonMap>,
    pub(super) result: JsonValue,
    pub(super) error: Option<ErrorInfo>,
    /// Failed, and somebody took care of it.
    pub(super) handled: bool,
    pub(super) plan: Option<Plan>,
    /// Its branches, those of the latest try.
    pub(super) branches: Option<Vec<usize>>,
    /// When the time of the branches is over, and whether it is.
    pub(super) branches_due: Option<Timestamp>,
    pub(super) branches_late: bool,
    /// How long all of them may take.
    pub(super) branches_limit: Option<Duration>,
    /// Transitions that fired when nothing could follow.
    pub(super) left: Vec<usize>,
    /// One of its transitions fails the run.
    pub(super) lethal: bool,
    /// An item that is to be done again when its turn comes.
    pub(super) again: bool,
}

#[derive(Clone, Debug)]
pub(super) enum At {
    Ready,
    Delayed(Timestamp),
    Open(Open),
    Retrying(Timestamp),
    Gathering,
    Ended(ExecutionStatus),
}

/// An attempt under way.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) kind: Kind,
    /// Since when its time counts.
    pub(super) since: Option<Timestamp>,
    /// How long it may take.
    pub(super) limit: Option<Duration>,
    pub(super) stopping: Option<Why>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Worker,
    Native,
    Child,
    /// Until then, by the run's own clock.
    Timer {
        until: Timestamp,
        seconds: f64,
    },
}

/// Why an attempt is being stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The run or another part of its task wants it.
    Asked,
    /// Its own time is over.
    Expired,
}

/// An iteration.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) items: Vec<JsonValue>,
    pub(super) total: u32,
    pub(super) batched: bool,
    pub(super) concurrency: usize,
    pub(super) tolerated: u32,
    pub(super) fail_fast: bool,
}

impl Act {
    pub(super) fn new(task: usize, activation: u32) -> Self {
        Self {
            task,
            activation,
            parent: None,
            item: None,
            at: At::Ready,
            attempts: 0,
            failures: 0,
            losses: 0,
            input: None,
            result: JsonValue::Null,
            error: None,
            handled: false,
            plan: None,
            branches: None,
            branches_due: None,
            branches_late: false,
            branches_limit: None,
            left: Vec::new(),
            lethal: false,
            again: false,
        }
    }

    pub(super) fn is(&self, who: &Who, program: &Program) -> bool {
        program.tasks[self.task].name == who.task
            && self.activation == who.activation
            && self.item == who.item
            && self.attempts == who.attempt
    }

    pub(super) fn is_ended(&self) -> bool {
        matches!(self.at, At::Ended(_))
    }

    pub(super) fn ended_as(&self) -> Option<ExecutionStatus> {
        match self.at {
            At::Ended(status) => Some(status),
            _ => None,
        }
    }

    pub(super) fn take_on(&mut self, now: Timestamp) {
        if let At::Open(open) = &mut self.at {
            open.since.get_or_insert(now);
        }
    }

    pub(super) fn expire(&mut self) {
        if let At::Open(open) = &mut self.at {
            open.stopping = Some(Why::Expired);
        }
    }

    /// Whether its own time is over.
    pub(super) fn may_have_expired(&self, now: Timestamp) -> bool {
        match &self.at {
            At::Open(open) => open.stopping.is_none() && open.is_over(now),
            _ => false,
        }
    }

    /// Whether nobody has to wait for its answer any more.
    pub(super) fn may_be_given_up(&self, now: Timestamp) -> bool {
        match &self.at {
            At::Open(open) => open.stopping.is_some() || open.is_over(now),
            _ => false,
        }
    }
}

impl Open {
    fn is_over(&self, now: Timestamp) -> bool {
        match (self.since, self.limit) {
            (Some(since), Some(limit)) => since.checked_add(limit).is_ok_and(|due| due <= now),
            _ => false,
        }
    }

    /// A sleep is over by the run's own clock.
    pub(super) fn ends_itself(&self, now: Timestamp) -> bool {
        match self.kind {
            Kind::Timer { until, .. } => until <= now || self.is_over(now),
            _ => false,
        }
    }
}
