//! The Programs of workflow files, for the commands that draw and compare them.
//!
//! Owns how a path becomes checked workflows: a pack or a folder of packs gives all of its workflows, a
//! file its own. What is called is looked up in the file's pack, in the packs beside it, and in those of
//! `--packs`. A file with errors is shown with all of them on standard error and gives nothing.

use super::packs::{Target, core, neighbours, placed, targets};
use crate::error::{Attempt as _, CliError, Result};
use crate::output;
use attune_flow::check::{
    ActionLookup, CompiledPack, Layered, compile, compile_graph, compile_pack, outlines,
};
use attune_flow::program::Program;
use attune_pack::{ActionDef, Diagnostics, PackSource, SourceFile, load_folder};
use attune_types::Ref;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The workflows at a path, by reference.
///
/// # Errors
/// [`CliError::Usage`] if the path means nothing or a definition has errors, which were shown.
pub(super) fn programs(path: &Path, packs: &[PathBuf]) -> Result<Vec<Program>> {
    let known = known(packs)?;
    let mut found = Vec::new();
    for target in targets(path)? {
        let made = match &target {
            Target::Pack(folder) => whole(folder, &known)?.map_err(|bad| placed(folder, bad)),
            Target::FileOf(folder, file) => {
                of_pack(folder, file, &known)?.map_err(|bad| placed(folder, bad))
            }
            Target::File(file) => alone(file, &known)?,
        };
        match made {
            Ok(programs) => found.extend(programs),
            Err(errors) => return Err(shown(path, &errors)),
        }
    }
    if found.is_empty() {
        return Err(CliError::Usage(format!(
            "there is no workflow in {}",
            path.display()
        )));
    }
    found.sort_by(|a, b| a.reference.cmp(&b.reference));
    Ok(found)
}

/// Says what is wrong; what was asked for cannot be done.
fn shown(path: &Path, errors: &Diagnostics) -> CliError {
    for one in errors.iter() {
        output::note(&format!("{one}\n"));
    }
    CliError::Usage(format!(
        "{} has errors; see `attune workflow validate`",
        path.display()
    ))
}

/// What is in the packs that were named beside.
fn known(folders: &[PathBuf]) -> Result<BTreeMap<Ref, ActionDef>> {
    let mut known = BTreeMap::new();
    for folder in folders {
        for target in targets(folder)? {
            let (Target::Pack(pack) | Target::FileOf(pack, _)) = target else {
                return Err(CliError::Usage(format!(
                    "{} is no folder of packs",
                    folder.display()
                )));
            };
            let source =
                load_folder(&pack).map_err(|errors| shown(&pack, &placed(&pack, errors)))?;
            known.extend(by_reference(&source));
        }
    }
    Ok(known)
}

/// The actions of a pack; its workflows too, as far as their outlines are right.
fn by_reference(source: &PackSource) -> BTreeMap<Ref, ActionDef> {
    let actions = outlines(source).unwrap_or_else(|_| source.actions.clone());
    actions
        .into_iter()
        .map(|action| (action.reference.clone(), action))
        .collect()
}

type Made = std::result::Result<Vec<Program>, Diagnostics>;

fn whole(folder: &Path, known: &dyn ActionLookup) -> Result<Made> {
    let source = match load_folder(folder) {
        Ok(source) => source,
        Err(errors) => return Ok(Err(errors)),
    };
    let others = neighbours(&source, folder)?;
    let lookup = Layered {
        first: &others,
        then: known,
    };
    Ok(compile_pack(&source, &lookup).map(|compiled: CompiledPack| compiled.programs))
}

/// One file of a pack, whatever may be wrong with the others.
fn of_pack(folder: &Path, file: &str, known: &dyn ActionLookup) -> Result<Made> {
    let source = match load_folder(folder) {
        Ok(source) => source,
        Err(errors) => {
            let own = errors
                .iter()
                .filter(|one| one.file == file)
                .cloned()
                .collect::<Vec<_>>();
            return Ok(Err(if own.is_empty() {
                errors
            } else {
                Diagnostics(own)
            }));
        }
    };
    let Some(workflow) = source
        .workflows
        .iter()
        .find(|one| is_of(one, file, &source))
    else {
        return Err(CliError::Usage(format!(
            "{file} is no workflow of the pack `{}`",
            source.def.reference
        )));
    };
    let own = by_reference(&source);
    let others = neighbours(&source, folder)?;
    let beside = Layered {
        first: &others,
        then: known,
    };
    let lookup = Layered {
        first: &own,
        then: &beside,
    };
    let (path, text) = (&workflow.path, &workflow.text);
    let made = match workflow.action.as_ref().and_then(|action| own.get(action)) {
        Some(action) => compile_graph(action, &source.def.version, path, text, &lookup),
        None => compile(path, text, &lookup),
    };
    Ok(made.map(|compiled| vec![compiled.program]))
}

/// Whether a file holds that workflow or describes it.
fn is_of(workflow: &SourceFile, file: &str, source: &PackSource) -> bool {
    let stem = Path::new(file)
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy();
    let described = file.starts_with("actions/")
        && workflow
            .action
            .as_ref()
            .is_some_and(|action| action.pack() == source.def.reference && action.name() == stem);
    workflow.path == file || described
}

/// A file that lies in no pack.
fn alone(file: &Path, known: &dyn ActionLookup) -> Result<Made> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).attempt(|| format!("reading {name}"))?;
    let core = core()?;
    let lookup = Layered {
        first: known,
        then: &core,
    };
    Ok(compile(&name, &text, &lookup).map(|compiled| vec![compiled.program]))
}

/// The pack that a file is a workflow of, if it lies in one: another version of that file may lie
/// anywhere.
pub(super) fn pack_of(path: &Path) -> Result<Option<PathBuf>> {
    let first = targets(path)?.into_iter().next();
    Ok(match first {
        Some(Target::FileOf(folder, _)) => Some(folder),
        _ => None,
    })
}
