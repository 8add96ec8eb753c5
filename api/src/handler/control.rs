//! Steering runs: cancel, pause, resume, compensate, retry. The command is stored, then hinted; the run
//! follows it.

use crate::access::{Access, Caller};
use crate::app::App;
use crate::audit::audit;
use crate::body::OptionalBody;
use crate::code;
use crate::endpoint::{Endpoint, post};
use crate::ids::{id, new_id};
use crate::refusal::{Answer, Refusal};
use crate::standing::would_take;
use crate::start::hint_command;
use crate::trace::Trace;
use attune_flow::run::{Command, ExecutionKind, ExecutionRow};
use attune_port::NewInboxCommand;
use attune_rest::{CancelExecution, CommandAccepted, Nothing};
use attune_types::{ExecutionId, ExecutionStatus, RunId};
use axum::extract::{FromRequestParts, Path};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use axum::{Extension, Json, RequestPartsExt};
use serde_json::json;
use uuid::Uuid;

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
        post(
            "/api/v1/executions/{id}/compensate",
            Access::Operator,
            compensate,
        )
        .says(
            "executions",
            "compensate_execution",
            "Asks a run that has ended to undo what it did, the last first.",
        )
        .takes::<Nothing>()
        .gives::<CommandAccepted>(202),
        post("/api/v1/executions/{id}/retry", Access::Operator, retry)
            .says(
                "executions",
                "retry_execution",
                "Asks a run that has ended to go on from what went wrong, in place: what failed, was stopped or never begun is done again, what went well stays.",
            )
            .takes::<Nothing>()
            .gives::<CommandAccepted>(202),
    ]
}

type Accepted = (StatusCode, Json<CommandAccepted>);

async fn cancel(
    asked: Asked,
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
    let by = asked.caller.login.clone();
    let reason = given.reason;
    asked
        .steer(Command::Cancel { by, reason }, "execution.cancel")
        .await
}

async fn pause(asked: Asked, OptionalBody(Nothing {}): OptionalBody<Nothing>) -> Answer<Accepted> {
    let by = asked.caller.login.clone();
    asked.steer(Command::Pause { by }, "execution.pause").await
}

async fn resume(asked: Asked, OptionalBody(Nothing {}): OptionalBody<Nothing>) -> Answer<Accepted> {
    let by = asked.caller.login.clone();
    asked
        .steer(Command::Resume { by }, "execution.resume")
        .await
}

async fn compensate(
    asked: Asked,
    OptionalBody(Nothing {}): OptionalBody<Nothing>,
) -> Answer<Accepted> {
    let row = asked.run().await?;
    may_be_undone(&row)?;
    let request = new_id(&*asked.app.deps.clock);
    let command = Command::Compensate {
        by: asked.caller.login.clone(),
        request,
        attempt: None,
    };
    asked
        .send(row, command, request, "execution.compensate")
        .await
}

async fn retry(asked: Asked, OptionalBody(Nothing {}): OptionalBody<Nothing>) -> Answer<Accepted> {
    let row = asked.run().await?;
    let request = new_id(&*asked.app.deps.clock);
    let command = Command::Retry {
        by: asked.caller.login.clone(),
        request,
        attempt: None,
    };
    would_take(&asked.app, &row, &command).await?;
    asked.send(row, command, request, "execution.retry").await
}

/// Whether there is a run that has ended and was not undone yet.
fn may_be_undone(row: &ExecutionRow) -> Answer<()> {
    let run = row.run;
    match row.status {
        ExecutionStatus::Compensating => Err(Refusal::new(
            &code::EXECUTION_ACTIVE,
            format!("the run {run} is being undone already"),
        )),
        ExecutionStatus::Compensated => Err(Refusal::new(
            &code::EXECUTION_ENDED,
            format!("the run {run} has been undone already"),
        )),
        ExecutionStatus::Abandoned => Err(Refusal::new(
            &code::CANNOT_BE_UNDONE,
            format!("the run {run} was put aside: it cannot be read any more"),
        )),
        status if !status.is_terminal() => Err(Refusal::new(
            &code::EXECUTION_ACTIVE,
            format!(
                "the run {run} is {status}: cancel it, or wait for its end, and compensate it then"
            ),
        )),
        _ if row.kind == ExecutionKind::Action => Err(Refusal::new(
            &code::CANNOT_BE_UNDONE,
            format!(
                "{run} runs a single action: only the tasks of a workflow say how they are undone"
            ),
        )),
        _ => Ok(()),
    }
}

/// A request to steer a run: who asks, and the run that the address names.
struct Asked {
    app: App,
    caller: Caller,
    trace: Trace,
    run: String,
}

impl FromRequestParts<App> for Asked {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let (caller, Extension(trace), Path(run)): (_, _, Path<String>) =
            parts.extract_with_state(app).await?;
        Ok(Self {
            app: app.clone(),
            caller,
            trace,
            run,
        })
    }
}

impl Asked {
    /// The row of the run.
    async fn run(&self) -> Answer<ExecutionRow> {
        let execution: ExecutionId = id("execution", &self.run)?;
        let row = self.app.deps.stores.reads.execution(execution).await?;
        let row = row.ok_or_else(|| Refusal::not_found("execution", execution))?;
        if execution != ExecutionId::from(row.run) {
            return Err(Refusal::new(
                &code::NOT_A_RUN,
                format!("{execution} is a task of the run {}", row.run),
            ));
        }
        Ok(row)
    }

    /// Sends a command to a run that has not ended.
    async fn steer(self, command: Command, what: &str) -> Answer<Accepted> {
        let row = self.run().await?;
        if row.status.is_terminal() {
            return Err(Refusal::new(
                &code::EXECUTION_ENDED,
                format!("the run {} has ended: {}", row.run, row.status),
            ));
        }
        let inbox = new_id(&*self.app.deps.clock);
        self.send(row, command, inbox, what).await
    }

    /// Stores a command and makes its run look.
    async fn send(
        self,
        row: ExecutionRow,
        command: Command,
        inbox: Uuid,
        what: &str,
    ) -> Answer<Accepted> {
        let run: RunId = row.run;
        self.app
            .deps
            .stores
            .runs
            .send(vec![NewInboxCommand {
                id: inbox,
                run,
                command: command.clone(),
            }])
            .await?;
        hint_command(&self.app, &self.trace, run, command, inbox);
        audit(&self.app, &self.caller, what, run, json!({})).await;
        let accepted = CommandAccepted {
            id: run,
            status: row.status,
        };
        Ok((StatusCode::ACCEPTED, Json(accepted)))
    }
}
