//! `attune workflow test`: the tests that lie in packs, without a server.
//!
//! Owns which tests are meant and what the exit code tells: 0 if all passed, 1 if one did not, a file
//! could not be read or the coverage is too low, 2 if the line made no sense. The tests themselves are
//! attune-tryout's business.

mod show;

use super::shelf::{OnShelf, Shelf, tell};
use super::target::{Target, holds, placed, shown, targets};
use crate::args::Test;
use crate::error::{Attempt as _, CliError, Result};
use crate::output::{self, Output};
use attune_pack::{Diagnostics, SourceFile};
use attune_tryout::{FileReport, Report, TestCase, junit, run_tests};
use attune_types::Ref;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What is wanted of one pack.
#[derive(Debug, Default)]
struct Wanted {
    /// All of it.
    whole: bool,
    /// Test files and folders of them, relative to the pack.
    files: Vec<String>,
    /// Workflow files and folders of them, relative to the pack.
    workflows: Vec<String>,
}

/// Runs the tests that the arguments name.
///
/// # Errors
/// [`CliError::NotRight`] if anything is not as it must be; it was shown.
pub(super) fn run(args: &Test, output: Output) -> Result<()> {
    let wanted = wanted(&args.paths)?;
    let folders: Vec<PathBuf> = wanted.keys().cloned().collect();
    let shelf = Shelf::of(&folders)?;
    let library = shelf.library();
    let mut report = Report::default();
    let mut errors = 0;
    for pack in &shelf.packs {
        let Some(wanted) = wanted.get(&pack.folder) else {
            continue;
        };
        let whole = wanted.whole && args.filter.is_none();
        let mut coverage = std::mem::take(&mut report.coverage);
        if whole {
            let own = |program: &Ref| program.pack() == pack.name();
            for program in library.workflows() {
                if own(&program.reference) {
                    coverage.include(program);
                }
            }
        }
        let meant: BTreeSet<Ref> = pack
            .workflows()
            .filter(|(_, file)| wanted.workflows.iter().any(|part| holds(part, &file.path)))
            .map(|(reference, _)| reference)
            .collect();
        let files = files(pack, wanted)?;
        let mut part = run_tests(&library, &files, coverage, |case| {
            wanted.takes(case, &meant) && is_meant(case, args.filter.as_deref())
        });
        report.coverage = part.coverage;
        errors += told(pack, whole, &meant, &part.files);
        report.files.append(&mut part.files);
    }
    if let Some(path) = &args.junit {
        write_junit(&report, path)?;
    }
    show::report(&report, output)?;
    judge(args, &report, errors)
}

/// Shows what is wrong with a pack: all of it if the whole pack is tried, else the workflows that are
/// meant or that tests name; other files are mentioned. Gives the number of errors shown.
fn told(pack: &OnShelf, whole: bool, meant: &BTreeSet<Ref>, ran: &[FileReport]) -> usize {
    let cases = ran.iter().flat_map(|file| &file.cases);
    let named = cases.map(|case| &case.workflow).chain(meant);
    let own: BTreeSet<(PathBuf, String)> =
        named.flat_map(|workflow| pack.files_of(workflow)).collect();
    let is_own = |file: &String| own.contains(&(pack.folder.clone(), file.clone()));
    let found = pack.found.iter().filter(|one| one.is_error());
    let found: Vec<_> = found
        .filter(|one| whole || is_own(&one.file))
        .cloned()
        .collect();
    let errors = found.len();
    tell(&placed(&pack.folder, Diagnostics(found)));
    if !whole {
        pack.mention(&own);
    }
    errors
}

/// Says how it ended.
fn judge(args: &Test, report: &Report, errors: usize) -> Result<()> {
    let (passed, failed, broken) = (report.passed(), report.failed(), report.broken());
    let percent = report.coverage.percent();
    if passed + failed + broken == 0 {
        if let Some(filter) = &args.filter {
            let message = format!("no test has `{filter}` in its name, file or workflow");
            return Err(CliError::Usage(message));
        }
        output::note("no tests found: a test is a YAML file in the folder `tests` of a pack");
    }
    let tests = if passed + failed == 1 {
        "test"
    } else {
        "tests"
    };
    let mut said = format!("{} {tests}: {passed} passed", passed + failed);
    if failed > 0 {
        said.push_str(&format!(", {failed} failed"));
    }
    if broken > 0 {
        let files = if broken == 1 { "file" } else { "files" };
        said.push_str(&format!(", {broken} {files} could not be read"));
    }
    if errors > 0 {
        let word = if errors == 1 { "error" } else { "errors" };
        said.push_str(&format!(", {errors} {word} in the packs"));
    }
    said.push_str(&format!("; coverage {percent:.1} %"));
    let low = args.min_coverage.filter(|least| percent < *least);
    if let Some(least) = low {
        said.push_str(&format!(", at least {least} % is wanted"));
    }
    if report.is_good() && low.is_none() && errors == 0 {
        output::note(&said);
        return Ok(());
    }
    Err(CliError::NotRight(said))
}

/// What is wanted of which pack.
fn wanted(paths: &[PathBuf]) -> Result<BTreeMap<PathBuf, Wanted>> {
    let here = [default_folder()];
    let paths = if paths.is_empty() { &here } else { paths };
    let mut all: BTreeMap<PathBuf, Wanted> = BTreeMap::new();
    for path in paths {
        for target in targets(path)? {
            match target {
                Target::Pack(folder) => all.entry(folder).or_default().whole = true,
                Target::Part(folder, part) => {
                    let wanted = all.entry(folder).or_default();
                    if holds("workflows", &part) {
                        wanted.workflows.push(part);
                    } else {
                        wanted.files.push(part);
                    }
                }
                Target::File(path) => {
                    return Err(CliError::Usage(format!(
                        "{} lies in no pack: tests belong into the folder `tests` of one",
                        path.display()
                    )));
                }
            }
        }
    }
    Ok(all)
}

/// Where packs are looked for when nobody says.
pub(super) fn default_folder() -> PathBuf {
    let packs = Path::new("packs");
    if packs.is_dir() && !Path::new("pack.yaml").is_file() {
        packs.to_owned()
    } else {
        PathBuf::from(".")
    }
}

impl Wanted {
    fn takes(&self, case: &TestCase, workflows: &BTreeSet<Ref>) -> bool {
        let by_file = || {
            self.files
                .iter()
                .any(|part| case.file.ends_with(part) || case.file.contains(&format!("{part}/")))
        };
        self.whole || by_file() || workflows.contains(&case.workflow)
    }
}

fn is_meant(case: &TestCase, filter: Option<&str>) -> bool {
    filter.is_none_or(|text| {
        case.name.contains(text)
            || case.file.contains(text)
            || case.workflow.as_str().contains(text)
    })
}

/// The test files of a pack that are to be read, with paths that a person can open from here.
fn files(pack: &OnShelf, wanted: &Wanted) -> Result<Vec<SourceFile>> {
    let tests = &pack.loaded.source.tests;
    let all = wanted.whole || !wanted.workflows.is_empty();
    let named = |file: &SourceFile| wanted.files.iter().any(|part| holds(part, &file.path));
    let mut files: Vec<SourceFile> = tests
        .iter()
        .filter(|file| all || named(file))
        .cloned()
        .collect();
    for part in &wanted.files {
        // A file that lies elsewhere in the pack was named all the same.
        let whole = pack.folder.join(part);
        let is_read = tests.iter().any(|file| holds(part, &file.path));
        if !is_read && !whole.is_dir() {
            let text = std::fs::read_to_string(&whole)
                .attempt(|| format!("reading {}", whole.display()))?;
            files.push(SourceFile {
                path: part.clone(),
                text,
                action: None,
            });
        }
    }
    for file in &mut files {
        file.path = shown(&pack.folder.join(&file.path));
    }
    Ok(files)
}

fn write_junit(report: &Report, path: &Path) -> Result<()> {
    let text = junit(report)
        .map_err(|error| CliError::Service(format!("the report cannot be written: {error}")))?;
    std::fs::write(path, text).attempt(|| format!("writing {}", path.display()))
}
