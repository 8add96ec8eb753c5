//! Doing a run again: its history is read, what is taken over of it is decided, and the new run is
//! opened with that in one transaction. The first run is left as it is.

use super::{IdempotencyKey, Started, judged, opening};
use crate::access::Caller;
use crate::app::App;
use crate::audit::audit;
use crate::body::check_size;
use crate::code;
use crate::ids::new_id;
use crate::refusal::{Answer, Refusal};
use crate::start::hint;
use crate::trace::Trace;
use attune_catalogue::{RerunRequest, StartError, prepare_rerun};
use attune_flow::run::ExecutionRow;
use attune_port::{RunDetail, StoredEvent};
use attune_rest::RerunExecution;
use attune_types::{ExecutionId, ExecutionStatus, RunId};
use serde_json::json;

/// Events that are read at once.
const PAGE: u32 = 20_000;

/// Does a run again.
pub(crate) async fn rerun(
    app: &App,
    caller: &Caller,
    trace: &Trace,
    id: ExecutionId,
    request: RerunExecution,
    key: Option<&IdempotencyKey>,
) -> Answer<Started> {
    if let Some(input) = &request.input {
        check_size("the edited input", input, app.payload_limit())?;
    }
    if request.activation.is_some() && request.from.is_none() {
        let message = "an activation is one of a task: say of which, as `from`";
        return Err(Refusal::field("/from", "required", message));
    }
    let first = first(app, id).await?;
    let of = first.row.run;
    let run = match key {
        Some(key) => RunId::of_key(caller.id, key.as_str()),
        None => RunId(new_id(&*app.deps.clock)),
    };
    // What was opened by this request before stays the answer, whatever became of the first run.
    let known = key.is_some() && app.deps.stores.reads.run(run).await?.is_some();
    if !known {
        may_be_rerun(&first.row)?;
        is_enabled(app, &first)?;
    }
    // A run of one action has one task, whose input may be edited without naming it.
    let is_part = request.from.is_some() || request.input.is_some();
    let program = app.programs.get(&first.header.program).await?;
    let history = history(app, &first, is_part).await?;
    let asked = json!({ "of": of, "from": request.from, "activation": request.activation });
    let request = RerunRequest {
        run,
        key: key.map(|key| key.for_rerun(of, &request)),
        from: request.from.map(|task| (task, request.activation)),
        input: request.input,
        started_by: caller.login.clone(),
        trace: Some(trace.parent()),
        api_url: app.deps.config.public_url.clone(),
        limits: app.deps.directory.current().limits.run,
    };
    // A long history takes a while, and others wait meanwhile.
    let ours = app.clone();
    let prepared = tokio::task::spawn_blocking(move || {
        prepare_rerun(&program, history, request, &opening(&ours))
    });
    let new = prepared.await.map_err(|error| {
        tracing::error!(%error, "preparing to do a run again broke off");
        Refusal::new(&code::INTERNAL, "the start got lost")
    })??;
    let row = new.row.clone();
    let mut outcomes = app.starter.open_many(vec![new]).await;
    let lost = || Refusal::new(&code::INTERNAL, "the start got lost");
    let outcome = outcomes.pop().ok_or_else(lost)??;
    let started = judged(run, row, outcome)?;
    if started.opened.is_some() {
        hint::hint_runs(app, trace, &[run]);
        audit(app, caller, "execution.rerun", run, asked).await;
    }
    Ok(started)
}

/// The run that the address names.
async fn first(app: &App, id: ExecutionId) -> Answer<RunDetail> {
    let reads = &app.deps.stores.reads;
    if let Some(run) = reads.run(RunId(id.uuid())).await? {
        return Ok(run);
    }
    let row = reads.execution(id).await?;
    let row = row.ok_or_else(|| Refusal::not_found("execution", id))?;
    Err(Refusal::new(
        &code::NOT_A_RUN,
        format!("{id} is a task of the run {}", row.run),
    ))
}

fn may_be_rerun(row: &ExecutionRow) -> Answer<()> {
    let run = row.run;
    match row.status {
        ExecutionStatus::Abandoned => Err(Refusal::new(
            &code::CANNOT_BE_RERUN,
            format!("the run {run} was put aside: it cannot be read any more"),
        )),
        status if !status.is_terminal() => Err(Refusal::new(
            &code::EXECUTION_ACTIVE,
            format!("the run {run} is {status}: cancel it, or wait for its end, and rerun it then"),
        )),
        _ => Ok(()),
    }
}

/// Nobody starts a run of what somebody disabled, also not of a version of before. What was never
/// registered, or is forgotten, cannot be disabled.
fn is_enabled(app: &App, first: &RunDetail) -> Answer<()> {
    let action = &first.header.action;
    let catalogue = app.deps.directory.current();
    let disabled = catalogue.actions.get(action).is_some_and(|it| !it.enabled);
    if disabled {
        return Err(StartError::Disabled {
            action: action.clone(),
        }
        .into());
    }
    Ok(())
}

/// What is needed of the first run's history: of a run that is done again as a whole only how it opened.
async fn history(app: &App, first: &RunDetail, whole: bool) -> Answer<Vec<StoredEvent>> {
    let runs = &app.deps.stores.runs;
    if !whole {
        return Ok(runs.events(first.row.run, 0, 1).await?);
    }
    let mut events = runs.events(first.row.run, 0, PAGE).await?;
    while let Some(last) = events.last().map(|event| event.seq)
        && last < first.last_seq
    {
        let more = runs.events(first.row.run, last, PAGE).await?;
        if more.is_empty() {
            break;
        }
        events.extend(more);
    }
    Ok(events)
}
