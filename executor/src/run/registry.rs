//! Which runs are live here, and the way in to them.
//!
//! Owns the map from run to actor and from shard to lease epoch. Called by the shard consumers, the
//! pump and the performance of effects. An actor that stops, for whatever reason, leaves the map; the
//! next message makes a new one, which loads the run again.

use super::actor::{RunActor, RunArguments, RunMessage};
use super::load::Loader;
use super::perform::Performer;
use super::ticket::Ticket;
use crate::config::{Deps, ExecutorConfig};
use crate::live::Live;
use attune_flow::run::Command;
use attune_types::RunId;
use ractor::{ActorCell, ActorId, ActorRef, ActorRuntime};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use uuid::Uuid;

/// Panics of one run after which it is put aside.
const POISONOUS: u32 = 3;

/// What all actors of a process share.
pub(crate) struct Shared {
    pub(crate) deps: Deps,
    pub(crate) config: ExecutorConfig,
    pub(crate) shards: u16,
    pub(crate) loader: Loader,
    pub(crate) commits: super::Commits,
    pub(crate) performer: Performer,
    pub(crate) live: Live,
}

/// The live runs.
pub(crate) struct Registry {
    pub(crate) shared: Shared,
    supervisor: ActorCell,
    state: Mutex<State>,
    /// Actors hold the registry weakly, so that it goes when the service does.
    me: Weak<Registry>,
}

#[derive(Default)]
struct State {
    actors: HashMap<RunId, ActorRef<RunMessage>>,
    /// Whose actor each is, until its end was noted.
    runs: HashMap<ActorId, RunId>,
    epochs: HashMap<u16, u64>,
    panics: HashMap<RunId, u32>,
}

impl Registry {
    pub(crate) fn new(shared: Shared, supervisor: ActorCell) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            shared,
            supervisor,
            state: Mutex::default(),
            me: me.clone(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The map stays consistent whatever panicked while it was held: every change is one call.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The shard of a run.
    pub(crate) fn shard_of(&self, run: RunId) -> u16 {
        run.shard(self.shared.shards)
    }

    /// The epochs of the shards that are owned now.
    pub(crate) fn owned(&self) -> HashMap<u16, u64> {
        self.state().epochs.clone()
    }

    /// Whether the run's shard is owned here.
    pub(crate) fn owns(&self, run: RunId) -> bool {
        self.state().epochs.contains_key(&self.shard_of(run))
    }

    /// How many actors live.
    pub(crate) fn live_actors(&self) -> usize {
        self.state().actors.len()
    }

    /// Whether the run has an actor.
    pub(crate) fn is_live(&self, run: RunId) -> bool {
        self.state().actors.contains_key(&run)
    }

    /// Takes a shard over at an epoch.
    pub(crate) fn take(&self, shard: u16, epoch: u64) {
        self.state().epochs.insert(shard, epoch);
    }

    /// Gives a shard up: its actors stop after what they are at; what they write from then on is
    /// fenced by the store.
    pub(crate) fn give_up(&self, shard: u16) {
        let leaving: Vec<_> = {
            let mut state = self.state();
            state.epochs.remove(&shard);
            let runs: Vec<RunId> = state
                .actors
                .keys()
                .copied()
                .filter(|run| self.shard_of(*run) == shard)
                .collect();
            runs.into_iter()
                .filter_map(|run| state.actors.remove(&run))
                .collect()
        };
        for actor in leaving {
            actor.stop(Some("its shard moved to another executor".to_owned()));
        }
    }

    /// A command for a run of an owned shard. Answers false, and lets the ticket go back, if the
    /// shard is not owned here.
    pub(crate) fn command(
        &self,
        run: RunId,
        command: Command,
        inbox: Option<Uuid>,
        ticket: Option<Ticket>,
    ) -> bool {
        self.tell(
            run,
            RunMessage::Command {
                command,
                inbox,
                ticket,
            },
        )
    }

    /// Has a run of an owned shard looked at: loaded if it is not, begun if it has not, and woken.
    pub(crate) fn look(&self, run: RunId, ticket: Option<Ticket>) -> bool {
        self.tell(run, RunMessage::Look { ticket })
    }

    /// Sends a message to the run's actor, which is made if there is none.
    pub(crate) fn tell(&self, run: RunId, message: RunMessage) -> bool {
        let mut message = message;
        // Twice: an actor found in the map may be at its end.
        for _ in 0..2 {
            let Some(actor) = self.actor(run) else {
                return false;
            };
            match actor.cast(message) {
                Ok(()) => return true,
                Err(ractor::MessagingErr::SendErr(returned)) => {
                    self.left(run, actor.get_id());
                    message = returned;
                }
                Err(error) => {
                    tracing::warn!(%run, %error, "a message did not reach its run");
                    self.left(run, actor.get_id());
                    return false;
                }
            }
        }
        false
    }

    fn actor(&self, run: RunId) -> Option<ActorRef<RunMessage>> {
        let mut state = self.state();
        let epoch = *state.epochs.get(&self.shard_of(run))?;
        if let Some(actor) = state.actors.get(&run) {
            return Some(actor.clone());
        }
        let arguments = RunArguments {
            run,
            shard: self.shard_of(run),
            epoch,
            registry: self.me.upgrade()?,
        };
        let spawned =
            ActorRuntime::spawn_linked_instant(None, RunActor, arguments, self.supervisor.clone());
        match spawned {
            Ok((actor, _)) => {
                state.actors.insert(run, actor.clone());
                state.runs.insert(actor.get_id(), run);
                Some(actor)
            }
            Err(error) => {
                tracing::error!(%run, %error, "the run's actor could not be started");
                None
            }
        }
    }

    /// The actor with that id takes no more messages; the next one makes a new actor.
    pub(crate) fn left(&self, run: RunId, actor: ActorId) {
        let mut state = self.state();
        if state
            .actors
            .get(&run)
            .is_some_and(|it| it.get_id() == actor)
        {
            state.actors.remove(&run);
        }
    }

    /// An actor ended; called by the supervisor. Gives its run.
    pub(crate) fn ended(&self, actor: ActorId) -> Option<RunId> {
        let run = self.state().runs.remove(&actor)?;
        self.left(run, actor);
        Some(run)
    }

    /// A run panicked. After a few times it is put aside, so that it stops nothing but itself.
    pub(crate) async fn panicked(&self, run: RunId, what: &str) {
        let times = {
            let mut state = self.state();
            let times = state.panics.entry(run).or_default();
            *times += 1;
            *times
        };
        tracing::error!(%run, times, what, "the run's actor panicked");
        if times >= POISONOUS {
            let reason = format!("the engine panicked {times} times on this run: {what}");
            self.quarantine(run, &reason).await;
            self.state().panics.remove(&run);
        } else {
            // Nobody else may know that it has something to do.
            self.look(run, None);
        }
    }

    /// Puts a run aside for good, with the reason on its row.
    pub(crate) async fn quarantine(&self, run: RunId, reason: &str) {
        tracing::error!(%run, reason, "the run is put aside");
        if let Err(error) = self.shared.deps.stores.runs.quarantine(run, reason).await {
            tracing::error!(%run, %error, "the run could not be put aside; the sweep will meet it again");
        }
    }
}
