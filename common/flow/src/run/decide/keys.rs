//! The keys of a decision: what it may read, what it asks for, and what it leaves in the history.

use crate::program::Program;
use crate::run::secret::KeyRead;
use crate::run::{Event, Now, Rejection, RunState};
use attune_template::{KeyRef, KeySeen, KeySet, Keys};
use std::collections::BTreeSet;

/// The keys as the templates of a run see them.
pub(super) fn keys(state: &RunState, known: &KeySet, now: &Now) -> Keys {
    let nonce = state.about.secrets.as_ref();
    let nonce = nonce.map(|secrets| secrets.nonce.clone());
    let pack = state.header().action.pack();
    Keys::new(pack, known.clone(), nonce, now.entropy)
}

/// The decision with what it read put before it, or what it needs first.
pub(super) fn settled(
    program: &Program,
    state: &RunState,
    known: &KeySet,
    keys: &Keys,
    now: &Now,
    mut events: Vec<Event>,
) -> Result<Vec<Event>, Rejection> {
    let needs = keys.needs();
    if !needs.is_empty() {
        // What the Program names anywhere is asked for at once, so that one round is enough.
        let mut all: BTreeSet<KeyRef> = needs.into_iter().collect();
        let own = state.header().action.pack();
        all.extend(
            program
                .constant_keys(own)
                .into_iter()
                .filter(|key| known.get(key).is_none()),
        );
        return Err(Rejection::NeedsKeys {
            keys: all.into_iter().collect(),
        });
    }
    let read: Vec<KeyRead> = keys
        .reads()
        .into_iter()
        .filter(|(key, seen)| state.about.keys.get(&key.to_string()) != Some(seen))
        .map(|(key, seen)| KeyRead { key, seen })
        .collect();
    if !read.is_empty() && !events.is_empty() {
        let secret = read.iter().any(|read| read.seen == KeySeen::Secret);
        let event = Event::KeysRead {
            at: now.at,
            nonce: (secret && state.about.secrets.is_none()).then(|| keys.nonce().clone()),
            read,
        };
        events.insert(0, event);
    }
    Ok(events)
}
