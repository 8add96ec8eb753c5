//! What only shows when the files of a pack are compared with each other and with the folder.
//!
//! Owns the order of these checks, and: entry points exist inside the folder, rules name things that
//! are there and set triggers rightly. References into other packs are checked against the catalogue,
//! by the flow front end. Findings go to the sink of the file.

use super::files::Files;
use super::names::{
    agreed, all_named, belongs, broken, meant, ref_at, ref_in, reference, stem, twice,
};
use super::{Placed, SourceFile, source};
use crate::catalogue::{ActionDef, PolicyDef, RuleDef, Runner, SensorDef, TriggerDef};
use crate::core_pack::core_pack;
use crate::diagnostic::Span;
use crate::schedule;
use crate::sink::{Sink, did_you_mean};
use crate::yaml::{self, Node};
use attune_types::Ref;
use std::collections::{BTreeMap, BTreeSet};

/// A workflow file, as far as the pack looks into it.
#[derive(Clone)]
pub(super) struct Workflow {
    pub(super) file: SourceFile,
    /// Its `ref`, if it has one that can be read.
    reference: Option<Ref>,
}

/// The parts of one pack, side by side.
pub(super) struct Pack<'p> {
    /// None where `pack.yaml` does not tell.
    pub(super) name: Option<String>,
    /// What all files say where they agree on another name than `pack.yaml` has, and how many they are.
    pub(super) agreed: Option<(String, usize)>,
    pub(super) files: &'p Files,
    pub(super) actions: Vec<Placed<ActionDef>>,
    pub(super) triggers: Vec<Placed<TriggerDef>>,
    pub(super) sensors: Vec<Placed<SensorDef>>,
    pub(super) rules: Vec<Placed<RuleDef>>,
    pub(super) policies: Vec<Placed<PolicyDef>>,
    pub(super) workflows: Vec<Placed<Workflow>>,
    /// What the files define that have errors.
    pub(super) broken: BTreeSet<Ref>,
    pub(super) broken_triggers: BTreeSet<Ref>,
}

impl Pack<'_> {
    /// All checks. `name` is the pack's, or what stands for it.
    pub(super) fn check(&mut self, name: &str) {
        self.workflows = self.find_workflows(name);
        self.agreed = self.name.as_deref().and_then(|name| {
            let references = self.references();
            agreed(&references, name)
        });
        if let Some((agreed, _)) = &self.agreed {
            // One slip in `pack.yaml` is one error: all else is judged as if it were mended.
            self.name = Some(agreed.clone());
        }
        self.names();
        self.entry_points();
        self.broken = self.broken_actions(name);
        self.broken_triggers = broken(&self.triggers, name);
        self.sensors_and_rules();
    }

    /// Finds the workflow files; those named by an action's `workflow_file` belong to it.
    fn find_workflows(&self, pack: &str) -> Vec<Placed<Workflow>> {
        let mut owners: BTreeMap<&str, Ref> = BTreeMap::new();
        for action in &self.actions {
            let named = action.node.get("workflow_file").and_then(Node::as_str);
            if let (Some(path), Some(reference)) = (named, meant(action, pack)) {
                owners.insert(path, reference);
            }
        }
        let unread: BTreeSet<Ref> = self
            .actions
            .iter()
            .filter(|action| action.def.is_none())
            .filter_map(|action| meant(action, pack))
            .collect();
        self.files
            .under("workflows")
            .map(|(path, text)| {
                // Syntax errors are reported by the workflow's own reader, once.
                let node = yaml::read_any_length(path, text)
                    .root
                    .unwrap_or_else(Node::nothing);
                let named = ref_in(&node);
                let mut file = source(path, text);
                file.action = owners.get(path).cloned().or_else(|| {
                    // A graph without a name of its own, beside metadata that cannot be read.
                    let by_name = reference(pack, stem(path))?;
                    (named.is_none() && unread.contains(&by_name)).then_some(by_name)
                });
                let reference = named.or_else(|| file.action.clone());
                Placed {
                    def: Some(Workflow { file, reference }),
                    sink: Sink::new(path, text),
                    node,
                }
            })
            .collect()
    }

    /// What the files call what they define.
    fn references(&self) -> Vec<&Ref> {
        fn of<D>(all: &[Placed<D>], reference: fn(&D) -> &Ref) -> impl Iterator<Item = &Ref> {
            all.iter().filter_map(|one| one.def.as_ref()).map(reference)
        }
        let mut found: Vec<&Ref> = of(&self.actions, |def| &def.reference).collect();
        found.extend(of(&self.triggers, |def| &def.reference));
        found.extend(of(&self.sensors, |def| &def.reference));
        found.extend(of(&self.rules, |def| &def.reference));
        found.extend(of(&self.policies, |def| &def.reference));
        let workflows = self.workflows.iter().filter_map(|one| one.def.as_ref());
        let own = workflows.filter(|def| def.file.action.is_none());
        found.extend(own.filter_map(|def| def.reference.as_ref()));
        found
    }

    /// Workflows are read by others: here they count as broken where nothing could be made of them.
    fn broken_actions(&self, pack: &str) -> BTreeSet<Ref> {
        let mut all = broken(&self.actions, pack);
        for workflow in &self.workflows {
            let known = workflow.def.as_ref().and_then(|def| def.reference.clone());
            if known.is_none() {
                all.extend(reference(pack, stem(workflow.sink.file())));
            }
        }
        all
    }

    fn names(&mut self) {
        let pack = self.name.as_deref();
        all_named(&mut self.actions, |def| Some(&def.reference), pack);
        all_named(&mut self.triggers, |def| Some(&def.reference), pack);
        all_named(&mut self.sensors, |def| Some(&def.reference), pack);
        all_named(&mut self.rules, |def| Some(&def.reference), pack);
        all_named(&mut self.policies, |def| Some(&def.reference), pack);
        let own = |def: &Workflow| def.file.action.is_none();
        // That they are named as their files are is checked by their own reader.
        for one in &mut self.workflows {
            let named = one.def.as_ref().filter(|def| own(def));
            if let Some(named) = named.and_then(|def| def.reference.clone()) {
                belongs(one, &named, pack);
            }
        }
        // Actions and workflows are called by the same kind of reference.
        let mut seen = BTreeMap::new();
        twice(&mut self.actions, |def| Some(&def.reference), &mut seen);
        twice(
            &mut self.workflows,
            |def| def.reference.as_ref().filter(|_| own(def)),
            &mut seen,
        );
        let new = BTreeMap::new;
        twice(&mut self.triggers, |def| Some(&def.reference), &mut new());
        twice(&mut self.sensors, |def| Some(&def.reference), &mut new());
        twice(&mut self.rules, |def| Some(&def.reference), &mut new());
        twice(&mut self.policies, |def| Some(&def.reference), &mut new());
    }

    fn entry_points(&mut self) {
        for action in &mut self.actions {
            let Some(def) = &action.def else { continue };
            let (runner, entry, file) = (
                def.runner,
                def.entry_point.clone(),
                def.workflow_file.clone(),
            );
            if runner == Runner::Native && self.name.as_deref().is_some_and(|name| name != "core") {
                let span = value_span(&action.node, "runner");
                action.sink.error_with(
                    "PACK018",
                    span,
                    "the runner `native` is for the built-in pack `core`",
                    Some("use shell, python, node or binary".to_owned()),
                );
            }
            if runner.runs_a_file()
                && let Some(entry) = entry
                && let Some(path) = resolve(self.files, action, "entry_point", "actions", &entry)
                && let Some(def) = &mut action.def
            {
                def.entry_point = Some(path);
            }
            if let Some(file) = file
                && let Some(path) = resolve(self.files, action, "workflow_file", "", &file)
                && !self
                    .workflows
                    .iter()
                    .any(|workflow| workflow.sink.file() == path)
            {
                let span = value_span(&action.node, "workflow_file");
                let message = format!("`{path}` is not in the folder `workflows`");
                action.sink.error("PACK010", span, message);
            }
        }
        for sensor in &mut self.sensors {
            let Some(entry) = sensor.def.as_ref().map(|def| def.entry_point.clone()) else {
                continue;
            };
            if let Some(path) = resolve(self.files, sensor, "entry_point", "sensors", &entry)
                && let Some(def) = &mut sensor.def
            {
                def.entry_point = path;
            }
        }
    }

    fn sensors_and_rules(&mut self) {
        let Some(pack) = self.name.as_deref() else {
            return;
        };
        let core = if pack == "core" {
            None
        } else {
            core_pack().ok()
        };
        let mut triggers: BTreeMap<Ref, Option<&TriggerDef>> = BTreeMap::new();
        for trigger in core.iter().flat_map(|core| &core.triggers) {
            triggers.insert(trigger.reference.clone(), Some(trigger));
        }
        for trigger in self.triggers.iter().filter_map(|one| one.def.as_ref()) {
            triggers.insert(trigger.reference.clone(), Some(trigger));
        }
        for broken in &self.broken_triggers {
            triggers.insert(broken.clone(), None);
        }
        let mut actions: BTreeSet<&Ref> = self.broken.iter().collect();
        actions.extend(
            core.iter()
                .flat_map(|core| &core.actions)
                .map(|action| &action.reference),
        );
        let own = self.actions.iter().filter_map(|one| one.def.as_ref());
        actions.extend(own.map(|def| &def.reference));
        let own = self.workflows.iter().filter_map(|one| one.def.as_ref());
        actions.extend(own.filter_map(|def| def.reference.as_ref()));
        let here = |reference: &Ref| reference.pack() == pack || reference.pack() == "core";

        for sensor in &mut self.sensors {
            let Some(def) = &sensor.def else { continue };
            for trigger in def
                .triggers
                .iter()
                .filter(|one| here(one) && !triggers.contains_key(*one))
            {
                let span = place_of(&sensor.node, "triggers", trigger);
                unknown(&mut sensor.sink, span, "trigger", trigger, triggers.keys());
            }
        }
        for rule in &mut self.rules {
            if let Some(action) = ref_at(&rule.node, "action")
                && here(&action)
                && !actions.contains(&action)
            {
                let span = value_span(&rule.node, "action");
                let known = actions.iter().copied();
                unknown(&mut rule.sink, span, "action", &action, known);
            }
            let Some(named) = ref_at(&rule.node, "trigger") else {
                continue;
            };
            match triggers.get(&named) {
                Some(Some(trigger)) => settings(rule, trigger),
                Some(None) => {}
                None if here(&named) => {
                    let span = value_span(&rule.node, "trigger");
                    unknown(&mut rule.sink, span, "trigger", &named, triggers.keys());
                }
                None => {}
            }
        }
    }
}

/// The place of one reference of a list, or of one that stands alone.
fn place_of(node: &Node, key: &str, reference: &Ref) -> Span {
    let items = node.get(key).and_then(Node::as_seq).unwrap_or_default();
    items
        .iter()
        .find(|item| item.as_str() == Some(reference.as_str()))
        .map_or_else(|| value_span(node, key), |item| item.span)
}

pub(super) fn value_span(node: &Node, key: &str) -> Span {
    node.get(key).map_or(node.span, |value| value.span)
}

fn unknown<'r>(
    sink: &mut Sink,
    span: Span,
    kind: &str,
    reference: &Ref,
    known: impl Iterator<Item = &'r Ref>,
) {
    let message = format!("there is no {kind} `{reference}`");
    sink.error_with(
        "PACK013",
        span,
        message,
        did_you_mean(reference.as_str(), known.map(Ref::as_str)),
    );
}

/// The `trigger_parameters` of a rule against the trigger's schema.
fn settings(rule: &mut Placed<RuleDef>, trigger: &TriggerDef) {
    let Some(given) = rule.def.as_ref().map(|def| def.trigger_parameters.clone()) else {
        return;
    };
    let place = |node: &Node, pointer: &str| {
        let spot = node.get("trigger_parameters");
        spot.map_or_else(|| value_span(node, "trigger"), |spot| spot.span_at(pointer))
    };
    let key = |node: &Node, pointer: &str| {
        let spot = node.get("trigger_parameters");
        spot.map_or_else(
            || value_span(node, "trigger"),
            |spot| spot.key_span_at(pointer),
        )
    };
    match trigger.parameters.validate(&given) {
        Ok(filled) => {
            for wrong in schedule::check(trigger.reference.as_str(), &filled) {
                let span = place(&rule.node, &format!("/{}", wrong.key));
                rule.sink
                    .error_with("PACK014", span, wrong.message, Some(wrong.help.to_owned()));
            }
        }
        Err(errors) => {
            for error in errors {
                let span = match error.code == "unknown" {
                    true => key(&rule.node, &error.pointer),
                    false => place(&rule.node, &error.pointer),
                };
                let message = format!(
                    "`trigger_parameters` do not fit `{}`: {}",
                    trigger.reference, error.message
                );
                rule.sink.error("PACK017", span, message);
            }
        }
    }
}

/// The path of a named file relative to the pack's folder: it is looked for beside the definition
/// first, then from the pack's folder.
fn resolve<D>(
    files: &Files,
    one: &mut Placed<D>,
    key: &str,
    beside: &str,
    written: &str,
) -> Option<String> {
    let span = value_span(&one.node, key);
    let inside = !written.starts_with('/')
        && !written.contains('\\')
        && written
            .split('/')
            .all(|part| !matches!(part, "" | "." | ".."));
    if !inside {
        let message = format!("`{written}` does not lie inside the pack's folder");
        let help = "write a path relative to the definition or to the pack's folder, without `..`";
        one.sink
            .error_with("PACK011", span, message, Some(help.to_owned()));
        return None;
    }
    let near = if beside.is_empty() {
        written.to_owned()
    } else {
        format!("{beside}/{written}")
    };
    for path in [near.as_str(), written] {
        if files.escapes.contains(path) {
            let message = format!("`{path}` is a link out of the pack's folder");
            one.sink.error("PACK011", span, message);
            return None;
        }
        if files.paths.contains(path) {
            return Some(path.to_owned());
        }
    }
    let message = format!("there is no file `{near}`");
    let help = did_you_mean(&near, files.paths.iter().map(String::as_str));
    one.sink.error_with("PACK010", span, message, help);
    None
}
