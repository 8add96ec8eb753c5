//! `attune login` and `attune logout`.
//!
//! What is kept is an API token made for this machine, not the session: it can be seen in `token list`
//! and revoked. Logging out revokes it. The password is never kept.

use crate::args::{Global, Login};
use crate::client::{Client, Context};
use crate::error::{Attempt as _, CliError, Result};
use crate::output::{self, Output};
use attune_rest::{CreatedToken, Login as Credentials, NewToken, Page, Secret, Session, TokenView};
use std::io::{BufRead as _, IsTerminal as _};
use std::process::{Command, Stdio};

/// Takes the place of the question for a password.
const PASSWORD: &str = "ATTUNE_PASSWORD";

/// Logs in and keeps a token.
///
/// # Errors
/// If the API refuses, or nothing says where it is.
pub(super) async fn login(args: &Login, global: &Global, output: Output) -> Result<()> {
    let url = args
        .address
        .clone()
        .or_else(|| global.url.clone())
        .or_else(|| Context::of_login().ok().flatten().map(|kept| kept.url))
        .ok_or_else(|| {
            CliError::Usage("name the API: `attune login http://127.0.0.1:8080`".to_owned())
        })?;
    let password = password(
        &format!("Password of {}: ", args.login),
        args.password_stdin,
    )?;
    let credentials = Credentials {
        login: args.login.clone(),
        password,
    };
    let anonymous = Client::new(Context::given(&url, None))?;
    let session: Session = anonymous.post("/auth/login", &credentials).await?;
    let client = Client::new(Context::given(&url, Some(session.token)))?;
    let new = NewToken {
        name: token_name(),
        role: None,
        expires_at: None,
    };
    let made: CreatedToken = client.post("/tokens", &new).await?;
    let mut context = Context::given(&url, Some(made.secret));
    context.login = Some(session.login.clone());
    let path = context.keep_as_login()?;
    let shown = serde_json::json!({
        "url": context.url,
        "login": session.login,
        "role": session.role,
        "kept_in": path,
    });
    output.one(&shown, |_| {
        format!(
            "logged in to {} as {} ({}); kept in {}",
            context.url,
            session.login,
            session.role,
            path.display()
        )
    })
}

/// Forgets the token, and ends it where the API can be reached.
///
/// # Errors
/// If the file cannot be removed.
pub(super) async fn logout() -> Result<()> {
    if let Ok(Some(context)) = Context::of_login()
        && let Err(error) = revoke(Client::new(context)?).await
    {
        output::note(&format!("warning: the token was not revoked: {error}"));
    }
    if Context::forget_login()? {
        output::note("logged out");
    } else {
        output::note("nobody was logged in");
    }
    Ok(())
}

/// Ends the token that the client uses.
async fn revoke(client: Client) -> Result<()> {
    let me: attune_rest::Me = client.get("/auth/me").await?;
    let Some(own) = me.token else { return Ok(()) };
    let tokens: Page<TokenView> = client.get("/tokens").await?;
    if tokens.items.iter().any(|token| token.id == own) {
        client.delete(&format!("/tokens/{own}")).await?;
    }
    Ok(())
}

/// A password: from standard input, the environment, or asked for without showing it.
///
/// # Errors
/// If nobody can be asked.
pub(super) fn password(question: &str, from_stdin: bool) -> Result<Secret> {
    if !from_stdin {
        if let Ok(given) = std::env::var(PASSWORD) {
            return Ok(Secret::new(given));
        }
        if !std::io::stdin().is_terminal() {
            return Err(CliError::Usage(format!(
                "nobody can be asked for the password: use --password-stdin or set {PASSWORD}"
            )));
        }
        eprint!("{question}");
    }
    let hidden = (!from_stdin).then(Hidden::start);
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    if hidden.is_some() {
        output::note("");
    }
    drop(hidden);
    read.attempt(|| "reading the password".to_owned())?;
    Ok(Secret::new(line.trim_end_matches(['\n', '\r'])))
}

/// The terminal shows nothing of what is typed while this lives.
struct Hidden;

impl Hidden {
    fn start() -> Self {
        stty("-echo");
        Self
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        stty("echo");
    }
}

fn stty(argument: &str) {
    // Without `stty` the password is seen while it is typed, which is better than no login.
    drop(
        Command::new("stty")
            .arg(argument)
            .stderr(Stdio::null())
            .status(),
    );
}

fn token_name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("attune login on {}", host.trim())
}
