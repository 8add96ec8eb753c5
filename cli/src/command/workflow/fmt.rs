//! `attune workflow fmt`: workflow files in their canonical form.
//!
//! Writes only files that change, each at once: it is written beside and then renamed, so that a
//! crash leaves the old file or the new one. A file with errors is shown and left as it is.

use super::shelf::Shelf;
use super::target::{Target, holds, kind_of, shown, targets};
use crate::error::{Attempt as _, CliError, Result};
use crate::output::{self, Columns, Output};
use attune_authoring::format::{FormatError, format};
use serde::Serialize;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// What became of one file.
#[derive(Debug, Serialize)]
struct Report {
    file: String,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// It was as it should be.
    Unchanged,
    /// It was written anew; with `--check`: it would be.
    Changed,
    /// It cannot be formatted.
    Broken,
}

/// Formats all files that the paths stand for; `-` alone reads standard input and writes to standard
/// output.
///
/// # Errors
/// [`CliError::NotRight`] if a file has errors or, with `check`, is not in its canonical form.
pub(super) fn run(paths: &[PathBuf], check: bool, output: Output) -> Result<()> {
    if paths == [PathBuf::from("-")] {
        return stream(check);
    }
    let mut reports = Vec::new();
    for path in paths {
        for file in files(path)? {
            reports.push(one(&file, check)?);
        }
    }
    if output.is_table() {
        for report in reports
            .iter()
            .filter(|one| one.outcome != Outcome::Unchanged)
        {
            output::line(report.error.as_deref().unwrap_or(&report.file));
        }
    } else {
        output.list(&reports, &Columns::new())?;
    }
    let count = |outcome| reports.iter().filter(|one| one.outcome == outcome).count();
    let (changed, broken) = (count(Outcome::Changed), count(Outcome::Broken));
    let verb = if check {
        "to be formatted"
    } else {
        "formatted"
    };
    let said = format!(
        "{changed} of {} {verb}{}",
        files_of(reports.len()),
        if broken > 0 {
            format!(", {broken} with errors")
        } else {
            String::new()
        }
    );
    if broken > 0 || (check && changed > 0) {
        return Err(CliError::NotRight(said));
    }
    output::note(&said);
    Ok(())
}

fn files_of(number: usize) -> String {
    match number {
        1 => "1 file".to_owned(),
        _ => format!("{number} files"),
    }
}

fn stream(check: bool) -> Result<()> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .attempt(|| "reading standard input".to_owned())?;
    let formatted = format("-", &text).map_err(|error| CliError::NotRight(said(&error)))?;
    if check && formatted != text {
        return Err(CliError::NotRight(
            "the text is not in its canonical form".to_owned(),
        ));
    }
    if !check {
        output::raw(&formatted);
    }
    Ok(())
}

/// The diagnostics themselves, or what else went wrong.
fn said(error: &FormatError) -> String {
    match error {
        FormatError::Broken(found) => found.to_string().trim_end().to_owned(),
        FormatError::Unfaithful => error.to_string(),
    }
}

fn one(path: &Path, check: bool) -> Result<Report> {
    let file = shown(path);
    let text = std::fs::read_to_string(path).attempt(|| format!("reading {file}"))?;
    let (outcome, error) = match format(&file, &text) {
        Ok(formatted) if formatted == text => (Outcome::Unchanged, None),
        Ok(formatted) => {
            if !check {
                replace(path, &formatted).attempt(|| format!("writing {file}"))?;
            }
            (Outcome::Changed, None)
        }
        Err(error @ FormatError::Broken(_)) => (Outcome::Broken, Some(said(&error))),
        Err(error) => (Outcome::Broken, Some(format!("{file}: {error}"))),
    };
    Ok(Report {
        file,
        outcome,
        error,
    })
}

/// The new text in the place of the old, with its permissions.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".attune-fmt");
    let beside = PathBuf::from(beside);
    let permissions = std::fs::metadata(path)?.permissions();
    let written = std::fs::write(&beside, text)
        .and_then(|()| std::fs::set_permissions(&beside, permissions))
        .and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        // What is left of an attempt that failed; there may be nothing.
        drop(std::fs::remove_file(&beside));
    }
    written
}

/// The workflow files that a path stands for.
fn files(path: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for target in targets(path)? {
        match target {
            Target::File(file) => found.push(file),
            Target::Pack(folder) => found.extend(workflows(&folder, "")?),
            Target::Part(folder, part) => {
                let whole = folder.join(&part);
                let kind = kind_of(&part);
                if whole.is_file() && matches!(kind, None | Some("workflows")) {
                    found.push(whole);
                    continue;
                }
                let below = workflows(&folder, &part)?;
                if below.is_empty() {
                    return Err(CliError::Usage(format!(
                        "{} is no workflow: only workflows are formatted",
                        shown(&whole)
                    )));
                }
                found.extend(below);
            }
        }
    }
    Ok(found)
}

/// The workflow files in a part of a pack; all without one.
fn workflows(folder: &Path, part: &str) -> Result<Vec<PathBuf>> {
    let shelf = Shelf::of(&[folder.to_owned()])?;
    let files = shelf.pack(folder).into_iter().flat_map(|pack| {
        let files = pack.loaded.source.workflows.iter();
        files.map(|file| file.path.clone())
    });
    Ok(files
        .filter(|file| part.is_empty() || holds(part, file))
        .map(|file| folder.join(file))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Format;
    use std::fs;

    const OUTPUT: Output = Output {
        format: Format::Table,
    };

    fn pack(workflow: &str) -> (tempfile::TempDir, PathBuf) {
        let temp = tempfile::tempdir().unwrap();
        fs::write(
            temp.path().join("pack.yaml"),
            "ref: p\nlabel: P\nversion: 1.0.0\n",
        )
        .unwrap();
        fs::create_dir(temp.path().join("workflows")).unwrap();
        let file = temp.path().join("workflows/w.yaml");
        fs::write(&file, workflow).unwrap();
        (temp, file)
    }

    const LOOSE: &str =
        "label: W\nref:   p.w\nversion: 1.0.0\ntasks: {a: {action: core.noop}} # all\n";
    const NEAT: &str =
        "ref: p.w\nlabel: W\nversion: 1.0.0\ntasks: # all\n  - name: a\n    action: core.noop\n";

    #[test]
    fn files_are_written_once_and_checked() {
        let (pack, file) = pack(LOOSE);
        let paths = [pack.path().to_owned()];
        assert_eq!(run(&paths, true, OUTPUT).unwrap_err().exit_code(), 1);
        assert_eq!(fs::read_to_string(&file).unwrap(), LOOSE);
        run(&paths, false, OUTPUT).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), NEAT);
        run(&paths, true, OUTPUT).unwrap();
        assert_eq!(
            fs::read_dir(pack.path().join("workflows")).unwrap().count(),
            1
        );
    }

    #[test]
    fn a_broken_file_stays_and_the_others_are_done() {
        let (pack, file) = pack(LOOSE);
        let other = pack.path().join("workflows/broken.yaml");
        fs::write(&other, "tasks: [\n").unwrap();
        let error = run(&[pack.path().to_owned()], false, OUTPUT).unwrap_err();
        assert_eq!(error.to_string(), "1 of 2 files formatted, 1 with errors");
        assert_eq!(fs::read_to_string(&file).unwrap(), NEAT);
        assert_eq!(fs::read_to_string(&other).unwrap(), "tasks: [\n");
    }
}
