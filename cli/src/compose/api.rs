//! The API service, and what must be there before its first request: the built-in pack and somebody
//! who may do everything.

use super::ports::Ports;
use crate::error::{CliError, Result};
use crate::output;
use crate::settings::{Settings, variable};
use attune_api::{Api, ApiConfig, ApiDeps, Bootstrap, RegisterError};
use attune_pack::Loaded;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Who registers what comes with the program.
pub(super) const SYSTEM: &str = "system";

/// Starts the API, without serving yet.
///
/// # Errors
/// If the secret is refused or the database does not answer.
pub(super) async fn start(
    ports: &Ports,
    settings: &Settings,
    public_url: String,
    stop: CancellationToken,
) -> Result<Api> {
    let deps = ApiDeps {
        stores: ports.stores.clone(),
        bus: Arc::clone(&ports.bus),
        clock: Arc::clone(&ports.clock),
        metrics: Arc::clone(&ports.metrics),
        directory: Arc::clone(&ports.directory),
        config: ApiConfig {
            auth_secret: settings.auth.secret.0.clone(),
            public_url,
            ..ApiConfig::default()
        },
    };
    let api = Api::start(deps, stop).await.map_err(failed)?;
    let core = attune_pack::core_pack()
        .map_err(|found| CliError::Service(format!("the built-in pack is broken:\n{found}")))?;
    register(&api, ports, core.into()).await?;
    first_admin(ports, settings).await?;
    Ok(api)
}

/// Registers a pack unless exactly this version is current. Answers whether it was registered.
///
/// # Errors
/// All that is wrong with it, or what the database says.
pub(super) async fn register(api: &Api, ports: &Ports, pack: Loaded) -> Result<bool> {
    let current = ports.directory.current();
    let same = current
        .packs
        .get(&pack.source.def.reference)
        .is_some_and(|known| known.content_hash == pack.source.content_hash);
    if same {
        return Ok(false);
    }
    let name = pack.source.def.reference.clone();
    match api.register(pack, SYSTEM).await {
        Ok(_) => Ok(true),
        Err(RegisterError::Invalid(found)) => Err(CliError::NotRight(format!(
            "the pack `{name}` is not right:\n{found}"
        ))),
        Err(error) => Err(CliError::Service(format!(
            "the pack `{name}` cannot be registered: {error}"
        ))),
    }
}

/// Makes the first administrator. Without a password there is none to make; that is said where
/// nobody could log in.
async fn first_admin(ports: &Ports, settings: &Settings) -> Result<()> {
    let login = &settings.auth.admin_login;
    let password = &settings.auth.admin_password.0;
    let identities = ports.stores.identities.as_ref();
    if password.is_empty() {
        if identities.by_login(login).await?.is_none() {
            output::note(&format!(
                "warning: there is no administrator `{login}` and nobody can log in: set {} once",
                variable("auth.admin_password")
            ));
        }
        return Ok(());
    }
    let made = attune_api::bootstrap_admin(identities, ports.clock.as_ref(), login, password)
        .await
        .map_err(failed)?;
    if made == Bootstrap::Created {
        tracing::info!(login, "the first administrator was made");
    }
    Ok(())
}

/// What the API says, as the end of the process.
pub(super) fn failed(error: attune_api::ApiError) -> CliError {
    CliError::Service(format!("the API: {error}"))
}
