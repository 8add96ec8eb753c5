//! Drawings: the graph of a workflow and of a run, and what changed between two versions.
//!
//! Beside the handlers of workflows; what is drawn and compared comes from `attune_draw`, which the
//! command line uses too.

use super::execution::run_of;
use super::version::find as find_version;
use super::workflow::find;
use crate::access::Access;
use crate::app::App;
use crate::code;
use crate::endpoint::{Endpoint, get, q};
use crate::query::Params;
use crate::refusal::{Answer, Refusal};
use attune_draw::{Difference, Form, Graph};
use attune_flow::program::Program;
use attune_port::PageRequest;
use attune_types::{ExecutionStatus, JsonMap, ProgramHash, Ref};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use std::collections::BTreeMap;
use std::sync::Arc;

const FORM: crate::endpoint::QueryParam = q(
    "format",
    "`json` (as usual), `mermaid`, `dot` or `svg`; the answer's content type says which.",
);
/// Tasks whose statuses are marked; a run has seldom more.
const MOST_ROWS: u32 = 1_000;

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/api/v1/workflows/{ref}/graph", Access::Viewer, workflow)
            .says("workflows", "get_workflow_graph", "The graph of a workflow.")
            .query(&[FORM, q("version", "Of this version, by number or hash; otherwise of the current one.")])
            .gives::<GraphBody>(200),
        get("/api/v1/workflows/{ref}/diff", Access::Viewer, diff)
            .says("workflows", "diff_workflow_versions", "What changed from one version to another, in the terms of the language.")
            .query(&[
                q("from", "The version before; otherwise the one numbered just before `to`."),
                q("to", "The version after; otherwise the current one."),
            ])
            .gives::<DifferenceBody>(200),
        get("/api/v1/workflows/{ref}/versions/{version}/diff/{to}", Access::Viewer, diff_of)
            .says("workflows", "diff_workflow_version", "What changed from one version to another: the same by address.")
            .gives::<DifferenceBody>(200),
        get("/api/v1/executions/{id}/graph", Access::Viewer, execution)
            .says("executions", "get_execution_graph", "The graph that a run follows, with the status of the latest activation of each task.")
            .query(&[FORM])
            .gives::<GraphBody>(200),
    ]
}

/// A graph, for the document.
#[derive(utoipa::ToSchema)]
#[schema(as = WorkflowGraph, value_type = Object)]
struct GraphBody(#[expect(dead_code, reason = "only its schema is used")] JsonMap);

/// A difference, for the document.
#[derive(utoipa::ToSchema)]
#[schema(as = WorkflowDifference, value_type = Object)]
struct DifferenceBody(#[expect(dead_code, reason = "only its schema is used")] JsonMap);

fn form(params: &mut Params) -> Form {
    params.one("format").unwrap_or(Form::Json)
}

/// A large graph takes its time: not on a thread that serves others.
async fn draw(graph: impl FnOnce() -> Graph + Send + 'static, form: Form) -> Answer<Response> {
    let text = tokio::task::spawn_blocking(move || graph().draw(form))
        .await
        .map_err(broke)?;
    let kind = HeaderValue::from_static(form.media_type());
    let mut response = text.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    if form == Form::Svg {
        // A picture of its own: styles within it, and nothing from elsewhere.
        let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(policy),
        );
    }
    Ok(response)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a function that maps an error takes it"
)]
fn broke(error: tokio::task::JoinError) -> Refusal {
    tracing::error!(%error, "drawing a workflow broke");
    Refusal::new(&code::INTERNAL, "the workflow could not be drawn")
}

async fn workflow(
    State(app): State<App>,
    Path(text): Path<String>,
    mut params: Params,
) -> Answer<Response> {
    let form = form(&mut params);
    let version: Option<String> = params.one("version");
    params.finish()?;
    let row = find(&app, &text).await?;
    let hash = match version {
        None => row.action.program,
        Some(version) => {
            let name = &row.action.def.reference;
            find_version(&app, name, &version).await?.version.hash
        }
    };
    let program = app.programs.get(&hash).await?;
    draw(move || Graph::of(&program), form).await
}

async fn execution(
    State(app): State<App>,
    Path(text): Path<String>,
    mut params: Params,
) -> Answer<Response> {
    let form = form(&mut params);
    params.finish()?;
    let (run, _) = run_of(&app, &text).await?;
    let program = app.programs.get(&run.header.program).await?;
    let mut page = PageRequest {
        limit: MOST_ROWS,
        cursor: None,
    };
    let mut statuses: BTreeMap<String, ExecutionStatus> = BTreeMap::new();
    loop {
        let rows = app.deps.stores.reads.tasks(run.row.run, &page).await?;
        for row in rows.items {
            // Items and child runs are parts of a task; the task itself is what is drawn.
            if row.item_index.is_none()
                && row.run == run.row.run
                && let Some(task) = row.task
            {
                statuses.insert(task, row.status);
            }
        }
        match rows.next {
            Some(next) => page.cursor = Some(next),
            None => break,
        }
    }
    draw(move || Graph::of(&program).with_statuses(&statuses), form).await
}

async fn program(app: &App, hash: &ProgramHash) -> Answer<Arc<Program>> {
    Ok(app.programs.get(hash).await?)
}

async fn compared(app: &App, from: &ProgramHash, to: &ProgramHash) -> Answer<Json<Difference>> {
    let (from, to) = (program(app, from).await?, program(app, to).await?);
    let difference = tokio::task::spawn_blocking(move || Difference::between(&from, &to));
    Ok(Json(difference.await.map_err(broke)?))
}

async fn diff(
    State(app): State<App>,
    Path(text): Path<String>,
    mut params: Params,
) -> Answer<Json<Difference>> {
    let from: Option<String> = params.one("from");
    let to: Option<String> = params.one("to");
    params.finish()?;
    let row = find(&app, &text).await?;
    let name = &row.action.def.reference;
    let (to, number) = match to {
        Some(to) => {
            let to = find_version(&app, name, &to).await?.version;
            (to.hash, to.number)
        }
        None => (row.action.program.clone(), row.number),
    };
    let from = match from {
        Some(from) => from,
        // The first version has none before it and is compared with itself.
        None => number.saturating_sub(1).max(1).to_string(),
    };
    let from = find_version(&app, name, &from).await?.version.hash;
    compared(&app, &from, &to).await
}

async fn diff_of(
    State(app): State<App>,
    Path((text, from, to)): Path<(String, String, String)>,
) -> Answer<Json<Difference>> {
    let name: Ref = crate::ids::reference("workflow", &text)?;
    let from = find_version(&app, &name, &from).await?.version.hash;
    let to = find_version(&app, &name, &to).await?.version.hash;
    compared(&app, &from, &to).await
}
