//! `attune workflow test`: the tests that lie in packs, without a server.
//!
//! Owns which tests are meant and what the exit code tells: 0 if all passed, 1 if one did not, a file
//! could not be read or the coverage is too low, 2 if the line made no sense. The tests themselves are
//! attune-tryout's business.

mod show;

use super::packs::{Target, targets};
use super::shelf::Shelf;
use crate::args::Test;
use crate::error::{Attempt as _, CliError, Result};
use crate::output::{self, Output};
use attune_pack::{PackSource, SourceFile};
use attune_tryout::{Report, TestCase, junit, run_tests};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What is wanted of one pack.
#[derive(Debug, Default)]
struct Wanted {
    /// All of it.
    whole: bool,
    /// Test files, relative to the pack.
    files: Vec<String>,
    /// Names of workflows.
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
    let mut report = Report::default();
    for (folder, source) in &shelf.packs {
        let Some(wanted) = wanted.get(folder) else {
            continue;
        };
        let mut coverage = std::mem::take(&mut report.coverage);
        if wanted.whole && args.filter.is_none() {
            let own = |pack: &str| pack == source.def.reference;
            for program in shelf.library.workflows() {
                if own(program.reference.pack()) {
                    coverage.include(program);
                }
            }
        }
        let files = files(folder, source, wanted)?;
        let mut part = run_tests(&shelf.library, &files, coverage, |case| {
            wanted.takes(case) && is_meant(case, args.filter.as_deref())
        });
        report.files.append(&mut part.files);
        report.coverage = part.coverage;
    }
    if let Some(path) = &args.junit {
        write_junit(&report, path)?;
    }
    show::report(&report, output)?;
    judge(args, &report)
}

/// Says how it ended.
fn judge(args: &Test, report: &Report) -> Result<()> {
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
    said.push_str(&format!("; coverage {percent:.1} %"));
    let low = args.min_coverage.filter(|least| percent < *least);
    if let Some(least) = low {
        said.push_str(&format!(", at least {least} % is wanted"));
    }
    if report.is_good() && low.is_none() {
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
                Target::FileOf(folder, file) => {
                    let wanted = all.entry(folder).or_default();
                    match file.strip_prefix("workflows/") {
                        Some(name) => wanted.workflows.push(stem(name).to_owned()),
                        None => wanted.files.push(file),
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

/// `deploy` of `deploy.yaml` and of `deploy.workflow.yaml`.
pub(super) fn stem(file: &str) -> &str {
    file.split('.').next().unwrap_or(file)
}

impl Wanted {
    fn takes(&self, case: &TestCase) -> bool {
        let by_file = || {
            self.files
                .iter()
                .any(|file| case.file.ends_with(file.as_str()))
        };
        let by_workflow = || {
            self.workflows
                .iter()
                .any(|name| name == case.workflow.name())
        };
        self.whole || by_file() || by_workflow()
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
fn files(folder: &Path, source: &PackSource, wanted: &Wanted) -> Result<Vec<SourceFile>> {
    let here = std::env::current_dir().unwrap_or_default();
    let shown = folder.strip_prefix(&here).unwrap_or(folder);
    let all = wanted.whole || !wanted.workflows.is_empty();
    let mut files: Vec<SourceFile> = source
        .tests
        .iter()
        .filter(|file| all || wanted.files.contains(&file.path))
        .cloned()
        .collect();
    for path in &wanted.files {
        // A file that lies elsewhere in the pack was named all the same.
        if !source.tests.iter().any(|file| file.path == *path) {
            let whole = folder.join(path);
            let text = std::fs::read_to_string(&whole)
                .attempt(|| format!("reading {}", whole.display()))?;
            files.push(SourceFile {
                path: path.clone(),
                text,
                action: None,
            });
        }
    }
    for file in &mut files {
        file.path = shown.join(&file.path).display().to_string();
    }
    Ok(files)
}

fn write_junit(report: &Report, path: &Path) -> Result<()> {
    let text = junit(report)
        .map_err(|error| CliError::Service(format!("the report cannot be written: {error}")))?;
    std::fs::write(path, text).attempt(|| format!("writing {}", path.display()))
}
