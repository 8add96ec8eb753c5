//! Workflows: list, get, create, change, disable, check, start.

use super::start::{Asked, KEY, WAIT};
use crate::access::{Access, Caller};
use crate::app::App;
use crate::audit::audit;
use crate::body::OptionalBody;
use crate::code;
use crate::condition::{changed as no_longer, expected, tagged};
use crate::definition::{Definition, Form};
use crate::endpoint::{Endpoint, PAGE, delete, get, post, put, q};
use crate::ids::reference;
use crate::packs::{changed, empty_pack};
use crate::query::Params;
use crate::refusal::{Answer, Refusal};
use crate::view;
use attune_catalogue::record;
use attune_port::{
    Expect, WorkflowChange, WorkflowFilter, WorkflowOrigin, WorkflowOutcome, WorkflowPut,
    WorkflowRow,
};
use attune_rest::{
    ExecuteWorkflow, ExecutionView, FieldProblem, GivenDefinition, Page, StartExecution,
    WorkflowCheck, WorkflowDetail, WorkflowReport, WorkflowView,
};
use attune_types::Ref;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::json;

const ONE: &str = "/api/v1/workflows/{ref}";
const IF_MATCH: &str = "Do it only if the workflow still has this entity tag; otherwise 412.";

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/api/v1/workflows", Access::Viewer, list)
            .says("workflows", "list_workflows", "Workflows in order of reference, the disabled ones too.")
            .query(&PAGE)
            .query(&[
                q("pack", "Only of this pack."),
                q("text", "With this text in reference, label, description or tags."),
                q("tag", "Carrying this tag; may stand many times."),
                q("enabled", "`true`: only those that can be started; `false`: only the others."),
            ])
            .pages::<WorkflowView>(),
        post("/api/v1/workflows", Access::Admin, create)
            .says("workflows", "create_workflow", "Makes a workflow of a definition: YAML text, a JSON object, or `{\"definition\": ...}` with one of these. Nothing is stored unless all of it is right. Its pack is made if there is none of that name. 409 if there is a workflow of that name with another content.")
            .takes::<GivenDefinition>()
            .or_yaml()
            .gives::<WorkflowReport>(201),
        get(ONE, Access::Viewer, show)
            .says("workflows", "get_workflow", "One workflow with its definition, disabled or not.")
            .gives::<WorkflowDetail>(200),
        put(ONE, Access::Admin, replace)
            .says("workflows", "put_workflow", "Makes a definition the current version of a workflow, which need not exist yet. A changed content is a new version; runs that are open go on with theirs. A workflow of a pack is taken over by it: registrations of the pack then leave it as it is. 201 if it is new.")
            .header("If-Match", IF_MATCH)
            .header("If-None-Match", "`*`: only if there is no such workflow; otherwise 412.")
            .takes::<GivenDefinition>()
            .or_yaml()
            .gives::<WorkflowReport>(200),
        delete(ONE, Access::Admin, disable)
            .says("workflows", "delete_workflow", "Disables a workflow: no new runs. Its versions are kept and open runs go on. A PUT or making a version current enables it again; registrations of its pack do not.")
            .header("If-Match", IF_MATCH)
            .gives_nothing(),
        post("/api/v1/workflows/validate", Access::Viewer, validate)
            .says("workflows", "validate_workflow", "Checks a definition and tells all that is wrong, by place. Stores nothing.")
            .query(&[q("inline", "`true`: what describes the workflow may be left out, as in a start of an inline definition.")])
            .takes::<GivenDefinition>()
            .or_yaml()
            .gives::<WorkflowCheck>(200),
        post("/api/v1/workflows/{ref}/execute", Access::Operator, execute)
            .says("workflows", "execute_workflow", "Starts a run of the current version.")
            .header("Idempotency-Key", KEY)
            .query(&[WAIT])
            .takes::<ExecuteWorkflow>()
            .gives::<ExecutionView>(201),
    ]
}

async fn list(State(app): State<App>, mut params: Params) -> Answer<Json<Page<WorkflowView>>> {
    let page = params.page();
    let filter = WorkflowFilter {
        pack: params.one("pack"),
        text: params.one("text"),
        tags: params.many("tag"),
        enabled: params.one("enabled"),
    };
    params.finish()?;
    let found = app.deps.stores.workflows.workflows(&filter, &page).await?;
    Ok(Json(view::page(found, |row| view::workflow(&row))))
}

/// The workflow that an address names.
pub(super) async fn find(app: &App, text: &str) -> Answer<WorkflowRow> {
    let name = reference("workflow", text)?;
    match app.deps.stores.workflows.workflow(&name).await? {
        Some(row) => Ok(row),
        None => Err(unknown(app, &name)),
    }
}

/// There is no such workflow; the nearest is named.
pub(super) fn unknown(app: &App, name: &Ref) -> Refusal {
    let catalogue = app.deps.directory.current();
    let mut refusal = Refusal::not_found("workflow", name);
    let more = match catalogue.action(name) {
        Some(_) => format!("; `{name}` is an action of another kind"),
        None => catalogue
            .nearest_action(name)
            .map_or_else(String::new, |near| format!(", did you mean `{near}`?")),
    };
    refusal.problem.detail.push_str(&more);
    refusal
}

async fn show(State(app): State<App>, Path(text): Path<String>) -> Answer<Response> {
    let row = find(&app, &text).await?;
    let etag = row.etag.clone();
    let program = app.programs.get(&row.action.program).await?;
    let detail = view::workflow_detail(row, Some(&program));
    Ok(tagged(&etag, Json(detail)))
}

async fn create(
    State(app): State<App>,
    caller: Caller,
    params: Params,
    definition: Definition,
) -> Answer<Response> {
    params.finish()?;
    store(&app, &caller, &definition, None, Expect::New).await
}

async fn replace(
    State(app): State<App>,
    caller: Caller,
    Path(text): Path<String>,
    headers: HeaderMap,
    params: Params,
    definition: Definition,
) -> Answer<Response> {
    params.finish()?;
    let name = reference("workflow", &text)?;
    let expect = expected(&headers)?;
    store(&app, &caller, &definition, Some(name), expect).await
}

/// Checks a definition and makes it current.
async fn store(
    app: &App,
    caller: &Caller,
    definition: &Definition,
    address: Option<Ref>,
    expect: Expect,
) -> Answer<Response> {
    let creates = address.is_none();
    let compiled = definition.check(app, Form::Whole(address)).await?;
    let compiled = compiled.map_err(|found| definition.refusal(&found))?;
    let name = compiled.action.reference.clone();
    let (pack, pack_hash) = empty_pack(name.pack())?;
    let put = WorkflowPut {
        record: record(&compiled.program, Some(definition.text.clone())),
        def: compiled.action,
        pack,
        pack_hash,
        expect,
        by: caller.login.clone(),
    };
    let warnings = definition.problems(&compiled.warnings);
    let outcome = app.deps.stores.workflows.put_workflow(put).await?;
    match outcome {
        WorkflowOutcome::Exists if creates => Err(Refusal::new(
            &code::CONFLICT,
            format!("there is a workflow `{name}` already; PUT makes a new version of it"),
        )),
        other => report(app, caller, &name, other, warnings).await,
    }
}

/// The answer to a change of one workflow; what changed something is told to all and written down.
pub(super) async fn report(
    app: &App,
    caller: &Caller,
    name: &Ref,
    outcome: WorkflowOutcome,
    warnings: Vec<FieldProblem>,
) -> Answer<Response> {
    let (change, new_pack, row) = match outcome {
        WorkflowOutcome::Done {
            change,
            new_pack,
            row,
        } => (change, new_pack, *row),
        WorkflowOutcome::Unknown => return Err(unknown(app, name)),
        WorkflowOutcome::Exists | WorkflowOutcome::Changed => {
            return Err(no_longer("workflow", name));
        }
        WorkflowOutcome::NotAWorkflow => {
            return Err(Refusal::new(
                &code::CONFLICT,
                format!("`{name}` is an action of another kind; give the workflow another name"),
            ));
        }
        WorkflowOutcome::Ambiguous => {
            return Err(Refusal::new(
                &code::CONFLICT,
                "several versions begin with this hash; give more of it",
            ));
        }
    };
    let word = view::workflow_change(change);
    if change != WorkflowChange::Unchanged {
        changed(app).await;
        let what = match change {
            WorkflowChange::New => "workflow.create",
            WorkflowChange::Disabled => "workflow.disable",
            WorkflowChange::Activated | WorkflowChange::Enabled => "workflow.activate",
            _ => "workflow.update",
        };
        let details = json!({"change": word, "number": row.number, "hash": row.action.program});
        audit(app, caller, what, name, details).await;
    }
    let etag = row.etag.clone();
    let body = WorkflowReport {
        workflow: view::workflow(&row),
        change: word.to_owned(),
        warnings,
        notes: notes(&row, new_pack),
        etag: etag.clone(),
    };
    let new = change == WorkflowChange::New;
    let status = if new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let mut response = tagged(&etag, (status, Json(body)));
    if new && let Ok(place) = HeaderValue::from_str(&format!("/api/v1/workflows/{name}")) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// What follows from how it stands, for people.
fn notes(row: &WorkflowRow, new_pack: bool) -> Vec<String> {
    let name = &row.action.def.reference;
    let pack = name.pack();
    let mut notes = Vec::new();
    if new_pack {
        notes.push(format!(
            "there was no pack `{pack}`; an empty one was made for this workflow"
        ));
    }
    let other = row
        .filed
        .as_ref()
        .is_some_and(|filed| *filed != row.action.program);
    match (other, row.origin) {
        (true, WorkflowOrigin::Pack) => notes.push(format!(
            "the pack `{pack}` holds another content: this version stays current until the pack is registered with a changed `{name}`"
        )),
        (true, WorkflowOrigin::Api) => notes.push(format!(
            "the pack `{pack}` holds another content: registrations of the pack leave this version current; make one of the pack's versions current to give the workflow back to it"
        )),
        (false, _) => {}
    }
    notes
}

async fn disable(
    State(app): State<App>,
    caller: Caller,
    Path(text): Path<String>,
    headers: HeaderMap,
    params: Params,
    OptionalBody(attune_rest::Nothing {}): OptionalBody<attune_rest::Nothing>,
) -> Answer<StatusCode> {
    params.finish()?;
    let name = reference("workflow", &text)?;
    let expect = expected(&headers)?;
    let workflows = &app.deps.stores.workflows;
    let outcome = workflows
        .disable_workflow(&name, &expect, &caller.login)
        .await?;
    report(&app, &caller, &name, outcome, Vec::new()).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn validate(
    State(app): State<App>,
    mut params: Params,
    definition: Definition,
) -> Answer<Json<WorkflowCheck>> {
    let inline: Option<bool> = params.one("inline");
    params.finish()?;
    let form = match inline {
        Some(true) => Form::Inline,
        _ => Form::Whole(None),
    };
    Ok(Json(match definition.check(&app, form).await? {
        Ok(compiled) => WorkflowCheck {
            valid: true,
            errors: Vec::new(),
            warnings: definition.problems(&compiled.warnings),
            hash: Some(compiled.program.hash),
        },
        Err(found) => {
            let (errors, warnings): (Vec<_>, Vec<_>) = found
                .into_iter()
                .partition(attune_pack::Diagnostic::is_error);
            WorkflowCheck {
                valid: false,
                errors: definition.problems(&errors),
                warnings: definition.problems(&warnings),
                hash: None,
            }
        }
    }))
}

async fn execute(
    asked: Asked,
    Path(text): Path<String>,
    OptionalBody(given): OptionalBody<ExecuteWorkflow>,
) -> Answer<Response> {
    let row = find(&asked.app, &text).await?;
    let request = StartExecution {
        action: row.action.def.reference,
        parameters: given.parameters,
        labels: given.labels,
    };
    asked.start(request).await
}
