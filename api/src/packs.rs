//! Registering packs: read, checked against the catalogue, stored, told to all services.

use crate::app::App;
use crate::error::RegisterError;
use crate::refusal::{Answer, Refusal};
use crate::view;
use attune_catalogue::registration;
use attune_pack::{Loaded, PackDef, from_files};
use attune_port::{Address, ChangeKind};
use attune_rest::{PackChange, PackReport, PackWarning};
use attune_types::Ref;
use bytes::Bytes;

/// Makes a pack current.
///
/// # Errors
/// [`RegisterError`]: nothing was registered.
pub(crate) async fn register(
    app: &App,
    pack: Loaded,
    by: &str,
) -> Result<PackReport, RegisterError> {
    let catalogue = app.deps.directory.refresh().await?;
    let version = pack.source.def.version.clone();
    let by = by.to_owned();
    // Compiling and packing read files and take their time.
    let prepared = tokio::task::spawn_blocking(move || registration(pack, &catalogue, &by))
        .await
        .map_err(|error| RegisterError::Broken(error.to_string()))?;
    let (pack, warnings) = prepared.map_err(RegisterError::Invalid)?;
    let report = app.deps.stores.catalogue.register(pack).await?;
    changed(app).await;
    let kept: Vec<PackWarning> = report
        .changes
        .iter()
        .filter(|change| change.change == ChangeKind::Kept)
        .map(|change| kept(&change.reference))
        .collect();
    let kept = kept.into_iter();
    Ok(PackReport {
        reference: report.pack,
        version,
        content_hash: report.content_hash,
        changes: report
            .changes
            .into_iter()
            .map(|change| PackChange {
                kind: change.kind,
                reference: change.reference,
                change: view::change(change.change).to_owned(),
            })
            .collect(),
        warnings: kept
            .chain(warnings.into_iter().map(view::warning))
            .collect(),
    })
}

/// Told of a workflow whose content over the API stays current.
fn kept(reference: &Ref) -> PackWarning {
    PackWarning {
        code: "PACK033".to_owned(),
        file: "pack.yaml".to_owned(),
        line: None,
        column: None,
        message: format!(
            "`{reference}` was made or changed over the API and stays as it is: the pack's content is a version beside it"
        ),
        help: Some(format!(
            "to give it back to the pack, make the pack's version current: `POST /workflows/{reference}/versions/{{number}}/activate`"
        )),
    }
}

/// The description and content hash of an empty pack, for workflows that are made over the API.
pub(crate) fn empty_pack(name: &str) -> Answer<(PackDef, String)> {
    let label = "Made over the API";
    let text = format!("ref: {name}\nlabel: {label}\nversion: 0.0.0\n");
    let source = from_files([("pack.yaml", text)]).map_err(Refusal::pack)?;
    Ok((source.def, source.content_hash))
}

/// After a change of the catalogue: this process sees it at once, the others are told. The content
/// of the notice says nothing: whoever gets it looks.
pub(crate) async fn changed(app: &App) {
    app.deps
        .bus
        .send(Address::Catalogue, vec![Bytes::from_static(b"{}")]);
    if let Err(error) = app.deps.directory.refresh().await {
        tracing::warn!(%error, "the catalogue could not be read after a change");
    }
}
