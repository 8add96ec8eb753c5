//! Executions: start one or many, list, look.

use super::wait;
use crate::access::{Access, Caller};
use crate::app::App;
use crate::body::{AnyBody, Body, shape};
use crate::endpoint::{Endpoint, PAGE, get, post, q};
use crate::ids::{id, reference};
use crate::query::Params;
use crate::refusal::{Answer, Refusal};
use crate::start::{IdempotencyKey, Started, start, start_many};
use crate::stream::{self, EventStream, Position};
use crate::trace::Trace;
use crate::view::{self, History};
use attune_port::{ExecutionFilter, RunDetail};
use attune_rest::{
    BulkItem, BulkReport, ExecutionDetail, ExecutionView, HistoryView, LogLineView, Page,
    StartExecution, StartMany,
};
use attune_types::{ExecutionId, JsonMap, JsonValue, RunId};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};

/// Starts in one request.
const MOST_STARTS: usize = 10_000;
const KEY: &str =
    "Makes the request repeatable: the same key and body start the same run, and only once.";
const WAIT: crate::endpoint::QueryParam = q(
    "wait",
    "Wait so long for the run's end, at most 300 s: `30s`. Then the run is given as it stands.",
);

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        post("/api/v1/executions", Access::Operator, create)
            .says("executions", "start_execution", "Starts one run; a list of the same starts many. 201 for a new run, 200 for one that the idempotency key had started.")
            .header("Idempotency-Key", KEY)
            .query(&[WAIT])
            .takes::<StartExecution>()
            .gives::<ExecutionView>(201),
        post("/api/v1/executions/bulk", Access::Operator, create_many)
            .says("executions", "start_executions", "Starts many runs, each accepted or refused on its own.")
            .header("Idempotency-Key", KEY)
            .takes::<StartMany>()
            .gives::<BulkReport>(200),
        post("/api/v1/actions/{ref}/run", Access::Operator, run_action)
            .says("actions", "run_action", "Starts a run of this action; the body holds its parameters and nothing else.")
            .header("Idempotency-Key", KEY)
            .query(&[WAIT])
            .takes::<JsonMapBody>()
            .gives::<ExecutionView>(201),
        get("/api/v1/executions", Access::Viewer, list)
            .says("executions", "list_executions", "Runs by filter, newest first; only those without a parent unless `parent` is given.")
            .query(&PAGE)
            .query(&[
                q("status", "With one of these statuses: `failed,timed_out`."),
                q("action", "Of this action."),
                q("pack", "Of this pack."),
                q("rule", "Started by this rule."),
                q("event", "Started because of this event."),
                q("started_by", "Started by this login."),
                q("parent", "Children of this run."),
                q("label", "Carrying this label: `name:value`; may stand many times."),
                q("since", "Created at or after this time."),
                q("until", "Created before this time."),
                q("sort", "`desc` (newest first) or `asc`."),
            ])
            .pages::<ExecutionView>(),
        get("/api/v1/executions/{id}", Access::Viewer, show)
            .says("executions", "get_execution", "One execution: a run, a task in it, or an item.")
            .gives::<ExecutionDetail>(200),
        get("/api/v1/executions/{id}/tasks", Access::Viewer, tasks)
            .says("executions", "list_tasks", "Tasks, items and child runs of a run, in the order in which they came to be.")
            .query(&PAGE)
            .pages::<ExecutionView>(),
        get("/api/v1/executions/{id}/history", Access::Viewer, history)
            .says("executions", "list_history", "The events of a run, in order.")
            .query(&PAGE)
            .pages::<HistoryView>(),
        get("/api/v1/executions/{id}/logs", Access::Viewer, logs)
            .says("executions", "list_logs", "Lines of output of a run, or of one task of it, in order.")
            .query(&PAGE)
            .pages::<LogLineView>(),
        get("/api/v1/executions/{id}/stream", Access::Viewer, follow)
            .says("executions", "stream_execution", "History and logs as they grow, as server-sent events `history`, `log` and at last `end`.")
            .header("Last-Event-ID", "Go on after this message.")
            .query(&[
                q("after", "The same, where the header cannot be set."),
                q("logs", "`false`: history only."),
            ])
            .gives_other("text/event-stream"),
    ]
}

/// The parameters of an action, for the document.
#[derive(utoipa::ToSchema)]
#[schema(as = Parameters, value_type = Object)]
struct JsonMapBody(#[expect(dead_code, reason = "only its schema is used")] JsonMap);

async fn create(
    State(app): State<App>,
    caller: Caller,
    Extension(trace): Extension<Trace>,
    headers: HeaderMap,
    mut params: Params,
    AnyBody(body): AnyBody,
) -> Answer<Response> {
    let wait = wait::wanted(&mut params);
    params.finish()?;
    let key = IdempotencyKey::of(&headers)?;
    if let JsonValue::Array(starts) = body {
        return many(&app, &caller, &trace, starts, key.as_ref()).await;
    }
    let started = start(&app, &caller, &trace, shape(body)?, key.as_ref()).await?;
    answer(&app, started, wait).await
}

async fn run_action(
    State(app): State<App>,
    caller: Caller,
    Extension(trace): Extension<Trace>,
    Path(text): Path<String>,
    headers: HeaderMap,
    mut params: Params,
    Body { value: parameters }: Body<JsonMap>,
) -> Answer<Response> {
    let wait = wait::wanted(&mut params);
    params.finish()?;
    let key = IdempotencyKey::of(&headers)?;
    let request = StartExecution {
        action: reference("action", &text)?,
        parameters,
        labels: Default::default(),
    };
    let started = start(&app, &caller, &trace, request, key.as_ref())
        .await
        // Here the action is the address, not a field.
        .map_err(|refusal| match refusal.problem.code.as_str() {
            "unknown_action" => refusal.with_status(404).with_errors(Vec::new()),
            _ => refusal,
        })?;
    answer(&app, started, wait).await
}

async fn answer(
    app: &App,
    started: Started,
    wait: Option<std::time::Duration>,
) -> Answer<Response> {
    let new = started.opened.is_some();
    let row = match (started.opened, wait) {
        (Some(row), None) => Some(row),
        (_, wait) => wait::for_end(app, started.run, wait.unwrap_or_default()).await?,
    };
    let row = row.ok_or_else(|| Refusal::not_found("run", started.run))?;
    let body = view::execution(row, &app.deps.directory.current());
    let status = if new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let mut response = (status, Json(body)).into_response();
    if let Ok(place) = HeaderValue::from_str(&format!("/api/v1/executions/{}", started.run)) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    if !new {
        response.headers_mut().insert(
            HeaderName::from_static("idempotency-replayed"),
            HeaderValue::from_static("true"),
        );
    }
    Ok(response)
}

async fn create_many(
    State(app): State<App>,
    caller: Caller,
    Extension(trace): Extension<Trace>,
    headers: HeaderMap,
    params: Params,
    AnyBody(body): AnyBody,
) -> Answer<Response> {
    params.finish()?;
    let key = IdempotencyKey::of(&headers)?;
    // Each start is read on its own, so that one that is wrong does not refuse the others.
    let starts = match body {
        JsonValue::Array(starts) => starts,
        JsonValue::Object(mut map) if map.len() == 1 => match map.remove("executions") {
            Some(JsonValue::Array(starts)) => starts,
            Some(_) => {
                return Err(Refusal::field(
                    "/executions",
                    "type",
                    "`executions` must be a list",
                ));
            }
            None => {
                return Err(shape::<StartMany>(JsonValue::Object(map))
                    .err()
                    .unwrap_or_else(not_many));
            }
        },
        other => return Err(shape::<StartMany>(other).err().unwrap_or_else(not_many)),
    };
    many(&app, &caller, &trace, starts, key.as_ref()).await
}

fn not_many() -> Refusal {
    Refusal::field("", "type", "give `{\"executions\": [...]}` or a list")
}

async fn many(
    app: &App,
    caller: &Caller,
    trace: &Trace,
    starts: Vec<JsonValue>,
    key: Option<&IdempotencyKey>,
) -> Answer<Response> {
    if starts.len() > MOST_STARTS {
        return Err(Refusal::field(
            "",
            "length",
            format!("at most {MOST_STARTS} runs can be started in one request"),
        ));
    }
    let requests = starts.into_iter().map(shape::<StartExecution>).collect();
    let items: Vec<BulkItem> = start_many(app, caller, trace, requests, key)
        .await
        .into_iter()
        .map(|answer| match answer {
            Ok(started) => BulkItem {
                status: if started.opened.is_some() { 201 } else { 200 },
                id: Some(started.run),
                problem: None,
            },
            Err(refusal) => BulkItem {
                status: refusal.problem.status,
                id: None,
                problem: Some(*refusal.problem),
            },
        })
        .collect();
    let refused = items.iter().filter(|item| item.problem.is_some()).count();
    Ok(Json(BulkReport {
        accepted: items.len() - refused,
        refused,
        items,
    })
    .into_response())
}

async fn list(State(app): State<App>, mut params: Params) -> Answer<Json<Page<ExecutionView>>> {
    let page = params.page();
    let mut filter = ExecutionFilter {
        status: params.list("status"),
        action: params.one("action"),
        pack: params.one("pack"),
        rule: params.one("rule"),
        event: params.one("event"),
        started_by: params.one("started_by"),
        parent: params.one("parent"),
        since: params.one("since"),
        until: params.one("until"),
        ..ExecutionFilter::default()
    };
    for label in params.many::<String>("label") {
        match label.split_once(':') {
            Some((name, value)) => {
                filter.labels.insert(name.to_owned(), value.to_owned());
            }
            None => params.wrong("label", "pattern", "write a label as `name:value`"),
        }
    }
    match params.one::<String>("sort").as_deref() {
        None | Some("desc" | "-created_at") => {}
        Some("asc" | "created_at") => filter.ascending = true,
        Some(_) => params.wrong("sort", "enum", "`sort` is `asc` or `desc`"),
    }
    params.finish()?;
    let found = app.deps.stores.reads.list(&filter, &page).await?;
    let catalogue = app.deps.directory.current();
    Ok(Json(view::page(found, |row| {
        view::execution(row, &catalogue)
    })))
}

async fn show(State(app): State<App>, Path(text): Path<String>) -> Answer<Json<ExecutionDetail>> {
    let execution: ExecutionId = id("execution", &text)?;
    let catalogue = app.deps.directory.current();
    let reads = &app.deps.stores.reads;
    if let Some(run) = reads.run(RunId(execution.uuid())).await? {
        return Ok(Json(view::detail(run, &catalogue)));
    }
    let row = reads.execution(execution).await?;
    let row = row.ok_or_else(|| Refusal::not_found("execution", execution))?;
    Ok(Json(view::plain_detail(row, &catalogue)))
}

/// The run that an address names; an execution within a run names its run.
async fn run_of(app: &App, text: &str) -> Answer<(RunDetail, Option<ExecutionId>)> {
    let execution: ExecutionId = id("execution", text)?;
    let reads = &app.deps.stores.reads;
    if let Some(run) = reads.run(RunId(execution.uuid())).await? {
        return Ok((run, None));
    }
    let missing = || Refusal::not_found("execution", execution);
    let row = reads.execution(execution).await?.ok_or_else(missing)?;
    let run = reads.run(row.run).await?.ok_or_else(missing)?;
    Ok((run, Some(execution)))
}

async fn tasks(
    State(app): State<App>,
    Path(text): Path<String>,
    mut params: Params,
) -> Answer<Json<Page<ExecutionView>>> {
    let page = params.page();
    params.finish()?;
    let (run, _) = run_of(&app, &text).await?;
    let found = app.deps.stores.reads.tasks(run.row.run, &page).await?;
    let catalogue = app.deps.directory.current();
    Ok(Json(view::page(found, |row| {
        view::execution(row, &catalogue)
    })))
}

/// The cursor of lists that go on after a number.
fn number(params: &mut Params, cursor: Option<String>) -> u64 {
    let Some(cursor) = cursor else { return 0 };
    cursor.parse().unwrap_or_else(|_| {
        params.wrong("cursor", "type", "that cursor was not given out here");
        0
    })
}

async fn history(
    State(app): State<App>,
    Path(text): Path<String>,
    mut params: Params,
) -> Answer<Json<Page<HistoryView>>> {
    let page = params.page();
    let after = number(&mut params, page.cursor);
    params.finish()?;
    let (run, _) = run_of(&app, &text).await?;
    let reads = &app.deps.stores.reads;
    let events = reads.history(run.row.run, after, page.limit).await?;
    let full = events.len() >= page.limit as usize;
    let next_cursor = events
        .last()
        .filter(|_| full)
        .map(|last| last.seq.to_string());
    let catalogue = app.deps.directory.current();
    let secrets = History::of(&run.header.action, &catalogue);
    let items = events
        .into_iter()
        .map(|event| view::history(event, &secrets))
        .collect();
    Ok(Json(Page { items, next_cursor }))
}

async fn logs(
    State(app): State<App>,
    Path(text): Path<String>,
    mut params: Params,
) -> Answer<Json<Page<LogLineView>>> {
    let page = params.page();
    let after = number(&mut params, page.cursor);
    params.finish()?;
    let (run, execution) = run_of(&app, &text).await?;
    let reads = &app.deps.stores.reads;
    let found = reads
        .logs(run.row.run, execution, after, page.limit)
        .await?;
    let full = found.lines.len() >= page.limit as usize;
    Ok(Json(Page {
        next_cursor: full.then(|| found.next.to_string()),
        items: found.lines.into_iter().map(view::log_line).collect(),
    }))
}

async fn follow(
    State(app): State<App>,
    Path(text): Path<String>,
    headers: HeaderMap,
    mut params: Params,
) -> Answer<EventStream> {
    let after: Option<Position> = params.one("after");
    let logs: Option<bool> = params.one("logs");
    let last = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok());
    let last: Option<Position> = match last.map(str::parse) {
        None => None,
        Some(Ok(position)) => Some(position),
        Some(Err(message)) => {
            let message: String = message;
            params.wrong("Last-Event-ID", "type", message);
            None
        }
    };
    params.finish()?;
    let (run, _) = run_of(&app, &text).await?;
    let from = last.or(after).unwrap_or_default();
    let logs = logs.unwrap_or(true);
    stream::open(&app, run.row.run, run.header.action, from, logs)
}
