//! Durable timers and sensor cursors.

use crate::{NewEvent, StoreError};
use async_trait::async_trait;
use attune_types::{JsonValue, Ref, Timestamp};

/// Where one timer stands.
#[derive(Clone, Debug, PartialEq)]
pub struct ScheduleRow {
    /// Its key: derived from trigger and trigger parameters.
    pub key: String,
    /// Ticks so far.
    pub count: u64,
    /// When it ticked last (the time the tick was for).
    pub last_at: Option<Timestamp>,
    /// When it ticks next.
    pub next_at: Timestamp,
}

/// One tick of one timer.
#[derive(Clone, Debug)]
pub struct Tick {
    /// The timer.
    pub key: String,
    /// The time that the tick is for; unique per timer.
    pub at: Timestamp,
    /// When the next one is due.
    pub next_at: Timestamp,
    /// The event that it emits.
    pub event: NewEvent,
}

/// What is known of a sensor, for people.
#[derive(Clone, Debug, PartialEq)]
pub struct SensorStatus {
    /// The sensor.
    pub sensor: Ref,
    /// Where it stands.
    pub state: SensorState,
    /// Times its process was started again after it ended by itself.
    pub restarts: u64,
    /// What it last complained of.
    pub message: Option<String>,
    /// When this was noted.
    pub at: Timestamp,
}

/// Where a sensor stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SensorState {
    /// Its process runs.
    Running,
    /// It ended and will be started again.
    Restarting,
    /// It is not to run.
    Stopped,
}

impl SensorState {
    /// The text used in the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Restarting => "restarting",
            Self::Stopped => "stopped",
        }
    }
}

/// Timers and cursors.
#[async_trait]
pub trait ScheduleStore: Send + Sync {
    /// The timers with these keys; those that are new are made, due at the time given beside them.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn schedules(
        &self,
        wanted: &[(String, Timestamp)],
    ) -> Result<Vec<ScheduleRow>, StoreError>;

    /// Records ticks, each with its event for matching, in one transaction: a tick whose time is
    /// recorded already changes nothing and answers false.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was recorded.
    async fn tick(&self, ticks: Vec<Tick>) -> Result<Vec<bool>, StoreError>;

    /// Moves a timer without a tick (missed times are skipped).
    ///
    /// # Errors
    /// [`StoreError`] if it was not moved.
    async fn skip_to(&self, key: &str, next_at: Timestamp) -> Result<(), StoreError>;

    /// The last cursor that a sensor acknowledged.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    async fn cursor(&self, sensor: &Ref) -> Result<Option<JsonValue>, StoreError>;

    /// Keeps a sensor's cursor.
    ///
    /// # Errors
    /// [`StoreError`] if it was not kept.
    async fn save_cursor(&self, sensor: &Ref, cursor: JsonValue) -> Result<(), StoreError>;

    /// Keeps a sensor's status.
    ///
    /// # Errors
    /// [`StoreError`] if it was not kept.
    async fn save_status(&self, status: SensorStatus) -> Result<(), StoreError>;

    /// The statuses of all sensors.
    ///
    /// # Errors
    /// [`StoreError`] if they could not be read.
    async fn statuses(&self) -> Result<Vec<SensorStatus>, StoreError>;
}
