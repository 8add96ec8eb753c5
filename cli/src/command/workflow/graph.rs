//! `attune workflow graph`: workflow files as drawings, without a server.
//!
//! Owns where a drawing goes: standard output, a file, or one file each in a folder. What is drawn and
//! how is in `attune-draw`.

use super::programs::programs;
use crate::args::{Format, Graph as Args};
use crate::error::{Attempt as _, CliError, Result};
use crate::output::{self, Output};
use attune_draw::{Form, Graph};
use attune_flow::program::Program;
use std::path::Path;

/// Draws what was asked for.
///
/// # Errors
/// [`CliError::Usage`] if there is more than one workflow and one place for it, [`CliError::NotRight`] if
/// a workflow has errors, which were shown. The others are drawn all the same.
pub(super) fn run(args: &Args, output: Output) -> Result<()> {
    let mut found = programs(&args.path, &args.packs)?;
    if let Some(wanted) = &args.workflow {
        let names = found.names();
        found.retain(wanted);
        if found.count() == 0 {
            return Err(CliError::Usage(format!(
                "there is no workflow `{wanted}`; there are: {names}"
            )));
        }
    }
    let form = args
        .format
        .map_or_else(|| default_form(output.format), Form::from);
    if let Some(out) = args.out.as_deref().filter(|out| ends_with_slash(out)) {
        std::fs::create_dir_all(out).attempt(|| format!("making {}", out.display()))?;
    }
    let folder = args.out.as_deref().filter(|out| out.is_dir());
    if found.count() > 1 && folder.is_none() {
        return Err(CliError::Usage(format!(
            "there are several workflows: {}; choose one with --workflow, or give a folder to --out",
            found.names()
        )));
    }
    let broken = found.tell();
    for program in &found.programs {
        match (folder, &args.out) {
            (Some(folder), _) => {
                let file = folder.join(format!("{}.{}", program.reference, extension(form)));
                write(&file, program, form)?;
            }
            (None, Some(file)) => write(file, program, form)?,
            (None, None) => output::raw(&Graph::of(program).draw(form)),
        }
    }
    broken.map_or(Ok(()), |said| Err(CliError::NotRight(said)))
}

/// A path that is written as that of a folder.
fn ends_with_slash(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(b"/")
}

/// With `-o json` everything is JSON.
fn default_form(format: Format) -> Form {
    match format {
        Format::Table => Form::default(),
        Format::Json | Format::Yaml | Format::Jsonl => Form::Json,
    }
}

fn extension(form: Form) -> &'static str {
    match form {
        Form::Mermaid => "mmd",
        other => other.as_str(),
    }
}

fn write(file: &Path, program: &Program, form: Form) -> Result<()> {
    let drawn = Graph::of(program).draw(form);
    std::fs::write(file, drawn).attempt(|| format!("writing {}", file.display()))?;
    output::note(&format!("{}: {}", program.reference, file.display()));
    Ok(())
}
