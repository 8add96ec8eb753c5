//! A private PostgreSQL server.
//!
//! Owns one server process and its data directory. Listens on 127.0.0.1 only, with a generated
//! password kept beside the data; the unix socket lies in a closed directory. Survives our crash:
//! the next start on the same directory finds the same data. Never touches another instance.
//!
//! A server that does not start yields an error that quotes its log; a port that was taken in the
//! meantime is replaced, except at [`Postgres::restart`], whose point is to come back at the same
//! address.

mod binaries;
mod data;
mod options;
mod sql;

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;

use crate::{
    LocalError, Result,
    error::IoContext,
    guard::{Guarded, Launch, POLL},
    layout::Home,
    log, ports,
    run_as::RunAs,
};
use binaries::Binaries;
pub(crate) use binaries::find_psql;
use data::DataDir;
pub use options::PostgresOptions;
pub(crate) use sql::{Connection, drop_database_sql, quote};

const START_LIMIT: Duration = Duration::from_secs(60);
const USER: &str = "attune";
/// The database that every server has.
const DATABASE: &str = "attune";
/// A socket path longer than this does not fit into the system's address structure.
const SOCKET_PATH_LIMIT: usize = 107;

/// A private PostgreSQL server. Stopped when dropped.
#[derive(Debug)]
pub struct Postgres {
    server: Option<Guarded>,
    options: PostgresOptions,
    binaries: Binaries,
    data: DataDir,
    run_as: Option<RunAs>,
    password: String,
    port: u16,
    home: Home,
}

impl Postgres {
    /// Starts a server whose files lie in `dir`, making the data on first use, and waits until it
    /// answers. It has a database `attune`.
    ///
    /// # Errors
    /// If PostgreSQL is not installed, another process holds `dir`, or the server does not start.
    pub fn start(dir: &Path, options: PostgresOptions) -> Result<Self> {
        let home = Home::claim(dir)?;
        let run_as = RunAs::for_postgres()?;
        let data = DataDir::place(&home, run_as.as_ref())?;
        if options.ephemeral {
            data.let_watcher_remove(&home, run_as.as_ref())?;
        }
        let binaries = Binaries::find(data.version().as_deref())?;
        let password = home.secret("password")?;
        data.initialise(&binaries, run_as.as_ref(), USER, &password)?;
        let port = ports::prefer(read_port(&home))?;
        let mut postgres = Self {
            server: None,
            options,
            binaries,
            data,
            run_as,
            password,
            port,
            home,
        };
        postgres.launch(false)?;
        postgres.ensure_database(DATABASE)?;
        Ok(postgres)
    }

    /// The address of the database `attune`, with user and password.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_for(DATABASE)
    }

    /// The address of another database of this server.
    #[must_use]
    pub fn url_for(&self, database: &str) -> String {
        self.connection(database).url()
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process id of the server, if it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.server.as_ref().map(Guarded::pid)
    }

    /// Where the data lie; elsewhere than asked if the server's user cannot reach that place.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.data.data
    }

    /// The server's log file.
    #[must_use]
    pub fn log_path(&self) -> PathBuf {
        self.home.path("postgres.log")
    }

    /// Whether the server process lives.
    pub fn is_running(&mut self) -> bool {
        self.server
            .as_mut()
            .is_some_and(|server| server.try_wait().is_none())
    }

    /// Makes an empty database.
    ///
    /// # Errors
    /// If it exists or the server refuses.
    pub fn create_database(&self, name: &str) -> Result<()> {
        self.run_sql("postgres", &format!("CREATE DATABASE {}", quote(name)))
            .map(|_| ())
    }

    /// Makes a database that is a copy of another one, which nobody may be connected to.
    ///
    /// # Errors
    /// If it exists or the server refuses.
    pub fn create_database_like(&self, name: &str, template: &str) -> Result<()> {
        let sql = format!(
            "CREATE DATABASE {} TEMPLATE {}",
            quote(name),
            quote(template)
        );
        self.run_sql("postgres", &sql).map(|_| ())
    }

    /// Drops a database and its connections; one that does not exist is fine.
    ///
    /// # Errors
    /// If the server refuses.
    pub fn drop_database(&self, name: &str) -> Result<()> {
        self.run_sql("postgres", &drop_database_sql(name))
            .map(|_| ())
    }

    /// Runs one SQL text in a database through `psql`; rows come back as lines, columns split by `|`.
    ///
    /// # Errors
    /// What the server said.
    pub fn run_sql(&self, database: &str, sql: &str) -> Result<String> {
        self.connection(database).run(&self.binaries.psql, sql)
    }

    /// Stops the server in order: clients are disconnected, everything is flushed.
    pub fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.stop();
        }
        self.data.end_orphans();
    }

    /// `kill -9` on the server, the one process. Its backends end as they notice, at the latest at
    /// the next start or when this value is dropped.
    pub fn kill9(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill9();
        }
    }

    /// Starts the server again at the same address, stopping it first if it runs.
    ///
    /// # Errors
    /// If it does not come back.
    pub fn restart(&mut self) -> Result<()> {
        self.stop();
        ports::wait_free(self.port)?;
        self.launch(true)
    }

    fn connection(&self, database: &str) -> Connection {
        Connection {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            user: USER.to_owned(),
            password: self.password.clone(),
            database: database.to_owned(),
        }
    }

    fn ensure_database(&self, name: &str) -> Result<()> {
        let there = format!("SELECT 1 FROM pg_database WHERE datname = '{name}'");
        if self.run_sql("postgres", &there)?.is_empty() {
            self.create_database(name)?;
        }
        Ok(())
    }

    /// Starts the process, again with another port or a little later where that can help.
    fn launch(&mut self, same_port: bool) -> Result<()> {
        let deadline = Instant::now() + START_LIMIT;
        self.data.wait_for_predecessor()?;
        self.data.end_orphans();
        self.data
            .write_access_rules(self.options.scram, self.run_as.as_ref())?;
        loop {
            self.data.end_orphans();
            let log_path = self.log_path();
            let before = fs::metadata(&log_path).map_or(0, |meta| meta.len());
            let mut server = Guarded::spawn(&self.launch_options())?;
            let failed = match self.wait_ready(&mut server, deadline) {
                Ok(()) => {
                    self.server = Some(server);
                    let port = self.port.to_string();
                    return fs::write(self.home.path("port"), port)
                        .attempt(|| "noting the port".to_owned());
                }
                Err(failed) => failed,
            };
            drop(server);
            let said = text_from(&log_path, before);
            let port_taken = said.contains("could not bind") || said.contains("Address already");
            // A backend that was killed may still be letting go of its memory.
            let old_backends = said.contains("shared memory block");
            if Instant::now() > deadline || !(port_taken || old_backends) {
                return Err(failed);
            }
            if port_taken && !same_port {
                self.port = ports::free_port()?;
            }
            thread::sleep(Duration::from_millis(200));
        }
    }

    fn wait_ready(&self, server: &mut Guarded, deadline: Instant) -> Result<()> {
        while !self.data.is_ready(server.pid()) {
            if let Some(status) = server.try_wait() {
                return Err(LocalError::Failed {
                    what: "starting PostgreSQL".to_owned(),
                    detail: format!("{status}, {}", log::tail(&self.log_path(), 15)),
                });
            }
            if Instant::now() > deadline {
                return Err(LocalError::Timeout {
                    what: "PostgreSQL accepting connections".to_owned(),
                    seconds: START_LIMIT.as_secs(),
                    detail: log::tail(&self.log_path(), 15),
                });
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    fn launch_options(&self) -> Launch {
        let options = &self.options;
        let on = |yes: bool| if yes { "on" } else { "off" }.to_owned();
        let socket_dir = self.data.socket_dir();
        let socket = format!("{}/.s.PGSQL.{}", socket_dir.display(), self.port);
        let sockets = if socket.len() < SOCKET_PATH_LIMIT {
            socket_dir.display().to_string()
        } else {
            String::new()
        };
        let mut settings = vec![
            ("listen_addresses", "127.0.0.1".to_owned()),
            ("port", self.port.to_string()),
            ("unix_socket_directories", sockets),
            ("unix_socket_permissions", "0700".to_owned()),
            ("fsync", on(options.fsync)),
            ("full_page_writes", on(options.fsync)),
            ("synchronous_commit", on(options.synchronous_commit)),
            ("max_connections", options.max_connections.to_string()),
            ("timezone", "UTC".to_owned()),
            ("log_timezone", "UTC".to_owned()),
            ("logging_collector", "off".to_owned()),
            ("log_destination", "stderr".to_owned()),
            ("cluster_name", "attune-local".to_owned()),
        ];
        settings.extend(
            options
                .settings
                .iter()
                .map(|(name, value)| (&**name, value.clone())),
        );

        let mut launch = Launch::new(&self.binaries.postgres, self.log_path());
        launch.args = vec!["-D".into(), self.data.data.clone().into()];
        for (name, value) in settings {
            launch.args.push("-c".into());
            launch.args.push(format!("{name}={value}").into());
        }
        launch.clean_env = true;
        launch.env.insert("LC_ALL".to_owned(), "C".to_owned());
        launch.cwd = self.data.data.clone();
        launch.run_as = self.run_as.clone();
        if options.ephemeral {
            // Immediate: nothing has to be flushed for data that are thrown away.
            launch.stop_signal = Signal::SIGQUIT;
            launch.remove_after = Some(self.data.all(&self.home).to_owned());
        } else {
            launch.stop_signal = Signal::SIGINT;
            launch.grace = Duration::from_secs(20);
        }
        launch
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
        if self.options.ephemeral {
            self.data.remove();
            // What is left is a few small files in a temporary place.
            let _ = fs::remove_dir_all(&self.home.dir);
        }
    }
}

fn read_port(home: &Home) -> Option<u16> {
    fs::read_to_string(home.path("port"))
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// What was added to a file since it had that length.
fn text_from(path: &Path, offset: u64) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    let from = usize::try_from(offset).unwrap_or(0).min(bytes.len());
    String::from_utf8_lossy(&bytes[from..]).into_owned()
}
