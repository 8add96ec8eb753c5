//! Trigger events and the delivery log (enforcements).

use crate::{NewRun, Page, PageRequest, StoreError};
use async_trait::async_trait;
use attune_rules::{Explanation, TriggerEvent};
use attune_types::{EnforcementId, EventId, Ref, RunId, Timestamp};
use serde::{Deserialize, Serialize};

/// A trigger event to be stored and, later, matched.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// The event; its `dedupe` text, if any, is unique per trigger.
    pub event: TriggerEvent,
}

/// What came of recording one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordedEvent {
    /// Stored; rules have yet to see it.
    New,
    /// An event with that id or dedupe text exists already.
    Duplicate {
        /// The id of the one that exists.
        of: EventId,
    },
}

/// One rule's verdict on one event, to be stored.
#[derive(Clone, Debug)]
pub struct NewEnforcement {
    /// Its id: derived from event and rule.
    pub id: EnforcementId,
    /// The rule.
    pub rule: Ref,
    /// Whether it fired.
    pub fired: bool,
    /// Why, condition by condition.
    pub explanation: Explanation,
    /// Text that suppresses further firings while the run it started is active.
    pub dedupe: Option<String>,
    /// The run to open when it fired.
    pub run: Option<Box<NewRun>>,
}

/// One event with all verdicts on it.
#[derive(Clone, Debug)]
pub struct Ingest {
    /// The event; stored if it is not yet.
    pub event: TriggerEvent,
    /// One per rule of its trigger.
    pub enforcements: Vec<NewEnforcement>,
}

/// What came of one ingested event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ingested {
    /// Its verdicts are stored and these runs opened.
    Done {
        /// The runs.
        opened: Vec<RunId>,
    },
    /// It had been matched before, or is a duplicate of another: nothing was changed.
    Already,
}

/// An event as lists show it.
#[derive(Clone, Debug)]
pub struct EventRow {
    /// The event.
    pub event: TriggerEvent,
    /// When it was stored.
    pub received_at: Timestamp,
    /// When rules had seen it.
    pub processed_at: Option<Timestamp>,
}

/// A line of the delivery log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EnforcementRow {
    /// Its id.
    pub id: EnforcementId,
    /// The event.
    pub event: EventId,
    /// The event's trigger.
    pub trigger: Ref,
    /// The rule.
    pub rule: Ref,
    /// Whether it fired.
    pub fired: bool,
    /// Stable text: `fired`, `criteria_not_met`, `deduplicated` ...
    pub reason: String,
    /// Why, condition by condition.
    pub explanation: Explanation,
    /// The run that it started.
    pub run: Option<RunId>,
    /// When.
    pub at: Timestamp,
}

/// Which events to list.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// Only of this trigger.
    pub trigger: Option<Ref>,
}

/// Which enforcements to list.
#[derive(Clone, Debug, Default)]
pub struct EnforcementFilter {
    /// Only of this event.
    pub event: Option<EventId>,
    /// Only of this rule.
    pub rule: Option<Ref>,
    /// Only those that fired, or did not.
    pub fired: Option<bool>,
}

/// Trigger events and what rules made of them.
#[async_trait]
pub trait EventStore: Send + Sync {
    /// Stores events for matching, in one transaction. Answers in order.
    ///
    /// # Errors
    /// [`StoreError`] if none was stored.
    async fn record(&self, events: Vec<NewEvent>) -> Result<Vec<RecordedEvent>, StoreError>;

    /// Stores events with the verdicts on them and opens the runs that follow, all in one
    /// transaction, set-wise. A fired verdict whose dedupe text is held by an active run of the same
    /// rule is stored as not fired, reason `deduplicated`. Answers in order.
    ///
    /// # Errors
    /// [`StoreError`] if nothing happened.
    async fn ingest(&self, batch: Vec<Ingest>) -> Result<Vec<Ingested>, StoreError>;

    /// Stored events that rules have not seen for longer than `grace`, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn pending(
        &self,
        grace: std::time::Duration,
        limit: u32,
    ) -> Result<Vec<TriggerEvent>, StoreError>;

    /// Events by id; unknown ones are left out.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn get(&self, ids: &[EventId]) -> Result<Vec<EventRow>, StoreError>;

    /// Events, newest first.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn list(
        &self,
        filter: &EventFilter,
        page: &PageRequest,
    ) -> Result<Page<EventRow>, StoreError>;

    /// The delivery log, newest first.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    async fn enforcements(
        &self,
        filter: &EnforcementFilter,
        page: &PageRequest,
    ) -> Result<Page<EnforcementRow>, StoreError>;
}
