//! One run as an actor: decide, commit, fold, act, acknowledge.
//!
//! Owns the run's live state while it is in memory. Takes commands from the registry, one batch at a
//! time: what arrives while a commit is under way is decided together afterwards. On a failed commit
//! the actor ends, and whatever it held goes back to where it came from; the next message loads the
//! run as it is stored. Never writes when it stops.

use super::care::Care;
use super::keys::Lookup;
use super::load::{LoadError, Loaded};
use super::registry::Registry;
use super::step::Flight;
use super::ticket::Ticket;
use attune_flow::run::Command;
use attune_port::AppendError;
use attune_template::{KeyRef, KeyValue};
use attune_types::{AttemptId, ExecutionStatus, RunId, Timestamp};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::AbortHandle;
use uuid::Uuid;

/// How long a command that only tells (an attempt started, a report) waits for company.
const LINGER: Duration = Duration::from_millis(200);
/// How long an actor waits before it gives its messages back when the store does not answer.
const STORE_AWAY: Duration = Duration::from_millis(500);
/// How long an actor keeps the messages for a run that only a newer version can read.
const NEWER_AWAY: Duration = Duration::from_secs(2);

/// What a run's actor is told.
pub(crate) enum RunMessage {
    /// A command, from wherever.
    Command {
        command: Command,
        /// The inbox row that holds it.
        inbox: Option<Uuid>,
        /// The message that brought it.
        ticket: Option<Ticket>,
    },
    /// There may be something to do.
    Look { ticket: Option<Ticket> },
    /// The commit under way is answered.
    Committed(super::Committed),
    /// The keys that a decision asked for.
    Looked(Vec<(KeyRef, KeyValue)>),
    /// A timer of this actor rang.
    Timer,
    /// Told commands have lingered long enough.
    Flush,
}

impl RunMessage {
    /// Pausing and going on again undo each other, and retrying or undoing a run may be asked for again
    /// after it failed, so an old message that is delivered again must not count: what decides is
    /// whether its row is still in the inbox.
    fn through_inbox(self) -> Self {
        match self {
            Self::Command {
                command:
                    Command::Pause { .. }
                    | Command::Resume { .. }
                    | Command::Retry { .. }
                    | Command::Compensate { .. },
                inbox: Some(_),
                ticket,
            } => Self::Look { ticket },
            other => other,
        }
    }
}

/// What this actor knows of the date in the run's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoredWake {
    /// It was written by somebody before.
    Unknown,
    /// It was written here.
    Known(Option<Timestamp>),
}

/// What a run's actor starts from.
pub(crate) struct RunArguments {
    pub(crate) run: RunId,
    pub(crate) shard: u16,
    pub(crate) epoch: u64,
    pub(crate) registry: Arc<Registry>,
}

/// A command that waits to be decided.
pub(crate) struct Waiting {
    pub(crate) command: Command,
    pub(crate) inbox: Option<Uuid>,
    pub(crate) ticket: Option<Ticket>,
    /// When it came, for a command that only tells: it is decided as of then.
    pub(crate) told_at: Option<Timestamp>,
}

impl Waiting {
    /// A command that came by itself or from the inbox.
    pub(crate) fn new(command: Command, inbox: Option<Uuid>) -> Self {
        Self {
            command,
            inbox,
            ticket: None,
            told_at: None,
        }
    }
}

/// The actor's state.
pub(crate) struct RunCell {
    pub(crate) run: RunId,
    pub(crate) shard: u16,
    pub(crate) epoch: u64,
    pub(crate) registry: Arc<Registry>,
    pub(crate) live: Option<Loaded>,
    pub(crate) queue: VecDeque<Waiting>,
    pub(crate) flight: Option<Flight>,
    pub(crate) care: Care,
    pub(crate) natives: HashMap<AttemptId, AbortHandle>,
    /// Keys that were looked up for the next step.
    pub(super) lookup: Lookup,
    pub(super) timer: Option<(Timestamp, AbortHandle)>,
    lingering: bool,
    /// The `wake_at` that the run's row holds, as far as this actor wrote it.
    pub(super) stored_wake: StoredWake,
    pub(super) busy_at: tokio::time::Instant,
    /// Out of the map: whatever still arrives goes to a new actor.
    pub(super) retired: bool,
}

/// The behaviour; all state is in [`RunCell`].
pub(crate) struct RunActor;

impl Actor for RunActor {
    type Msg = RunMessage;
    type State = RunCell;
    type Arguments = RunArguments;

    async fn pre_start(
        &self,
        _myself: ActorRef<RunMessage>,
        arguments: RunArguments,
    ) -> Result<RunCell, ActorProcessingErr> {
        Ok(RunCell {
            run: arguments.run,
            shard: arguments.shard,
            epoch: arguments.epoch,
            registry: arguments.registry,
            live: None,
            queue: VecDeque::new(),
            flight: None,
            care: Care::default(),
            natives: HashMap::new(),
            lookup: Lookup::default(),
            timer: None,
            lingering: false,
            stored_wake: StoredWake::Unknown,
            busy_at: tokio::time::Instant::now(),
            retired: false,
        })
    }

    async fn handle(
        &self,
        myself: ActorRef<RunMessage>,
        message: RunMessage,
        cell: &mut RunCell,
    ) -> Result<(), ActorProcessingErr> {
        if cell.retired {
            cell.forward(message);
            return Ok(());
        }
        let was_away = cell.live.is_none();
        if was_away && !cell.load(&myself).await {
            cell.queue.clear();
            return Ok(());
        }
        match message.through_inbox() {
            RunMessage::Command {
                command,
                inbox,
                ticket,
            } => {
                let tells = matches!(
                    command,
                    Command::AttemptStarted { .. } | Command::Reported { .. }
                );
                cell.queue.push_back(Waiting {
                    command,
                    inbox,
                    ticket,
                    told_at: tells.then(|| cell.registry.shared.deps.clock.now()),
                });
                if tells {
                    cell.linger(&myself);
                } else {
                    cell.step(&myself);
                }
            }
            RunMessage::Look { ticket } => {
                if let Some(ticket) = ticket {
                    ticket.done();
                }
                // The load has just read it.
                if !was_away {
                    cell.read_inbox().await;
                }
                cell.step(&myself);
            }
            RunMessage::Flush => {
                cell.lingering = false;
                cell.step(&myself);
            }
            RunMessage::Looked(keys) => {
                cell.lookup.found(keys);
                cell.step(&myself);
            }
            RunMessage::Timer => {
                cell.timer = None;
                cell.wake(&myself).await;
            }
            RunMessage::Committed(answer) => match answer {
                Ok(given) => cell.committed(&myself, given).await,
                Err(error) => cell.lost_commit(&myself, error).await,
            },
        }
        cell.rest_or_arm(&myself);
        Ok(())
    }

    async fn post_stop(
        &self,
        _myself: ActorRef<RunMessage>,
        cell: &mut RunCell,
    ) -> Result<(), ActorProcessingErr> {
        for (_, native) in cell.natives.drain() {
            native.abort();
        }
        if let Some((_, timer)) = cell.timer.take() {
            timer.abort();
        }
        Ok(())
    }
}

impl RunCell {
    /// Loads the run, and takes up what it owes. False: there is nothing to go on with, and the
    /// actor has retired.
    async fn load(&mut self, myself: &ActorRef<RunMessage>) -> bool {
        match self.registry.shared.loader.load(self.run).await {
            Ok(loaded) => {
                let fresh = loaded.state.status() == ExecutionStatus::Requested;
                let over = loaded.state.is_terminal();
                for stored in &loaded.inbox {
                    self.queue
                        .push_back(Waiting::new(stored.command.clone(), Some(stored.id)));
                }
                self.live = Some(loaded);
                if fresh {
                    self.queue.push_front(Waiting::new(Command::Begin, None));
                } else if !over {
                    self.take_up(myself).await;
                }
                true
            }
            Err(LoadError::Unknown(_)) => {
                tracing::warn!(run = %self.run, "a message named a run that does not exist");
                self.retire(myself);
                false
            }
            Err(LoadError::Transient(reason)) => {
                tracing::warn!(run = %self.run, reason, "the run could not be loaded now");
                tokio::time::sleep(STORE_AWAY).await;
                self.retire(myself);
                // What it owes may be known to nobody but its log: it is not left alone until it
                // could be read. Does nothing if the shard has moved.
                self.registry.look(self.run, None);
                false
            }
            Err(LoadError::Newer(reason)) => {
                tracing::error!(run = %self.run, reason, "the run is left to a newer executor; upgrade this one");
                tokio::time::sleep(NEWER_AWAY).await;
                // The sweep comes back to it: by then this may be another version.
                self.retire(myself);
                false
            }
            Err(LoadError::Corrupt(reason)) => {
                self.registry.quarantine(self.run, &reason).await;
                self.retire(myself);
                false
            }
        }
    }

    /// Commands may have been stored while their hints were lost; a load reads them, a live actor
    /// asks again.
    async fn read_inbox(&mut self) {
        let known = self
            .queue
            .iter()
            .filter_map(|waiting| waiting.inbox)
            .chain(self.flight.iter().flat_map(|flight| flight.inbox.clone()))
            .collect::<HashSet<_>>();
        match self.registry.shared.deps.stores.runs.inbox(self.run).await {
            Ok(stored) => {
                for command in stored {
                    if !known.contains(&command.id) {
                        self.queue
                            .push_back(Waiting::new(command.command, Some(command.id)));
                    }
                }
            }
            Err(error) => tracing::warn!(run = %self.run, %error, "the inbox could not be read"),
        }
    }

    /// Everything that is due by the clock.
    async fn wake(&mut self, myself: &ActorRef<RunMessage>) {
        let now = self.registry.shared.deps.clock.now();
        let due = self
            .live
            .as_ref()
            .and_then(|live| live.state.wake_at())
            .is_some_and(|at| at <= now);
        if due {
            self.queue.push_back(Waiting::new(Command::Wake, None));
        }
        if self.care.is_due(now) {
            self.look_after(now).await;
        }
        self.step(myself);
    }

    fn linger(&mut self, myself: &ActorRef<RunMessage>) {
        if !self.lingering {
            self.lingering = true;
            let myself = myself.clone();
            tokio::spawn(async move {
                tokio::time::sleep(LINGER).await;
                drop(myself.cast(RunMessage::Flush));
            });
        }
    }

    /// The commit did not happen, or nobody knows: what is held goes back, and the next message
    /// loads the run as it is stored.
    async fn lost_commit(&mut self, myself: &ActorRef<RunMessage>, error: AppendError) {
        if !matches!(error, AppendError::Store(_)) {
            self.registry.shared.deps.metrics.commits.conflicts.inc();
        }
        tracing::warn!(run = %self.run, %error, "the commit failed; the run is loaded again");
        let again = match &error {
            AppendError::Fenced { .. } => {
                // Until the loss of the shard is noticed here, its messages come back: slowly.
                tokio::time::sleep(STORE_AWAY).await;
                false
            }
            AppendError::Moved { .. } => true,
            AppendError::Store(attune_port::StoreError::Invalid(reason)) => {
                let reason = format!("its events cannot be stored: {reason}");
                self.registry.quarantine(self.run, &reason).await;
                false
            }
            AppendError::Store(_) => {
                tokio::time::sleep(STORE_AWAY).await;
                true
            }
        };
        self.flight = None;
        self.queue.clear();
        let (registry, run) = (Arc::clone(&self.registry), self.run);
        self.retire(myself);
        if again {
            registry.look(run, None);
        }
    }
}

/// A duration for arithmetic with timestamps.
pub(crate) fn signed(duration: Duration) -> jiff::SignedDuration {
    jiff::SignedDuration::try_from(duration).unwrap_or(jiff::SignedDuration::MAX)
}
