//! Arguments of what runs services: `dev`, `serve`, `migrate`, `config`.

use clap::{Args, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

/// `attune dev`.
#[derive(Debug, Args)]
pub(crate) struct Dev {
    /// Where data, secrets and logs are kept
    #[arg(long, default_value = ".attune", value_name = "FOLDER")]
    pub(crate) dir: PathBuf,
    /// Folder of packs to load
    #[arg(long, default_value = "packs", value_name = "FOLDER")]
    pub(crate) packs: PathBuf,
    /// Where the API listens [default: 127.0.0.1:8080, or a free port if that is taken]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
}

/// `attune serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Which service
    #[arg(value_enum)]
    pub(crate) service: Service,
    /// Where the API listens (setting `api.listen`)
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// Where /metrics, /livez and /readyz are shown (setting `metrics.listen`)
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// Write the addresses in use to this file as JSON once they are bound
    #[arg(long, value_name = "FILE")]
    pub(crate) port_file: Option<PathBuf>,
}

impl Serve {
    /// The settings that its flags stand for.
    pub(crate) fn settings(&self) -> Vec<String> {
        let listen = self.listen.map(|at| format!("api.listen={at}"));
        let metrics = self.metrics_listen.map(|at| format!("metrics.listen={at}"));
        listen.into_iter().chain(metrics).collect()
    }
}

/// The three services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Service {
    /// REST and live streams
    Api,
    /// Owns runs, matches rules, runs processes
    Executor,
    /// Timers and sensors
    Sensor,
}

impl Service {
    /// Its name in logs and metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Executor => "executor",
            Self::Sensor => "sensor",
        }
    }
}

/// `attune migrate`.
#[derive(Debug, Args)]
pub(crate) struct Migrate {
    /// How long to wait for the database to answer, in seconds [default: setting `database.wait`]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) wait: Option<u64>,
}

/// `attune config`.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Show every setting in force, and where its value came from; secrets are masked
    Show,
}
