//! Executions: list, look, follow.

use crate::access::Access;
use crate::app::App;
use crate::endpoint::{Endpoint, PAGE, get, q};
use crate::ids::id;
use crate::query::{Params, give_cursor};
use crate::refusal::{Answer, Refusal};
use crate::stream::{self, EventStream, Position};
use crate::view::{self, History};
use attune_flow::check::INLINE_PACK;
use attune_port::{ExecutionFilter, RunDetail};
use attune_rest::{ExecutionDetail, ExecutionView, HistoryView, LogLineView, Page};
use attune_types::{ExecutionId, RunId};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/api/v1/executions", Access::Viewer, list)
            .says("executions", "list_executions", "Runs by filter, newest first; only those without a parent unless `parent` or `trace_tag` is given.")
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
                q("trace_tag", "With this trace tag, on the run itself or on a task of it; child runs too."),
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
        trace_tag: params.one("trace_tag"),
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
        let slot = match run.row.status.is_terminal() {
            true => None,
            false => app.deps.stores.slots.slot(run.row.run).await?,
        };
        // What is registered nowhere can be seen nowhere else.
        let inline = run.header.action.pack() == INLINE_PACK;
        let program = if inline {
            app.deps
                .stores
                .catalogue
                .program(&run.header.program)
                .await?
        } else {
            None
        };
        return Ok(Json(ExecutionDetail {
            definition: program.and_then(|program| program.source),
            ..view::detail(run, slot, &catalogue)
        }));
    }
    let row = reads.execution(execution).await?;
    let row = row.ok_or_else(|| Refusal::not_found("execution", execution))?;
    Ok(Json(view::plain_detail(row, &catalogue)))
}

/// The run that an address names; an execution within a run names its run.
pub(super) async fn run_of(app: &App, text: &str) -> Answer<(RunDetail, Option<ExecutionId>)> {
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
        .map(|last| give_cursor(&last.seq.to_string()));
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
        next_cursor: full.then(|| give_cursor(&found.next.to_string())),
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
