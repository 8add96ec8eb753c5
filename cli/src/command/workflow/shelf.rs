//! The packs that an offline command works on: those asked for, and those that lie beside them.
//!
//! Owns how folders become checked packs that know each other. Every pack is read once, and compiled
//! only if its workflows are asked for. What is wrong in one file is kept with its pack, and takes away
//! nothing but what that file holds; whether it ends a command is for the command to say. Never asks a
//! server.

use super::known::{Known, Others};
use super::target::{Target, holds, packs_in, placed, shown, targets};
use crate::error::{CliError, Result};
use crate::output;
use attune_catalogue::check_pack;
use attune_flow::check::CompiledPack;
use attune_pack::{Diagnostics, Loaded, SourceFile, core_pack, read_folder};
use attune_tryout::Library;
use attune_types::Ref;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A pack that was asked for.
pub(super) struct OnShelf {
    /// Its folder.
    pub(super) folder: PathBuf,
    /// What was read.
    pub(super) loaded: Loaded,
    /// What was found in its files, with their paths inside the pack.
    pub(super) found: Diagnostics,
    /// What is right in it.
    pub(super) right: CompiledPack,
}

/// Packs that were asked for, and all that is known beside them.
pub(super) struct Shelf {
    /// Those asked for, by folder.
    pub(super) packs: Vec<OnShelf>,
    /// What all packs offer, the built-in one too.
    pub(super) known: Known,
    beside: Vec<Loaded>,
}

impl Shelf {
    /// Reads the packs of these folders and their neighbours.
    ///
    /// # Errors
    /// [`CliError::NotRight`] if a folder that was asked for cannot be read at all.
    pub(super) fn of(folders: &[PathBuf]) -> Result<Self> {
        Self::with(folders, &[])
    }

    /// The same, beside more packs than those that lie there.
    ///
    /// # Errors
    /// As [`Shelf::of`].
    pub(super) fn with(folders: &[PathBuf], more: &[PathBuf]) -> Result<Self> {
        let mut asked = Vec::new();
        let mut beside = Vec::new();
        for folder in universe(folders, more)? {
            let is_asked = folders.contains(&folder);
            match read_folder(&folder) {
                Ok(loaded) if is_asked => asked.push((folder, loaded)),
                Ok(loaded) => beside.push(loaded),
                // What is wrong with a neighbour is for its own check.
                Err(_) if !is_asked => {}
                Err(found) => {
                    tell(&placed(&folder, found));
                    let said = format!("{} cannot be read", shown(&folder));
                    return Err(CliError::NotRight(said));
                }
            }
        }
        // Those asked for come last, so that they win over a neighbour of the same name.
        let all = beside.iter().chain(asked.iter().map(|(_, loaded)| loaded));
        let known = Known::of(all)?;
        let packs = asked
            .into_iter()
            .map(|(folder, loaded)| on_shelf(folder, loaded, &known));
        Ok(Self {
            packs: packs.collect(),
            known,
            beside,
        })
    }

    /// The pack of a folder that was asked for.
    pub(super) fn pack(&self, folder: &Path) -> Option<&OnShelf> {
        self.packs.iter().find(|pack| pack.folder == folder)
    }

    /// Everything that a walk may need. Workflows of which nothing could be made are known as broken.
    pub(super) fn library(&self) -> Library {
        let mut library = Library::new();
        if let Ok(core) = core_pack() {
            library.add_actions(core.actions);
        }
        for loaded in &self.beside {
            let right = check_pack(loaded, &Others::of(&self.known, loaded)).right;
            add(&mut library, loaded, right);
        }
        for pack in &self.packs {
            add(&mut library, &pack.loaded, pack.right.clone());
        }
        library
    }

    /// Says in which files of a pack, other than these, something is wrong.
    pub(super) fn mention(&self, pack: &str, own: &BTreeSet<(PathBuf, String)>) {
        for pack in self.packs.iter().filter(|one| one.name() == pack) {
            pack.mention(own);
        }
    }
}

impl OnShelf {
    /// The name of the pack.
    pub(super) fn name(&self) -> &str {
        &self.loaded.source.def.reference
    }

    /// Its workflow files, each with the reference that it is known by.
    pub(super) fn workflows(&self) -> impl Iterator<Item = (Ref, &SourceFile)> {
        let files = self.loaded.source.workflows.iter();
        files.filter_map(|file| Some((reference(file, self.name())?, file)))
    }

    /// The workflow that a file holds or describes.
    pub(super) fn workflow_of(&self, file: &str) -> Option<Ref> {
        let describes = |of: &Ref| self.described_in(of).contains(&file);
        self.workflows()
            .find(|(reference, known)| known.path == file || describes(reference))
            .map(|(reference, _)| reference)
    }

    /// The files that a workflow is written in.
    pub(super) fn files_of(&self, workflow: &Ref) -> BTreeSet<(PathBuf, String)> {
        let graphs = self
            .workflows()
            .filter(|(reference, _)| reference == workflow)
            .map(|(_, file)| file.path.as_str());
        let files = graphs.chain(self.described_in(workflow));
        files
            .map(|file| (self.folder.clone(), file.to_owned()))
            .collect()
    }

    /// Action files that stand for the workflow.
    fn described_in(&self, workflow: &Ref) -> Vec<&str> {
        let actions = self.loaded.actions.iter();
        actions
            .filter(|action| action.node.get("workflow_file").is_some())
            .map(|action| action.sink.file())
            .filter(|file| reference_of(file, self.name()).as_ref() == Some(workflow))
            .collect()
    }

    /// What was found in a file or folder of the pack, with a path that a person can open.
    pub(super) fn found_in(&self, part: &str) -> Diagnostics {
        let found = self.found.iter().filter(|one| holds(part, &one.file));
        placed(&self.folder, Diagnostics(found.cloned().collect()))
    }

    /// Says in one line in which files other than these something is wrong.
    pub(super) fn mention(&self, own: &BTreeSet<(PathBuf, String)>) {
        let mut wrong: BTreeMap<&str, usize> = BTreeMap::new();
        for one in self.found.iter().filter(|one| one.is_error()) {
            if !own.contains(&(self.folder.clone(), one.file.clone())) {
                *wrong.entry(&one.file).or_default() += 1;
            }
        }
        if wrong.is_empty() {
            return;
        }
        let files: Vec<String> = wrong
            .iter()
            .map(|(file, count)| match count {
                1 => format!("{file} (1 error)"),
                _ => format!("{file} ({count} errors)"),
            })
            .collect();
        output::note(&format!(
            "note: other files of the pack `{}` are not right: {}; see `attune workflow validate {}`",
            self.name(),
            files.join(", "),
            shown(&self.folder)
        ));
    }

    /// Shows what is wrong with a workflow; without an error in its own files all that is wrong with
    /// the pack.
    pub(super) fn tell_broken(&self, workflow: &Ref) {
        let own = self.files_of(workflow);
        let is_own = |file: &String| own.contains(&(self.folder.clone(), file.clone()));
        let of_own = self
            .found
            .iter()
            .any(|one| one.is_error() && is_own(&one.file));
        let found = self
            .found
            .iter()
            .filter(|one| !of_own || is_own(&one.file))
            .cloned();
        tell(&placed(&self.folder, Diagnostics(found.collect())));
    }
}

/// Shows what was found, beside the result.
pub(super) fn tell(found: &Diagnostics) {
    for one in found.iter() {
        output::note(&format!("{one}\n"));
    }
}

fn on_shelf(folder: PathBuf, loaded: Loaded, known: &Known) -> OnShelf {
    let checked = check_pack(&loaded, &Others::of(known, &loaded));
    OnShelf {
        folder,
        loaded,
        found: checked.found,
        right: checked.right,
    }
}

fn add(library: &mut Library, loaded: &Loaded, right: CompiledPack) {
    let name = &loaded.source.def.reference;
    let files = loaded.source.workflows.iter();
    let named = files.filter_map(|file| reference(file, name));
    let right_ones: BTreeSet<&Ref> = right.programs.iter().map(|one| &one.reference).collect();
    let broken: Vec<Ref> = named.filter(|one| !right_ones.contains(one)).collect();
    library.add_pack(&loaded.source, right);
    library.add_broken(broken);
}

/// What a workflow file is called by: the action that names it, else its own name.
fn reference(file: &SourceFile, pack: &str) -> Option<Ref> {
    match &file.action {
        Some(action) => Some(action.clone()),
        None => reference_of(&file.path, pack),
    }
}

/// `workflows/deploy.yaml` and `workflows/deploy.workflow.yaml` hold `pack.deploy`.
fn reference_of(file: &str, pack: &str) -> Option<Ref> {
    let name = file.rsplit('/').next().unwrap_or(file);
    let stem = name.split('.').next().unwrap_or(name);
    Ref::parse(&format!("{pack}.{stem}")).ok()
}

/// The folders asked for, those beside them, and more; each once.
fn universe(folders: &[PathBuf], more: &[PathBuf]) -> Result<BTreeSet<PathBuf>> {
    let mut all: BTreeSet<PathBuf> = folders.iter().chain(more).cloned().collect();
    let parents: BTreeSet<&Path> = folders
        .iter()
        .filter_map(|folder| folder.parent())
        .collect();
    for parent in parents {
        all.extend(packs_in(parent)?);
    }
    Ok(all)
}

/// The packs in folders that were named beside.
///
/// # Errors
/// [`CliError::Usage`] if one is no folder of packs.
pub(super) fn packs_of(folders: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for folder in folders {
        for target in targets(folder)? {
            let (Target::Pack(pack) | Target::Part(pack, _)) = target else {
                return Err(CliError::Usage(format!(
                    "{} is no folder of packs",
                    folder.display()
                )));
            };
            found.push(pack);
        }
    }
    Ok(found)
}
