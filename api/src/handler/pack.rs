//! Packs: list, get, register from a folder.

use crate::access::{Access, Caller};
use crate::app::App;
use crate::audit::audit;
use crate::body::Body;
use crate::code;
use crate::endpoint::{Endpoint, get, post};
use crate::error::RegisterError;
use crate::packs::register as register_pack;
use crate::query::Params;
use crate::refusal::{Answer, Refusal};
use crate::view;
use attune_pack::read_folder;
use attune_rest::{PackReport, PackView, Page, RegisterPack};
use axum::Json;
use axum::extract::{Path, State};
use serde_json::json;
use std::path::PathBuf;

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/api/v1/packs", Access::Viewer, list)
            .says("packs", "list_packs", "All packs.")
            .pages::<PackView>(),
        get("/api/v1/packs/{ref}", Access::Viewer, show)
            .says("packs", "get_pack", "One pack.")
            .gives::<PackView>(200),
        post("/api/v1/packs/register", Access::Admin, register)
            .says("packs", "register_pack", "Registers a pack from a folder of the API's machine: all of it, or nothing and all that is wrong.")
            .takes::<RegisterPack>()
            .gives::<PackReport>(200),
    ]
}

async fn list(State(app): State<App>, params: Params) -> Answer<Json<Page<PackView>>> {
    params.finish()?;
    let packs = app.deps.stores.catalogue.packs().await?;
    Ok(Json(Page::whole(packs.iter().map(view::pack).collect())))
}

async fn show(State(app): State<App>, Path(name): Path<String>) -> Answer<Json<PackView>> {
    let pack = app.deps.stores.catalogue.pack(&name).await?;
    let pack = pack.ok_or_else(|| Refusal::not_found("pack", name))?;
    Ok(Json(view::pack(&pack)))
}

async fn register(
    State(app): State<App>,
    caller: Caller,
    Body { value: given }: Body<RegisterPack>,
) -> Answer<Json<PackReport>> {
    let path = PathBuf::from(&given.path);
    if !path.is_absolute() {
        return Err(Refusal::field(
            "/path",
            "pattern",
            "the path must be absolute: it is one of the API's machine",
        ));
    }
    let loaded = tokio::task::spawn_blocking(move || read_folder(&path))
        .await
        .map_err(|error| {
            tracing::error!(%error, "reading a pack broke");
            Refusal::new(&code::INTERNAL, "the pack could not be read")
        })?;
    let pack = loaded.map_err(Refusal::pack)?;
    let report = register_pack(&app, pack, &caller.login)
        .await
        .map_err(|error| match error {
            RegisterError::Invalid(diagnostics) => Refusal::pack(diagnostics),
            RegisterError::Store(error) => error.into(),
            RegisterError::Broken(error) => {
                tracing::error!(%error, "registering a pack broke");
                Refusal::new(&code::INTERNAL, "the pack could not be registered")
            }
        })?;
    let details = json!({"version": report.version, "content_hash": report.content_hash});
    audit(&app, &caller, "pack.register", &report.reference, details).await;
    Ok(Json(report))
}
