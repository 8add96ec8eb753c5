//! What the templates of a rule see: `event.*`, `pack.config.*` and plain keys.

use crate::event::TriggerEvent;
use crate::field::{MEMBERS, member};
use attune_template::{Ambient, Keys, Outcome, Root, Scope};
use attune_types::{JsonMap, JsonValue};
use std::borrow::Cow;

pub(crate) struct EventScope<'a> {
    pub(crate) event: &'a TriggerEvent,
    pub(crate) pack_config: &'a JsonMap,
    pub(crate) ambient: Ambient,
    pub(crate) keys: Keys,
}

impl Scope for EventScope<'_> {
    fn get(&self, root: Root, name: &str) -> Option<Cow<'_, JsonValue>> {
        match root {
            Root::Event => member(self.event, name),
            Root::PackConfig => self.pack_config.get(name).map(Cow::Borrowed),
            _ => None,
        }
    }

    fn names(&self, root: Root) -> Vec<String> {
        match root {
            Root::Event => MEMBERS
                .iter()
                .filter(|name| member(self.event, name).is_some())
                .map(|name| (*name).to_owned())
                .collect(),
            Root::PackConfig => self.pack_config.keys().cloned().collect(),
            _ => Vec::new(),
        }
    }

    fn outcome(&self) -> Option<Outcome<'_>> {
        None
    }

    fn ambient(&self) -> Ambient {
        self.ambient
    }

    fn keys(&self) -> Option<&Keys> {
        Some(&self.keys)
    }
}
