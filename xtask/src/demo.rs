//! `cargo xtask demo`: the main job of the product, on the real parts, before your eyes.
//!
//! Owns the story: a timer's tick fires a rule, the rule starts a workflow of a shell and a Python task, the run is
//! followed to its end. Called by `make demo`, without questions. Ends well only if the outcome is what it must be
//! and nothing that it started is left.

use std::fs;
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use attune_local::PostgresOptions;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::client::Client;
use crate::platform::Platform;
use crate::repo;

mod outcome;
mod show;

/// The rule that is turned on; it listens to a timer.
const RULE: &str = "examples.check_disk_regularly";
/// The pack that every installation has from its start.
const BUILT_IN: &str = "core";
/// The longest that the first tick may take to become a run, and the run to end.
const PATIENCE: Duration = Duration::from_secs(60);
/// How soon to look at the delivery log again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Plays the demo.
///
/// # Errors
/// When a part does not start, the API refuses something, or a process is left behind.
pub(crate) async fn run() -> Result<ExitCode> {
    show::step("Starting a private Postgres, a private RabbitMQ, and the services on them");
    let mut platform = Platform::start("demo", PostgresOptions::durable()).await?;
    for (name, pid) in platform.processes() {
        show::line(&format!("{name}, process {pid}"));
    }
    show::line(&format!("API at {}", platform.url()));

    let told = tell(&platform).await;
    let well = matches!(&told, Ok(wrong) if wrong.is_empty());
    if !well {
        show::line(&format!(
            "the services' logs are in {}",
            platform.keep_logs().display()
        ));
    }

    show::step("Stopping everything");
    platform.stop().await?;
    show::line("every process that was started is gone");

    for wrong in told? {
        eprintln!("error: {wrong}");
    }
    if well {
        show::step("The outcome is what it must be");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

/// The story itself; returns all that was not as it must be.
async fn tell(platform: &Platform) -> Result<Vec<String>> {
    let admin = platform.admin().await?;

    show::step("Loading the packs");
    for pack in packs()? {
        let loaded = admin
            .post("/packs/register", &json!({"path": pack}))
            .await?
            .ok()?;
        show::line(&show::pack(&loaded, &pack));
    }

    show::step(&format!(
        "Turning on the rule {RULE} and waiting for a tick of its timer"
    ));
    let waits_since = Instant::now();
    admin
        .post(&format!("/rules/{RULE}/enable"), &json!({}))
        .await?
        .ok()?;
    let enforcement = first_fired(&admin).await?;
    admin
        .post(&format!("/rules/{RULE}/disable"), &json!({}))
        .await?
        .ok()?;
    show::line(&show::enforcement(&enforcement, waits_since.elapsed()));

    let id = enforcement["execution_id"]
        .as_str()
        .context("the rule fired, but no run came of it")?
        .to_owned();
    show::step(&format!("Following the run {id}"));
    follow(platform, &admin, &id).await?;

    let run = admin.get(&format!("/executions/{id}")).await?.ok()?;
    let tasks = admin.list(&format!("/executions/{id}/tasks")).await?;
    show::step("The result");
    println!("{:#}", run["result"]);

    show::step("The history of the run, event by event");
    let history = admin.list(&format!("/executions/{id}/history")).await?;
    show::history(&history, &tasks);

    Ok(outcome::wrong(&enforcement, &run, &tasks, &history))
}

/// The folders of the packs that this repository brings, but for the one that is built in.
fn packs() -> Result<Vec<PathBuf>> {
    let dir = repo::root()?.join("packs");
    let mut packs = Vec::new();
    for entry in fs::read_dir(&dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let folder = entry?.path();
        if folder.join("pack.yaml").is_file() && !folder.ends_with(BUILT_IN) {
            packs.push(folder);
        }
    }
    packs.sort();
    Ok(packs)
}

/// The first row of the delivery log that says that the rule fired.
async fn first_fired(admin: &Client) -> Result<Value> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let rows = admin.list(&format!("/enforcements?rule={RULE}")).await?;
        if let Some(row) = rows.iter().rev().find(|row| row["fired"] == true) {
            return Ok(row.clone());
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    bail!("no tick fired the rule within {} s", PATIENCE.as_secs())
}

/// Lets the command line show the run until it has ended. How the run ended is judged elsewhere; here it matters
/// only that it was shown.
async fn follow(platform: &Platform, admin: &Client, id: &str) -> Result<()> {
    let mut watch = Command::new(platform.binary());
    watch
        .args(["execution", "watch", id])
        .envs(platform.client_environment(admin.token()))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let mut child = watch
        .spawn()
        .context("cannot run `attune execution watch`")?;
    let status = tokio::time::timeout(PATIENCE, child.wait()).await;
    match status
        .with_context(|| format!("the run was not over after {} s", PATIENCE.as_secs()))?
        .map(|status| status.code())
    {
        Ok(Some(0 | 1)) => Ok(()),
        Ok(Some(code)) => bail!("`attune execution watch` ended with code {code}"),
        Ok(None) => bail!("`attune execution watch` was killed"),
        Err(error) => Err(error).context("`attune execution watch` got lost"),
    }
}
