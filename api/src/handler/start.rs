//! Executions: start one or many.

use super::wait;
use crate::access::{Access, Caller};
use crate::app::App;
use crate::body::{AnyBody, Body, OptionalBody, shape};
use crate::endpoint::{Endpoint, post, q};
use crate::ids::{id, reference};
use crate::query::Params;
use crate::refusal::{Answer, Refusal};
use crate::start::{IdempotencyKey, Started, rerun, start, start_inline, start_many};
use crate::trace::Trace;
use crate::view;
use attune_rest::{
    BulkItem, BulkReport, ExecutionView, RerunExecution, StartExecution, StartMany, StartRun,
};
use attune_types::{ExecutionId, JsonMap, JsonValue};
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json, RequestPartsExt};
use std::time::Duration;

/// Starts in one request.
const MOST_STARTS: usize = 10_000;
pub(super) const KEY: &str =
    "Makes the request repeatable: the same key and body start the same run, and only once.";
pub(super) const WAIT: crate::endpoint::QueryParam = q(
    "wait",
    "Wait so long for the run's end, at most 300 s: `30s`. Then the run is given as it stands.",
);

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        post("/api/v1/executions", Access::Operator, create)
            .says("executions", "start_execution", "Starts one run, of an action or of a definition in the body; a list of starts of actions starts many. 201 for a new run, 200 for one that the idempotency key had started.")
            .header("Idempotency-Key", KEY)
            .query(&[WAIT])
            .takes::<StartRun>()
            .gives::<ExecutionView>(201),
        post("/api/v1/executions/{id}/rerun", Access::Operator, again)
            .says("executions", "rerun_execution", "Does a run that has ended again, all of it or from a task on, as a new run that points back to it. 201 for a new run, 200 for one that the idempotency key had started.")
            .header("Idempotency-Key", KEY)
            .query(&[WAIT])
            .takes::<RerunExecution>()
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
    ]
}

/// The parameters of an action, for the document.
#[derive(utoipa::ToSchema)]
#[schema(as = Parameters, value_type = Object)]
struct JsonMapBody(#[expect(dead_code, reason = "only its schema is used")] JsonMap);

async fn create(asked: Asked, AnyBody(body): AnyBody) -> Answer<Response> {
    if let JsonValue::Array(starts) = body {
        let (caller, key) = (&asked.caller, asked.key.as_ref());
        return many(&asked.app, caller, &asked.trace, starts, key).await;
    }
    if body.get("definition").is_none() {
        return asked.start(shape(body).map_err(or_definition)?).await;
    }
    if body.get("action").is_some() {
        let message = "give either `action` or `definition`";
        return Err(Refusal::field("/definition", "conflict", message));
    }
    let Asked {
        app,
        caller,
        trace,
        key,
        wait,
    } = asked;
    let started = start_inline(&app, &caller, &trace, shape(body)?, key.as_ref()).await?;
    answer(&app, started, wait).await
}

async fn again(
    asked: Asked,
    Path(text): Path<String>,
    OptionalBody(request): OptionalBody<RerunExecution>,
) -> Answer<Response> {
    let Asked {
        app,
        caller,
        trace,
        key,
        wait,
    } = asked;
    let run: ExecutionId = id("execution", &text)?;
    let started = rerun(&app, &caller, &trace, run, request, key.as_ref()).await?;
    answer(&app, started, wait).await
}

/// A body without `definition` is read as the start of an action; what it might have held instead is
/// said where something in it is unknown or missing.
fn or_definition(mut refusal: Refusal) -> Refusal {
    for field in &mut refusal.problem.errors {
        let name = field.pointer.trim_start_matches('/');
        if let Some(near) = attune_pack::suggest(name, ["definition"])
            && field.code == "unknown"
        {
            field.help = Some(format!("did you mean `{near}`?"));
        } else if let Some(known) = field
            .help
            .as_mut()
            .filter(|help| help.starts_with("known: "))
        {
            known.push_str(", definition");
        } else if field.code == "required" && name == "action" {
            let help = "name an action, or give a whole workflow as `definition`";
            field.help = Some(help.to_owned());
        }
    }
    refusal
}

async fn run_action(
    asked: Asked,
    Path(text): Path<String>,
    Body { value: parameters }: Body<JsonMap>,
) -> Answer<Response> {
    let request = StartExecution {
        action: reference("action", &text)?,
        parameters,
        labels: Default::default(),
    };
    // Here the action is the address, not a field.
    let started = asked.start(request).await;
    started.map_err(|refusal| match refusal.problem.code.as_str() {
        "unknown_action" => refusal.with_status(404).with_errors(Vec::new()),
        _ => refusal,
    })
}

/// A request to start a run: who asks, under which key, and how long the answer may wait for its end.
pub(super) struct Asked {
    pub(super) app: App,
    caller: Caller,
    trace: Trace,
    key: Option<IdempotencyKey>,
    wait: Option<Duration>,
}

impl FromRequestParts<App> for Asked {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let (caller, Extension(trace), mut params): (_, _, Params) =
            parts.extract_with_state(app).await?;
        let wait = wait::wanted(&mut params);
        params.finish().map_err(IntoResponse::into_response)?;
        let key = IdempotencyKey::of(&parts.headers).map_err(IntoResponse::into_response)?;
        Ok(Self {
            app: app.clone(),
            caller,
            trace,
            key,
            wait,
        })
    }
}

impl Asked {
    /// Starts it and answers.
    pub(super) async fn start(self, request: StartExecution) -> Answer<Response> {
        let Self {
            app,
            caller,
            trace,
            key,
            wait,
        } = self;
        let started = start(&app, &caller, &trace, request, key.as_ref()).await?;
        answer(&app, started, wait).await
    }
}

async fn answer(app: &App, started: Started, wait: Option<Duration>) -> Answer<Response> {
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

/// One of many starts.
fn registered(start: JsonValue) -> Answer<StartExecution> {
    if start.get("definition").is_some() {
        let message = "a definition is started by a request of its own; in a list only actions are";
        return Err(Refusal::field("/definition", "single", message));
    }
    shape(start)
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
    let requests = starts.into_iter().map(registered).collect();
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
