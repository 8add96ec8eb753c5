//! `attune execution`: runs, listed, looked at, followed, steered.

use crate::args::ExecutionCommand;
use crate::client::{Client, Query};
use crate::error::{CliError, Result};
use crate::output::{self, Columns, Output, ago, failure, paint_for_stdout, status, tame, took};
use crate::watch::{self, View};
use attune_rest::{
    CancelExecution, CommandAccepted, ExecutionDetail, ExecutionView, HistoryView, LogLineView,
    Nothing, RerunOf,
};
use attune_types::{ExecutionStatus, RunId, Timestamp};

/// Everything there is.
const ALL: crate::args::Most = crate::args::Most {
    limit: 0,
    all: true,
};

/// Does what the command says.
///
/// # Errors
/// What the API refuses; of `watch` also how the run ended.
pub(super) async fn run(client: &Client, command: ExecutionCommand, output: Output) -> Result<()> {
    match command {
        ExecutionCommand::List {
            status,
            action,
            rule,
            label,
            trace_tag,
            most,
        } => {
            let mut query = Query::new();
            let statuses: Vec<&str> = status.iter().map(|status| status.as_str()).collect();
            let statuses = Some(statuses.join(",")).filter(|text| !text.is_empty());
            super::filter(&mut query, "status", statuses);
            super::filter(&mut query, "action", action);
            super::filter(&mut query, "rule", rule);
            super::filter(&mut query, "trace_tag", trace_tag);
            for (name, value) in crate::input::texts(&label)? {
                query.push(("label", format!("{name}:{value}")));
            }
            let runs: Vec<ExecutionView> = client.list("/executions", &query, most).await?;
            output.list(&runs, &columns())
        }
        ExecutionCommand::Get { id } => {
            let run: ExecutionDetail = client.get(&format!("/executions/{id}")).await?;
            output.one(&run, |run| shown_result(run, true))
        }
        ExecutionCommand::Tree { id } => {
            let tree = watch::look(client, id).await?;
            output.one(&tree, |tree| {
                watch::render(tree, paint_for_stdout(), Timestamp::now()).join("\n")
            })
        }
        ExecutionCommand::Watch { id, timeout } => {
            let view = if output.is_table() {
                View::for_people()
            } else {
                View::Silent
            };
            let tree = watch::follow(client, id, view, timeout).await?;
            if !output.is_table() {
                output.one(&tree.run, |_| String::new())?;
            }
            ended(&tree.run.execution)
        }
        ExecutionCommand::Logs { id, follow: false } => {
            let path = format!("/executions/{id}/logs");
            let lines: Vec<LogLineView> = client.list(&path, &Vec::new(), ALL).await?;
            if output.is_table() {
                for line in &lines {
                    output::line(&log_line(line));
                }
                return Ok(());
            }
            output.list(&lines, &Columns::new())
        }
        ExecutionCommand::Logs { id, follow: true } => {
            watch::follow_logs(client, id, |line| output.one(line, log_line)).await
        }
        ExecutionCommand::History { id } => {
            let path = format!("/executions/{id}/history");
            let events: Vec<HistoryView> = client.list(&path, &Vec::new(), ALL).await?;
            let columns = Columns::<HistoryView>::new()
                .with("SEQ", |event| event.seq.to_string())
                .with("AT", |event| super::time(event.at))
                .with("KIND", |event| event.kind.clone())
                .with("DATA", |event| {
                    let said = asked(event).unwrap_or_else(|| event.data.to_string());
                    super::short(&said, 120)
                });
            output.list(&events, &columns)
        }
        ExecutionCommand::Cancel { id, reason } => {
            let path = format!("/executions/{id}/cancel");
            let done: CommandAccepted = client.post(&path, &CancelExecution { reason }).await?;
            output.one(&done, |_| format!("{id} is asked to stop"))
        }
        ExecutionCommand::Pause { id } => {
            steer(client, id, "pause", "is asked to pause", output).await
        }
        ExecutionCommand::Resume { id } => {
            steer(client, id, "resume", "is asked to go on", output).await
        }
        ExecutionCommand::Retry {
            id,
            follow,
            wait,
            timeout,
        } => {
            if !follow && !wait {
                let said = "is asked to go on from what went wrong";
                return steer(client, id, "retry", said, output).await;
            }
            let before: ExecutionDetail = client.get(&format!("/executions/{id}")).await?;
            let path = format!("/executions/{id}/retry");
            let _: CommandAccepted = client.post(&path, &Nothing {}).await?;
            let follow = follow && output.is_table();
            let view = if follow {
                View::for_people()
            } else {
                View::Silent
            };
            let after = before.last_seq.unwrap_or(0);
            let tree = watch::follow_on(client, id, view, timeout, after).await?;
            output.one(&tree.run, |run| shown_result(run, !follow))?;
            ended(&tree.run.execution)
        }
        ExecutionCommand::Compensate { id } => {
            let said = "is asked to undo what it did";
            steer(client, id, "compensate", said, output).await
        }
        ExecutionCommand::Rerun(args) => super::rerun::run(client, &args, output).await,
    }
}

async fn steer(client: &Client, id: RunId, verb: &str, said: &str, output: Output) -> Result<()> {
    let path = format!("/executions/{id}/{verb}");
    let done: CommandAccepted = client.post(&path, &Nothing {}).await?;
    output.one(&done, |_| format!("{id} {said}"))
}

/// What somebody asked of the run, in words; of one that does another again, what it took over.
fn asked(event: &HistoryView) -> Option<String> {
    if event.kind == "carried_over" {
        let count = event.data.get("events")?.as_u64()?;
        return Some(format!("took over the {count} events that follow"));
    }
    let what = match event.kind.as_str() {
        "cancel_requested" => "cancelled",
        "run_paused" => "paused",
        "run_resumed" => "resumed",
        "run_retried" => "retried",
        "compensation_started" => "undone",
        "compensation_stopped" => "undoing stopped",
        _ => return None,
    };
    let text = |name: &str| event.data.get(name).and_then(|it| it.as_str());
    let by = text("by")?;
    Some(match (text("reason"), text("attempt")) {
        (Some(reason), _) => format!("{what} by {by}: {reason}"),
        (None, Some(attempt)) => format!("{what} by {by}, for attempt {attempt} of the run above"),
        (None, None) => format!("{what} by {by}"),
    })
}

/// The exit code that a run's end asks for.
///
/// # Errors
/// [`CliError::RunEnded`] unless it ended well.
pub(super) fn ended(run: &ExecutionView) -> Result<()> {
    match run.status {
        ExecutionStatus::Succeeded => Ok(()),
        status => Err(CliError::RunEnded(status)),
    }
}

fn columns() -> Columns<ExecutionView> {
    let paint = paint_for_stdout();
    let now = Timestamp::now();
    Columns::new()
        .with("ID", |run: &ExecutionView| run.id.to_string())
        .with("ACTION", |run| super::or_dash(run.action.as_ref()))
        .with("STATUS", move |run| status(run.status, paint))
        .with("STARTED", move |run| ago(run.created_at, now))
        .with("TOOK", move |run| {
            super::or_dash(length(run, now).map(took))
        })
        .with("ERROR", |run| {
            run.error
                .as_ref()
                .map(|error| super::short(&format!("{}: {}", error.code, error.message), 60))
                .unwrap_or_default()
        })
}

fn length(run: &ExecutionView, now: Timestamp) -> Option<std::time::Duration> {
    let from = run.started_at?;
    let to = run.ended_at.unwrap_or(now);
    Some(to.duration_since(from).try_into().unwrap_or_default())
}

/// A run with its result; `whole` adds what stands above a followed run anyway.
pub(super) fn shown_result(run: &ExecutionDetail, whole: bool) -> String {
    let paint = paint_for_stdout();
    let now = Timestamp::now();
    let execution = &run.execution;
    let mut text = String::new();
    if whole {
        let labels: Vec<String> = execution
            .labels
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let labels = Some(labels.join(", ")).filter(|labels| !labels.is_empty());
        text = super::facts(&[
            ("run", execution.id.to_string()),
            ("action", super::or_dash(execution.action.as_ref())),
            ("version", super::or_dash(run.version.as_ref())),
            ("status", status(execution.status, paint)),
            ("started by", super::or_dash(run.started_by.as_ref())),
            ("rerun of", super::or_dash(run.rerun_of.as_ref().map(first))),
            ("created", super::time(execution.created_at)),
            ("ended", super::or_dash(execution.ended_at.map(super::time))),
            ("took", super::or_dash(length(execution, now).map(took))),
            ("labels", super::or_dash(labels)),
            ("trace tag", super::or_dash(execution.trace_tag.as_ref())),
            ("input", super::value(&execution.input)),
        ]);
    }
    // A followed run has said it already.
    if let Some(error) = execution.error.as_ref().filter(|_| whole) {
        let said = format!("error: {}", failure(error));
        text.push_str(&format!("{}\n", paint.red(&said)));
    }
    text.push_str(&format!("{}\n", paint.bold("result")));
    for line in super::value(&execution.result).lines() {
        text.push_str(&format!("  {line}\n"));
    }
    text
}

/// The run that another one does again, and from where on.
fn first(of: &RerunOf) -> String {
    match (&of.task, of.activation) {
        (Some(task), Some(number)) if number > 1 => {
            format!("{} from task {task}, activation {number}", of.run)
        }
        (Some(task), _) => format!("{} from task {task}", of.run),
        (None, _) => of.run.to_string(),
    }
}

fn log_line(line: &LogLineView) -> String {
    let paint = paint_for_stdout();
    let who = line.task.as_deref().unwrap_or("-");
    let who = paint.cyan(&format!("{who:<16}"));
    let text = tame(&line.text);
    match line.stream.as_str() {
        "stdout" => format!("{who} {text}"),
        "stderr" => format!("{who} {}", paint.yellow(&text)),
        _ => format!("{who} {}", paint.dim(&text)),
    }
}
