//! What the packs of an offline command offer to each other.
//!
//! Owns the catalogue that stands in for the server's: actions, triggers and configurations of all
//! packs that were read, and of the built-in one. Pure lookup; filled by the shelf.

use crate::error::{CliError, Result};
use attune_flow::check::{ActionLookup, known_actions};
use attune_pack::{ActionDef, Loaded, Schema, TriggerDef, core_pack};
use attune_types::Ref;
use std::collections::{BTreeMap, BTreeSet};

/// What is known in packs that were read, whether or not all of them are right.
#[derive(Debug, Default)]
pub(super) struct Known {
    actions: BTreeMap<Ref, ActionDef>,
    broken: BTreeSet<Ref>,
    triggers: BTreeMap<Ref, TriggerDef>,
    configs: BTreeMap<String, Schema>,
}

impl Known {
    /// The built-in pack and these; of two with the same name the later one is taken.
    ///
    /// # Errors
    /// If the built-in pack is not right, which would be a defect of this program.
    pub(super) fn of<'a>(packs: impl IntoIterator<Item = &'a Loaded>) -> Result<Self> {
        let mut known = Self::default();
        let core = core_pack().map(Loaded::from);
        let core = core.map_err(|found| CliError::Service(format!("the built-in pack:\n{found}")));
        known.add(&core?);
        packs.into_iter().for_each(|pack| known.add(pack));
        Ok(known)
    }

    fn add(&mut self, loaded: &Loaded) {
        let pack = &loaded.source;
        let name = &pack.def.reference;
        if self.configs.contains_key(name) {
            self.actions.retain(|known, _| known.pack() != name);
            self.broken.retain(|known| known.pack() != name);
            self.triggers.retain(|known, _| known.pack() != name);
        }
        let (actions, broken) = known_actions(loaded);
        self.actions.extend(actions);
        self.broken.extend(broken);
        let triggers = pack.triggers.iter();
        self.triggers
            .extend(triggers.map(|trigger| (trigger.reference.clone(), trigger.clone())));
        self.configs.insert(name.clone(), pack.def.config.clone());
    }
}

impl ActionLookup for Known {
    fn action(&self, reference: &Ref) -> Option<ActionDef> {
        self.actions.get(reference).cloned()
    }

    fn references(&self) -> Vec<Ref> {
        self.actions.keys().cloned().collect()
    }

    fn pack_config(&self, pack: &str) -> Option<Schema> {
        self.configs.get(pack).cloned()
    }

    fn is_broken(&self, reference: &Ref) -> bool {
        self.broken.contains(reference)
    }

    fn trigger(&self, reference: &Ref) -> Option<TriggerDef> {
        self.triggers.get(reference).cloned()
    }

    fn triggers(&self) -> Option<Vec<Ref>> {
        Some(self.triggers.keys().cloned().collect())
    }
}

/// The same without one pack, which is being checked and knows itself.
pub(super) struct Others<'a> {
    known: &'a Known,
    pack: &'a str,
}

impl<'a> Others<'a> {
    /// What is known to that pack.
    pub(super) fn of(known: &'a Known, pack: &'a Loaded) -> Self {
        Self {
            known,
            pack: &pack.source.def.reference,
        }
    }

    fn is_other(&self, reference: &Ref) -> bool {
        reference.pack() != self.pack
    }
}

impl ActionLookup for Others<'_> {
    fn action(&self, reference: &Ref) -> Option<ActionDef> {
        let known = || self.known.action(reference);
        self.is_other(reference).then(known).flatten()
    }

    fn references(&self) -> Vec<Ref> {
        let mut all = self.known.references();
        all.retain(|reference| self.is_other(reference));
        all
    }

    fn pack_config(&self, pack: &str) -> Option<Schema> {
        let known = || self.known.pack_config(pack);
        (pack != self.pack).then(known).flatten()
    }

    fn is_broken(&self, reference: &Ref) -> bool {
        self.is_other(reference) && self.known.is_broken(reference)
    }

    fn trigger(&self, reference: &Ref) -> Option<TriggerDef> {
        let known = || self.known.trigger(reference);
        self.is_other(reference).then(known).flatten()
    }

    fn triggers(&self) -> Option<Vec<Ref>> {
        let mut all = self.known.triggers()?;
        all.retain(|reference| self.is_other(reference));
        Some(all)
    }
}
