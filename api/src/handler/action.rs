//! Actions: list, get with a schema ready for a form.

use crate::access::Access;
use crate::app::App;
use crate::endpoint::{Endpoint, PAGE, get, q};
use crate::ids::reference;
use crate::query::Params;
use crate::refusal::{Answer, Refusal};
use crate::view;
use attune_rest::{ActionView, Page};
use axum::Json;
use axum::extract::{Path, State};

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/api/v1/actions", Access::Viewer, list)
            .says(
                "actions",
                "list_actions",
                "All actions that can be run, in order of reference.",
            )
            .query(&PAGE)
            .query(&[q("pack", "Only of this pack.")])
            .pages::<ActionView>(),
        get("/api/v1/actions/{ref}", Access::Viewer, show)
            .says(
                "actions",
                "get_action",
                "One action, with the JSON Schema of its parameters.",
            )
            .gives::<ActionView>(200),
    ]
}

async fn list(State(app): State<App>, mut params: Params) -> Answer<Json<Page<ActionView>>> {
    let page = params.page();
    let pack: Option<String> = params.one("pack");
    params.finish()?;
    let found = app
        .deps
        .stores
        .catalogue
        .actions(pack.as_deref(), &page)
        .await?;
    Ok(Json(view::page(found, |action| view::action(&action))))
}

async fn show(State(app): State<App>, Path(text): Path<String>) -> Answer<Json<ActionView>> {
    let name = reference("action", &text)?;
    let action = app.deps.stores.catalogue.action(&name).await?;
    match action {
        Some(action) => Ok(Json(view::action(&action))),
        None => {
            let near = app.deps.directory.current().nearest_action(&name);
            let hint = near.map_or_else(String::new, |near| format!(", did you mean `{near}`?"));
            let mut refusal = Refusal::not_found("action", &name);
            refusal.problem.detail.push_str(&hint);
            Err(refusal)
        }
    }
}
