//! A pack's folder to a [`PackSource`]: everything in it, typed, or everything that is wrong.
//!
//! Owns which file is what, the content hash, and the order of work: read the files, parse each,
//! compare them with each other. Never registers anything and never runs a file. Called by the
//! API's registration, by `attune dev` and by the CLI. All errors of all files come at once.

mod check;
mod files;

use crate::catalogue::{ActionDef, PackDef, PolicyDef, RuleDef, SensorDef, TriggerDef};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::parse;
use crate::sink::Sink;
use crate::yaml::{self, Node};
use attune_types::Ref;
use files::Files;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A file that another crate reads: a workflow, or a workflow's test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Relative to the pack's folder, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
    /// The action that names it as `workflow_file`: its metadata stands there, the file holds the
    /// graph alone. `None`: the file is a whole workflow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Ref>,
}

/// All that a pack's folder holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PackSource {
    /// `pack.yaml`.
    pub def: PackDef,
    /// `actions/*.yaml`, those that only name a `workflow_file` too.
    pub actions: Vec<ActionDef>,
    /// `triggers/*.yaml`.
    pub triggers: Vec<TriggerDef>,
    /// `sensors/*.yaml`.
    pub sensors: Vec<SensorDef>,
    /// `rules/*.yaml`.
    pub rules: Vec<RuleDef>,
    /// `policies/*.yaml`.
    pub policies: Vec<PolicyDef>,
    /// Workflows, as text: flow reads them.
    pub workflows: Vec<SourceFile>,
    /// `tests/*.yaml`, as text.
    pub tests: Vec<SourceFile>,
    /// `README.md`.
    pub readme: Option<String>,
    /// SHA-256 over the paths and contents of all files of the folder, in hexadecimal.
    pub content_hash: String,
    /// The folder, absolute; empty for a pack that is not on disk.
    pub root: PathBuf,
}

/// Reads the folder of a pack.
///
/// # Errors
/// All that is wrong in any of its files.
pub fn load_folder(path: &Path) -> Result<PackSource, Diagnostics> {
    let mut found = Diagnostics::new();
    let files = Files::read(path, &mut found)?;
    assemble(&files, found)
}

/// Builds a pack from texts: `(path relative to the pack's folder, text)`.
///
/// # Errors
/// All that is wrong in any of them.
pub fn from_files<P, T>(texts: impl IntoIterator<Item = (P, T)>) -> Result<PackSource, Diagnostics>
where
    P: Into<String>,
    T: Into<String>,
{
    assemble(&Files::in_memory(texts), Diagnostics::new())
}

/// A definition with where it stands, for the checks that compare files.
struct Located<D> {
    def: D,
    sink: Sink,
    node: Node,
}

fn assemble(files: &Files, mut found: Diagnostics) -> Result<PackSource, Diagnostics> {
    let def = match files.texts.get("pack.yaml") {
        Some(text) => read_one("pack.yaml", text, parse::pack, &mut found),
        None => {
            found.push(
                Diagnostic::error("PACK016", "pack.yaml", "this folder has no `pack.yaml`").help(
                    "a pack is a folder with a `pack.yaml` that has at least `ref` and `version`",
                ),
            );
            None
        }
    };
    let mut actions = read_all(files, "actions", parse::action, &mut found);
    let triggers = read_all(files, "triggers", parse::trigger, &mut found);
    let mut sensors = read_all(files, "sensors", parse::sensor, &mut found);
    let rules = read_all(files, "rules", parse::rule, &mut found);
    let policies = read_all(files, "policies", parse::policy, &mut found);
    let mut workflows = check::workflows(files, &mut actions);

    let mut all = check::Pack {
        name: def.as_ref().map(|located| located.def.reference.clone()),
        files,
        actions: &mut actions,
        triggers,
        sensors: &mut sensors,
        rules,
        policies,
        workflows: &mut workflows,
    };
    all.check();
    let (triggers, rules, policies) = (all.triggers, all.rules, all.policies);

    let workflows = keep(workflows, &mut found);
    let actions = keep(actions, &mut found);
    let triggers = keep(triggers, &mut found);
    let sensors = keep(sensors, &mut found);
    let rules = keep(rules, &mut found);
    let policies = keep(policies, &mut found);
    let def = def.map(|located| keep(vec![located], &mut found));
    found.sort();
    let Some(def) = def.and_then(|mut one| one.pop()) else {
        return Err(found);
    };
    found.or_ok(PackSource {
        def,
        actions,
        triggers,
        sensors,
        rules,
        policies,
        workflows: workflows
            .into_iter()
            .map(|workflow| workflow.file)
            .collect(),
        tests: files
            .under("tests")
            .map(|(path, text)| source(path, text))
            .collect(),
        readme: files.texts.get("README.md").cloned(),
        content_hash: files.hash.clone(),
        root: files.root.clone(),
    })
}

fn source(path: &str, text: &str) -> SourceFile {
    SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
        action: None,
    }
}

/// Takes the definitions out and leaves what was found in the list.
fn keep<D>(located: Vec<Located<D>>, found: &mut Diagnostics) -> Vec<D> {
    located
        .into_iter()
        .map(|one| {
            found.extend(one.sink.into_diagnostics());
            one.def
        })
        .collect()
}

type Reader<D> = fn(&Node, &mut Sink) -> Option<D>;

fn read_all<D>(
    files: &Files,
    folder: &str,
    read: Reader<D>,
    found: &mut Diagnostics,
) -> Vec<Located<D>> {
    files
        .under(folder)
        .filter_map(|(path, text)| read_one(path, text, read, found))
        .collect()
}

fn read_one<D>(
    path: &str,
    text: &str,
    read: Reader<D>,
    found: &mut Diagnostics,
) -> Option<Located<D>> {
    let node = match yaml::parse(path, text) {
        Ok(node) => node,
        Err(errors) => {
            found.extend(errors);
            return None;
        }
    };
    let mut sink = Sink::new(path, text);
    match read(&node, &mut sink) {
        Some(def) => Some(Located { def, sink, node }),
        None => {
            found.extend(sink.into_diagnostics());
            None
        }
    }
}
