//! `attune workflow simulate`: one walk of a workflow, told task by task.
//!
//! Owns what the arguments mean: a file, a test of a test file, or a reference in a folder of packs.
//! Nothing is run and no server is asked. Exit code 1 if the run did not succeed or could not go on.

mod show;

use super::packs::{Target, core, targets};
use super::shelf::Shelf;
use super::test::{default_folder, stem};
use crate::args::Simulate;
use crate::error::{Attempt as _, CliError, Result};
use crate::input;
use crate::output::{self, Output};
use attune_flow::check::compile;
use attune_flow::program::Program;
use attune_pack::{Diagnostics, core_pack, did_you_mean};
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
        ExecutionStatus::Succeeded => Ok(()),
        status => Err(CliError::RunEnded(status)),
    }
}

fn subject(args: &Simulate) -> Result<Subject> {
    let path = Path::new(&args.workflow);
    if path.exists() {
        let found = targets(path)?;
        return match found.into_iter().next() {
            Some(Target::FileOf(folder, file)) if file.starts_with("tests/") => {
                of_test(&folder, path, args.case.as_deref())
            }
            Some(Target::FileOf(folder, file)) => {
                let shelf = Shelf::of(std::slice::from_ref(&folder))?;
                by_reference(&named(&file, &shelf), shelf)
            }
            Some(Target::File(path)) => alone(&path),
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
            Target::FileOf(..) | Target::File(_) => None,
        })
        .collect();
    // Only the pack in question must be right; the others are its neighbours.
    let own: Vec<PathBuf> = folders
        .iter()
        .filter(|folder| {
            let name = folder.file_name().and_then(|name| name.to_str());
            name == args.workflow.split('.').next()
        })
        .cloned()
        .collect();
    let shelf = Shelf::of(if own.is_empty() { &folders } else { &own })?;
    by_reference(&args.workflow, shelf)
}

/// The workflow of a file: that of the action which names it, else that of its own name.
fn named(file: &str, shelf: &Shelf) -> String {
    let Some((_, source)) = shelf.packs.first() else {
        return String::new();
    };
    let graph = source.workflows.iter().find(|known| known.path == file);
    match graph.and_then(|graph| graph.action.as_ref()) {
        Some(action) => action.to_string(),
        None => {
            let name = file.rsplit('/').next().map(stem).unwrap_or_default();
            format!("{}.{name}", source.def.reference)
        }
    }
}

fn by_reference(text: &str, shelf: Shelf) -> Result<Subject> {
    let reference = Ref::parse(text).map_err(|error| CliError::Usage(error.to_string()))?;
    match shelf.library.workflow(&reference) {
        Some(program) => Ok(Subject {
            library: shelf.library,
            program,
            setup: Setup::default(),
        }),
        None => {
            let known = shelf
                .library
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
        parse_tests(&shown, &read(path)?, &shelf.library).map_err(|found| broken(&found))?;
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
    let subject = by_reference(case.workflow.as_str(), shelf)?;
    Ok(Subject {
        setup: case.setup,
        ..subject
    })
}

/// A workflow that lies in no pack: it knows the built-in actions.
fn alone(path: &Path) -> Result<Subject> {
    let actions = core()?;
    let shown = path.display().to_string();
    let compiled = compile(&shown, &read(path)?, &actions).map_err(|found| broken(&found))?;
    let mut library = Library::new();
    if let Ok(core) = core_pack() {
        library.add_actions(core.actions);
    }
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
    for one in found.iter() {
        output::note(&format!("{one}\n"));
    }
    CliError::NotRight("the file is not right; nothing was walked".to_owned())
}
