//! Arguments of the commands that speak to the API.

use attune_types::{EventId, ExecutionStatus, Ref, Role, RunId, TokenId};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

/// How much of a list to show.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Most {
    /// How many to show at most
    #[arg(short = 'n', long, default_value_t = 50, value_name = "N")]
    pub(crate) limit: usize,
    /// Show all there are
    #[arg(long, conflicts_with = "limit")]
    pub(crate) all: bool,
}

/// `attune login`.
#[derive(Debug, Args)]
pub(crate) struct Login {
    /// Address of the API, as in http://127.0.0.1:8080
    #[arg(value_name = "ADDRESS")]
    pub(crate) address: Option<String>,
    /// Who
    #[arg(short, long, default_value = "admin")]
    pub(crate) login: String,
    /// Read the password from standard input, without asking
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

/// `attune run`.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The action or workflow, as `pack.name`; left out with `--file`
    #[arg(value_name = "REF", required_unless_present = "file", value_parser = what)]
    pub(crate) what: Option<What>,
    /// Parameters: `name=text` (read as the type that the action wants) or `name:=json`
    #[arg(value_name = "NAME=VALUE")]
    pub(crate) parameters: Vec<String>,
    /// Run the workflow in this file (`-`: standard input) without registering it
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// All parameters as JSON: the text itself, @file, or @- for standard input
    #[arg(short, long, value_name = "JSON")]
    pub(crate) input: Option<String>,
    /// A label to find the run by; may be repeated
    #[arg(short, long, value_name = "NAME=VALUE")]
    pub(crate) label: Vec<String>,
    /// Starts at most one run however often it is sent
    #[arg(long, value_name = "TEXT")]
    pub(crate) idempotency_key: Option<String>,
    /// Show the run as it goes, until it ends
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Wait until the run ends, then show it
    #[arg(short, long)]
    pub(crate) wait: bool,
    /// Longest time to follow or wait, as in 30s or 5m; then exit code 124
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
}

/// `attune execution`.
#[derive(Debug, Subcommand)]
pub(crate) enum ExecutionCommand {
    /// List runs, the newest first
    List {
        /// Only those that stand so; several are separated by commas
        #[arg(long, value_delimiter = ',')]
        status: Vec<ExecutionStatus>,
        /// Only runs of this action
        #[arg(long)]
        action: Option<Ref>,
        /// Only runs that this rule started
        #[arg(long)]
        rule: Option<Ref>,
        /// Only runs with this label
        #[arg(long, value_name = "NAME=VALUE")]
        label: Vec<String>,
        /// Only runs with this trace tag, on themselves or on a task of theirs; child runs too
        #[arg(long, value_name = "TEXT")]
        trace_tag: Option<String>,
        #[command(flatten)]
        most: Most,
    },
    /// Show one run with its result
    Get {
        /// The run
        id: RunId,
    },
    /// Show a run with all its tasks
    Tree {
        /// The run
        id: RunId,
    },
    /// Show a run as it goes, until it ends
    Watch {
        /// The run
        id: RunId,
        /// Longest time to watch, as in 30s or 5m; then exit code 124
        #[arg(long, value_name = "TIME", value_parser = duration)]
        timeout: Option<Duration>,
    },
    /// Show what the processes of a run wrote
    Logs {
        /// The run
        id: RunId,
        /// Go on until the run ends
        #[arg(short, long)]
        follow: bool,
    },
    /// Show every event of a run
    History {
        /// The run
        id: RunId,
    },
    /// Ask a run to stop
    Cancel {
        /// The run
        id: RunId,
        /// Why, for people
        #[arg(long)]
        reason: Option<String>,
    },
    /// Start nothing new in a run until it is resumed
    Pause {
        /// The run
        id: RunId,
    },
    /// Let a paused run go on
    Resume {
        /// The run
        id: RunId,
    },
    /// Let a run that has ended go on from what went wrong, keeping what went well
    Retry {
        /// The run
        id: RunId,
        /// Show the run as it goes on, until it ends
        #[arg(short, long)]
        follow: bool,
        /// Wait until the run ends again, then show it
        #[arg(short, long)]
        wait: bool,
        /// Longest time to follow or wait, as in 30s or 5m; then exit code 124
        #[arg(long, value_name = "TIME", value_parser = duration)]
        timeout: Option<Duration>,
    },
    /// Undo what a run that has ended did, the last task first
    Compensate {
        /// The run
        id: RunId,
    },
    /// Do a run that has ended again, as a new run: all of it, or from a task on
    Rerun(Rerun),
}

/// `attune execution rerun`.
#[derive(Debug, Args)]
pub(crate) struct Rerun {
    /// The run
    pub(crate) id: RunId,
    /// Values in the input of that task: `name=text` or `name:=json`; `name:=null` leaves one out
    #[arg(value_name = "NAME=VALUE")]
    pub(crate) values: Vec<String>,
    /// The task from which on; what had ended before it is taken over
    #[arg(long, value_name = "TASK")]
    pub(crate) from: Option<String>,
    /// Which activation of the task, from 1
    #[arg(long, value_name = "NUMBER", requires = "from")]
    pub(crate) activation: Option<u32>,
    /// The same values as JSON, merged into the input: the text itself, @file, or @- for standard input
    #[arg(short, long, value_name = "JSON")]
    pub(crate) input: Option<String>,
    /// Starts at most one run however often it is sent
    #[arg(long, value_name = "TEXT")]
    pub(crate) idempotency_key: Option<String>,
    /// Show the new run as it goes, until it ends
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Wait until the new run ends, then show it
    #[arg(short, long)]
    pub(crate) wait: bool,
    /// Longest time to follow or wait, as in 30s or 5m; then exit code 124
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
}

/// `attune pack`.
#[derive(Debug, Subcommand)]
pub(crate) enum PackCommand {
    /// Register the pack in a folder of the API's machine
    Install {
        /// The folder
        #[arg(value_name = "FOLDER")]
        path: PathBuf,
    },
    /// List packs
    List,
}

/// `attune action`.
#[derive(Debug, Subcommand)]
pub(crate) enum ActionCommand {
    /// List actions and workflows
    List {
        /// Only those of this pack
        #[arg(long)]
        pack: Option<String>,
        #[command(flatten)]
        most: Most,
    },
    /// Show one with its parameters
    Get {
        /// Which, as `pack.name`
        #[arg(value_name = "REF")]
        action: Ref,
    },
}

/// `attune event`.
#[derive(Debug, Subcommand)]
pub(crate) enum EventCommand {
    /// Emit an event
    Emit {
        /// What kind of event, as `pack.name`
        #[arg(value_name = "TRIGGER")]
        trigger: Ref,
        /// The payload: `name=text` (read as the type that the trigger says) or `name:=json`
        #[arg(value_name = "NAME=VALUE")]
        payload: Vec<String>,
        /// The whole payload as JSON: the text itself, @file, or @- for standard input
        #[arg(short, long, value_name = "JSON")]
        input: Option<String>,
        /// A second event with the same text does nothing
        #[arg(long, value_name = "TEXT")]
        dedupe: Option<String>,
    },
    /// List events, the newest first
    List {
        /// Only those of this trigger
        #[arg(long)]
        trigger: Option<Ref>,
        #[command(flatten)]
        most: Most,
    },
    /// Show one event and what each rule made of it
    Get {
        /// The event
        id: EventId,
    },
}

/// `attune rule`.
#[derive(Debug, Subcommand)]
pub(crate) enum RuleCommand {
    /// List rules
    List,
    /// Show one rule
    Get {
        /// Which, as `pack.name`
        #[arg(value_name = "REF")]
        rule: Ref,
    },
    /// Turn a rule on
    Enable {
        /// Which, as `pack.name`
        #[arg(value_name = "REF")]
        rule: Ref,
    },
    /// Turn a rule off
    Disable {
        /// Which, as `pack.name`
        #[arg(value_name = "REF")]
        rule: Ref,
    },
    /// Hold a rule against an event that did not happen; nothing is started
    Test {
        /// Which, as `pack.name`
        #[arg(value_name = "REF")]
        rule: Ref,
        /// The event's payload: `name=text` or `name:=json`
        #[arg(value_name = "NAME=VALUE")]
        payload: Vec<String>,
        /// The whole payload as JSON: the text itself, @file, or @- for standard input
        #[arg(short, long, value_name = "JSON")]
        input: Option<String>,
    },
}

/// A noun that can only be listed.
#[derive(Debug, Subcommand)]
pub(crate) enum ListCommand {
    /// List them
    List,
}

/// `attune token`.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token; its secret is shown this once
    Create {
        /// What it is for
        name: String,
        /// What it may do at most: viewer, operator or admin
        #[arg(long)]
        role: Option<Role>,
        /// When it ends, as in 30d
        #[arg(long, value_name = "TIME", value_parser = duration)]
        expires_in: Option<Duration>,
    },
    /// List your tokens
    List,
    /// End a token for good
    Revoke {
        /// Which
        id: TokenId,
    },
}

/// `attune identity`.
#[derive(Debug, Subcommand)]
pub(crate) enum IdentityCommand {
    /// Let somebody in
    Create {
        /// Their login
        login: String,
        /// What they may do: viewer, operator or admin
        #[arg(long, default_value = "viewer")]
        role: Role,
        /// Read their password from standard input, without asking
        #[arg(long, conflicts_with = "no_password")]
        password_stdin: bool,
        /// They use API tokens only
        #[arg(long)]
        no_password: bool,
    },
    /// List them
    List,
}

/// The first word of `attune run`.
#[derive(Clone, Debug)]
pub(crate) enum What {
    /// What to run.
    Action(Ref),
    /// With `--file`: the first parameter.
    Parameter(String),
}

fn what(text: &str) -> Result<What, String> {
    if text.contains('=') {
        return Ok(What::Parameter(text.to_owned()));
    }
    let action = Ref::parse(text).map_err(|error| error.to_string())?;
    Ok(What::Action(action))
}

fn duration(text: &str) -> Result<Duration, String> {
    attune_types::parse_duration(text).map_err(|error| error.to_string())
}
