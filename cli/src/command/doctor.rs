//! `attune doctor`: whether everything that is needed is there, and what to do where it is not.
//!
//! Owns the list of checks. Changes nothing. Every check is made, whatever the others say.

use crate::args::Global;
use crate::client::{Client, Context, Source};
use crate::compose::{POSTGRES_PORT, not_migrated, reach, store_options};
use crate::error::{CliError, Result};
use crate::output::{Columns, Output, paint_for_stdout};
use crate::settings::{IN_PROCESS, Settings, mask_password};
use attune_bus::{RabbitBus, RabbitOptions};
use attune_port::Bus as _;
use attune_rest::Me;
use attune_store::PgStore;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

/// Where RabbitMQ usually listens.
const RABBITMQ_PORT: u16 = 5672;
/// How long one check may take.
const LIMIT: Duration = Duration::from_secs(8);
/// A clock that differs by more than this makes sessions and timers odd.
const SKEW: Duration = Duration::from_secs(5);
/// Less free disk than this is a warning.
const LOW_DISK: u64 = 1 << 30;

/// How one thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize)]
struct Check {
    check: &'static str,
    verdict: Verdict,
    message: String,
    help: Option<String>,
}

fn well(check: &'static str, message: impl Into<String>) -> Check {
    Check {
        check,
        verdict: Verdict::Ok,
        message: message.into(),
        help: None,
    }
}

fn ill(check: &'static str, message: impl Into<String>, help: impl Into<String>) -> Check {
    Check {
        check,
        verdict: Verdict::Fail,
        message: message.into(),
        help: Some(help.into()),
    }
}

impl Check {
    fn only_warn(mut self) -> Self {
        self.verdict = Verdict::Warn;
        self
    }
}

/// Looks at everything.
///
/// # Errors
/// [`CliError::NotRight`] if something that is needed is not there.
pub(super) async fn run(global: &Global, output: Output) -> Result<()> {
    let context = Context::find(global).ok();
    let dev = matches!(
        context.as_ref().map(|context| &context.source),
        Some(Source::Dev(_))
    );
    let mut checks = Vec::new();
    match super::sources(global).load() {
        Ok(effective) => {
            checks.push(well("settings", "they can be used"));
            let settings = effective.settings;
            if dev {
                checks.push(well(
                    "services",
                    "`attune dev` runs here with servers of its own",
                ));
            } else {
                checks.push(secret(&settings));
                let (database, broker) = tokio::join!(database(&settings), broker(&settings));
                checks.extend([database, broker]);
            }
            checks.push(disk(settings.executor.work_dir.as_deref()));
        }
        Err(error) => checks.push(ill("settings", error.to_string(), "mend the setting")),
    }
    checks.extend(api(context).await);
    checks.push(program("python3", "actions written in Python need it"));
    checks.push(program("node", "actions written in JavaScript need it").unless_found_warn());
    let paint = paint_for_stdout();
    let columns = Columns::<Check>::new()
        .with("CHECK", |check| check.check.to_owned())
        .with("", move |check| match check.verdict {
            Verdict::Ok => paint.green("ok"),
            Verdict::Warn => paint.yellow("warn"),
            Verdict::Fail => paint.red("fail"),
        })
        .with("", |check| match &check.help {
            Some(help) => format!("{}\n{help}", check.message),
            None => check.message.clone(),
        });
    output.list(&checks, &columns)?;
    match checks
        .iter()
        .filter(|check| check.verdict == Verdict::Fail)
        .count()
    {
        0 => Ok(()),
        1 => Err(CliError::NotRight("1 check failed".to_owned())),
        number => Err(CliError::NotRight(format!("{number} checks failed"))),
    }
}

impl Check {
    /// Something that only some packs need.
    fn unless_found_warn(self) -> Self {
        if self.verdict == Verdict::Ok {
            self
        } else {
            self.only_warn()
        }
    }
}

fn secret(settings: &Settings) -> Check {
    match settings.check_secret() {
        Ok(()) => well("secret", "sessions are signed with a secret of its own"),
        Err(error) => ill("secret", "`serve api` will not start", error.to_string()),
    }
}

async fn database(settings: &Settings) -> Check {
    let name = "database";
    let address = mask_password(&settings.database.url.0);
    if let Err(reason) = reach(&settings.database.url.0, POSTGRES_PORT).await {
        return ill(
            name,
            reason,
            "start PostgreSQL 15 or later, or set `database.url`",
        );
    }
    let options = store_options(settings, "attune doctor");
    match tokio::time::timeout(LIMIT, PgStore::connect(&options)).await {
        Ok(Ok(store)) => {
            store.close().await;
            well(name, format!("{address} answers and is migrated"))
        }
        Ok(Err(error)) => {
            let help = if not_migrated(&error) {
                "run `attune migrate`"
            } else {
                "mend user, password or database in `database.url`"
            };
            ill(name, format!("{address}: {error}"), help)
        }
        Err(_) => ill(
            name,
            format!("{address} does not answer"),
            "start PostgreSQL, or set `database.url`",
        ),
    }
}

async fn broker(settings: &Settings) -> Check {
    let name = "broker";
    let url = &settings.bus.url.0;
    if url == IN_PROCESS {
        return well(name, "none: everything runs in one process");
    }
    if let Err(reason) = reach(url, RABBITMQ_PORT).await {
        return ill(
            name,
            reason,
            "start RabbitMQ 3.10 or later, or set `bus.url`",
        );
    }
    let address = mask_password(url);
    let mut options = RabbitOptions::new(url.clone());
    options.connect_timeout = LIMIT / 2;
    "attune doctor".clone_into(&mut options.connection_name);
    match RabbitBus::connect(options).await {
        Ok(bus) => {
            let connected = bus.is_connected();
            bus.close().await;
            if connected {
                well(name, format!("{address} answers"))
            } else {
                ill(
                    name,
                    format!("{address} refuses the login, or is no RabbitMQ"),
                    "mend user, password or virtual host in `bus.url`",
                )
            }
        }
        Err(error) => ill(name, error.to_string(), "set `bus.url`"),
    }
}

/// The API, and whether its clock agrees with ours.
async fn api(context: Option<Context>) -> Vec<Check> {
    let Some(context) = context else {
        let help = "`attune login ADDRESS`, or start `attune dev`";
        return vec![ill("API", "nobody is logged in", help).only_warn()];
    };
    let url = context.url.clone();
    let client = match Client::new(context) {
        Ok(client) => client,
        Err(error) => return vec![ill("API", error.to_string(), "mend the TLS set-up")],
    };
    let response = match client.probe("/readyz").await {
        Ok(response) => response,
        Err(error) => {
            return vec![ill(
                "API",
                error.to_string(),
                "start it, or log in elsewhere",
            )];
        }
    };
    let mut checks = Vec::new();
    checks.push(if response.status().is_success() {
        well("API", format!("{url} is ready"))
    } else {
        let said = format!("{url} says {}", response.status());
        ill("API", said, "look at its log and at /readyz")
    });
    let date = response
        .headers()
        .get("date")
        .and_then(|value| value.to_str().ok())
        .and_then(|text| jiff::fmt::rfc2822::parse(text).ok())
        .map(|date| SystemTime::from(date.timestamp()));
    if let Some(date) = date {
        let now = SystemTime::now();
        let skew = now
            .duration_since(date)
            .or_else(|_| date.duration_since(now))
            .unwrap_or_default();
        checks.push(if skew <= SKEW {
            well("clock", "agrees with the API's")
        } else {
            let said = format!("differs from the API's by {} s", skew.as_secs());
            ill("clock", said, "let both machines follow a time server").only_warn()
        });
    }
    checks.push(match client.get::<Me>("/auth/me").await {
        Ok(me) => well("login", format!("{} ({})", me.login, me.role)),
        Err(error) => ill(
            "login",
            error.to_string(),
            "log in again with `attune login`",
        ),
    });
    checks
}

fn program(name: &'static str, why: &str) -> Check {
    let said = Command::new(name)
        .arg("--version")
        .stdin(Stdio::null())
        .output();
    match said {
        Ok(said) if said.status.success() => {
            let text = String::from_utf8_lossy(&said.stdout);
            well(name, text.trim().to_owned())
        }
        _ => ill(name, "is not found", format!("install it: {why}")),
    }
}

/// Free space where processes work.
fn disk(set: Option<&Path>) -> Check {
    let wanted = set.map_or_else(std::env::temp_dir, Path::to_owned);
    let folder: PathBuf = wanted
        .ancestors()
        .find(|path| path.exists())
        .map_or_else(std::env::temp_dir, Path::to_owned);
    match nix::sys::statvfs::statvfs(&folder) {
        Ok(stat) => {
            let free = stat.blocks_available().saturating_mul(stat.fragment_size());
            let said = format!("{} MiB free in {}", free >> 20, folder.display());
            if free < LOW_DISK {
                ill("disk", said, "make room, or set `executor.work_dir`").only_warn()
            } else {
                well("disk", said)
            }
        }
        Err(error) => ill(
            "disk",
            format!("{}: {error}", folder.display()),
            "set `executor.work_dir`",
        ),
    }
}
