//! What the checker asks of the catalogue.
//!
//! Owns the trait and its implementations for maps. Implemented by the API over its catalogue and by
//! offline tools over the packs of a folder. Never fails: what is not known is none.

use crate::program::DefinitionLimits;
use crate::syntax::codes;
use attune_pack::{ActionDef, Schema, Sink, Span, TriggerDef};
use attune_types::Ref;
use std::collections::{BTreeMap, HashMap};

/// Where actions are looked up by reference.
pub trait ActionLookup {
    /// The action of that name; a workflow is one.
    fn action(&self, reference: &Ref) -> Option<ActionDef>;

    /// All references, for "did you mean".
    fn references(&self) -> Vec<Ref>;

    /// The configuration that a pack declares; none where that is not known.
    fn pack_config(&self, pack: &str) -> Option<Schema> {
        let _ = pack;
        None
    }

    /// Whether an action of that name exists whose file has errors: it may be called, and nothing is
    /// to be said about what it takes and gives beyond what [`ActionLookup::action`] tells.
    fn is_broken(&self, reference: &Ref) -> bool {
        let _ = reference;
        false
    }

    /// What a workflow gives that declares no output: the names of its `output_map`, where they are
    /// known. No other can be in its result.
    fn gives(&self, reference: &Ref) -> Option<Schema> {
        let _ = reference;
        None
    }

    /// The trigger of that name.
    fn trigger(&self, reference: &Ref) -> Option<TriggerDef> {
        let _ = reference;
        None
    }

    /// All triggers, for "did you mean"; none where triggers cannot be looked up, which then may have
    /// any name.
    fn triggers(&self) -> Option<Vec<Ref>> {
        None
    }

    /// What the installation allows of a definition.
    fn limits(&self) -> DefinitionLimits {
        DefinitionLimits::default()
    }
}

impl ActionLookup for BTreeMap<Ref, ActionDef> {
    fn action(&self, reference: &Ref) -> Option<ActionDef> {
        self.get(reference).cloned()
    }

    fn references(&self) -> Vec<Ref> {
        self.keys().cloned().collect()
    }
}

impl ActionLookup for HashMap<Ref, ActionDef> {
    fn action(&self, reference: &Ref) -> Option<ActionDef> {
        self.get(reference).cloned()
    }

    fn references(&self) -> Vec<Ref> {
        let mut known: Vec<Ref> = self.keys().cloned().collect();
        known.sort();
        known
    }
}

/// A pack being checked before the rest of the catalogue.
pub struct Layered<'a> {
    /// Looked up first.
    pub first: &'a dyn ActionLookup,
    /// Looked up where the first has none.
    pub then: &'a dyn ActionLookup,
}

impl ActionLookup for Layered<'_> {
    fn action(&self, reference: &Ref) -> Option<ActionDef> {
        self.first
            .action(reference)
            .or_else(|| self.then.action(reference))
    }

    fn references(&self) -> Vec<Ref> {
        let mut known = self.first.references();
        known.extend(self.then.references());
        known.sort();
        known.dedup();
        known
    }

    fn pack_config(&self, pack: &str) -> Option<Schema> {
        self.first
            .pack_config(pack)
            .or_else(|| self.then.pack_config(pack))
    }

    fn is_broken(&self, reference: &Ref) -> bool {
        self.first.is_broken(reference) || self.then.is_broken(reference)
    }

    fn gives(&self, reference: &Ref) -> Option<Schema> {
        match self.first.action(reference) {
            Some(_) => self.first.gives(reference),
            None => self.then.gives(reference),
        }
    }

    fn trigger(&self, reference: &Ref) -> Option<TriggerDef> {
        self.first
            .trigger(reference)
            .or_else(|| self.then.trigger(reference))
    }

    fn triggers(&self) -> Option<Vec<Ref>> {
        let mut known = self.first.triggers().unwrap_or_default();
        known.extend(self.then.triggers()?);
        Some(known)
    }

    fn limits(&self) -> DefinitionLimits {
        self.then.limits()
    }
}

/// The action of a reference that stands at `span`; an unknown one is reported. One whose own file
/// cannot be read is not known further, and that is reported there.
pub(super) fn known_action(
    reference: &Ref,
    span: Span,
    actions: &dyn ActionLookup,
    sink: &mut Sink,
) -> Option<ActionDef> {
    let found = actions.action(reference);
    if found.is_none() && !actions.is_broken(reference) {
        let all = actions.references();
        let help = attune_pack::suggest(reference.as_str(), all.iter().map(Ref::as_str))
            .map(|near| format!("did you mean `{near}`?"))
            .or_else(|| of_pack(reference, &all));
        let message = format!("there is no action `{reference}`");
        sink.error_with(codes::UNKNOWN_ACTION, span, message, help);
    }
    found
}

/// What the pack has, where it has little enough to be named.
fn of_pack(reference: &Ref, all: &[Ref]) -> Option<String> {
    let names: Vec<&str> = all
        .iter()
        .filter(|known| known.pack() == reference.pack())
        .map(Ref::as_str)
        .collect();
    match names.as_slice() {
        [] => Some(format!("no pack `{}` is known", reference.pack())),
        few if few.len() <= 10 => Some(format!("the pack has: {}", few.join(", "))),
        _ => None,
    }
}
