//! Loading a run: snapshot and events folded into the live state. The same for the first start, after
//! a rest, and after a crash.

use crate::config::Deps;
use attune_batch::Batcher;
use attune_catalogue::{FoldError, ProgramError, Programs, fold_stored, has_usable_snapshot};
use attune_flow::program::Program;
use attune_flow::run::RunState;
use attune_port::{InboxCommand, RunStore, StoreError, StoredRun};
use attune_types::{RunId, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;

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

impl From<FoldError> for LoadError {
    fn from(error: FoldError) -> Self {
        match error {
            FoldError::Newer(reason) => Self::Newer(reason),
            FoldError::Broken(reason) => Self::Corrupt(reason),
        }
    }
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
        if !has_usable_snapshot(&stored) {
            // A cache of another version: its events were left out, so without it they are read from
            // the first.
            self.runs
                .drop_snapshots(&[run])
                .await
                .map_err(|error| LoadError::Transient(error.to_string()))?;
            stored = self.read(run).await?;
        }
        let inbox = std::mem::take(&mut stored.inbox);
        let folded = fold_stored(stored)?;
        Ok(Loaded {
            program,
            state: folded.state,
            seq: folded.seq,
            last_at: folded.last_at,
            since_snapshot: folded.since_snapshot,
            inbox,
        })
    }

    async fn read(&self, run: RunId) -> Result<StoredRun, LoadError> {
        self.batches
            .call(run)
            .await
            .unwrap_or_else(|| Err(LoadError::Transient("the loader gave no answer".to_owned())))
    }
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
