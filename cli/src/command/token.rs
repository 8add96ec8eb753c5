//! `attune token`.

use crate::args::TokenCommand;
use crate::client::Client;
use crate::error::{CliError, Result};
use crate::output::{self, Columns, Output};
use attune_rest::{CreatedToken, NewToken, TokenView};
use attune_types::Timestamp;

/// Does what the command says.
///
/// # Errors
/// What the API refuses.
pub(super) async fn run(client: &Client, command: TokenCommand, output: Output) -> Result<()> {
    match command {
        TokenCommand::Create {
            name,
            role,
            expires_in,
        } => {
            let expires_at = expires_in
                .map(|length| Timestamp::now().checked_add(length))
                .transpose()
                .map_err(|error| CliError::Usage(format!("--expires-in: {error}")))?;
            let new = NewToken {
                name,
                role,
                expires_at,
            };
            let made: CreatedToken = client.post("/tokens", &new).await?;
            if output.is_table() {
                output::note("this is its secret; it is not shown again:");
            }
            output.one(&made, |made| made.secret.expose().to_owned())
        }
        TokenCommand::List => {
            let tokens: Vec<TokenView> = client.whole("/tokens").await?;
            let columns = Columns::<TokenView>::new()
                .with("ID", |token| token.id.to_string())
                .with("NAME", |token| super::short(&token.name, 40))
                .with("ROLE", |token| token.role.to_string())
                .with("CREATED", |token| super::time(token.created_at))
                .with("ENDS", |token| {
                    super::or_dash(token.expires_at.map(super::time))
                })
                .with("REVOKED", |token| {
                    super::or_dash(token.revoked_at.map(super::time))
                });
            output.list(&tokens, &columns)
        }
        TokenCommand::Revoke { id } => {
            client.delete(&format!("/tokens/{id}")).await?;
            output::note(&format!("{id} is revoked"));
            Ok(())
        }
    }
}
