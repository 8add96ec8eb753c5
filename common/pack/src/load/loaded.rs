//! A pack as far as it could be read, with all that was found on the way.
//!
//! Owns what the checks that follow need beside the definitions: where each stands, and which names
//! belong to files that could not be read. Made by [`super::read_folder`]; checked further by the flow
//! front end and by registration.

use super::PackSource;
use crate::catalogue::{ActionDef, PolicyDef, RuleDef};
use crate::diagnostic::Diagnostics;
use crate::sink::Sink;
use crate::yaml::{self, Node};
use attune_types::Ref;
use serde::Serialize;
use std::collections::BTreeSet;

/// A definition with where it stands.
#[derive(Clone, Debug)]
pub struct Placed<D> {
    /// None when it could not be read.
    pub def: Option<D>,
    /// The file as a tree.
    pub node: Node,
    /// For what is found in that file.
    pub sink: Sink,
}

/// A pack as far as it could be read.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What could be read. Where `found` has no errors it is the whole pack.
    pub source: PackSource,
    /// What was found.
    pub found: Diagnostics,
    /// Actions and workflows whose files have errors. Some of them are in `source` all the same.
    pub broken: BTreeSet<Ref>,
    /// Triggers whose files have errors.
    pub broken_triggers: BTreeSet<Ref>,
    /// Whether the pack's configuration could be read.
    pub config_is_known: bool,
    /// The actions with their places.
    pub actions: Vec<Placed<ActionDef>>,
    /// The rules with their places.
    pub rules: Vec<Placed<RuleDef>>,
    /// The policies with their places.
    pub policies: Vec<Placed<PolicyDef>>,
}

impl Loaded {
    /// The pack, if nothing is wrong with it.
    ///
    /// # Errors
    /// What was found, when one of it is an error.
    pub fn whole(self) -> Result<PackSource, Diagnostics> {
        self.found.or_ok(self.source)
    }
}

impl From<PackSource> for Loaded {
    /// A pack that was read before. What is found in its rules has places in their canonical text.
    fn from(source: PackSource) -> Self {
        Self {
            found: Diagnostics::new(),
            broken: BTreeSet::new(),
            broken_triggers: BTreeSet::new(),
            config_is_known: true,
            actions: placed("actions", &source.actions, |def| &def.reference),
            rules: placed("rules", &source.rules, |def| &def.reference),
            policies: placed("policies", &source.policies, |def| &def.reference),
            source,
        }
    }
}

fn placed<D: Clone + Serialize>(
    folder: &str,
    defs: &[D],
    reference: impl Fn(&D) -> &Ref,
) -> Vec<Placed<D>> {
    defs.iter()
        .map(|def| {
            let file = format!("{folder}/{}.yaml", reference(def).name());
            let text = serde_json::to_string_pretty(def).unwrap_or_default();
            let reading = yaml::read(&file, &text);
            Placed {
                def: Some(def.clone()),
                sink: Sink::new(&file, &text),
                node: reading.root.unwrap_or_else(Node::nothing),
            }
        })
        .collect()
}
