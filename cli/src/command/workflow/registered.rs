//! `attune workflow list|get|apply|versions|rollback|delete|execute`: the workflows that a server has.
//!
//! Unlike the other commands of workflows these ask the API. Failure: what the API refuses; an error
//! in a file is told with the file's name.

use crate::args::{RegisteredCommand, VersionRef};
use crate::client::Client;
use crate::command::{facts, filter, or_dash, short, time, value};
use crate::error::{Attempt as _, CliError, Result};
use crate::output::{self, Columns, Output, paint_for_stdout};
use attune_pack::yaml;
use attune_rest::{
    FieldProblem, WorkflowDetail, WorkflowReleaseView, WorkflowReport, WorkflowVersionDetail,
    WorkflowVersionView, WorkflowView,
};
use attune_types::Ref;
use std::path::{Path, PathBuf};

/// Does what the command says.
///
/// # Errors
/// What the API refuses.
pub(super) async fn run(
    client: &Client,
    command: &RegisteredCommand,
    output: Output,
) -> Result<()> {
    match command {
        RegisteredCommand::List {
            pack,
            text,
            tag,
            enabled,
            most,
        } => {
            let mut query = Vec::new();
            filter(&mut query, "pack", pack.as_ref());
            filter(&mut query, "text", text.as_ref());
            filter(&mut query, "enabled", enabled.as_ref());
            query.extend(tag.iter().map(|tag| ("tag", tag.clone())));
            let workflows: Vec<WorkflowView> = client.list("/workflows", &query, *most).await?;
            let columns = Columns::<WorkflowView>::new()
                .with("WORKFLOW", |one| one.reference.to_string())
                .with("NO.", |one| one.number.to_string())
                .with("VERSION", |one| one.version.clone())
                .with("STANDS", stands)
                .with("FROM", |one| one.origin.clone())
                .with("CHANGED", |one| time(one.changed_at))
                .with("LABEL", |one| short(&one.label, 40));
            output.list(&workflows, &columns)
        }
        RegisteredCommand::Get { workflow } => get(client, workflow, output).await,
        RegisteredCommand::Apply { files } => apply(client, files, output).await,
        RegisteredCommand::Versions {
            workflow,
            history: true,
            most,
        } => {
            let path = format!("/workflows/{workflow}/releases");
            let all: Vec<WorkflowReleaseView> = client.list(&path, &Vec::new(), *most).await?;
            let columns = Columns::<WorkflowReleaseView>::new()
                .with("WHEN", |one| time(one.at))
                .with("WHAT", |one| one.what.clone())
                .with("NO.", |one| one.number.to_string())
                .with("BY", |one| one.by.clone());
            output.list(&all, &columns)
        }
        RegisteredCommand::Versions { workflow, most, .. } => {
            let path = format!("/workflows/{workflow}/versions");
            let all: Vec<WorkflowVersionView> = client.list(&path, &Vec::new(), *most).await?;
            let columns = Columns::<WorkflowVersionView>::new()
                .with("NO.", |one| one.number.to_string())
                .with("", |one| {
                    if one.current { "current" } else { "" }.to_owned()
                })
                .with("VERSION", |one| one.version.clone())
                .with("HASH", |one| one.hash.0.chars().take(12).collect())
                .with("FROM", |one| one.origin.clone())
                .with("REGISTERED", |one| time(one.created_at))
                .with("BY", |one| one.created_by.clone());
            output.list(&all, &columns)
        }
        RegisteredCommand::Rollback { workflow, to } => {
            let path = format!("/workflows/{workflow}/versions/{to}/activate");
            let report: WorkflowReport = client.post(&path, &attune_rest::Nothing {}).await?;
            beside(&report, None);
            output.one(&report, done)
        }
        RegisteredCommand::Delete { workflow } => {
            client.delete(&format!("/workflows/{workflow}")).await?;
            output::note(&format!(
                "`{workflow}` is disabled; `attune workflow rollback {workflow} N` or `apply` enables it again"
            ));
            Ok(())
        }
        RegisteredCommand::Execute(args) => super::super::run::run(client, args, output).await,
    }
}

/// How a workflow stands, in a word.
fn stands(workflow: &WorkflowView) -> String {
    match &workflow.disabled_because {
        None => "enabled".to_owned(),
        Some(because) => because.clone(),
    }
}

async fn get(client: &Client, which: &VersionRef, output: Output) -> Result<()> {
    let name = &which.workflow;
    match &which.version {
        None => {
            let detail: WorkflowDetail = client.get(&format!("/workflows/{name}")).await?;
            output.one(&detail, |detail| {
                let workflow = &detail.workflow;
                let mut text = facts(&[
                    ("workflow", workflow.reference.to_string()),
                    ("label", workflow.label.clone()),
                    ("description", or_dash(workflow.description.as_ref())),
                    ("tags", value(&workflow.tags.iter().cloned().collect())),
                    (
                        "version",
                        format!("{} (number {})", workflow.version, workflow.number),
                    ),
                    ("hash", workflow.hash.to_string()),
                    ("stands", stands(workflow)),
                    ("decided by", workflow.origin.clone()),
                    (
                        "changed",
                        format!("{} by {}", time(workflow.changed_at), workflow.changed_by),
                    ),
                ]);
                definition(&mut text, detail.definition.as_deref());
                text
            })
        }
        Some(version) => {
            let path = format!("/workflows/{name}/versions/{version}");
            let detail: WorkflowVersionDetail = client.get(&path).await?;
            output.one(&detail, |detail| {
                let version = &detail.version;
                let mut text = facts(&[
                    ("workflow", name.to_string()),
                    ("label", detail.label.clone()),
                    (
                        "version",
                        format!("{} (number {})", version.version, version.number),
                    ),
                    ("hash", version.hash.to_string()),
                    ("current", version.current.to_string()),
                    ("from", version.origin.clone()),
                    (
                        "registered",
                        format!("{} by {}", time(version.created_at), version.created_by),
                    ),
                ]);
                definition(&mut text, detail.definition.as_deref());
                text
            })
        }
    }
}

fn definition(text: &mut String, definition: Option<&str>) {
    if let Some(definition) = definition {
        text.push('\n');
        text.push_str(&output::tame(definition));
    }
}

/// Registers file after file; one that is refused does not keep the others from being tried.
async fn apply(client: &Client, files: &[PathBuf], output: Output) -> Result<()> {
    let mut reports: Vec<WorkflowReport> = Vec::new();
    let mut failed: Option<CliError> = None;
    for file in files {
        match apply_one(client, file).await {
            Ok(report) => {
                beside(&report, Some(file));
                reports.push(report);
            }
            // Nobody answers: the others would wait in vain too.
            Err(error @ CliError::Unreachable(_)) => return Err(error),
            Err(error) => {
                if let Some(before) = failed.replace(error) {
                    output::show_error(&before);
                }
            }
        }
    }
    let columns = Columns::<WorkflowReport>::new()
        .with("WORKFLOW", |one| one.workflow.reference.to_string())
        .with("NO.", |one| one.workflow.number.to_string())
        .with("VERSION", |one| one.workflow.version.clone())
        .with("CHANGE", |one| one.change.clone());
    if !reports.is_empty() || !output.is_table() {
        output.list(&reports, &columns)?;
    }
    failed.map_or(Ok(()), Err)
}

async fn apply_one(client: &Client, file: &Path) -> Result<WorkflowReport> {
    let shown = file.display().to_string();
    let text = std::fs::read_to_string(file).attempt(|| format!("reading {shown}"))?;
    // What has no readable name is refused by the API, with all that is wrong.
    let root = yaml::parse(&shown, &text).ok();
    let name = root.and_then(|root| Ref::parse(root.get("ref")?.as_str()?).ok());
    let answer = match name {
        Some(name) => client.put_yaml(&format!("/workflows/{name}"), text).await,
        None => client.post_yaml("/workflows", text).await,
    };
    answer.map_err(|error| in_file(error, &shown))
}

/// The same refusal with the file that its lines are of.
pub(in crate::command) fn in_file(mut error: CliError, file: &str) -> CliError {
    if let CliError::Refused(problem) = &mut error {
        for field in problem.errors.iter_mut().filter(|one| one.line.is_some()) {
            field.file.get_or_insert_with(|| file.to_owned());
        }
    }
    error
}

/// Warnings and notes of a report, beside the result.
fn beside(report: &WorkflowReport, file: Option<&Path>) {
    for warning in &report.warnings {
        let placed = FieldProblem {
            file: file.map(|file| file.display().to_string()),
            help: None,
            ..warning.clone()
        };
        output::note(&format!("warning[{}]: {placed}", warning.code));
        if let Some(help) = &warning.help {
            output::note(&format!("  help: {help}"));
        }
    }
    for note in &report.notes {
        output::note(&format!("note: {note}"));
    }
}

fn done(report: &WorkflowReport) -> String {
    let paint = paint_for_stdout();
    format!(
        "{} stands at version {} (number {}): {}",
        paint.bold(report.workflow.reference.as_str()),
        report.workflow.version,
        report.workflow.number,
        report.change
    )
}
