//! The packs that a trial may need: those asked for, and those that lie beside them.
//!
//! Owns how folders become a [`Library`]: every pack is read once, all know each other's actions. What
//! is wrong with a neighbour is for its own check; its workflows are then only known by name. What is
//! wrong with a pack that was asked for is told, and nothing is tried.

use super::packs::{Actions, core, packs_in, placed};
use crate::error::{CliError, Result};
use crate::output;
use attune_flow::check::{compile_pack, outlines};
use attune_pack::{Diagnostics, PackSource, core_pack, load_folder};
use attune_tryout::Library;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Packs that were asked for, and all that is known beside them.
pub(super) struct Shelf {
    /// Those asked for.
    pub(super) packs: Vec<(PathBuf, PackSource)>,
    /// Everything that a workflow of theirs may call.
    pub(super) library: Library,
}

impl Shelf {
    /// Reads the packs of these folders and their neighbours.
    ///
    /// # Errors
    /// [`CliError::NotRight`] if one that was asked for is not right; what is wrong was shown.
    pub(super) fn of(folders: &[PathBuf]) -> Result<Self> {
        let mut loaded = Vec::new();
        let mut found = Diagnostics::new();
        for folder in universe(folders)? {
            let wanted = folders.contains(&folder);
            match load_folder(&folder) {
                Ok(source) => loaded.push((folder, source, wanted)),
                Err(errors) if wanted => found.extend(placed(&folder, errors)),
                Err(_) => {}
            }
        }
        // Those asked for come last, so that they win over a neighbour of the same name.
        loaded.sort_by_key(|(.., wanted)| *wanted);
        let mut actions: Actions = core()?.actions;
        for (_, source, _) in &loaded {
            let known = outlines(source).unwrap_or_else(|_| source.actions.clone());
            actions.extend(known.into_iter().map(|one| (one.reference.clone(), one)));
        }
        let mut library = Library::new();
        if let Ok(core) = core_pack() {
            library.add_actions(core.actions);
        }
        library.add_actions(actions.values().cloned());
        let mut packs = Vec::new();
        for (folder, source, wanted) in loaded {
            match compile_pack(&source, &actions) {
                Ok(compiled) => library.add_pack(&source, compiled),
                Err(errors) if wanted => found.extend(placed(&folder, errors)),
                Err(_) => {}
            }
            if wanted {
                packs.push((folder, source));
            }
        }
        let errors = found.iter().filter(|one| one.is_error()).count();
        if errors == 0 {
            packs.sort_by(|(left, _), (right, _)| left.cmp(right));
            return Ok(Self { packs, library });
        }
        for one in found.iter() {
            output::note(&format!("{one}\n"));
        }
        Err(CliError::NotRight(format!(
            "{errors} errors in the packs; nothing was tried"
        )))
    }
}

/// The folders asked for and those beside them, each once.
fn universe(folders: &[PathBuf]) -> Result<BTreeSet<PathBuf>> {
    let mut all: BTreeSet<PathBuf> = folders.iter().cloned().collect();
    let parents: BTreeSet<&Path> = folders
        .iter()
        .filter_map(|folder| folder.parent())
        .collect();
    for parent in parents {
        all.extend(packs_in(parent)?);
    }
    Ok(all)
}
