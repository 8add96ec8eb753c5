//! `attune identity`.

use super::login::password;
use crate::args::{IdentityCommand, Most};
use crate::client::Client;
use crate::error::Result;
use crate::output::{Columns, Output};
use attune_rest::{IdentityView, NewIdentity};

/// Does what the command says.
///
/// # Errors
/// What the API refuses.
pub(super) async fn run(client: &Client, command: IdentityCommand, output: Output) -> Result<()> {
    match command {
        IdentityCommand::Create {
            login,
            role,
            password_stdin,
            no_password,
        } => {
            let password = if no_password {
                None
            } else {
                let question = format!("New password of {login}: ");
                Some(password(&question, password_stdin)?)
            };
            let new = NewIdentity {
                login,
                password,
                role,
            };
            let made: IdentityView = client.post("/identities", &new).await?;
            output.one(&made, |made| {
                format!("{} may log in as {}", made.login, made.role)
            })
        }
        IdentityCommand::List => {
            let all = Most {
                limit: 0,
                all: true,
            };
            let people: Vec<IdentityView> = client.list("/identities", &Vec::new(), all).await?;
            let columns = Columns::<IdentityView>::new()
                .with("LOGIN", |person| person.login.clone())
                .with("ROLE", |person| person.role.to_string())
                .with("ENABLED", |person| person.enabled.to_string())
                .with("CREATED", |person| super::time(person.created_at))
                .with("ID", |person| person.id.to_string());
            output.list(&people, &columns)
        }
    }
}
