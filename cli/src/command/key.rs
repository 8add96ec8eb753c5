//! `attune key`.

use crate::args::KeyCommand;
use crate::client::Client;
use crate::error::{Attempt as _, CliError, Result};
use crate::output::{self, Columns, Output};
use attune_rest::{KeyView, PutKey};
use attune_types::JsonValue;
use std::io::Read as _;

/// Does what the command says.
///
/// # Errors
/// What the API refuses.
pub(super) async fn run(client: &Client, command: KeyCommand, output: Output) -> Result<()> {
    match command {
        KeyCommand::Set {
            pack,
            name,
            value,
            secret,
            stdin,
            readable_by,
        } => {
            let text = match value {
                Some(text) => text,
                None if stdin => whole_input()?,
                None => {
                    return Err(CliError::Usage(
                        "give the value, or --stdin to read it from standard input, which keeps it out of the shell's history".to_owned(),
                    ));
                }
            };
            let value = if secret {
                JsonValue::from(text)
            } else {
                serde_json::from_str(&text).unwrap_or(JsonValue::String(text))
            };
            let body = PutKey {
                value,
                secret,
                readable_by,
            };
            let set: KeyView = client.put(&path(&pack, &name), &body).await?;
            if let Some(note) = &set.note {
                output::note(&format!("note: {note}"));
            }
            output.one(&set, |set| {
                format!("{}/{} is set ({})", set.pack, set.name, set.kind)
            })
        }
        KeyCommand::Get { pack, name } => {
            let key: KeyView = client.get(&path(&pack, &name)).await?;
            output.one(&key, |key| match &key.value {
                Some(JsonValue::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => String::new(),
            })
        }
        KeyCommand::List { pack, most } => {
            let query = pack.into_iter().map(|pack| ("pack", pack)).collect();
            let keys: Vec<KeyView> = client.list("/keys", &query, most).await?;
            let columns = Columns::<KeyView>::new()
                .with("PACK", |key| key.pack.clone())
                .with("NAME", |key| key.name.clone())
                .with("KIND", |key| key.kind.clone())
                .with("READABLE BY", |key| key.readable_by.join(", "))
                .with("SET", |key| super::time(key.updated_at))
                .with("BY", |key| key.updated_by.clone());
            output.list(&keys, &columns)
        }
        KeyCommand::Delete { pack, name } => {
            client.delete(&path(&pack, &name)).await?;
            output::note(&format!("{pack}/{name} is deleted"));
            Ok(())
        }
    }
}

/// All of standard input, without the line end that a shell adds.
fn whole_input() -> Result<String> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .attempt(|| "reading standard input".to_owned())?;
    let end = text.trim_end_matches(['\n', '\r']).len();
    text.truncate(end);
    Ok(text)
}

/// The address of a key. A name may have slashes in it, and is one step all the same.
fn path(pack: &str, name: &str) -> String {
    let step = |text: &str| {
        text.bytes()
            .map(|byte| match byte {
                b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
                byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
                byte => format!("%{byte:02X}"),
            })
            .collect::<String>()
    };
    format!("/keys/{}/{}", step(pack), step(name))
}
