//! Versions of workflows: list, get, make current again; and the record of what was current when.

use super::workflow::{report, unknown};
use crate::access::{Access, Caller};
use crate::app::App;
use crate::body::OptionalBody;
use crate::code;
use crate::condition::expected;
use crate::endpoint::{Endpoint, PAGE, get, post};
use crate::ids::reference;
use crate::query::Params;
use crate::refusal::{Answer, Refusal};
use crate::view;
use attune_port::{VersionName, WorkflowVersionDetail};
use attune_rest::{Nothing, Page, WorkflowReleaseView, WorkflowReport, WorkflowVersionView};
use attune_types::Ref;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;

const BACK: &str = "Makes a version current again, which also enables the workflow. Of a workflow that its pack decides about, it stays current until the pack is registered with a changed content of it. Only the workflow goes back: files that its actions run are those of the pack as registered.";

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/api/v1/workflows/{ref}/versions", Access::Viewer, list)
            .says(
                "workflows",
                "list_workflow_versions",
                "The versions of a workflow, the newest first.",
            )
            .query(&PAGE)
            .pages::<WorkflowVersionView>(),
        get(
            "/api/v1/workflows/{ref}/versions/{version}",
            Access::Viewer,
            show,
        )
        .says(
            "workflows",
            "get_workflow_version",
            "One version, by its number or by its hash or the beginning of it.",
        )
        .gives::<attune_rest::WorkflowVersionDetail>(200),
        post(
            "/api/v1/workflows/{ref}/versions/{version}/activate",
            Access::Admin,
            activate,
        )
        .says("workflows", "activate_workflow_version", BACK)
        .header(
            "If-Match",
            "Do it only if the workflow still has this entity tag; otherwise 412.",
        )
        .takes::<Nothing>()
        .gives::<WorkflowReport>(200),
        post(
            "/api/v1/workflows/{ref}/versions/{version}/rollback",
            Access::Admin,
            activate,
        )
        .says(
            "workflows",
            "roll_back_workflow",
            "The same as `activate`, by the name that people look for.",
        )
        .header(
            "If-Match",
            "Do it only if the workflow still has this entity tag; otherwise 412.",
        )
        .takes::<Nothing>()
        .gives::<WorkflowReport>(200),
        get("/api/v1/workflows/{ref}/releases", Access::Viewer, releases)
            .says(
                "workflows",
                "list_workflow_releases",
                "What was current when, and who made it so, the newest first.",
            )
            .query(&PAGE)
            .pages::<WorkflowReleaseView>(),
    ]
}

/// The workflow that an address names; there must be one.
async fn known(app: &App, text: &str) -> Answer<Ref> {
    let name = reference("workflow", text)?;
    match app.deps.stores.workflows.workflow(&name).await? {
        Some(_) => Ok(name),
        None => Err(unknown(app, &name)),
    }
}

/// The version that an address names.
pub(super) async fn find(app: &App, name: &Ref, text: &str) -> Answer<WorkflowVersionDetail> {
    let version = version_name(name, text)?;
    let mut found = app.deps.stores.workflows.version(name, &version).await?;
    if found.len() > 1 {
        let message = format!("several versions of `{name}` begin with `{version}`");
        return Err(Refusal::new(&code::CONFLICT, message));
    }
    match found.pop() {
        Some(detail) => Ok(detail),
        None if app.deps.stores.workflows.workflow(name).await?.is_none() => {
            Err(unknown(app, name))
        }
        None => Err(no_version(name, text)),
    }
}

fn version_name(name: &Ref, text: &str) -> Answer<VersionName> {
    text.parse().map_err(|reason: String| {
        let mut refusal = no_version(name, text);
        refusal.problem.detail.push_str(&format!(": {reason}"));
        refusal
    })
}

fn no_version(name: &Ref, text: &str) -> Refusal {
    Refusal::new(
        &code::NOT_FOUND,
        format!("the workflow `{name}` has no version `{text}`"),
    )
}

async fn list(
    State(app): State<App>,
    Path(text): Path<String>,
    mut params: Params,
) -> Answer<Json<Page<WorkflowVersionView>>> {
    let page = params.page();
    params.finish()?;
    let name = known(&app, &text).await?;
    let found = app.deps.stores.workflows.versions(&name, &page).await?;
    Ok(Json(view::page(found, view::version)))
}

async fn show(
    State(app): State<App>,
    Path((text, version)): Path<(String, String)>,
) -> Answer<Json<attune_rest::WorkflowVersionDetail>> {
    let name = reference("workflow", &text)?;
    let detail = find(&app, &name, &version).await?;
    let program = app.programs.get(&detail.version.hash).await?;
    Ok(Json(view::version_detail(detail, Some(&program))))
}

async fn activate(
    State(app): State<App>,
    caller: Caller,
    Path((text, version)): Path<(String, String)>,
    headers: HeaderMap,
    params: Params,
    OptionalBody(Nothing {}): OptionalBody<Nothing>,
) -> Answer<Response> {
    params.finish()?;
    let name = reference("workflow", &text)?;
    let expect = expected(&headers)?;
    // Also says which of the two is not there.
    let found = find(&app, &name, &version).await?.version;
    let version = VersionName::Number(found.number);
    let workflows = &app.deps.stores.workflows;
    let outcome = workflows
        .activate_version(&name, &version, &expect, &caller.login)
        .await?;
    report(&app, &caller, &name, outcome, Vec::new()).await
}

async fn releases(
    State(app): State<App>,
    Path(text): Path<String>,
    mut params: Params,
) -> Answer<Json<Page<WorkflowReleaseView>>> {
    let page = params.page();
    params.finish()?;
    let name = known(&app, &text).await?;
    let found = app.deps.stores.workflows.releases(&name, &page).await?;
    Ok(Json(view::page(found, view::release)))
}
