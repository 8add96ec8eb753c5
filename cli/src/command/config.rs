//! `attune config`: the settings in force, and where each came from.

use crate::args::{ConfigCommand, Global};
use crate::error::Result;
use crate::output::{Columns, Output};
use crate::settings::Entry;

/// Shows them; secrets are masked.
///
/// # Errors
/// If the settings cannot be used.
pub(super) fn run(command: &ConfigCommand, global: &Global, output: Output) -> Result<()> {
    let ConfigCommand::Show = command;
    let effective = super::sources(global).load()?;
    let columns = Columns::<Entry>::new()
        .with("SETTING", |entry| entry.key.to_owned())
        .with("VALUE", |entry| super::value(&entry.value))
        .with("FROM", |entry| entry.source.clone());
    output.list(&effective.entries, &columns)
}
