//! `attune workflow validate`: all that is wrong with packs and workflow files, without a server.
//!
//! Uses the same checker as registration, on the packs of a folder and the built-in one, and reads the
//! workflow tests too. Nothing is sent or stored. What is wrong is the output; the exit code tells
//! whether anything is.

use super::programs::lone;
use super::report;
use super::shelf::{OnShelf, Shelf};
use super::target::{Target, holds, kind_of, placed, shown, targets};
use crate::args::{Deny, Format, Report, Validate};
use crate::error::{CliError, Result};
use crate::output::{self, Columns, Output};
use attune_pack::Diagnostics;
use attune_tryout::{Library, parse_tests};
use std::path::{Path, PathBuf};

/// Checks all paths.
///
/// # Errors
/// [`CliError::NotRight`] if anything is wrong (with `--deny warnings`: or doubtful); it was shown.
pub(super) fn run(args: &Validate, output: Output) -> Result<()> {
    let mut all = Vec::new();
    for path in &args.paths {
        all.extend(targets(path)?);
    }
    let mut found = check(&all)?;
    found.sort();
    found.0.dedup();
    let checked = all.len();
    let errors = found.iter().filter(|one| one.is_error()).count();
    let warnings = found.len() - errors;
    show(&found, args.format, output)?;
    let said = format!(
        "{checked} checked: {}, {}",
        count(errors, "error"),
        count(warnings, "warning")
    );
    if errors > 0 || (warnings > 0 && args.deny.contains(&Deny::Warnings)) {
        return Err(CliError::NotRight(said));
    }
    output::note(&said);
    Ok(())
}

/// In the form that was asked for, on standard output.
fn show(found: &Diagnostics, form: Option<Report>, output: Output) -> Result<()> {
    let json = Output {
        format: Format::Json,
    };
    match form {
        Some(Report::Github) => output::raw(&report::annotations(&found.0)),
        Some(Report::Sarif) => json.one(&report::sarif(&found.0), ToString::to_string)?,
        Some(Report::Json) => json.list(&found.0, &Columns::new())?,
        None if !output.is_table() => output.list(&found.0, &Columns::new())?,
        None | Some(Report::Text) => {
            for one in found.iter() {
                output::line(&format!("{one}\n"));
            }
        }
    }
    Ok(())
}

fn count(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}

/// Everything that is to be said about these targets, with paths that a person can open.
fn check(all: &[Target]) -> Result<Diagnostics> {
    let mut folders: Vec<PathBuf> = all
        .iter()
        .filter_map(|target| match target {
            Target::Pack(folder) | Target::Part(folder, _) => Some(folder.clone()),
            Target::File(_) => None,
        })
        .collect();
    folders.sort();
    folders.dedup();
    let shelf = Shelf::of(&folders)?;
    let wants_tests = |pack: &OnShelf| {
        let named = |part: &str| holds(part, "tests") || kind_of(part) == Some("tests");
        !pack.loaded.source.tests.is_empty()
            && all.iter().any(|target| match target {
                Target::Pack(folder) => *folder == pack.folder,
                Target::Part(folder, part) => *folder == pack.folder && named(part),
                Target::File(_) => false,
            })
    };
    let tests: Vec<(&Path, Diagnostics)> = if shelf.packs.iter().any(wants_tests) {
        let library = shelf.library();
        let packs = shelf.packs.iter().filter(|pack| wants_tests(pack));
        packs
            .map(|pack| (pack.folder.as_path(), of_tests(pack, &library)))
            .collect()
    } else {
        Vec::new()
    };
    let tests_of = |folder: &Path, part: &str| {
        let own = tests.iter().filter(|(of, _)| *of == folder);
        let found = own.flat_map(|(_, found)| found.iter());
        let found = found.filter(|one| part.is_empty() || holds(part, &one.file));
        placed(folder, Diagnostics(found.cloned().collect()))
    };
    let mut found = Diagnostics::new();
    for target in all {
        match target {
            Target::Pack(folder) => {
                if let Some(pack) = shelf.pack(folder) {
                    found.extend(placed(folder, pack.found.clone()));
                }
                found.extend(tests_of(folder, ""));
            }
            Target::Part(folder, part) => {
                let whole = folder.join(part);
                if whole.is_file() && kind_of(part).is_none() {
                    found.extend(alone(&whole, &shelf)?);
                } else if let Some(pack) = shelf.pack(folder) {
                    found.extend(pack.found_in(part));
                }
                found.extend(tests_of(folder, part));
            }
            Target::File(path) => found.extend(alone(path, &shelf)?),
        }
    }
    Ok(found)
}

/// What is wrong in the workflow tests of a pack. That a workflow has errors is said in its own file.
fn of_tests(pack: &OnShelf, library: &Library) -> Diagnostics {
    let mut all = Diagnostics::new();
    for file in &pack.loaded.source.tests {
        match parse_tests(&file.path, &file.text, library) {
            Ok((_, warnings)) => all.extend(warnings),
            Err(found) => all.extend(found),
        }
    }
    all
}

/// A file that no pack reads: it is taken for a workflow.
fn alone(path: &Path, shelf: &Shelf) -> Result<Diagnostics> {
    let ending = path.extension().and_then(|ending| ending.to_str());
    if !matches!(ending, Some("yaml" | "yml" | "json")) {
        let said = format!("{} is no YAML or JSON file", shown(path));
        return Err(CliError::Usage(said));
    }
    Ok(match lone(path, &shelf.known)? {
        Ok(compiled) => Diagnostics(compiled.warnings),
        Err(found) => found,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn pack(folder: &Path, workflow: &str) {
        for part in ["workflows", "tests", "drafts"] {
            fs::create_dir_all(folder.join(part)).unwrap();
        }
        let write = |path: &str, text: &str| fs::write(folder.join(path), text).unwrap();
        write("pack.yaml", "ref: p\nlabel: P\nversion: 1.0.0\n");
        write("workflows/w.yaml", workflow);
        write("drafts/w.yaml", workflow);
    }

    fn found(path: &Path) -> Diagnostics {
        check(&targets(path).unwrap()).unwrap()
    }

    const RIGHT: &str =
        "ref: p.w\nlabel: W\nversion: 1.0.0\ntasks:\n  - name: a\n    action: core.noop\n";

    #[test]
    fn a_right_pack_is_right_by_folder_and_by_file() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("p");
        pack(&folder, RIGHT);
        let parts = ["", "workflows", "workflows/w.yaml", "drafts/w.yaml"];
        for path in parts.map(|part| folder.join(part)) {
            assert_eq!(targets(&path).unwrap().len(), 1);
            let found = found(&path);
            assert!(!found.has_errors(), "{found}");
        }
    }

    #[test]
    fn what_is_wrong_has_a_path_and_a_line() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("p");
        pack(&folder, &RIGHT.replace("core.noop", "core.nop"));
        for (part, file) in [
            ("", "p/workflows/w.yaml"),
            ("workflows", "p/workflows/w.yaml"),
            ("drafts/w.yaml", "p/drafts/w.yaml"),
        ] {
            let found = found(&folder.join(part));
            assert_eq!(found.len(), 1, "{found}");
            let first = &found.0[0];
            assert!(first.file.ends_with(file), "{found}");
            assert_eq!(first.span.unwrap().line, 6, "{found}");
            assert!(found.to_string().contains("core.noop"), "{found}");
        }
        assert!(found(&folder.join("pack.yaml")).is_empty());
    }

    #[test]
    fn tests_are_read_with_the_pack_and_by_themselves() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("p");
        pack(&folder, RIGHT);
        let test = "workflow: p.w\nmocks: {b: {result: 1}}\nexpect: {tasks: {c: absent}, statos: failed}\n";
        fs::write(folder.join("tests/w.yaml"), test).unwrap();
        fs::write(folder.join("tests/x.yaml"), "workflow: p.v\nexpect: {}\n").unwrap();
        let codes = |part: &str| -> Vec<String> {
            let found = found(&folder.join(part));
            found.iter().map(|one| one.code.clone()).collect()
        };
        let own = ["TEST006", "TEST006", "TEST001"];
        assert_eq!(codes("tests/w.yaml"), own);
        let all = ["TEST006", "TEST006", "TEST001", "TEST005"];
        assert_eq!(codes("tests"), all);
        assert_eq!(codes(""), all);
        assert!(codes("workflows").is_empty());
        // What is wrong with the workflow is said once, in its own file.
        let wrong = RIGHT.replace("core.noop", "core.nop");
        fs::write(folder.join("workflows/w.yaml"), wrong).unwrap();
        assert_eq!(codes(""), ["FLOW020", "TEST001", "TEST005"]);
    }

    #[test]
    fn what_is_no_definition_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("p");
        pack(&folder, RIGHT);
        fs::write(folder.join("README.md"), "read me").unwrap();
        let readme = targets(&folder.join("README.md")).unwrap();
        assert_eq!(check(&readme).unwrap_err().exit_code(), 2);
    }
}
