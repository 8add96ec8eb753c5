//! The Programs of workflow files, for the commands that draw and compare them.
//!
//! Owns how a path becomes checked workflows: a pack or a folder of packs gives all of its workflows, a
//! file its own. What is called is looked up in the file's pack, in the packs beside it, and in those of
//! `--packs`. A workflow with errors is kept apart; what is wrong elsewhere is only mentioned.

use super::shelf::{Shelf, packs_of, tell};
use super::target::{Target, holds, kind_of, shown, targets};
use crate::error::{Attempt as _, CliError, Result};
use attune_flow::check::{ActionLookup, compile};
use attune_flow::program::Program;
use attune_pack::Diagnostics;
use attune_types::Ref;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The workflows at a path.
pub(super) struct Found {
    /// Those that are right, by reference.
    pub(super) programs: Vec<Program>,
    /// Those that have errors.
    pub(super) broken: Vec<Broken>,
    shelf: Shelf,
    own: BTreeSet<(PathBuf, String)>,
}

/// A workflow with errors.
pub(super) struct Broken {
    /// Its name; of a file in no pack the file's.
    pub(super) name: String,
    source: Source,
}

enum Source {
    /// It lies in a pack of the shelf.
    Pack(PathBuf, Ref),
    /// It lies in no pack.
    File(Diagnostics),
}

/// The workflows at a path.
///
/// # Errors
/// [`CliError::Usage`] if the path means nothing or holds no workflow.
pub(super) fn programs(path: &Path, packs: &[PathBuf]) -> Result<Found> {
    let targets = targets(path)?;
    let folders: Vec<PathBuf> = targets
        .iter()
        .filter_map(|target| match target {
            Target::Pack(folder) | Target::Part(folder, _) => Some(folder.clone()),
            Target::File(_) => None,
        })
        .collect();
    let mut found = Found {
        programs: Vec::new(),
        broken: Vec::new(),
        shelf: Shelf::with(&folders, &packs_of(packs)?)?,
        own: BTreeSet::new(),
    };
    for target in &targets {
        match target {
            Target::Pack(folder) => found.of_pack(folder, |_| true),
            Target::Part(folder, part) => found.of_part(folder, part)?,
            Target::File(file) => found.alone(file)?,
        }
    }
    if found.programs.is_empty() && found.broken.is_empty() {
        return Err(CliError::Usage(format!(
            "there is no workflow in {}",
            path.display()
        )));
    }
    found.programs.sort_by(|a, b| a.reference.cmp(&b.reference));
    Ok(found)
}

impl Found {
    /// The workflows of a pack that are meant.
    fn of_pack(&mut self, folder: &Path, meant: impl Fn(&Ref) -> bool) {
        let Some(pack) = self.shelf.pack(folder) else {
            return;
        };
        for (reference, _) in pack.workflows().filter(|(reference, _)| meant(reference)) {
            self.own.extend(pack.files_of(&reference));
            let mut programs = pack.right.programs.iter();
            match programs.find(|program| program.reference == reference) {
                Some(program) => self.programs.push(program.clone()),
                None => self.broken.push(Broken {
                    name: reference.to_string(),
                    source: Source::Pack(folder.to_owned(), reference),
                }),
            }
        }
    }

    fn of_part(&mut self, folder: &Path, part: &str) -> Result<()> {
        let Some(pack) = self.shelf.pack(folder) else {
            return Ok(());
        };
        let name = pack.name().to_owned();
        let mut meant: BTreeSet<Ref> = pack
            .workflows()
            .filter(|(_, file)| holds(part, &file.path))
            .map(|(reference, _)| reference)
            .collect();
        meant.extend(pack.workflow_of(part));
        if !meant.is_empty() {
            self.of_pack(folder, |reference| meant.contains(reference));
            return Ok(());
        }
        let whole = folder.join(part);
        if kind_of(part).is_none() && whole.is_file() {
            return self.alone(&whole);
        }
        Err(CliError::Usage(format!(
            "{part} is no workflow of the pack `{name}`"
        )))
    }

    /// A file that lies in no pack, or that its pack does not read.
    fn alone(&mut self, file: &Path) -> Result<()> {
        match lone(file, &self.shelf.known)? {
            Ok(compiled) => self.programs.push(compiled.program),
            Err(errors) => self.broken.push(Broken {
                name: shown(file),
                source: Source::File(errors),
            }),
        }
        Ok(())
    }

    /// The names of all, right or not.
    pub(super) fn names(&self) -> String {
        let right = self.programs.iter().map(|one| one.reference.as_str());
        let all: BTreeSet<&str> = right
            .chain(self.broken.iter().map(|one| one.name.as_str()))
            .collect();
        all.into_iter().collect::<Vec<_>>().join(", ")
    }

    /// How many there are, right or not.
    pub(super) fn count(&self) -> usize {
        self.programs.len() + self.broken.len()
    }

    /// Leaves only the workflow of that name.
    pub(super) fn retain(&mut self, wanted: &Ref) {
        self.programs.retain(|program| program.reference == *wanted);
        self.broken.retain(|one| one.name == wanted.as_str());
        self.own = self
            .shelf
            .packs
            .iter()
            .flat_map(|pack| pack.files_of(wanted))
            .collect();
    }

    /// Shows all that is wrong with the broken ones, and mentions what is wrong beside them. Gives the
    /// sentence that tells it, if there are any.
    pub(super) fn tell(&self) -> Option<String> {
        for one in &self.broken {
            match &one.source {
                Source::File(found) => tell(found),
                Source::Pack(folder, reference) => {
                    if let Some(pack) = self.shelf.pack(folder) {
                        pack.tell_broken(reference);
                    }
                }
            }
        }
        for pack in &self.shelf.packs {
            pack.mention(&self.own);
        }
        let names: Vec<String> = self
            .broken
            .iter()
            .map(|one| format!("`{}`", one.name))
            .collect();
        match names.as_slice() {
            [] => None,
            [one] => Some(format!("{one} has errors")),
            many => Some(format!("{} have errors", many.join(", "))),
        }
    }
}

/// A workflow file that is part of no pack, checked against what is known.
///
/// # Errors
/// If the file cannot be read.
pub(super) fn lone(
    file: &Path,
    known: &dyn ActionLookup,
) -> Result<std::result::Result<attune_flow::check::Compiled, Diagnostics>> {
    let name = shown(file);
    let bytes = std::fs::read(file).attempt(|| format!("reading {name}"))?;
    let Ok(text) = String::from_utf8(bytes) else {
        let message = "the file is not UTF-8 text";
        let found = attune_pack::Diagnostic::error("PACK001", &name, message);
        return Ok(Err(found.into()));
    };
    Ok(compile(&name, &text, known))
}

/// The pack that a file is a workflow of, if it lies in one: another version of that file may lie
/// anywhere.
pub(super) fn pack_of(path: &Path) -> Result<Option<PathBuf>> {
    let first = targets(path)?.into_iter().next();
    Ok(match first {
        Some(Target::Part(folder, _)) => Some(folder),
        _ => None,
    })
}
