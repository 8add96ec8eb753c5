//! `attune dev`: the whole platform in one process, with a private PostgreSQL and no broker.
//!
//! Owns the folder that it keeps (data, secrets, the context for commands in this folder) and the
//! order of start and end. The services are the same as everywhere. Nothing that it started is left
//! when it ends, whatever ends it: the server's guard sees to that.

use super::{api, executor, migrate, ports::Ports, readiness, sensor, serve::bind, shutdown};
use crate::args::{Dev, Global};
use crate::client::{Client, Context, write_private};
use crate::error::{Attempt as _, CliError, Result};
use crate::output;
use crate::settings::{Effective, IN_PROCESS, Settings, Sources, url_of};
use attune_api::Api;
use attune_local::{Postgres, PostgresOptions};
use attune_pack::Loaded;
use attune_rest::{Me, Secret};
use attune_telemetry::{Health, Metrics, OpsServer, serve_ops};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Shown in logs, metrics and the database's list of connections.
const NAME: &str = "dev";
/// Comes with the program; its folder is not read.
const BUILT_IN: &str = "core";

/// A running platform.
struct Platform {
    ports: Ports,
    ops: OpsServer,
    url: String,
    parts: JoinSet<Result<()>>,
    /// Ends the parts.
    stop: CancellationToken,
    /// Ends what shows how the parts stop.
    ops_stop: CancellationToken,
}

/// Runs until it is told to stop.
///
/// # Errors
/// If a part cannot start, or fails as a whole.
pub(crate) async fn dev(args: &Dev, global: &Global) -> Result<()> {
    let dir = own_folder(&args.dir)?;
    let Effective {
        mut settings,
        entries,
    } = load(args, global, &dir)?;
    attune_telemetry::init(NAME, settings.log.format, &settings.log.filter)?;
    let stop = shutdown::on_signal()?;
    let given = entries
        .iter()
        .any(|entry| entry.key == "database.url" && entry.source != "default");
    let postgres = if given {
        None
    } else {
        output::note("starting a private PostgreSQL");
        let folder = dir.join("postgres");
        let started =
            blocking(move || Postgres::start(&folder, PostgresOptions::durable())).await??;
        settings.database.url.0 = started.url();
        Some(started)
    };
    let ended = run(args, &dir, settings, stop).await;
    Context::forget_dev(&dir);
    if let Some(postgres) = postgres {
        blocking(move || drop(postgres)).await?;
    }
    output::note("everything is stopped");
    ended
}

async fn run(args: &Dev, dir: &Path, settings: Settings, stop: CancellationToken) -> Result<()> {
    migrate::migrate(&settings, settings.database.wait).await?;
    let mut platform = Platform::start(args, settings.clone(), &stop).await?;
    let shown = platform.introduce(dir, &settings).await;
    let ended = match shown {
        Ok(()) => platform.until_stopped(&stop).await,
        Err(error) => Err(error),
    };
    platform.stop().await.and(ended)
}

impl Platform {
    async fn start(args: &Dev, settings: Settings, asked: &CancellationToken) -> Result<Self> {
        let metrics = Metrics::new(NAME);
        let health = Health::new();
        let ops_stop = CancellationToken::new();
        let listener = bind(settings.metrics.listen, "metrics.listen").await?;
        let ops = serve_ops(listener, metrics.clone(), health.clone(), ops_stop.clone())?;
        let ports = Ports::open(&settings, "attune dev", metrics).await?;
        let stop = CancellationToken::new();
        readiness::watch(&ports, &health, true, stop.clone());
        readiness::maintain(&ports, stop.clone());
        let listener = listen(args.listen, settings.api.listen).await?;
        let address = listener
            .local_addr()
            .attempt(|| "reading the API's address".to_owned())?;
        let url = settings
            .api
            .public_url
            .clone()
            .unwrap_or_else(|| url_of(address));
        let api = api::start(&ports, &settings, url.clone(), stop.clone()).await?;
        load_packs(&api, &ports, &args.packs).await?;
        let mut parts = JoinSet::new();
        parts.spawn(async move { api.serve(listener).await.map_err(api::failed) });
        let (one, two) = (settings.clone(), settings);
        parts.spawn(executor::run(ports.clone(), one, url.clone(), stop.clone()));
        parts.spawn(sensor::run(ports.clone(), two, stop.clone()));
        if asked.is_cancelled() {
            stop.cancel();
        }
        Ok(Self {
            ports,
            ops,
            url,
            parts,
            stop,
            ops_stop,
        })
    }

    /// Waits for the signal, or for a part that ends by itself.
    async fn until_stopped(&mut self, asked: &CancellationToken) -> Result<()> {
        tokio::select! {
            () = asked.cancelled() => Ok(()),
            ended = self.parts.join_next() => match ended {
                Some(Ok(Err(error))) => Err(error),
                Some(Err(error)) => Err(CliError::Service(format!("a part broke: {error}"))),
                Some(Ok(Ok(()))) | None => Err(CliError::Service("a part ended by itself".to_owned())),
            },
        }
    }

    async fn stop(mut self) -> Result<()> {
        self.stop.cancel();
        let mut ended = Ok(());
        while let Some(part) = self.parts.join_next().await {
            ended =
                ended.and(part.unwrap_or_else(|error| {
                    Err(CliError::Service(format!("a part broke: {error}")))
                }));
        }
        self.ports.close().await;
        self.ops_stop.cancel();
        self.ops.ended().await;
        ended
    }

    /// Says where everything is, and lets commands in this folder in.
    async fn introduce(&self, dir: &Path, settings: &Settings) -> Result<()> {
        let token = self.token(dir, settings).await?;
        let mut context = Context::given(&self.url, Some(token.clone()));
        context.login = Some(settings.auth.admin_login.clone());
        context.keep_for_dev(dir)?;
        let paint = output::paint_for_stdout();
        let kept = args_path(dir);
        let line = |what: &str, text: &str| {
            output::line(&format!("  {} {text}", paint.dim(&format!("{what:<8}"))));
        };
        output::line(&paint.bold("Attune is running."));
        line("API", &format!("{}/api/v1", paint.bold(&self.url)));
        line("Docs", &format!("{}/docs", self.url));
        line(
            "Admin",
            &format!(
                "{}, password {} (kept in {kept}/admin_password)",
                settings.auth.admin_login, settings.auth.admin_password.0
            ),
        );
        line(
            "Token",
            &format!("{} (kept in {kept}/token)", token.expose()),
        );
        line("Metrics", &format!("http://{}/metrics", self.ops.address()));
        line("Data", &kept);
        output::line("Commands in this folder are logged in, for example `attune action list`.");
        output::line("Ctrl-C stops everything.");
        Ok(())
    }

    /// The token that was kept, if the API still takes it, or a new one.
    async fn token(&self, dir: &Path, settings: &Settings) -> Result<Secret> {
        let path = dir.join("token");
        if let Some(kept) = read_kept(&path) {
            let kept = Secret::new(kept);
            let client = Client::new(Context::given(&self.url, Some(kept.clone())))?;
            if client.get::<Me>("/auth/me").await.is_ok() {
                return Ok(kept);
            }
        }
        let token = attune_api::issue_token(
            self.ports.stores.identities.as_ref(),
            self.ports.clock.as_ref(),
            &settings.auth.admin_login,
            "attune dev",
        )
        .await
        .map_err(api::failed)?;
        write_private(&path, token.expose())?;
        Ok(token)
    }
}

/// Settings with the defaults that fit one process for one person.
fn load(args: &Dev, global: &Global, dir: &Path) -> Result<Effective> {
    let mut sources = Sources::of_process(global.config.clone(), global.set.clone());
    let folder = |name: &str| dir.join(name).display().to_string();
    sources.defaults = vec![
        ("bus.url", IN_PROCESS.to_owned()),
        ("auth.secret", kept_secret(dir, "auth_secret")?),
        ("secrets.key", kept_secret(dir, "secrets_key")?),
        ("auth.admin_password", kept_secret(dir, "admin_password")?),
        ("executor.name", "dev".to_owned()),
        ("executor.work_dir", folder("worker")),
        ("executor.worker.shutdown_grace", "2s".to_owned()),
        ("sensor.name", "dev".to_owned()),
        ("sensor.work_dir", folder("sensor")),
        ("log.filter", "warn".to_owned()),
    ];
    if let Some(listen) = args.listen {
        sources.flags.push(format!("api.listen={listen}"));
    }
    Ok(sources.load()?)
}

/// A secret kept in the folder, made at the first start.
fn kept_secret(dir: &Path, name: &str) -> Result<String> {
    let path = dir.join(name);
    if let Some(kept) = read_kept(&path) {
        return Ok(kept);
    }
    let half = || uuid::Uuid::new_v4().simple().to_string();
    let secret = match name {
        // For a person to type.
        "admin_password" => half(),
        _ => format!("{}{}", half(), half()),
    };
    write_private(&path, &secret)?;
    Ok(secret)
}

fn read_kept(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Makes the folder and gives its absolute path. Others may pass through it, as the user of a private
/// server has to, but not look what is in it.
fn own_folder(dir: &Path) -> Result<PathBuf> {
    let what = || format!("making {}", dir.display());
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o711)
        .create(dir)
        .attempt(what)?;
    fs::canonicalize(dir).attempt(what)
}

/// The address asked for; the usual one, or a free port beside it where nobody asked and it is taken.
async fn listen(asked: Option<SocketAddr>, usual: SocketAddr) -> Result<TcpListener> {
    match bind(usual, "api.listen").await {
        Ok(listener) => Ok(listener),
        Err(error) if asked.is_some() => Err(error),
        Err(_) => {
            output::note(&format!("{usual} is taken; using a free port"));
            bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), "api.listen").await
        }
    }
}

/// Registers every pack in the folder. A pack may need another one, so those that were refused are
/// tried again as long as that brings one more in. What stays refused is shown and does not keep the
/// platform from starting.
async fn load_packs(api: &Api, ports: &Ports, folder: &Path) -> Result<()> {
    let mut waiting = Vec::new();
    for path in pack_folders(folder)? {
        match attune_pack::read_folder(&path) {
            Ok(source) => waiting.push(source),
            Err(found) => output::note(&format!("{} is not right:\n{found}", path.display())),
        }
    }
    let mut loaded = 0_usize;
    loop {
        let mut refused: Vec<(Loaded, CliError)> = Vec::new();
        let before = waiting.len();
        for source in waiting {
            match api::register(api, ports, source.clone()).await {
                Ok(registered) => loaded += usize::from(registered),
                Err(error) if error.may_pass() => return Err(error),
                Err(error) => refused.push((source, error)),
            }
        }
        if refused.len() == before || refused.is_empty() {
            for (_, error) in refused {
                output::note(&error.to_string());
            }
            break;
        }
        waiting = refused.into_iter().map(|(source, _)| source).collect();
    }
    if loaded > 0 {
        output::note(&format!(
            "{loaded} pack(s) of {} are loaded",
            folder.display()
        ));
    }
    Ok(())
}

/// Folders with a `pack.yaml`, but for the built-in pack's, in order of their names.
fn pack_folders(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).attempt(|| format!("reading {}", folder.display()))? {
        let path = entry
            .attempt(|| format!("reading {}", folder.display()))?
            .path();
        if path.join("pack.yaml").is_file() && !path.ends_with(BUILT_IN) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The folder as people would name it: relative where that is shorter.
fn args_path(dir: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    dir.strip_prefix(&here).unwrap_or(dir).display().to_string()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| CliError::Service(format!("a part broke: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_kept_and_closed() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let first = kept_secret(folder.path(), "auth_secret").unwrap();
        assert_eq!(first.len(), 64);
        assert_eq!(kept_secret(folder.path(), "auth_secret").unwrap(), first);
        let mode = fs::metadata(folder.path().join("auth_secret")).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn packs_are_found_but_for_the_built_in_one() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b", "a", "core", "no_pack"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        for name in ["a", "b", "core"] {
            fs::write(folder.path().join(name).join("pack.yaml"), "").unwrap();
        }
        let found = pack_folders(folder.path()).unwrap();
        assert_eq!(found, [folder.path().join("a"), folder.path().join("b")]);
        assert!(
            pack_folders(&folder.path().join("none"))
                .unwrap()
                .is_empty()
        );
    }
}
