//! The commands, one file per noun.
//!
//! Owns the dispatch. A command reads its arguments, asks the API (or, for `dev`, `serve`, `migrate`,
//! `doctor`, `config` and `workflow`, does without it) and shows what came of it.

mod action;
mod completion;
mod config;
mod doctor;
mod event;
mod execution;
mod identity;
mod key;
mod login;
mod pack;
mod rerun;
mod rule;
mod run;
mod running;
mod schema;
mod token;
mod workflow;

use crate::args::{Cli, Command, Global};
use crate::client::{Client, Query};
use crate::compose;
use crate::error::Result;
use crate::output::{self, Output};
use crate::settings::Sources;
use attune_types::JsonValue;
use std::time::Duration;

/// Does what the command line says.
///
/// # Errors
/// [`crate::error::CliError`], whose exit code tells what kind it is.
pub(crate) async fn run(cli: Cli) -> Result<()> {
    let Cli { global, command } = cli;
    let output = Output {
        format: global.output,
    };
    match command {
        Command::Dev(args) => compose::dev(&args, &global).await,
        Command::Serve(args) => {
            let mut flags = global.set.clone();
            flags.extend(args.settings());
            let effective = Sources::of_process(global.config.clone(), flags).load()?;
            compose::serve(&args, effective.settings).await
        }
        Command::Migrate(args) => {
            let settings = sources(&global).load()?.settings;
            let wait = args
                .wait
                .map_or(settings.database.wait, Duration::from_secs);
            compose::migrate(&settings, wait).await?;
            crate::output::note("the database is up to date");
            Ok(())
        }
        Command::Doctor => doctor::run(&global, output).await,
        Command::Config(command) => config::run(&command, &global, output),
        Command::Login(args) => login::login(&args, &global, output).await,
        Command::Logout => login::logout().await,
        Command::Run(args) => run::run(&Client::from_context(&global)?, &args, output).await,
        Command::Execution(command) => {
            execution::run(&Client::from_context(&global)?, command, output).await
        }
        Command::Pack(command) => {
            pack::run(&Client::from_context(&global)?, &command, output).await
        }
        Command::Action(command) => {
            action::run(&Client::from_context(&global)?, command, output).await
        }
        Command::Workflow(command) => workflow::run(&command, &global, output).await,
        Command::Event(command) => {
            event::run(&Client::from_context(&global)?, command, output).await
        }
        Command::Rule(command) => rule::run(&Client::from_context(&global)?, command, output).await,
        Command::Trigger(_) => running::triggers(&Client::from_context(&global)?, output).await,
        Command::Sensor(_) => running::sensors(&Client::from_context(&global)?, output).await,
        Command::Worker(_) => running::workers(&Client::from_context(&global)?, output).await,
        Command::Key(command) => key::run(&Client::from_context(&global)?, command, output).await,
        Command::Token(command) => {
            token::run(&Client::from_context(&global)?, command, output).await
        }
        Command::Identity(command) => {
            identity::run(&Client::from_context(&global)?, command, output).await
        }
        Command::Schema { kind, dir } => schema::run(kind, dir.as_deref()),
        Command::Completion { shell } => {
            completion::run(shell);
            Ok(())
        }
    }
}

/// The settings' sources without flags of a command's own.
fn sources(global: &Global) -> Sources {
    Sources::of_process(global.config.clone(), global.set.clone())
}

/// Adds a filter if it is given.
fn filter(query: &mut Query, name: &'static str, value: Option<impl ToString>) {
    query.extend(value.map(|value| (name, value.to_string())));
}

/// Lines of `name  text`, for one thing as people read it. Nothing is left out.
fn facts(facts: &[(&str, String)]) -> String {
    let widest = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in facts {
        let mut lines = value.lines();
        let first = lines.next().unwrap_or_default();
        text.push_str(&format!("{name:<widest$}  {first}\n"));
        for line in lines {
            text.push_str(&format!("{:<widest$}  {line}\n", ""));
        }
    }
    text
}

/// A JSON value as people read it: YAML without quotes around plain text; `-` for nothing.
fn value(value: &JsonValue) -> String {
    match value {
        JsonValue::Null => "-".to_owned(),
        JsonValue::String(text) => text.clone(),
        JsonValue::Object(map) if map.is_empty() => "-".to_owned(),
        JsonValue::Array(list) if list.is_empty() => "-".to_owned(),
        other => crate::output::yaml(other)
            .unwrap_or_else(|_| other.to_string())
            .trim_end()
            .to_owned(),
    }
}

/// `-` for nothing.
fn or_dash(text: Option<impl ToString>) -> String {
    text.map_or_else(|| "-".to_owned(), |text| text.to_string())
}

/// A time as people read it.
fn time(at: attune_types::Timestamp) -> String {
    let text = at.to_string();
    let whole = text.split('.').next().unwrap_or(&text);
    whole.trim_end_matches('Z').replace('T', " ")
}

/// The first line of a text, cut.
fn short(text: &str, most: usize) -> String {
    let first = output::tame(text.lines().next().unwrap_or_default());
    if first.chars().count() <= most {
        return first.into_owned();
    }
    let cut: String = first.chars().take(most.saturating_sub(3)).collect();
    format!("{cut}...")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_stand_below_each_other() {
        let text = facts(&[("a", "1".to_owned()), ("long", "x\ny".to_owned())]);
        assert_eq!(text, "a     1\nlong  x\n      y\n");
    }

    #[test]
    fn times_and_texts_are_short() {
        let at = "2026-01-02T03:04:05.678Z".parse().unwrap();
        assert_eq!(time(at), "2026-01-02 03:04:05");
        assert_eq!(short("abcdefgh\nsecond", 6), "abc...");
        assert_eq!(short("abc", 6), "abc");
    }
}
