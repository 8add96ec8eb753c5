//! `attune workflow simulate`: one walk of a workflow, told task by task.
//!
//! Owns what the arguments mean: a file, a test of a test file, or a reference in a folder of packs.
//! Nothing is run and no server is asked. Exit code 1 if the run did not succeed or could not go on.

mod show;

use super::programs::lone;
use super::shelf::{Shelf, tell};
use super::target::{Target, kind_of, targets};
use super::test::default_folder;
use crate::args::Simulate;
use crate::error::{Attempt as _, CliError, Result};
use crate::input;
use crate::output::{self, Output};
use attune_flow::program::Program;
use attune_pack::{Diagnostics, did_you_mean};
use attune_tryout::{Library, Setup, TestCase, parse_mocks, parse_tests, story, walk};
use attune_types::{ExecutionStatus, Ref};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is to be walked.
struct Subject {
    library: Library,
    program: Arc<Program>,
    setup: Setup,
}

/// Walks a workflow.
///
/// # Errors
/// [`CliError::RunEnded`] if the run did not succeed, [`CliError::NotRight`] if the walk could not go
/// on; both were shown.
pub(super) fn run(args: &Simulate, output: Output) -> Result<()> {
    let Subject {
        library,
        program,
        mut setup,
    } = subject(args)?;
    let schema = program.parameters.json_schema();
    let given = input::object(args.input.as_deref(), &args.parameters, schema)?;
    setup.parameters.extend(given);
    setup.auto = args.auto;
    setup.retry |= args.retry;
    setup.compensate |= args.compensate;
    setup.explain = true;
    if let Some(text) = &args.at {
        setup.at = text.parse().map_err(|_| {
            CliError::Usage(format!(
                "--at {text}: a point in time is needed, such as 2026-03-01T08:00:00Z"
            ))
        })?;
    }
    if let Some(path) = &args.mocks {
        let text = read(path)?;
        let mocks = parse_mocks(&path.display().to_string(), &text, &program, &library);
        for (name, mock) in mocks.map_err(|found| broken(&found))?.iter() {
            setup.mocks.insert(name, mock.clone());
        }
    }
    let walk =
        walk(&library, &program, &setup).map_err(|refused| CliError::Usage(refused.to_string()))?;
    let Some(story) = story(&walk) else {
        return Err(CliError::Service("the walk has no run".to_owned()));
    };
    output.one(&story, show::people)?;
    for warning in &story.warnings {
        output::note(&format!("warning: {warning}"));
    }
    if let Some(stopped) = story.stopped {
        return Err(CliError::NotRight(format!(
            "the walk goes no further: {stopped}"
        )));
    }
    match story.status {
        ExecutionStatus::Succeeded | ExecutionStatus::Compensated => Ok(()),
        status => Err(CliError::RunEnded(status)),
    }
}

fn subject(args: &Simulate) -> Result<Subject> {
    let path = Path::new(&args.workflow);
    if path.exists() {
        let found = targets(path)?;
        return match found.into_iter().next() {
            Some(Target::Part(folder, file)) if kind_of(&file) == Some("tests") => {
                of_test(&folder, path, args.case.as_deref())
            }
            Some(Target::Part(folder, file)) => of_file(&folder, &file),
            Some(Target::File(path)) => alone(&path, &Shelf::of(&[])?),
            Some(Target::Pack(folder)) => Err(CliError::Usage(format!(
                "{} is a pack: name one of its workflow files",
                folder.display()
            ))),
            None => Err(CliError::Usage(format!("{} is no workflow", args.workflow))),
        };
    }
    let looks_like_a_file = args.workflow.contains('/') || args.workflow.ends_with(".yaml");
    if looks_like_a_file {
        return Err(CliError::Usage(format!(
            "there is no file {}",
            args.workflow
        )));
    }
    let folder = args.packs.clone().unwrap_or_else(default_folder);
    let folders: Vec<PathBuf> = targets(&folder)?
        .into_iter()
        .filter_map(|target| match target {
            Target::Pack(folder) => Some(folder),
            Target::Part(..) | Target::File(_) => None,
        })
        .collect();
    by_reference(&args.workflow, &Shelf::of(&folders)?)
}

/// The workflow of a file of a pack.
fn of_file(folder: &Path, file: &str) -> Result<Subject> {
    let shelf = Shelf::of(&[folder.to_owned()])?;
    let workflow = shelf.pack(folder).and_then(|pack| pack.workflow_of(file));
    match workflow {
        Some(workflow) => by_reference(workflow.as_str(), &shelf),
        None if folder.join(file).is_dir() => Err(CliError::Usage(format!(
            "{file} is a folder: name one workflow file"
        ))),
        None if kind_of(file).is_none() => alone(&folder.join(file), &shelf),
        None => Err(CliError::Usage(format!("{file} is no workflow"))),
    }
}

fn by_reference(text: &str, shelf: &Shelf) -> Result<Subject> {
    let reference = Ref::parse(text).map_err(|error| CliError::Usage(error.to_string()))?;
    let library = shelf.library();
    let pack = shelf
        .packs
        .iter()
        .find(|pack| pack.name() == reference.pack());
    match (library.workflow(&reference), pack) {
        (Some(program), pack) => {
            let own = pack.map(|pack| pack.files_of(&reference));
            shelf.mention(reference.pack(), &own.unwrap_or_default());
            Ok(Subject {
                library,
                program,
                setup: Setup::default(),
            })
        }
        (None, Some(pack)) if library.is_broken(&reference) => {
            pack.tell_broken(&reference);
            Err(CliError::NotRight(format!(
                "`{reference}` has errors; nothing was walked"
            )))
        }
        (None, _) => {
            let known = library
                .workflows()
                .map(|program| program.reference.as_str());
            let help = did_you_mean(text, known).map(|help| format!("; {help}"));
            Err(CliError::Usage(format!(
                "there is no workflow `{text}`{}",
                help.unwrap_or_default()
            )))
        }
    }
}

/// The setup of a test, so that one can see what it does.
fn of_test(folder: &Path, path: &Path, name: Option<&str>) -> Result<Subject> {
    let shelf = Shelf::of(&[folder.to_owned()])?;
    let shown = path.display().to_string();
    let (cases, _) =
        parse_tests(&shown, &read(path)?, &shelf.library()).map_err(|found| broken(&found))?;
    let names: Vec<String> = cases
        .iter()
        .map(|case| format!("`{}`", case.name))
        .collect();
    let chosen: Option<TestCase> = match name {
        Some(name) => cases.into_iter().find(|case| case.name == name),
        None if cases.len() == 1 => cases.into_iter().next(),
        None => None,
    };
    let Some(case) = chosen else {
        return Err(CliError::Usage(format!(
            "{shown} has several tests; choose one by --case: {}",
            names.join(", ")
        )));
    };
    let subject = by_reference(case.workflow.as_str(), &shelf)?;
    Ok(Subject {
        setup: case.setup,
        ..subject
    })
}

/// A workflow that no pack reads.
fn alone(path: &Path, shelf: &Shelf) -> Result<Subject> {
    let compiled = lone(path, &shelf.known)?.map_err(|found| broken(&found))?;
    let mut library = shelf.library();
    library.add_actions([compiled.action]);
    library.add_program(compiled.program.clone());
    Ok(Subject {
        library,
        program: Arc::new(compiled.program),
        setup: Setup::default(),
    })
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).attempt(|| format!("reading {}", path.display()))
}

/// What is wrong in a file, shown.
fn broken(found: &Diagnostics) -> CliError {
    tell(found);
    CliError::NotRight("the file is not right; nothing was walked".to_owned())
}
