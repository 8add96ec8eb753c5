//! `attune workflow validate`: all that is wrong with packs and workflow files, without a server.
//!
//! Uses the same checker as registration, on the packs of a folder and the built-in one. Nothing is
//! sent or stored. What is wrong is the output; the exit code tells whether anything is.

use super::packs::{Target, core, neighbours, placed, targets};
use super::report;
use crate::args::{Deny, Format, Report, Validate};
use crate::error::{Attempt as _, CliError, Result};
use crate::output::{self, Columns, Output};
use attune_catalogue::check_pack;
use attune_flow::check::compile;
use attune_pack::{Diagnostic, Diagnostics, read_folder};
use std::path::Path;

/// Checks all paths.
///
/// # Errors
/// [`CliError::NotRight`] if anything is wrong (with `--deny warnings`: or doubtful); it was shown.
pub(super) fn run(args: &Validate, output: Output) -> Result<()> {
    let mut found = Diagnostics::new();
    let mut checked = 0;
    for path in &args.paths {
        for target in targets(path)? {
            checked += 1;
            found.extend(check(&target)?);
        }
    }
    let here = std::env::current_dir().unwrap_or_default();
    for one in &mut found.0 {
        if let Ok(inside) = Path::new(&one.file).strip_prefix(&here) {
            one.file = inside.display().to_string();
        }
    }
    found.sort();
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

/// Everything that is to be said about one target, with whole paths.
fn check(target: &Target) -> Result<Diagnostics> {
    match target {
        Target::Pack(folder) => Ok(placed(folder, whole_pack(folder)?)),
        Target::FileOf(folder, file) => {
            let all = whole_pack(folder)?;
            let own: Vec<Diagnostic> = all.into_iter().filter(|one| &one.file == file).collect();
            Ok(placed(folder, Diagnostics(own)))
        }
        Target::File(path) => {
            let name = path.display().to_string();
            let bytes = std::fs::read(path).attempt(|| format!("reading {name}"))?;
            let Ok(text) = String::from_utf8(bytes) else {
                let message = "the file is not UTF-8 text";
                return Ok(Diagnostic::error("PACK001", &name, message).into());
            };
            Ok(match compile(&name, &text, &core()?) {
                Ok(compiled) => Diagnostics(compiled.warnings),
                Err(found) => found,
            })
        }
    }
}

/// All that is to be said about any file of a pack.
fn whole_pack(folder: &Path) -> Result<Diagnostics> {
    let loaded = match read_folder(folder) {
        Ok(loaded) => loaded,
        Err(found) => return Ok(found),
    };
    let others = neighbours(&loaded.source, folder)?;
    Ok(check_pack(&loaded, &others).found)
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
