//! `attune workflow`: workflow files and packs, checked without a server.
//!
//! Uses the same checker as registration, on the packs of a folder and the built-in one. Nothing is
//! sent or stored. What is wrong is the output; the exit code tells whether anything is.

use crate::args::WorkflowCommand;
use crate::error::{Attempt as _, CliError, Result};
use crate::output::{self, Columns, Output};
use attune_flow::check::{compile, compile_pack, outlines};
use attune_pack::{ActionDef, Diagnostic, Diagnostics, PackSource, core_pack, load_folder};
use attune_types::Ref;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Actions by reference.
type Actions = BTreeMap<Ref, ActionDef>;

/// What there is to check.
#[derive(Debug, PartialEq, Eq)]
enum Target {
    /// A pack's folder.
    Pack(PathBuf),
    /// One file of a pack: the pack is checked, what concerns the file is shown.
    FileOf(PathBuf, String),
    /// A workflow that lies in no pack.
    File(PathBuf),
}

/// Checks all paths.
///
/// # Errors
/// [`CliError::NotRight`] if anything is wrong; it was shown.
pub(super) fn run(command: &WorkflowCommand, output: Output) -> Result<()> {
    let WorkflowCommand::Validate { paths } = command;
    let mut found = Diagnostics::new();
    let mut checked = 0;
    for path in paths {
        for target in targets(path)? {
            checked += 1;
            found.extend(check(&target)?);
        }
    }
    found.sort();
    let errors = found.iter().filter(|one| one.is_error()).count();
    let warnings = found.len() - errors;
    if output.is_table() {
        for one in found.iter() {
            output::line(&format!("{one}\n"));
        }
    } else {
        output.list(&found.0, &Columns::new())?;
    }
    let said = format!(
        "{checked} checked: {}, {}",
        count(errors, "error"),
        count(warnings, "warning")
    );
    if errors > 0 {
        return Err(CliError::NotRight(said));
    }
    output::note(&said);
    Ok(())
}

fn count(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}

/// What a path means: a pack, a folder of packs, or a file.
fn targets(path: &Path) -> Result<Vec<Target>> {
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

fn packs_in(folder: &Path) -> Result<Vec<PathBuf>> {
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

/// Everything that is to be said about one target, with whole paths.
fn check(target: &Target) -> Result<Diagnostics> {
    match target {
        Target::Pack(folder) => Ok(placed(folder, check_pack(folder)?)),
        Target::FileOf(folder, file) => {
            let all = check_pack(folder)?;
            let own: Vec<Diagnostic> = all.into_iter().filter(|one| &one.file == file).collect();
            Ok(placed(folder, Diagnostics(own)))
        }
        Target::File(path) => {
            let text =
                std::fs::read_to_string(path).attempt(|| format!("reading {}", path.display()))?;
            Ok(
                match compile(&path.display().to_string(), &text, &core()?) {
                    Ok(compiled) => Diagnostics(compiled.warnings),
                    Err(found) => found,
                },
            )
        }
    }
}

fn check_pack(folder: &Path) -> Result<Diagnostics> {
    let source = match load_folder(folder) {
        Ok(source) => source,
        Err(found) => return Ok(found),
    };
    let others = neighbours(&source, folder)?;
    Ok(match compile_pack(&source, &others) {
        Ok(compiled) => Diagnostics(compiled.warnings),
        Err(found) => found,
    })
}

/// The actions of the built-in pack and of the packs that lie beside this one. What is wrong in those
/// is for their own check.
fn neighbours(source: &PackSource, folder: &Path) -> Result<Actions> {
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

fn core() -> Result<Actions> {
    let broken = |found: Diagnostics| CliError::Service(format!("the built-in pack:\n{found}"));
    Ok(named(core_pack().map_err(broken)?.actions).collect())
}

fn named(actions: Vec<ActionDef>) -> impl Iterator<Item = (Ref, ActionDef)> {
    actions
        .into_iter()
        .map(|action| (action.reference.clone(), action))
}

/// The same with paths that a person can open from here.
fn placed(folder: &Path, mut found: Diagnostics) -> Diagnostics {
    let here = std::env::current_dir().unwrap_or_default();
    let shown = folder.strip_prefix(&here).unwrap_or(folder);
    for one in &mut found.0 {
        one.file = shown.join(&one.file).display().to_string();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn pack(folder: &Path, workflow: &str) {
        fs::create_dir_all(folder.join("workflows")).unwrap();
        fs::write(
            folder.join("pack.yaml"),
            "ref: p\nlabel: P\nversion: 1.0.0\n",
        )
        .unwrap();
        fs::write(folder.join("workflows/w.yaml"), workflow).unwrap();
    }

    const RIGHT: &str =
        "ref: p.w\nlabel: W\nversion: 1.0.0\ntasks:\n  - name: a\n    action: core.noop\n";

    #[test]
    fn a_right_pack_is_right_by_folder_and_by_file() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("p");
        pack(&folder, RIGHT);
        for path in [temp.path(), &folder, &folder.join("workflows/w.yaml")] {
            let targets = targets(path).unwrap();
            assert_eq!(targets.len(), 1);
            let found = check(&targets[0]).unwrap();
            assert!(!found.has_errors(), "{found}");
        }
    }

    #[test]
    fn what_is_wrong_has_a_path_and_a_line() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("p");
        pack(&folder, &RIGHT.replace("core.noop", "core.nop"));
        let found = check(&Target::Pack(folder.canonicalize().unwrap())).unwrap();
        assert!(found.has_errors());
        let first = &found.0[0];
        assert!(first.file.ends_with("p/workflows/w.yaml"), "{found}");
        assert_eq!(first.span.unwrap().line, 6, "{found}");
        assert!(found.to_string().contains("core.noop"), "{found}");
    }

    #[test]
    fn a_folder_without_packs_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        assert_eq!(targets(temp.path()).unwrap_err().exit_code(), 2);
        assert_eq!(
            targets(&temp.path().join("none")).unwrap_err().exit_code(),
            1
        );
    }
}
