//! All files of a pack at once: its workflows, which may call each other, its rules, its conditions.
//!
//! Owns the order: outlines first, so that the catalogue is whole, then every Program, then what the
//! other files say in expressions. Called when a pack is registered and by offline tools. All errors of
//! all files come at once; what is said of a file that cannot be read is said there and nowhere else.

use super::lookup::ActionLookup;
use super::{
    Compiled, Layered, compile, compile_graph, described, elsewhere, matches_file, outline,
};
use crate::program::{DefinitionLimits, Program};
use crate::syntax::{self, Form, ast};
use attune_pack::{
    ActionDef, Diagnostic, Diagnostics, Loaded, PackSource, Runner, Schema, SourceFile, TriggerDef,
};
use attune_types::{JsonMap, JsonValue, Ref};
use std::collections::{BTreeMap, BTreeSet};

/// What a pack adds to the catalogue.
#[derive(Clone, Debug)]
pub struct CompiledPack {
    /// All its actions, workflows included.
    pub actions: Vec<ActionDef>,
    /// The Programs of its workflows.
    pub programs: Vec<Program>,
    /// What is accepted but probably not meant.
    pub warnings: Vec<Diagnostic>,
}

/// What was found in a pack, and what is right in it.
#[derive(Clone, Debug)]
pub struct CheckedPack {
    /// What could be compiled: without errors all of it, else the workflows whose own files are right.
    pub right: CompiledPack,
    /// Everything that was found in any of its files, warnings too.
    pub found: Diagnostics,
}

impl CheckedPack {
    /// What the pack adds to the catalogue, if nothing is wrong with it.
    ///
    /// # Errors
    /// What was found, when one of it is an error.
    pub fn whole(self) -> Result<CompiledPack, Diagnostics> {
        self.found.or_ok(self.right)
    }
}

/// The actions of a pack, workflows included, without a look at what they call.
///
/// # Errors
/// What is wrong with the form of its workflows.
pub fn outlines(pack: &PackSource) -> Result<Vec<ActionDef>, Diagnostics> {
    let mut found = Diagnostics::new();
    let mut actions = pack.actions.clone();
    for file in pack.workflows.iter().filter(|file| file.action.is_none()) {
        match outline(&file.path, &file.text) {
            Ok(action) => actions.push(action),
            Err(errors) => found.extend(errors),
        }
    }
    found.or_ok(actions)
}

/// The actions of a pack, workflows included, as far as they can be read, and the names of those whose
/// files have errors.
pub fn known_actions(loaded: &Loaded) -> (BTreeMap<Ref, ActionDef>, BTreeSet<Ref>) {
    let own = OwnActions::of(loaded);
    (own.actions, own.broken)
}

/// Checks all workflows and rules of a pack that was read without errors.
///
/// # Errors
/// All that is wrong in any of them.
pub fn compile_pack(
    pack: &PackSource,
    catalogue: &dyn ActionLookup,
) -> Result<CompiledPack, Diagnostics> {
    check_pack(&Loaded::from(pack.clone()), catalogue).whole()
}

/// Checks everything that a pack holds against each other and the rest of the catalogue, whether or not
/// all of it could be read.
pub fn check_pack(loaded: &Loaded, catalogue: &dyn ActionLookup) -> CheckedPack {
    let own = OwnActions::of(loaded);
    let actions = Layered {
        first: &own,
        then: catalogue,
    };
    let mut found = loaded.found.clone();
    let mut compiled = Vec::new();
    for file in &loaded.source.workflows {
        match own.workflow(file, &actions) {
            Ok(one) => {
                found.0.extend(one.warnings.iter().cloned());
                // It may be named like another, or belong to an action that is not right.
                let is_broken = own.broken.contains(&one.action.reference);
                let read = |error: &Diagnostic| error.is_error() && error.file == file.path;
                if !is_broken && !loaded.found.iter().any(read) {
                    compiled.push(one);
                }
            }
            Err(errors) => found.extend(errors),
        }
    }
    elsewhere::check(loaded, &actions, &mut found);
    found.sort();
    let warnings: Vec<Diagnostic> = found
        .iter()
        .filter(|one| !one.is_error())
        .cloned()
        .collect();
    let right = assemble(own.actions, compiled, warnings);
    CheckedPack { right, found }
}

fn assemble(
    mut actions: BTreeMap<Ref, ActionDef>,
    compiled: Vec<Compiled>,
    warnings: Vec<Diagnostic>,
) -> CompiledPack {
    let mut programs = Vec::new();
    for one in compiled {
        actions.insert(one.action.reference.clone(), one.action);
        programs.push(one.program);
    }
    CompiledPack {
        actions: actions.into_values().collect(),
        programs,
        warnings,
    }
}

/// The pack being checked, as a catalogue.
struct OwnActions<'a> {
    loaded: &'a Loaded,
    actions: BTreeMap<Ref, ActionDef>,
    broken: BTreeSet<Ref>,
    /// Of workflows that declare no output: what their `output_map` makes.
    gives: BTreeMap<Ref, Schema>,
}

impl<'a> OwnActions<'a> {
    /// The actions, and of the workflows what they take and give, as far as that can be read.
    fn of(loaded: &'a Loaded) -> Self {
        let mut own = Self {
            loaded,
            actions: BTreeMap::new(),
            broken: loaded.broken.clone(),
            gives: BTreeMap::new(),
        };
        for action in &loaded.source.actions {
            own.actions.insert(action.reference.clone(), action.clone());
        }
        let workflows = &loaded.source.workflows;
        for file in workflows.iter().filter(|file| file.action.is_none()) {
            own.outline(file);
        }
        own
    }

    fn outline(&mut self, file: &SourceFile) {
        // What is wrong with the form is said with everything else, by the workflow's own check.
        let none = DefinitionLimits::NONE;
        let Ok(mut parsed) = syntax::parse_within(&file.path, &file.text, Form::Whole, none) else {
            return;
        };
        matches_file(&parsed.workflow, &file.path, &mut parsed.sink);
        let named = parsed.workflow.reference.is_some();
        let Some(action) = described(&parsed.workflow).filter(|_| named) else {
            return;
        };
        if parsed.sink.has_errors() {
            self.broken.insert(action.reference.clone());
        } else if let Some(made) = made(&parsed.workflow) {
            self.gives.insert(action.reference.clone(), made);
        }
        self.actions
            .entry(action.reference.clone())
            .or_insert(action);
    }

    /// Checks one workflow file.
    fn workflow(
        &self,
        file: &SourceFile,
        actions: &dyn ActionLookup,
    ) -> Result<Compiled, Diagnostics> {
        let Some(owner) = &file.action else {
            return compile(&file.path, &file.text, actions);
        };
        let version = &self.loaded.source.def.version;
        match self.actions.get(owner) {
            Some(action) => compile_graph(action, version, &file.path, &file.text, actions),
            None => {
                let mut unread = ActionDef::new(owner.clone(), Runner::Workflow);
                unread.parameters = Schema::any();
                compile_graph(&unread, version, &file.path, &file.text, actions)
            }
        }
    }
}

/// A schema of the names in `output_map`, for a workflow that has no `output`.
fn made(workflow: &ast::Workflow) -> Option<Schema> {
    let entries = workflow.output_map.as_ref()?;
    if workflow.output.is_some() {
        return None;
    }
    let any = || JsonValue::Object(JsonMap::new());
    let fields = entries
        .iter()
        .map(|entry| (entry.name.value.clone(), any()));
    Schema::from_json(serde_json::json!({
        "type": "object",
        "properties": fields.collect::<JsonMap>(),
        "additionalProperties": false,
    }))
    .ok()
}

impl ActionLookup for OwnActions<'_> {
    fn action(&self, reference: &Ref) -> Option<ActionDef> {
        self.actions.get(reference).cloned()
    }

    fn references(&self) -> Vec<Ref> {
        self.actions.keys().chain(&self.broken).cloned().collect()
    }

    fn pack_config(&self, pack: &str) -> Option<Schema> {
        let known = self.loaded.config_is_known;
        let config = || {
            if known {
                self.loaded.source.def.config.clone()
            } else {
                Schema::any()
            }
        };
        (pack == self.loaded.source.def.reference).then(config)
    }

    fn is_broken(&self, reference: &Ref) -> bool {
        self.broken.contains(reference)
    }

    fn gives(&self, reference: &Ref) -> Option<Schema> {
        self.gives.get(reference).cloned()
    }

    fn trigger(&self, reference: &Ref) -> Option<TriggerDef> {
        let own = self.loaded.source.triggers.iter();
        own.into_iter()
            .find(|trigger| trigger.reference == *reference)
            .cloned()
    }

    fn triggers(&self) -> Option<Vec<Ref>> {
        let own = self.loaded.source.triggers.iter();
        Some(own.map(|trigger| trigger.reference.clone()).collect())
    }
}
