//! Registering packs: read, checked against the catalogue, stored, told to all services.

use crate::app::App;
use crate::error::RegisterError;
use crate::view;
use attune_catalogue::registration;
use attune_pack::PackSource;
use attune_port::Address;
use attune_rest::{PackChange, PackReport};
use bytes::Bytes;

/// Makes a pack current.
///
/// # Errors
/// [`RegisterError`]: nothing was registered.
pub(crate) async fn register(
    app: &App,
    source: PackSource,
    by: &str,
) -> Result<PackReport, RegisterError> {
    let catalogue = app.deps.directory.refresh().await?;
    let version = source.def.version.clone();
    let by = by.to_owned();
    // Compiling and packing read files and take their time.
    let prepared = tokio::task::spawn_blocking(move || registration(source, &catalogue, &by))
        .await
        .map_err(|error| RegisterError::Broken(error.to_string()))?;
    let (pack, warnings) = prepared.map_err(RegisterError::Invalid)?;
    let report = app.deps.stores.catalogue.register(pack).await?;
    changed(app).await;
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
        warnings: warnings.into_iter().map(view::warning).collect(),
    })
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
