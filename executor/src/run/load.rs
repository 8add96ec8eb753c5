//! Loading a run: snapshot and events folded into the live state. The same for the first start, after
//! a rest, and after a crash.

use crate::config::Deps;
use attune_batch::Batcher;
use attune_catalogue::{ProgramError, Programs};
use attune_flow::program::Program;
use attune_flow::run::{Event, RunState, evolve};
use attune_port::{InboxCommand, RunStore, Snapshot, StoreError, StoredEvent, StoredRun};
use attune_types::{RunId, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;

/// Version of the state's shape in snapshots; another one is ignored and the log is folded.
pub(crate) const SNAPSHOT_VERSION: u16 = 3;

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
    /// A newer version of this program wrote what is stored: it is left to one that can read it.
    #[error("{0}")]
    Newer(String),
    /// What is stored cannot be folded; only a person can help.
    #[error("{0}")]
    Corrupt(String),
}

/// Loads runs, many by one query.
#[derive(Clone)]
pub(crate) struct Loader {
    runs: Arc<dyn RunStore>,
    batches: Batcher<RunId, Result<StoredRun, LoadError>>,
    programs: Programs,
}

impl Loader {
    pub(crate) fn start(deps: &Deps) -> Self {
        let runs = Arc::clone(&deps.stores.runs);
        let batches = Batcher::start(2, MOST, move |ids: Vec<RunId>| {
            let runs = Arc::clone(&runs);
            async move { read(&*runs, &ids).await }
        });
        Self {
            runs: Arc::clone(&deps.stores.runs),
            batches,
            programs: deps.programs.clone(),
        }
    }

    pub(crate) async fn load(&self, run: RunId) -> Result<Loaded, LoadError> {
        let mut stored = self.read(run).await?;
        let program = self
            .programs
            .get(&stored.program)
            .await
            .map_err(program_error)?;
        let mut from = None;
        if let Some(snapshot) = &stored.snapshot {
            from = usable(snapshot);
            if from.is_none() {
                // A cache of another version: its events were left out, so without it they are
                // read from the first.
                self.runs
                    .drop_snapshots(&[run])
                    .await
                    .map_err(|error| LoadError::Transient(error.to_string()))?;
                stored = self.read(run).await?;
            }
        }
        fold(stored, from, program)
    }

    async fn read(&self, run: RunId) -> Result<StoredRun, LoadError> {
        self.batches
            .call(run)
            .await
            .unwrap_or_else(|| Err(LoadError::Transient("the loader gave no answer".to_owned())))
    }
}

/// The state in a snapshot and its place in the log, if this version can read it.
fn usable(snapshot: &Snapshot) -> Option<(RunState, u64)> {
    if snapshot.version != SNAPSHOT_VERSION {
        return None;
    }
    let state = serde_json::from_value(snapshot.data.clone()).ok()?;
    Some((state, snapshot.seq))
}

/// Reads many at once. A row that cannot be read says nothing of the others: they are read one by
/// one then.
async fn read(runs: &dyn RunStore, ids: &[RunId]) -> Vec<Result<StoredRun, LoadError>> {
    let loaded = runs.load(ids).await;
    if !matches!(loaded, Err(StoreError::Corrupt(_))) || ids.len() == 1 {
        return answer(ids, loaded);
    }
    let mut answers = Vec::with_capacity(ids.len());
    for id in ids {
        answers.extend(answer(&[*id], runs.load(&[*id]).await));
    }
    answers
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
    let said = error.to_string();
    match error {
        _ if error.is_transient() => LoadError::Transient(said),
        ProgramError::Unusable { newer: true, .. } => LoadError::Newer(said),
        _ => LoadError::Corrupt(said),
    }
}

fn fold(
    stored: StoredRun,
    snapshot: Option<(RunState, u64)>,
    program: Arc<Program>,
) -> Result<Loaded, LoadError> {
    let corrupt = |reason: String| LoadError::Corrupt(format!("run {}: {reason}", stored.run));
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
        let event = attune_wire::decode_event(&kind, version, data).map_err(|error| {
            let said = format!("event {number}: {error}");
            if error.is_newer() {
                LoadError::Newer(format!("run {}: {said}", stored.run))
            } else {
                corrupt(said)
            }
        })?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use attune_testkit::flow::{ProgramBuilder, header, worker};
    use attune_types::{JsonMap, RunId};
    use serde_json::json;

    /// A run with one more event than its opening.
    fn with(kind: &str, version: u16, data: serde_json::Value) -> LoadError {
        let program = ProgramBuilder::new(vec![worker("a")]).build();
        let header = Box::new(header(&program, JsonMap::new()));
        let at = Timestamp::UNIX_EPOCH;
        let opened = Event::RunOpened { at, header };
        let (name, number, content) = attune_wire::encode_event(&opened);
        let event = |seq, kind: &str, version, data| StoredEvent {
            seq,
            at,
            kind: kind.to_owned(),
            version,
            data,
        };
        let stored = StoredRun {
            run: RunId(uuid::Uuid::nil()),
            shard: 0,
            program: program.hash.clone(),
            snapshot: None,
            events: vec![
                event(1, name, number, content),
                event(2, kind, version, data),
            ],
            inbox: Vec::new(),
        };
        fold(stored, None, Arc::new(program)).err().unwrap()
    }

    #[test]
    fn events_of_a_newer_program_are_not_taken_for_broken_ones() {
        let paused = json!({"at": Timestamp::UNIX_EPOCH, "by": "ann"});
        for newer in [
            with("run_put_to_sleep", 1, json!({})),
            with("run_paused", 99, paused.clone()),
        ] {
            assert!(matches!(newer, LoadError::Newer(_)), "{newer}");
        }
        for broken in [
            with("run_paused", 0, paused),
            with("run_paused", 1, json!({"by": 7})),
            with("run_paused", 1, json!([])),
        ] {
            assert!(matches!(broken, LoadError::Corrupt(_)), "{broken}");
        }
    }
}
