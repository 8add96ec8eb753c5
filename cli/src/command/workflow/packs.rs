//! The packs and files that the offline commands are pointed at, and the actions that are known there.
//!
//! Owns what a path means and where the actions come from: the pack itself, the packs beside it and
//! the built-in one. Never asks a server. Called by every `attune workflow` command that works on
//! files; a path that means nothing is a usage error.

use crate::error::{Attempt as _, CliError, Result};
use attune_flow::check::outlines;
use attune_pack::{ActionDef, Diagnostics, PackSource, core_pack, load_folder};
use attune_types::Ref;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Actions by reference.
pub(super) type Actions = BTreeMap<Ref, ActionDef>;

/// What a path stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A pack's folder.
    Pack(PathBuf),
    /// One file of a pack: the pack is checked, what concerns the file is shown.
    FileOf(PathBuf, String),
    /// A workflow that lies in no pack.
    File(PathBuf),
}

/// What a path means: a pack, a folder of packs, or a file.
pub(super) fn targets(path: &Path) -> Result<Vec<Target>> {
    let path = path
        .canonicalize()
        .attempt(|| format!("finding {}", path.display()))?;
    if path.join("pack.yaml").is_file() {
        return Ok(vec![Target::Pack(path)]);
    }
    if path.is_dir() {
        let packs = packs_in(&path)?;
        if packs.is_empty() {
            return Err(CliError::Usage(format!(
                "{} is neither a pack nor a folder of packs: there is no `pack.yaml`",
                path.display()
            )));
        }
        return Ok(packs.into_iter().map(Target::Pack).collect());
    }
    let pack = path
        .ancestors()
        .skip(1)
        .find(|folder| folder.join("pack.yaml").is_file());
    Ok(vec![match pack {
        Some(pack) => {
            let inside = path.strip_prefix(pack).unwrap_or(&path);
            Target::FileOf(pack.to_owned(), inside.display().to_string())
        }
        None => Target::File(path),
    }])
}

pub(super) fn packs_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let reading = || format!("reading {}", folder.display());
    let mut packs = Vec::new();
    for entry in std::fs::read_dir(folder).attempt(reading)? {
        let path = entry.attempt(reading)?.path();
        if path.join("pack.yaml").is_file() {
            packs.push(path);
        }
    }
    packs.sort();
    Ok(packs)
}

/// The actions of the built-in pack and of the packs that lie beside this one. What is wrong in those
/// is for their own check.
pub(super) fn neighbours(source: &PackSource, folder: &Path) -> Result<Actions> {
    let mut actions = core()?;
    let beside = match folder.parent() {
        Some(parent) => packs_in(parent)?,
        None => Vec::new(),
    };
    for path in beside.iter().filter(|path| path.as_path() != folder) {
        if let Ok(pack) = load_folder(path)
            && let Ok(found) = outlines(&pack)
        {
            actions.extend(named(found));
        }
    }
    actions.retain(|reference, _| reference.pack() != source.def.reference);
    Ok(actions)
}

pub(super) fn core() -> Result<Actions> {
    let broken = |found: Diagnostics| CliError::Service(format!("the built-in pack:\n{found}"));
    Ok(named(core_pack().map_err(broken)?.actions).collect())
}

fn named(actions: Vec<ActionDef>) -> impl Iterator<Item = (Ref, ActionDef)> {
    actions
        .into_iter()
        .map(|action| (action.reference.clone(), action))
}

/// The same with paths that a person can open from here.
pub(super) fn placed(folder: &Path, mut found: Diagnostics) -> Diagnostics {
    let here = std::env::current_dir().unwrap_or_default();
    let shown = folder.strip_prefix(&here).unwrap_or(folder);
    for one in &mut found.0 {
        one.file = shown.join(&one.file).display().to_string();
    }
    found
}
