//! The command line as types.
//!
//! Owns what may be written and its help. Reads nothing but the arguments and three variables that
//! stand for flags. Called by `main`. A wrong line is told by clap, with exit code 2.

mod client;
mod key;
mod registered;
mod serve;
mod tryout;
mod workflow;

pub(crate) use client::*;
pub(crate) use key::*;
pub(crate) use registered::*;
pub(crate) use serve::*;
pub(crate) use tryout::*;
pub(crate) use workflow::*;

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Automation that survives: sensors notice, rules decide, workflows act.
#[derive(Debug, Parser)]
#[command(
    name = "attune",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags that stand anywhere.
#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    /// Address of the API; otherwise that of `attune login`, or of `attune dev` in this folder
    #[arg(
        long,
        global = true,
        env = "ATTUNE_URL",
        value_name = "URL",
        help_heading = "Connection"
    )]
    pub(crate) url: Option<String>,
    /// Token for the API
    #[arg(
        long,
        global = true,
        env = "ATTUNE_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN",
        help_heading = "Connection"
    )]
    pub(crate) token: Option<String>,
    /// Form of the output
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        default_value_t,
        help_heading = "Output"
    )]
    pub(crate) output: Format,
    /// Settings file [default: attune.yaml, then /etc/attune/attune.yaml]
    #[arg(
        long,
        global = true,
        env = "ATTUNE_CONFIG",
        value_name = "FILE",
        help_heading = "Settings"
    )]
    pub(crate) config: Option<PathBuf>,
    /// A setting, over file and environment; may be repeated
    #[arg(
        long,
        global = true,
        value_name = "KEY=VALUE",
        help_heading = "Settings"
    )]
    pub(crate) set: Vec<String>,
}

/// Forms of output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Table,
    /// One JSON value
    Json,
    /// YAML
    Yaml,
    /// One JSON value per line
    Jsonl,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run everything in this one process, with a private PostgreSQL
    Dev(Dev),
    /// Run one service of an installation
    Serve(Serve),
    /// Bring the database to the shape that this version needs
    Migrate(Migrate),
    /// Look whether everything that is needed is there
    Doctor,
    /// Settings of the services
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Log in to an API and remember it
    Login(Login),
    /// Forget the API that `login` remembered
    Logout,
    /// Start a run of an action or workflow
    Run(Run),
    /// Runs: list, look, follow, steer
    #[command(subcommand, visible_alias = "executions")]
    Execution(ExecutionCommand),
    /// Packs of actions, workflows, rules and sensors
    #[command(subcommand, visible_alias = "packs")]
    Pack(PackCommand),
    /// Actions, workflows among them
    #[command(subcommand, visible_alias = "actions")]
    Action(ActionCommand),
    /// Workflows: files without a server, and registered ones with their versions
    #[command(subcommand, visible_alias = "workflows")]
    Workflow(WorkflowCommand),
    /// Trigger events
    #[command(subcommand, visible_alias = "events")]
    Event(EventCommand),
    /// Rules
    #[command(subcommand, visible_alias = "rules")]
    Rule(RuleCommand),
    /// Kinds of events
    #[command(subcommand, visible_alias = "triggers")]
    Trigger(ListCommand),
    /// Sensors
    #[command(subcommand, visible_alias = "sensors")]
    Sensor(ListCommand),
    /// Workers
    #[command(subcommand, visible_alias = "workers")]
    Worker(ListCommand),
    /// Values and secrets that workflows read by name
    #[command(subcommand, visible_alias = "keys")]
    Key(KeyCommand),
    /// API tokens
    #[command(subcommand, visible_alias = "tokens")]
    Token(TokenCommand),
    /// People and services that may log in
    #[command(subcommand, visible_alias = "identities")]
    Identity(IdentityCommand),
    /// JSON Schemas of the files of packs, for editors
    Schema {
        /// The kind of file: print its schema
        #[arg(required_unless_present = "dir", value_name = "KIND")]
        kind: Option<SchemaKind>,
        /// Write the schemas of all kinds into this folder
        #[arg(long, value_name = "FOLDER", conflicts_with = "kind")]
        dir: Option<PathBuf>,
    },
    /// Print the completion script of a shell
    Completion {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// A kind of file in a pack.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SchemaKind {
    /// `pack.yaml`
    Pack,
    /// `actions/*.yaml`
    Action,
    /// `workflows/*.yaml`
    Workflow,
    /// `triggers/*.yaml`
    Trigger,
    /// `sensors/*.yaml`
    Sensor,
    /// `rules/*.yaml`
    Rule,
    /// `policies/*.yaml`
    Policy,
    /// `tests/*.yaml`
    Test,
}
