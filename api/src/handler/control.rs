//! Steering runs: cancel, pause, resume. The command is stored, then hinted; the run follows it.

use crate::access::{Access, Caller};
use crate::app::App;
use crate::audit::audit;
use crate::body::OptionalBody;
use crate::code;
use crate::endpoint::{Endpoint, post};
use crate::ids::{id, new_id};
use crate::refusal::{Answer, Refusal};
use crate::start::hint_command;
use crate::trace::Trace;
use attune_flow::run::Command;
use attune_port::NewInboxCommand;
use attune_rest::{CancelExecution, CommandAccepted, Nothing};
use attune_types::{ExecutionId, RunId};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde_json::json;

/// Longest reason.
const LONGEST_REASON: usize = 2_000;

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        post("/api/v1/executions/{id}/cancel", Access::Operator, cancel)
            .says(
                "executions",
                "cancel_execution",
                "Asks a run to stop, by its workflow's policy.",
            )
            .takes::<CancelExecution>()
            .gives::<CommandAccepted>(202),
        post("/api/v1/executions/{id}/pause", Access::Operator, pause)
            .says(
                "executions",
                "pause_execution",
                "Asks a run to start nothing new.",
            )
            .takes::<Nothing>()
            .gives::<CommandAccepted>(202),
        post("/api/v1/executions/{id}/resume", Access::Operator, resume)
            .says("executions", "resume_execution", "Lets a paused run go on.")
            .takes::<Nothing>()
            .gives::<CommandAccepted>(202),
    ]
}

type Accepted = (StatusCode, Json<CommandAccepted>);

async fn cancel(
    State(app): State<App>,
    caller: Caller,
    Extension(trace): Extension<Trace>,
    Path(text): Path<String>,
    OptionalBody(given): OptionalBody<CancelExecution>,
) -> Answer<Accepted> {
    if given
        .reason
        .as_ref()
        .is_some_and(|reason| reason.len() > LONGEST_REASON)
    {
        return Err(Refusal::field(
            "/reason",
            "length",
            format!("a reason has at most {LONGEST_REASON} bytes"),
        ));
    }
    let command = Command::Cancel {
        by: caller.login.clone(),
        reason: given.reason,
    };
    send(&app, &caller, &trace, &text, command, "execution.cancel").await
}

async fn pause(
    State(app): State<App>,
    caller: Caller,
    Extension(trace): Extension<Trace>,
    Path(text): Path<String>,
    OptionalBody(Nothing {}): OptionalBody<Nothing>,
) -> Answer<Accepted> {
    let by = caller.login.clone();
    send(
        &app,
        &caller,
        &trace,
        &text,
        Command::Pause { by },
        "execution.pause",
    )
    .await
}

async fn resume(
    State(app): State<App>,
    caller: Caller,
    Extension(trace): Extension<Trace>,
    Path(text): Path<String>,
    OptionalBody(Nothing {}): OptionalBody<Nothing>,
) -> Answer<Accepted> {
    let by = caller.login.clone();
    send(
        &app,
        &caller,
        &trace,
        &text,
        Command::Resume { by },
        "execution.resume",
    )
    .await
}

async fn send(
    app: &App,
    caller: &Caller,
    trace: &Trace,
    text: &str,
    command: Command,
    what: &str,
) -> Answer<Accepted> {
    let execution: ExecutionId = id("execution", text)?;
    let row = app.deps.stores.reads.execution(execution).await?;
    let row = row.ok_or_else(|| Refusal::not_found("execution", execution))?;
    let run: RunId = row.run;
    if execution != ExecutionId::from(run) {
        return Err(Refusal::new(
            &code::NOT_A_RUN,
            format!("{execution} is a task of the run {run}"),
        ));
    }
    if row.status.is_terminal() {
        return Err(Refusal::new(
            &code::EXECUTION_ENDED,
            format!("the run {run} has ended: {}", row.status),
        ));
    }
    let inbox = new_id(&*app.deps.clock);
    app.deps
        .stores
        .runs
        .send(vec![NewInboxCommand {
            id: inbox,
            run,
            command: command.clone(),
        }])
        .await?;
    hint_command(app, trace, run, command, inbox);
    audit(app, caller, what, run, json!({})).await;
    let accepted = CommandAccepted {
        id: run,
        status: row.status,
    };
    Ok((StatusCode::ACCEPTED, Json(accepted)))
}
