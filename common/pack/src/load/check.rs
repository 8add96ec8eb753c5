//! What only shows when the files of a pack are compared with each other and with the folder.
//!
//! Owns: references match pack and file, nothing is defined twice, entry points exist inside the
//! folder, rules name things that are there and set triggers rightly. References into other packs
//! are checked at registration, against the catalogue. Findings go to the sink of the file.

use super::files::Files;
use super::{Located, SourceFile, source};
use crate::catalogue::{ActionDef, PolicyDef, RuleDef, Runner, SensorDef, TriggerDef};
use crate::core_pack::core_pack;
use crate::diagnostic::Span;
use crate::schedule;
use crate::sink::{Sink, did_you_mean};
use crate::yaml::{self, Node};
use attune_types::Ref;
use std::collections::{BTreeMap, BTreeSet};

/// A workflow file, as far as the pack looks into it.
pub(super) struct Workflow {
    pub(super) file: SourceFile,
    /// Its `ref`, if it has one that can be read.
    reference: Option<Ref>,
}

/// Finds the workflow files; those named by an action's `workflow_file` belong to it.
pub(super) fn workflows(
    files: &Files,
    actions: &mut [Located<ActionDef>],
) -> Vec<Located<Workflow>> {
    let owners: BTreeMap<String, Ref> = actions
        .iter()
        .filter_map(|action| {
            Some((
                action.def.workflow_file.clone()?,
                action.def.reference.clone(),
            ))
        })
        .collect();
    files
        .under("workflows")
        .map(|(path, text)| {
            let mut file = source(path, text);
            file.action = owners.get(path).cloned();
            // Syntax errors are reported by the workflow's own reader, once.
            let node = yaml::parse(path, text).unwrap_or(Node {
                kind: yaml::NodeKind::Null,
                span: Span::default(),
            });
            let named = node
                .get("ref")
                .and_then(Node::as_str)
                .and_then(|text| Ref::parse(text).ok());
            let reference = named.or_else(|| file.action.clone());
            Located {
                def: Workflow { file, reference },
                sink: Sink::new(path, text),
                node,
            }
        })
        .collect()
}

/// The parts of one pack, side by side.
pub(super) struct Pack<'p> {
    pub(super) name: Option<String>,
    pub(super) files: &'p Files,
    pub(super) actions: &'p mut Vec<Located<ActionDef>>,
    pub(super) triggers: Vec<Located<TriggerDef>>,
    pub(super) sensors: &'p mut Vec<Located<SensorDef>>,
    pub(super) rules: Vec<Located<RuleDef>>,
    pub(super) policies: Vec<Located<PolicyDef>>,
    pub(super) workflows: &'p mut Vec<Located<Workflow>>,
}

impl Pack<'_> {
    /// All checks.
    pub(super) fn check(&mut self) {
        self.names();
        self.entry_points();
        self.sensors_and_rules();
    }

    fn names(&mut self) {
        let pack = self.name.clone();
        let pack = pack.as_deref();
        for action in self.actions.iter_mut() {
            let reference = action.def.reference.clone();
            name(action, &reference, pack);
        }
        for one in &mut self.triggers {
            let reference = one.def.reference.clone();
            name(one, &reference, pack);
        }
        for one in self.sensors.iter_mut() {
            let reference = one.def.reference.clone();
            name(one, &reference, pack);
        }
        for one in &mut self.rules {
            let reference = one.def.reference.clone();
            name(one, &reference, pack);
        }
        for one in &mut self.policies {
            let reference = one.def.reference.clone();
            name(one, &reference, pack);
        }
        for one in self
            .workflows
            .iter_mut()
            .filter(|one| one.def.file.action.is_none())
        {
            if let Some(reference) = one.def.reference.clone() {
                name(one, &reference, pack);
            }
        }
        // Actions and workflows are called by the same kind of reference.
        let mut seen = BTreeMap::new();
        twice(self.actions, |def| Some(&def.reference), &mut seen);
        let own = |def: &Workflow| def.file.action.is_none();
        twice(
            self.workflows,
            |def| def.reference.as_ref().filter(|_| own(def)),
            &mut seen,
        );
        twice(
            &mut self.triggers,
            |def| Some(&def.reference),
            &mut BTreeMap::new(),
        );
        twice(
            self.sensors,
            |def| Some(&def.reference),
            &mut BTreeMap::new(),
        );
        twice(
            &mut self.rules,
            |def| Some(&def.reference),
            &mut BTreeMap::new(),
        );
        twice(
            &mut self.policies,
            |def| Some(&def.reference),
            &mut BTreeMap::new(),
        );
    }

    fn entry_points(&mut self) {
        let own = self.name.as_deref();
        for action in self.actions.iter_mut() {
            if action.def.runner == Runner::Native && own.is_some_and(|name| name != "core") {
                let span = value_span(&action.node, "runner");
                action.sink.error_with(
                    "PACK018",
                    span,
                    "the runner `native` is for the built-in pack `core`",
                    Some("use shell, python, node or binary".to_owned()),
                );
            }
            if action.def.runner.runs_a_file()
                && let Some(entry) = action.def.entry_point.clone()
                && let Some(path) = resolve(self.files, action, "entry_point", "actions", &entry)
            {
                action.def.entry_point = Some(path);
            }
            if let Some(file) = action.def.workflow_file.clone()
                && let Some(path) = resolve(self.files, action, "workflow_file", "", &file)
                && !self
                    .workflows
                    .iter()
                    .any(|workflow| workflow.def.file.path == path)
            {
                let span = value_span(&action.node, "workflow_file");
                let message = format!("`{path}` is not in the folder `workflows`");
                action.sink.error("PACK010", span, message);
            }
        }
        for sensor in self.sensors.iter_mut() {
            let entry = sensor.def.entry_point.clone();
            if let Some(path) = resolve(self.files, sensor, "entry_point", "sensors", &entry) {
                sensor.def.entry_point = path;
            }
        }
    }

    fn sensors_and_rules(&mut self) {
        let Some(pack) = self.name.clone() else {
            return;
        };
        let core = if pack == "core" {
            None
        } else {
            core_pack().ok()
        };
        let mut triggers: BTreeMap<Ref, &TriggerDef> = BTreeMap::new();
        let mut actions: BTreeSet<&Ref> = BTreeSet::new();
        for trigger in core.iter().flat_map(|core| &core.triggers) {
            triggers.insert(trigger.reference.clone(), trigger);
        }
        triggers.extend(
            self.triggers
                .iter()
                .map(|one| (one.def.reference.clone(), &one.def)),
        );
        actions.extend(
            core.iter()
                .flat_map(|core| &core.actions)
                .map(|action| &action.reference),
        );
        actions.extend(self.actions.iter().map(|one| &one.def.reference));
        actions.extend(
            self.workflows
                .iter()
                .filter_map(|one| one.def.reference.as_ref()),
        );
        let here = |reference: &Ref| reference.pack() == pack || reference.pack() == "core";

        for sensor in self.sensors.iter_mut() {
            for trigger in sensor
                .def
                .triggers
                .iter()
                .filter(|one| here(one) && !triggers.contains_key(*one))
            {
                let span = value_span(&sensor.node, "triggers");
                unknown(&mut sensor.sink, span, "trigger", trigger, triggers.keys());
            }
        }
        for rule in &mut self.rules {
            let action = &rule.def.action;
            if here(action) && !actions.contains(action) {
                let span = value_span(&rule.node, "action");
                unknown(
                    &mut rule.sink,
                    span,
                    "action",
                    action,
                    actions.iter().copied(),
                );
            }
            match triggers.get(&rule.def.trigger) {
                Some(trigger) => settings(rule, trigger),
                None if here(&rule.def.trigger) => {
                    let span = value_span(&rule.node, "trigger");
                    unknown(
                        &mut rule.sink,
                        span,
                        "trigger",
                        &rule.def.trigger,
                        triggers.keys(),
                    );
                }
                None => {}
            }
        }
    }
}

fn value_span(node: &Node, key: &str) -> Span {
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
fn settings(rule: &mut Located<RuleDef>, trigger: &TriggerDef) {
    let place = |node: &Node, pointer: &str| {
        let spot = node.get("trigger_parameters");
        spot.map_or_else(|| value_span(node, "trigger"), |spot| spot.span_at(pointer))
    };
    match trigger.parameters.validate(&rule.def.trigger_parameters) {
        Ok(filled) => {
            for wrong in schedule::check(trigger.reference.as_str(), &filled) {
                let span = place(&rule.node, &format!("/{}", wrong.key));
                rule.sink
                    .error_with("PACK014", span, wrong.message, Some(wrong.help.to_owned()));
            }
        }
        Err(errors) => {
            for error in errors {
                let span = place(&rule.node, &error.pointer);
                let message = format!(
                    "`trigger_parameters` do not fit `{}`: {}",
                    trigger.reference, error.message
                );
                rule.sink.error("PACK017", span, message);
            }
        }
    }
}

/// A definition's reference must begin with the pack's name and end with the file's.
fn name<D>(one: &mut Located<D>, reference: &Ref, pack: Option<&str>) {
    let span = value_span(&one.node, "ref");
    if let Some(pack) = pack.filter(|pack| *pack != reference.pack()) {
        let message = format!("`{reference}` does not belong to the pack `{pack}`");
        let help = format!("write `ref: {pack}.{}`", reference.name());
        one.sink.error_with("PACK009", span, message, Some(help));
    }
    let file = one.sink.file().rsplit('/').next().unwrap_or_default();
    let stem = file
        .rsplit_once('.')
        .map_or(file, |(stem, _)| stem)
        .to_owned();
    if stem != reference.name() {
        let message = format!("`{reference}` stands in a file named `{file}`");
        let help = format!(
            "rename the file to `{}.yaml`, or the reference",
            reference.name()
        );
        one.sink.error_with("PACK009", span, message, Some(help));
    }
}

fn twice<D>(
    all: &mut [Located<D>],
    reference: impl Fn(&D) -> Option<&Ref>,
    seen: &mut BTreeMap<Ref, String>,
) {
    for one in all {
        let Some(reference) = reference(&one.def).cloned() else {
            continue;
        };
        let file = one.sink.file().to_owned();
        if let Some(first) = seen.get(&reference) {
            let span = value_span(&one.node, "ref");
            let message =
                format!("`{reference}` is defined a second time; the first is in `{first}`");
            one.sink.error("PACK012", span, message);
        } else {
            seen.insert(reference, file);
        }
    }
}

/// The path of a named file relative to the pack's folder: it is looked for beside the definition
/// first, then from the pack's folder.
fn resolve<D>(
    files: &Files,
    one: &mut Located<D>,
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
