//! The ports: what the services need of a database, a broker, a clock. Traits, their data and their
//! error types only.
//!
//! Owns the seams between the services and the adapters (`store`, `bus`, and the in-memory ones of
//! `testkit`). Never does IO itself. Every adapter of a port passes the same contract suite. Failure:
//! [`StoreError`] and [`BusError`] say whether trying again can help.

mod bus;
mod catalogue;
mod clock;
mod event;
mod identity;
mod key;
mod lease;
mod read;
mod run;
mod schedule;
mod slot;
mod work;
mod workflow;

pub use bus::{Address, Bus, BusError, Consumer, Delivery, Settle, Settlement, Source};
pub use catalogue::{
    CatalogueStore, ChangeKind, PackRecord, PackRegistration, RegisteredAction, RegisteredRule,
    RegisteredSensor, RegistrationChange, RegistrationReport, WorkflowRecord,
};
pub use clock::{Clock, SystemClock};
pub use event::{
    EnforcementFilter, EnforcementRow, EventFilter, EventRow, EventStore, Ingest, Ingested,
    NewEnforcement, NewEvent, RecordedEvent,
};
pub use identity::{AuditEntry, Identity, IdentityStore, NewIdentity, TokenRow};
pub use key::{Expected, KeyRow, KeyStore, NewKey, StoredKey};
pub use lease::{Lease, LeaseStore, Member};
pub use read::{
    ExecutionFilter, ExecutionReader, HistoryEvent, LogLine, LogPage, Page, PageRequest, RunDetail,
};
pub use run::{
    Append, AppendError, CarriedHistory, InboxCommand, NewInboxCommand, NewRun, OpenOutcome,
    RunKey, RunStore, RunUpdate, Snapshot, StoredEvent, StoredRun,
};
pub use schedule::{ScheduleRow, ScheduleStore, SensorState, SensorStatus, Tick};
pub use slot::{HOLDERS_NAMED, SlotAnswer, SlotAnswers, SlotLine, SlotRequest, SlotRow, SlotStore};
pub use work::{
    ClaimRequest, LostClaim, NewLogLine, QUEUE_KEPT, WorkQueue, WorkStore, WorkerInfo, WorkerRow,
};
pub use workflow::{
    Expect, ReleaseKind, VersionName, WorkflowChange, WorkflowFilter, WorkflowOrigin,
    WorkflowOutcome, WorkflowPut, WorkflowRelease, WorkflowRow, WorkflowStore, WorkflowVersion,
    WorkflowVersionDetail,
};

/// What went wrong in a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached or broke off; the operation may or may not have happened.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The operation contradicts what is stored.
    #[error("{0}")]
    Conflict(String),
    /// The value cannot be stored (a NUL character, too large ...).
    #[error("the value cannot be stored: {0}")]
    Invalid(String),
    /// What is stored cannot be read; it is left as it is.
    #[error("stored data cannot be read: {0}")]
    Corrupt(String),
}

impl StoreError {
    /// Whether the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

/// All stores that the services are given, as one bundle. Each field may be backed by the same
/// adapter.
#[derive(Clone)]
pub struct Stores {
    /// Runs: open, append, load, inbox.
    pub runs: std::sync::Arc<dyn RunStore>,
    /// Reading executions for people.
    pub reads: std::sync::Arc<dyn ExecutionReader>,
    /// Packs, actions, rules.
    pub catalogue: std::sync::Arc<dyn CatalogueStore>,
    /// Workflows and their versions.
    pub workflows: std::sync::Arc<dyn WorkflowStore>,
    /// Trigger events and enforcements.
    pub events: std::sync::Arc<dyn EventStore>,
    /// Workers, claims, logs.
    pub work: std::sync::Arc<dyn WorkStore>,
    /// Places among the runs of workflows that bound them.
    pub slots: std::sync::Arc<dyn SlotStore>,
    /// Leases of shards and sensors.
    pub leases: std::sync::Arc<dyn LeaseStore>,
    /// Timers and sensor cursors.
    pub schedules: std::sync::Arc<dyn ScheduleStore>,
    /// People, tokens, audit.
    pub identities: std::sync::Arc<dyn IdentityStore>,
    /// Keys that workflows and rules read.
    pub keys: std::sync::Arc<dyn KeyStore>,
}
