//! Loading a run: snapshot and events folded into the live state. The same for the first start, after
//! a rest, and after a crash.

use crate::config::Deps;
use attune_batch::Batcher;
use attune_catalogue::{ProgramError, Programs};
use attune_flow::program::Program;
use attune_flow::run::{Event, RunState, evolve};
use attune_port::{InboxCommand, StoreError, StoredEvent, StoredRun};
use attune_types::{RunId, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;

/// Version of the state's shape in snapshots; another one is ignored and the log is folded.
pub(crate) const SNAPSHOT_VERSION: u16 = 1;

/// Runs loaded by one query.
const MOST: usize = 256;

/// A run ready to go on.
pub(crate) struct Loaded {
    /// What it follows.
    pub(crate) program: Arc<Program>,
    /// Where it stands.
    pub(crate) state: RunState,
    /// Its last event.
    pub(crate) seq: u64,
    /// When that was decided.
    pub(crate) last_at: Timestamp,
    /// Events since the last snapshot.
    pub(crate) since_snapshot: u64,
    /// Commands that wait for it.
    pub(crate) inbox: Vec<InboxCommand>,
}

/// Why a run could not be loaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// There is no such run.
    #[error("there is no run {0}")]
    Unknown(RunId),
    /// The store did not answer; later it may.
    #[error("{0}")]
    Transient(String),
    /// What is stored cannot be folded; only a person can help.
    #[error("{0}")]
    Corrupt(String),
}

/// Loads runs, many by one query.
#[derive(Clone)]
pub(crate) struct Loader {
    batches: Batcher<RunId, Result<StoredRun, LoadError>>,
    programs: Programs,
}

impl Loader {
    pub(crate) fn start(deps: &Deps) -> Self {
        let runs = Arc::clone(&deps.stores.runs);
        let batches = Batcher::start(2, MOST, move |ids: Vec<RunId>| {
            let runs = Arc::clone(&runs);
            async move { answer(&ids, runs.load(&ids).await) }
        });
        Self {
            batches,
            programs: deps.programs.clone(),
        }
    }

    pub(crate) async fn load(&self, run: RunId) -> Result<Loaded, LoadError> {
        let stored =
            self.batches.call(run).await.unwrap_or_else(|| {
                Err(LoadError::Transient("the executor is stopping".to_owned()))
            })?;
        let program = self
            .programs
            .get(&stored.program)
            .await
            .map_err(program_error)?;
        fold(stored, program)
    }
}

fn answer(
    ids: &[RunId],
    loaded: Result<Vec<StoredRun>, StoreError>,
) -> Vec<Result<StoredRun, LoadError>> {
    match loaded {
        Ok(stored) => {
            let mut found: HashMap<RunId, StoredRun> =
                stored.into_iter().map(|run| (run.run, run)).collect();
            ids.iter()
                .map(|id| found.remove(id).ok_or(LoadError::Unknown(*id)))
                .collect()
        }
        Err(error) => ids
            .iter()
            .map(|_| {
                Err(match &error {
                    StoreError::Corrupt(reason) => LoadError::Corrupt(reason.clone()),
                    other => LoadError::Transient(other.to_string()),
                })
            })
            .collect(),
    }
}

fn program_error(error: ProgramError) -> LoadError {
    if error.is_transient() {
        LoadError::Transient(error.to_string())
    } else {
        LoadError::Corrupt(error.to_string())
    }
}

fn fold(stored: StoredRun, program: Arc<Program>) -> Result<Loaded, LoadError> {
    let corrupt = |reason: String| LoadError::Corrupt(format!("run {}: {reason}", stored.run));
    let snapshot = stored.snapshot.as_ref().and_then(|snapshot| {
        (snapshot.version == SNAPSHOT_VERSION)
            .then(|| serde_json::from_value::<RunState>(snapshot.data.clone()).ok())
            .flatten()
            .map(|state| (state, snapshot.seq))
    });
    let (mut state, mut seq) = match snapshot {
        Some((state, seq)) => (Some(state), seq),
        None => (None, 0),
    };
    let from = seq;
    let mut last_at = Timestamp::UNIX_EPOCH;
    for StoredEvent {
        seq: number,
        at,
        kind,
        version,
        data,
    } in stored.events
    {
        if number != seq + 1 {
            return Err(corrupt(format!("event {} is missing", seq + 1)));
        }
        let event = attune_wire::decode_event(&kind, version, data)
            .map_err(|error| corrupt(format!("event {number}: {error}")))?;
        state = Some(match (state.take(), event) {
            (None, Event::RunOpened { at, header }) => RunState::opened(*header, at),
            (None, _) => return Err(corrupt("its first event does not open it".to_owned())),
            (Some(state), event) => evolve(state, &event),
        });
        seq = number;
        last_at = at;
    }
    let state = state.ok_or_else(|| corrupt("it has no events".to_owned()))?;
    Ok(Loaded {
        program,
        state,
        seq,
        last_at,
        since_snapshot: seq - from,
        inbox: stored.inbox,
    })
}
