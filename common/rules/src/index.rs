//! Many rules, found by the trigger that they listen to.

use crate::compile::CompiledRule;
use crate::event::TriggerEvent;
use crate::explain::Verdict;
use attune_template::{Ambient, KeySet};
use attune_types::{Ref, canonical_json};
use std::collections::HashMap;

/// All rules of an installation.
#[derive(Clone, Debug, Default)]
pub struct RuleIndex {
    rules: HashMap<Ref, Vec<CompiledRule>>,
}

impl RuleIndex {
    /// Indexes the rules.
    pub fn new(rules: Vec<CompiledRule>) -> Self {
        let mut index = Self::default();
        for rule in rules {
            index
                .rules
                .entry(rule.rule().trigger.clone())
                .or_default()
                .push(rule);
        }
        index
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.rules.values().map(Vec::len).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rules that an event is meant for: those that listen to its trigger and, where the event was
    /// made for certain settings of it, have the same.
    pub fn listening(&self, event: &TriggerEvent) -> impl Iterator<Item = &CompiledRule> {
        let meant = event
            .trigger_parameters
            .as_ref()
            .map(|given| canonical_json(&given.clone().into()));
        self.rules
            .get(&event.trigger)
            .into_iter()
            .flatten()
            .filter(move |rule| {
                meant
                    .as_ref()
                    .is_none_or(|meant| rule.parameters() == meant)
            })
    }

    /// What every rule makes of an event that it is meant for, in the order in which they were given.
    /// A rule of another trigger, or with other settings of it, has nothing to do with the event and
    /// gives no verdict.
    pub fn evaluate(&self, event: &TriggerEvent, now: Ambient) -> Vec<Verdict> {
        let none = KeySet::closed([]);
        self.evaluate_with_keys(event, now, |_| none.clone())
    }

    /// As [`RuleIndex::evaluate`], with what each rule may see of the keys that it reads.
    pub fn evaluate_with_keys(
        &self,
        event: &TriggerEvent,
        now: Ambient,
        keys: impl Fn(&CompiledRule) -> KeySet,
    ) -> Vec<Verdict> {
        self.listening(event)
            .map(|rule| rule.decide(event, now, &keys(rule)))
            .collect()
    }
}
