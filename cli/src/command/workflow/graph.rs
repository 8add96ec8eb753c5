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
/// [`CliError::Usage`] if there is more than one workflow and one place for it, or if it has errors.
pub(super) fn run(args: &Args, output: Output) -> Result<()> {
    let mut found = programs(&args.path, &args.packs)?;
    if let Some(wanted) = &args.workflow {
        let names = names(&found);
        found.retain(|program| program.reference == *wanted);
        if found.is_empty() {
            return Err(CliError::Usage(format!(
                "there is no workflow `{wanted}`; there are: {names}"
            )));
        }
    }
    let form = args
        .format
        .map_or_else(|| default_form(output.format), Form::from);
    match (&args.out, found.as_slice()) {
        (Some(folder), many) if folder.is_dir() => many.iter().try_for_each(|program| {
            let file = folder.join(format!("{}.{}", program.reference, extension(form)));
            write(&file, program, form)
        }),
        (Some(file), [program]) => write(file, program, form),
        (None, [program]) => {
            output::raw(&Graph::of(program).draw(form));
            Ok(())
        }
        (_, many) => Err(CliError::Usage(format!(
            "there are several workflows: {}; choose one with --workflow, or give a folder to --out",
            names(many)
        ))),
    }
}

fn names(programs: &[Program]) -> String {
    let names: Vec<&str> = programs
        .iter()
        .map(|program| program.reference.as_str())
        .collect();
    names.join(", ")
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
