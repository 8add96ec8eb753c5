//! A pack's folder to a [`PackSource`]: everything in it, typed, or everything that is wrong.
//!
//! Owns which file is what, the content hash, and the order of work: read the files, parse each,
//! compare them with each other. Never registers anything and never runs a file. Called by the
//! API's registration, by `attune dev` and by the CLI. All errors of all files come at once: what a
//! broken file was meant to define is remembered, so that others may still name it.

mod check;
mod files;
mod loaded;
mod names;
mod unread;

use crate::catalogue::{ActionDef, PackDef, PolicyDef, RuleDef, SensorDef, TriggerDef};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::parse;
use crate::schema::Schema;
use crate::sink::Sink;
use crate::yaml::{self, Node};
use attune_types::{Ref, is_identifier};
use files::Files;
pub use loaded::{Loaded, Placed};
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

/// Reads the folder of a pack, as far as it can be read.
///
/// # Errors
/// When there is no such folder, or too much in it.
pub fn read_folder(path: &Path) -> Result<Loaded, Diagnostics> {
    let mut found = Diagnostics::new();
    let files = Files::read(path, &mut found)?;
    Ok(assemble(&files, found))
}

/// Reads the folder of a pack.
///
/// # Errors
/// All that is wrong in any of its files.
pub fn load_folder(path: &Path) -> Result<PackSource, Diagnostics> {
    read_folder(path)?.whole()
}

/// Builds a pack from texts, as far as they can be read: `(path relative to the pack's folder, text)`.
pub fn read_files<P, T>(texts: impl IntoIterator<Item = (P, T)>) -> Loaded
where
    P: Into<String>,
    T: Into<String>,
{
    assemble(&Files::in_memory(texts), Diagnostics::new())
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
    read_files(texts).whole()
}

fn assemble(files: &Files, mut found: Diagnostics) -> Loaded {
    let def = match files.texts.get("pack.yaml") {
        Some(text) => Some(read_one("pack.yaml", text, parse::pack)),
        None => {
            found.push(
                Diagnostic::error("PACK016", "pack.yaml", "this folder has no `pack.yaml`").help(
                    "a pack is a folder with a `pack.yaml` that has at least `ref` and `version`",
                ),
            );
            None
        }
    };
    let name = def.as_ref().and_then(|one| name_of(&one.node));
    let name_is_known = name.is_some();
    let name = name.unwrap_or_else(|| folder_name(files));
    let mut all = check::Pack {
        name: name_is_known.then(|| name.clone()),
        agreed: None,
        files,
        actions: read_all(files, "actions", parse::action),
        triggers: read_all(files, "triggers", parse::trigger),
        sensors: read_all(files, "sensors", parse::sensor),
        rules: read_all(files, "rules", parse::rule),
        policies: read_all(files, "policies", parse::policy),
        workflows: Vec::new(),
        broken: Default::default(),
        broken_triggers: Default::default(),
    };
    all.check(&name);
    let check::Pack {
        mut actions,
        mut triggers,
        mut sensors,
        mut rules,
        mut policies,
        mut workflows,
        broken,
        broken_triggers,
        agreed,
        ..
    } = all;
    let (config_is_known, def) = match def {
        Some(mut one) => {
            if let Some((agreed, count)) = &agreed {
                names::otherwise(&mut one, &name, agreed, *count);
            }
            let errors = one.sink.take();
            let config = errors.iter().all(|error| error.code != "PACK008");
            found.extend(errors);
            (config && one.def.is_some(), one.def)
        }
        None => (false, None),
    };
    let source = PackSource {
        def: def.unwrap_or_else(|| stand_in(&name)),
        actions: keep(&mut actions, &mut found),
        triggers: keep(&mut triggers, &mut found),
        sensors: keep(&mut sensors, &mut found),
        rules: keep(&mut rules, &mut found),
        policies: keep(&mut policies, &mut found),
        workflows: keep(&mut workflows, &mut found)
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
    };
    found.extend(files.unread.clone());
    found.sort();
    Loaded {
        source,
        found,
        broken,
        broken_triggers,
        config_is_known,
        actions,
        rules,
        policies,
    }
}

/// The name of the pack, where `pack.yaml` has one that can be read.
fn name_of(node: &Node) -> Option<String> {
    let name = node.get("ref").and_then(Node::as_str)?;
    is_identifier(name).then(|| name.to_owned())
}

fn folder_name(files: &Files) -> String {
    let name = files.root.file_name().and_then(|name| name.to_str());
    name.filter(|name| is_identifier(name))
        .unwrap_or("unnamed")
        .to_owned()
}

/// Stands for a `pack.yaml` that cannot be read, so that all else can be checked.
fn stand_in(name: &str) -> PackDef {
    PackDef {
        reference: name.to_owned(),
        label: name.to_owned(),
        description: None,
        version: "0.0.0".to_owned(),
        author: None,
        license: None,
        keywords: Vec::new(),
        dependencies: Vec::new(),
        config: Schema::any(),
    }
}

fn source(path: &str, text: &str) -> SourceFile {
    SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
        action: None,
    }
}

/// Takes what was found out, and gives the definitions that could be read.
fn keep<D: Clone>(placed: &mut [Placed<D>], found: &mut Diagnostics) -> Vec<D> {
    placed
        .iter_mut()
        .filter_map(|one| {
            found.extend(one.sink.take());
            one.def.clone()
        })
        .collect()
}

type Reader<D> = fn(&Node, &mut Sink) -> Option<D>;

fn read_all<D>(files: &Files, folder: &str, read: Reader<D>) -> Vec<Placed<D>> {
    files
        .under(folder)
        .map(|(path, text)| read_one(path, text, read))
        .collect()
}

fn read_one<D>(path: &str, text: &str, read: Reader<D>) -> Placed<D> {
    let reading = yaml::read(path, text);
    let mut sink = Sink::of_reading(path, text, &reading);
    let def = reading.root.as_ref().and_then(|node| read(node, &mut sink));
    Placed {
        def,
        node: reading.root.unwrap_or_else(Node::nothing),
        sink,
    }
}
