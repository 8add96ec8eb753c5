//! What is known when a workflow is tried: Programs, actions, and the configuration of packs.
//!
//! Owns the lookup by reference. Filled by whoever read the packs; never reads files itself. What is
//! not in it is `None`, and the walk says so.

use attune_flow::check::CompiledPack;
use attune_flow::program::Program;
use attune_pack::{ActionDef, PackSource, Runner, Schema};
use attune_types::{JsonMap, Ref};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Programs and actions by reference.
#[derive(Clone, Debug, Default)]
pub struct Library {
    programs: BTreeMap<Ref, Arc<Program>>,
    actions: BTreeMap<Ref, ActionDef>,
    configs: BTreeMap<String, Schema>,
    broken: BTreeSet<Ref>,
}

impl Library {
    /// One that knows nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds actions, such as those of the built-in pack.
    pub fn add_actions(&mut self, actions: impl IntoIterator<Item = ActionDef>) {
        let named = actions.into_iter().map(|one| (one.reference.clone(), one));
        self.actions.extend(named);
    }

    /// Adds a pack with its checked workflows, in the place of one of the same name.
    pub fn add_pack(&mut self, source: &PackSource, compiled: CompiledPack) {
        let name = source.def.reference.as_str();
        self.programs.retain(|known, _| known.pack() != name);
        self.actions.retain(|known, _| known.pack() != name);
        self.broken.retain(|known| known.pack() != name);
        self.configs
            .insert(source.def.reference.clone(), source.def.config.clone());
        self.add_actions(compiled.actions);
        for program in compiled.programs {
            self.add_program(program);
        }
    }

    /// Adds one checked workflow.
    pub fn add_program(&mut self, program: Program) {
        self.programs
            .insert(program.reference.clone(), Arc::new(program));
    }

    /// Adds workflows whose files have errors, so that there is no Program.
    pub fn add_broken(&mut self, workflows: impl IntoIterator<Item = Ref>) {
        self.broken.extend(workflows);
    }

    /// Whether there is such a workflow, and its files have errors.
    pub fn is_broken(&self, reference: &Ref) -> bool {
        self.broken.contains(reference)
    }

    /// The Program of a workflow.
    pub fn workflow(&self, reference: &Ref) -> Option<Arc<Program>> {
        self.programs.get(reference).cloned()
    }

    /// The Program of a workflow or of a single action; none for a workflow that could not be read.
    pub(crate) fn program(&self, reference: &Ref) -> Option<Arc<Program>> {
        self.workflow(reference).or_else(|| {
            let action = self.actions.get(reference)?;
            (action.runner != Runner::Workflow)
                .then(|| Arc::new(Program::of_action(action, "0.0.0")))
        })
    }

    /// Every workflow, by reference.
    pub fn workflows(&self) -> impl Iterator<Item = &Arc<Program>> {
        self.programs.values()
    }

    /// An action; a workflow is one.
    pub fn action(&self, reference: &Ref) -> Option<&ActionDef> {
        self.actions.get(reference)
    }

    /// The references of all actions.
    pub(crate) fn references(&self) -> impl Iterator<Item = &str> {
        self.actions.keys().map(Ref::as_str)
    }

    /// The configuration that a pack declares.
    pub fn config(&self, pack: &str) -> Option<&Schema> {
        self.configs.get(pack)
    }

    /// A pack's configuration as it is when nobody sets anything.
    pub(crate) fn default_config(&self, pack: &str) -> JsonMap {
        self.configs
            .get(pack)
            .map(Schema::defaults)
            .unwrap_or_default()
    }
}
