//! A stored run folded into its state, from its last snapshot on.
//!
//! Pure: whoever has read a run gives it here. Called by the executor, which goes on with it, and by the
//! API, which looks whether a run would take what it is asked. Failure: a [`FoldError`] says whether a
//! newer program wrote what is stored, or it is broken.

use attune_flow::run::{Event, RunState, evolve};
use attune_port::{Snapshot, StoredEvent, StoredRun};
use attune_types::Timestamp;

/// Version of the state's shape in snapshots; another one is ignored and the log is folded.
pub const SNAPSHOT_VERSION: u16 = 3;

/// A run as its log says.
#[derive(Debug)]
pub struct Folded {
    /// Where it stands.
    pub state: RunState,
    /// Its last event.
    pub seq: u64,
    /// When that was decided.
    pub last_at: Timestamp,
    /// Events since the snapshot.
    pub since_snapshot: u64,
}

/// Why a run could not be folded.
#[derive(Debug, thiserror::Error)]
pub enum FoldError {
    /// A newer version of this program wrote what is stored.
    #[error("{0}")]
    Newer(String),
    /// What is stored makes no sense.
    #[error("{0}")]
    Broken(String),
}

/// Whether the snapshot that a run came with, if any, is one that this program reads. If not, it has to
/// be dropped and the run read once more: its events before the snapshot were left out.
pub fn has_usable_snapshot(stored: &StoredRun) -> bool {
    stored
        .snapshot
        .as_ref()
        .is_none_or(|snapshot| usable(snapshot).is_some())
}

/// The state in a snapshot and its place in the log, if this version can read it.
fn usable(snapshot: &Snapshot) -> Option<(RunState, u64)> {
    if snapshot.version != SNAPSHOT_VERSION {
        return None;
    }
    let state = serde_json::from_value(snapshot.data.clone()).ok()?;
    Some((state, snapshot.seq))
}

/// Folds what was read.
///
/// # Errors
/// A [`FoldError`] names the event that could not be read.
pub fn fold_stored(stored: StoredRun) -> Result<Folded, FoldError> {
    let broken = |reason: String| FoldError::Broken(format!("run {}: {reason}", stored.run));
    let (mut state, mut seq) = match stored.snapshot.as_ref().and_then(usable) {
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
            return Err(broken(format!("event {} is missing", seq + 1)));
        }
        let event = attune_wire::decode_event(&kind, version, data).map_err(|error| {
            let said = format!("event {number}: {error}");
            if error.is_newer() {
                FoldError::Newer(format!("run {}: {said}", stored.run))
            } else {
                broken(said)
            }
        })?;
        state = Some(match (state.take(), event) {
            (None, Event::RunOpened { at, header }) => RunState::opened(*header, at),
            (None, _) => return Err(broken("its first event does not open it".to_owned())),
            (Some(state), event) => evolve(state, &event),
        });
        seq = number;
        last_at = at;
    }
    let state = state.ok_or_else(|| broken("it has no events".to_owned()))?;
    Ok(Folded {
        state,
        seq,
        last_at,
        since_snapshot: seq - from,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use attune_testkit::flow::{ProgramBuilder, header, worker};
    use attune_types::{JsonMap, RunId};
    use serde_json::json;

    /// A run with one more event than its opening.
    fn with(kind: &str, version: u16, data: serde_json::Value) -> FoldError {
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
        fold_stored(stored).err().unwrap()
    }

    #[test]
    fn events_of_a_newer_program_are_not_taken_for_broken_ones() {
        let paused = json!({"at": Timestamp::UNIX_EPOCH, "by": "ann"});
        for newer in [
            with("run_put_to_sleep", 1, json!({})),
            with("run_paused", 99, paused.clone()),
        ] {
            assert!(matches!(newer, FoldError::Newer(_)), "{newer}");
        }
        for broken in [
            with("run_paused", 0, paused),
            with("run_paused", 1, json!({"by": 7})),
            with("run_paused", 1, json!([])),
        ] {
            assert!(matches!(broken, FoldError::Broken(_)), "{broken}");
        }
    }
}
