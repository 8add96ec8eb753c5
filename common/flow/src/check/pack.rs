//! All workflows of a pack at once, each of which may call the others.
//!
//! Owns the order: outlines first, so that the catalogue is whole, then every Program. Called when a
//! pack is registered and by offline tools. All errors of all files come at once.

use super::{ActionLookup, Compiled, Layered, compile, compile_graph, outline};
use crate::program::Program;
use attune_pack::{ActionDef, Diagnostic, Diagnostics, PackSource, Schema};
use attune_types::Ref;
use std::collections::BTreeMap;

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

/// Checks all workflows of a pack against each other, the pack's actions and the rest of the
/// catalogue.
///
/// # Errors
/// All that is wrong in any of its workflows.
pub fn compile_pack(
    pack: &PackSource,
    catalogue: &dyn ActionLookup,
) -> Result<CompiledPack, Diagnostics> {
    let mut own = OwnActions {
        pack,
        actions: by_reference(pack.actions.clone()),
    };
    for file in pack.workflows.iter().filter(|file| file.action.is_none()) {
        // What is wrong with a form is said below, with everything else.
        if let Ok(action) = outline(&file.path, &file.text) {
            own.actions.insert(action.reference.clone(), action);
        }
    }
    let actions = Layered {
        first: &own,
        then: catalogue,
    };
    let mut found = Diagnostics::new();
    let mut compiled = Vec::new();
    for file in &pack.workflows {
        let result = match file
            .action
            .as_ref()
            .and_then(|action| own.actions.get(action))
        {
            Some(action) => {
                let version = &pack.def.version;
                compile_graph(action, version, &file.path, &file.text, &actions)
            }
            None => compile(&file.path, &file.text, &actions),
        };
        match result {
            Ok(one) => compiled.push(one),
            Err(errors) => found.extend(errors),
        }
    }
    found.or_ok(())?;
    Ok(assemble(own.actions, compiled))
}

fn assemble(mut actions: BTreeMap<Ref, ActionDef>, compiled: Vec<Compiled>) -> CompiledPack {
    let mut programs = Vec::new();
    let mut warnings = Vec::new();
    for one in compiled {
        actions.insert(one.action.reference.clone(), one.action);
        programs.push(one.program);
        warnings.extend(one.warnings);
    }
    CompiledPack {
        actions: actions.into_values().collect(),
        programs,
        warnings,
    }
}

fn by_reference(actions: Vec<ActionDef>) -> BTreeMap<Ref, ActionDef> {
    actions
        .into_iter()
        .map(|action| (action.reference.clone(), action))
        .collect()
}

/// The pack being checked, as a catalogue.
struct OwnActions<'a> {
    pack: &'a PackSource,
    actions: BTreeMap<Ref, ActionDef>,
}

impl ActionLookup for OwnActions<'_> {
    fn action(&self, reference: &Ref) -> Option<ActionDef> {
        self.actions.get(reference).cloned()
    }

    fn references(&self) -> Vec<Ref> {
        self.actions.keys().cloned().collect()
    }

    fn pack_config(&self, pack: &str) -> Option<Schema> {
        (pack == self.pack.def.reference).then(|| self.pack.def.config.clone())
    }
}
