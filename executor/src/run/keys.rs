//! Looking up the keys that a decision asks for.
//!
//! Owns the rounds of it: the core says what it needs, the store is asked once for all of that, and
//! the same command is decided again. What was looked up serves that step only, so that the next one
//! sees values as they are then. Failure: while the store is away the command waits; a decision that
//! still asks after many rounds is refused the rest.

use super::actor::{RunCell, RunMessage};
use attune_catalogue::KeyRows;
use attune_template::{KeyRef, KeySet, KeyValue};
use ractor::ActorRef;
use std::sync::Arc;
use std::time::Duration;

/// Rounds of one decision. One is enough for keys that are named by literal texts; names that are made
/// of the values of other keys take one more each.
const MOST_ROUNDS: u32 = 256;
/// Between two tries while the store does not answer.
const STORE_AWAY: Duration = Duration::from_millis(500);

/// Keys looked up for the next step.
#[derive(Default)]
pub(super) struct Lookup {
    known: KeySet,
    rounds: u32,
    /// Whether an answer is under way.
    pub(super) under_way: bool,
}

impl Lookup {
    /// What the step may decide with.
    pub(super) fn known(&self) -> KeySet {
        self.known.clone()
    }

    /// The step needed nothing more: the next one looks anew.
    pub(super) fn done(&mut self) {
        *self = Self::default();
    }

    /// The answer.
    pub(super) fn found(&mut self, keys: Vec<(KeyRef, KeyValue)>) {
        self.known.extend(keys);
        self.under_way = false;
    }
}

impl RunCell {
    /// Has keys looked up; the actor is told when they are there.
    pub(super) fn look_up(&mut self, myself: &ActorRef<RunMessage>, keys: Vec<KeyRef>) {
        let Some(live) = &self.live else { return };
        self.lookup.under_way = true;
        self.lookup.rounds += 1;
        if self.lookup.rounds > MOST_ROUNDS {
            let reason = format!(
                "one step reads keys that depend on each other more than {MOST_ROUNDS} deep"
            );
            let refused = keys
                .into_iter()
                .map(|key| (key, KeyValue::Refused(reason.clone())))
                .collect();
            drop(myself.cast(RunMessage::Looked(refused)));
            return;
        }
        let store = Arc::clone(&self.registry.shared.deps.stores.keys);
        let pack = live.state.header().action.pack().to_owned();
        let (run, myself) = (self.run, myself.clone());
        tokio::spawn(async move {
            let found = loop {
                match KeyRows::read(&*store, &keys).await {
                    Ok(rows) => break rows.seen_by(&pack, &keys).collect(),
                    Err(error) if error.is_transient() => {
                        tracing::warn!(%run, %error, "keys cannot be looked up now; the run waits");
                        tokio::time::sleep(STORE_AWAY).await;
                    }
                    Err(error) => {
                        tracing::error!(%run, %error, "keys cannot be looked up");
                        let reason = "the stored keys cannot be read".to_owned();
                        let refused = |key| (key, KeyValue::Refused(reason.clone()));
                        break keys.into_iter().map(refused).collect();
                    }
                }
                if myself.get_status() == ractor::ActorStatus::Stopped {
                    return;
                }
            };
            drop(myself.cast(RunMessage::Looked(found)));
        });
    }
}
