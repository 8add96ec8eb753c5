//! What can be said of any event without looking into it: kind, time, whom it touches.
//!
//! Pure questions; called by `wire` (kind), the store (time) and `fold` (whom).

use super::Event;
use attune_types::{ExecutionId, Timestamp};

impl Event {
    /// Its kind, as the event log names it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::RunOpened { .. } => "run_opened",
            Self::CarriedOver { .. } => "carried_over",
            Self::RunBegun { .. } => "run_begun",
            Self::KeysRead { .. } => "keys_read",
            Self::SlotRequested { .. } => "slot_requested",
            Self::SlotQueued { .. } => "slot_queued",
            Self::SlotGranted { .. } => "slot_granted",
            Self::TaskActivated { .. } => "task_activated",
            Self::Tagged { .. } => "tagged",
            Self::JoinMoved { .. } => "join_moved",
            Self::Delayed { .. } => "delayed",
            Self::ItemsPlanned { .. } => "items_planned",
            Self::BranchesPlanned { .. } => "branches_planned",
            Self::BranchesTimedOut { .. } => "branches_timed_out",
            Self::ItemActivated { .. } => "item_activated",
            Self::AttemptScheduled { .. } => "attempt_scheduled",
            Self::AttemptStarted { .. } => "attempt_started",
            Self::Reported { .. } => "reported",
            Self::AttemptFailed { .. } => "attempt_failed",
            Self::AttemptLost { .. } => "attempt_lost",
            Self::StopRequested { .. } => "stop_requested",
            Self::ExecutionEnded { .. } => "execution_ended",
            Self::TransitionFired { .. } => "transition_fired",
            Self::FailurePlanned { .. } => "failure_planned",
            Self::RunFailing { .. } => "run_failing",
            Self::CancelRequested { .. } => "cancel_requested",
            Self::RunPaused { .. } => "run_paused",
            Self::RunResumed { .. } => "run_resumed",
            Self::CompensationStarted { .. } => "compensation_started",
            Self::CompensationJoined { .. } => "compensation_joined",
            Self::UndoActivated { .. } => "undo_activated",
            Self::CompensationStopped { .. } => "compensation_stopped",
            Self::CompensationEnded { .. } => "compensation_ended",
            Self::RunRetried { .. } => "run_retried",
            Self::RetryJoined { .. } => "retry_joined",
            Self::Reopened { .. } => "reopened",
            Self::RunEnded { .. } => "run_ended",
        }
    }

    /// Every kind, in the order of the type.
    pub const KINDS: [&'static str; 37] = [
        "run_opened",
        "carried_over",
        "run_begun",
        "keys_read",
        "slot_requested",
        "slot_queued",
        "slot_granted",
        "task_activated",
        "tagged",
        "join_moved",
        "delayed",
        "items_planned",
        "branches_planned",
        "branches_timed_out",
        "item_activated",
        "attempt_scheduled",
        "attempt_started",
        "reported",
        "attempt_failed",
        "attempt_lost",
        "stop_requested",
        "execution_ended",
        "transition_fired",
        "failure_planned",
        "run_failing",
        "cancel_requested",
        "run_paused",
        "run_resumed",
        "compensation_started",
        "compensation_joined",
        "undo_activated",
        "compensation_stopped",
        "compensation_ended",
        "run_retried",
        "retry_joined",
        "reopened",
        "run_ended",
    ];

    /// Whether the run has reached an end with it.
    pub const fn is_end(&self) -> bool {
        matches!(self, Self::RunEnded { .. } | Self::CompensationEnded { .. })
    }

    /// When it was decided.
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::RunOpened { at, .. }
            | Self::RunBegun { at, .. }
            | Self::KeysRead { at, .. }
            | Self::SlotRequested { at, .. }
            | Self::SlotQueued { at, .. }
            | Self::SlotGranted { at, .. }
            | Self::TaskActivated { at, .. }
            | Self::Tagged { at, .. }
            | Self::JoinMoved { at, .. }
            | Self::Delayed { at, .. }
            | Self::ItemsPlanned { at, .. }
            | Self::BranchesPlanned { at, .. }
            | Self::BranchesTimedOut { at, .. }
            | Self::ItemActivated { at, .. }
            | Self::AttemptScheduled { at, .. }
            | Self::AttemptStarted { at, .. }
            | Self::Reported { at, .. }
            | Self::AttemptFailed { at, .. }
            | Self::AttemptLost { at, .. }
            | Self::StopRequested { at, .. }
            | Self::ExecutionEnded { at, .. }
            | Self::TransitionFired { at, .. }
            | Self::FailurePlanned { at, .. }
            | Self::RunFailing { at, .. }
            | Self::CancelRequested { at, .. }
            | Self::RunPaused { at, .. }
            | Self::RunResumed { at, .. }
            | Self::RunEnded { at, .. } => *at,
            Self::CarriedOver(it) => it.at,
            Self::CompensationStarted(it) => it.at,
            Self::CompensationJoined(it) => it.at,
            Self::UndoActivated(it) => it.at,
            Self::CompensationStopped(it) => it.at,
            Self::CompensationEnded(it) => it.at,
            Self::RunRetried(it) => it.at,
            Self::RetryJoined(it) => it.at,
            Self::Reopened(it) => it.at,
        }
    }

    /// The execution that it is about; none for what concerns the run as a whole.
    pub const fn execution(&self) -> Option<ExecutionId> {
        match self {
            Self::TaskActivated { execution, .. }
            | Self::Tagged { execution, .. }
            | Self::Delayed { execution, .. }
            | Self::ItemsPlanned { execution, .. }
            | Self::BranchesPlanned { execution, .. }
            | Self::BranchesTimedOut { execution, .. }
            | Self::ItemActivated { execution, .. }
            | Self::AttemptScheduled { execution, .. }
            | Self::AttemptStarted { execution, .. }
            | Self::Reported { execution, .. }
            | Self::AttemptFailed { execution, .. }
            | Self::AttemptLost { execution, .. }
            | Self::StopRequested { execution, .. }
            | Self::ExecutionEnded { execution, .. }
            | Self::TransitionFired { execution, .. } => Some(*execution),
            Self::UndoActivated(it) => Some(it.execution),
            Self::Reopened(it) => Some(it.execution),
            Self::RunOpened { .. }
            | Self::CarriedOver { .. }
            | Self::RunBegun { .. }
            | Self::KeysRead { .. }
            | Self::SlotRequested { .. }
            | Self::SlotQueued { .. }
            | Self::SlotGranted { .. }
            | Self::JoinMoved { .. }
            | Self::FailurePlanned { .. }
            | Self::RunFailing { .. }
            | Self::CancelRequested { .. }
            | Self::RunPaused { .. }
            | Self::RunResumed { .. }
            | Self::CompensationStarted { .. }
            | Self::CompensationJoined { .. }
            | Self::CompensationStopped { .. }
            | Self::CompensationEnded { .. }
            | Self::RunRetried { .. }
            | Self::RetryJoined { .. }
            | Self::RunEnded { .. } => None,
        }
    }
}
