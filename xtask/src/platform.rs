//! The whole product on this machine: Postgres, RabbitMQ, and the three services as separate processes.
//!
//! Owns everything it starts, and the proof that it is gone afterwards. Called by the acceptance command and the demo.
//! A part that does not start is an error that quotes its log; the logs are kept where something failed.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use attune_local::{AttuneStack, PostgresOptions, Stack};
use tempfile::TempDir;
use uuid::Uuid;

use crate::client::Client;
use crate::servers::Servers;
use crate::{binary, repo};

/// Who may do everything on a new installation.
const ADMIN: &str = "admin";

/// A running platform. All of it stops when this is dropped; [`Platform::stop`] also checks that.
#[derive(Debug)]
pub(crate) struct Platform {
    // In the order of their stopping: services first, then what they use, then the files.
    stack: Stack,
    servers: Servers,
    folder: TempDir,
    api: SocketAddr,
    password: String,
    binary: PathBuf,
}

impl Platform {
    /// Builds the product and starts it with empty data in a folder of its own under `.attune/<purpose>`.
    ///
    /// # Errors
    /// When it does not build, or a part does not start.
    pub(crate) async fn start(purpose: &str, postgres: PostgresOptions) -> Result<Self> {
        let folder = folder(purpose)?;
        tokio::task::spawn_blocking(move || Self::start_in(folder, postgres))
            .await
            .context("the start broke")?
    }

    fn start_in(mut folder: TempDir, postgres: PostgresOptions) -> Result<Self> {
        let binary = binary::attune()?;
        let servers = Servers::start(folder.path(), postgres)?;
        let password = Uuid::new_v4().to_string();
        let stack = AttuneStack::new(
            &binary,
            folder.path(),
            environment(&servers, &password, folder.path()),
        );
        let (stack, api) = stack
            .start()
            .inspect_err(|_| folder.disable_cleanup(true))?;
        Ok(Self {
            stack,
            servers,
            folder,
            api,
            password,
            binary,
        })
    }

    /// Where the API is.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.api)
    }

    /// The `attune` binary that is running.
    pub(crate) fn binary(&self) -> &Path {
        &self.binary
    }

    /// Somebody who may do everything.
    ///
    /// # Errors
    /// When the API refuses the login.
    pub(crate) async fn admin(&self) -> Result<Client> {
        Client::new(&self.url())?
            .log_in(ADMIN, &self.password)
            .await
    }

    /// The environment in which the client commands of `attune` speak to this platform as its admin.
    pub(crate) fn client_environment(&self, token: &str) -> BTreeMap<String, String> {
        BTreeMap::from([
            ("ATTUNE_URL".to_owned(), self.url()),
            ("ATTUNE_TOKEN".to_owned(), token.to_owned()),
        ])
    }

    /// Each process of the product and its id, for people.
    pub(crate) fn processes(&mut self) -> Vec<(String, u32)> {
        let names = self.stack.names();
        names
            .into_iter()
            .filter_map(|name| self.stack.pid(&name).map(|pid| (name, pid)))
            .collect()
    }

    /// Keeps the logs of the services after the stop; returns where they are.
    pub(crate) fn keep_logs(&mut self) -> PathBuf {
        self.folder.disable_cleanup(true);
        self.folder.path().join("logs")
    }

    /// Stops everything and makes sure that it is gone.
    ///
    /// # Errors
    /// When a process is still there, naming it.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let mut all = self.processes();
        all.extend(
            self.servers
                .pids()
                .into_iter()
                .map(|pid| ("server".to_owned(), pid)),
        );
        tokio::task::spawn_blocking(move || drop(self))
            .await
            .context("the stop broke")?;
        let left: Vec<String> = all
            .into_iter()
            .filter(|(_, pid)| is_alive(*pid))
            .map(|(name, pid)| format!("{name} ({pid})"))
            .collect();
        ensure!(
            left.is_empty(),
            "still running after the stop: {}",
            left.join(", ")
        );
        Ok(())
    }
}

/// What every service is told. The secrets are made for this run alone.
fn environment(servers: &Servers, password: &str, folder: &Path) -> BTreeMap<String, String> {
    let secret = || format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let work = |service: &str| folder.join("work").join(service).display().to_string();
    BTreeMap::from([
        ("ATTUNE__DATABASE__URL".to_owned(), servers.postgres.url()),
        ("ATTUNE__BUS__URL".to_owned(), servers.rabbitmq.amqp_url()),
        (
            "ATTUNE__AUTH__ADMIN_PASSWORD".to_owned(),
            password.to_owned(),
        ),
        ("ATTUNE__AUTH__SECRET".to_owned(), secret()),
        ("ATTUNE__SECRETS__KEY".to_owned(), secret()),
        ("ATTUNE__EXECUTOR__WORK_DIR".to_owned(), work("executor")),
        ("ATTUNE__SENSOR__WORK_DIR".to_owned(), work("sensor")),
    ])
}

fn folder(purpose: &str) -> Result<TempDir> {
    let above = repo::root()?.join(".attune").join(purpose);
    fs::create_dir_all(&above).with_context(|| format!("cannot make {}", above.display()))?;
    tempfile::Builder::new()
        .prefix("run-")
        .tempdir_in(&above)
        .with_context(|| format!("cannot make a folder in {}", above.display()))
}

/// Whether a process of this id is there, other than as a dead entry that waits to be read.
fn is_alive(pid: u32) -> bool {
    match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => !stat
            .rsplit(") ")
            .next()
            .is_some_and(|rest| rest.starts_with('Z')),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_seen_while_it_lives() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        assert!(is_alive(child.id()));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!is_alive(child.id()));
    }
}
