//! The packs and files that the offline commands are pointed at, and the actions that are known there.
//!
//! Owns what a path means and where the actions come from: the pack itself, the packs beside it and
//! the built-in one. Never asks a server. Called by every `attune workflow` command that works on
//! files; a path that means nothing is a usage error.

use crate::error::{Attempt as _, CliError, Result};
use attune_flow::check::{ActionLookup, known_actions};
use attune_pack::{
    ActionDef, Diagnostics, Loaded, PackSource, Schema, TriggerDef, core_pack, read_folder,
};
use attune_types::Ref;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Actions by reference.
pub(super) type Actions = BTreeMap<Ref, ActionDef>;

/// What is known beside a pack: the built-in pack and the packs in the same folder.
#[derive(Debug, Default)]
pub(super) struct Neighbours {
    /// Actions, workflows included.
    pub(super) actions: Actions,
    /// Actions whose files have errors.
    pub(super) broken: BTreeSet<Ref>,
    /// Triggers.
    pub(super) triggers: BTreeMap<Ref, TriggerDef>,
    /// Configurations by pack.
    pub(super) configs: BTreeMap<String, Schema>,
}

impl Neighbours {
    /// What is wrong in a pack is for its own check; what it has may be called all the same.
    fn add(&mut self, loaded: &Loaded) {
        let (actions, broken) = known_actions(loaded);
        self.actions.extend(actions);
        self.broken.extend(broken);
        let pack = &loaded.source;
        let triggers = pack.triggers.iter();
        self.triggers
            .extend(triggers.map(|trigger| (trigger.reference.clone(), trigger.clone())));
        self.configs
            .insert(pack.def.reference.clone(), pack.def.config.clone());
    }
}

impl ActionLookup for Neighbours {
    fn action(&self, reference: &Ref) -> Option<ActionDef> {
        self.actions.get(reference).cloned()
    }

    fn references(&self) -> Vec<Ref> {
        self.actions.keys().cloned().collect()
    }

    fn pack_config(&self, pack: &str) -> Option<Schema> {
        self.configs.get(pack).cloned()
    }

    fn is_broken(&self, reference: &Ref) -> bool {
        self.broken.contains(reference)
    }

    fn trigger(&self, reference: &Ref) -> Option<TriggerDef> {
        self.triggers.get(reference).cloned()
    }

    fn triggers(&self) -> Option<Vec<Ref>> {
        Some(self.triggers.keys().cloned().collect())
    }
}

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

/// The built-in pack and the packs that lie beside this one, which is left out.
pub(super) fn neighbours(source: &PackSource, folder: &Path) -> Result<Neighbours> {
    let own = &source.def.reference;
    let mut known = Neighbours::default();
    if own != "core" {
        known.add(&built_in()?);
    }
    let beside = match folder.parent() {
        Some(parent) => packs_in(parent)?,
        None => Vec::new(),
    };
    for path in beside.iter().filter(|path| path.as_path() != folder) {
        if let Ok(pack) = read_folder(path)
            && pack.source.def.reference != *own
        {
            known.add(&pack);
        }
    }
    Ok(known)
}

fn built_in() -> Result<Loaded> {
    let core = core_pack().map(Loaded::from);
    core.map_err(|found| CliError::Service(format!("the built-in pack:\n{found}")))
}

/// The built-in pack alone.
pub(super) fn core() -> Result<Neighbours> {
    let mut known = Neighbours::default();
    known.add(&built_in()?);
    Ok(known)
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
