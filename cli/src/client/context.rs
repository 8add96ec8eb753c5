//! Which API, and as whom.
//!
//! Owns the order: flags, environment, the folder of a running `attune dev`, the last `attune login`.
//! And the two small files, closed to everybody else. A file that others could have written is not
//! believed: it would send a token to whoever wrote it.

use crate::args::Global;
use crate::error::{Attempt as _, CliError, Result};
use attune_rest::Secret;
use serde::{Deserialize, Serialize};
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Below the folder of `attune dev`.
const DEV_FILE: &str = "context.json";
/// The usual folder of `attune dev`.
const DEV_FOLDER: &str = ".attune";

/// An API and who speaks to it.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// `http://host:port`, without a slash at the end.
    pub(crate) url: String,
    /// The token.
    pub(crate) token: Option<Secret>,
    /// Whose token it is, where that is known.
    pub(crate) login: Option<String>,
    /// What said so.
    pub(crate) source: Source,
}

/// What named the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Flags or environment.
    Given,
    /// A running `attune dev`.
    Dev(PathBuf),
    /// `attune login`.
    Login(PathBuf),
}

/// The same, as kept in a file.
#[derive(Serialize, Deserialize)]
struct Kept {
    url: String,
    token: Secret,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    login: Option<String>,
}

impl Source {
    /// What to do when it cannot be reached.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Given => String::new(),
            Self::Dev(path) => format!(
                " ({} says so; is `attune dev` still running?)",
                path.display()
            ),
            Self::Login(path) => {
                format!(" ({} says so; `attune login` changes it)", path.display())
            }
        }
    }
}

impl Context {
    /// A context that flags, environment or another command gave.
    pub(crate) fn given(url: &str, token: Option<Secret>) -> Self {
        Self {
            url: clean(url),
            token,
            login: None,
            source: Source::Given,
        }
    }

    /// The one to use.
    ///
    /// # Errors
    /// [`CliError::NotLoggedIn`] if there is none.
    pub(crate) fn find(global: &Global) -> Result<Self> {
        let url = global.url.as_deref().filter(|url| !url.is_empty());
        let token = global.token.as_deref().filter(|token| !token.is_empty());
        let kept = match Self::of_dev() {
            Some(context) => Some(context),
            None => Self::of_login()?,
        };
        let context = match (url, token, kept) {
            (Some(url), Some(token), _) => Self::given(url, Some(Secret::new(token))),
            // A kept token goes only to the address that it belongs to.
            (Some(url), None, Some(kept)) if kept.url == clean(url) => kept,
            (Some(url), None, _) => Self::given(url, None),
            (None, Some(token), Some(kept)) => Self {
                token: Some(Secret::new(token)),
                login: None,
                ..kept
            },
            (None, None, Some(kept)) => kept,
            (None, _, None) => return Err(nobody()),
        };
        if context.token.is_none() {
            return Err(nobody());
        }
        Ok(context)
    }

    /// Keeps it as the last login.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(crate) fn keep_as_login(&self) -> Result<PathBuf> {
        let path = login_file()?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).attempt(|| format!("making {}", folder.display()))?;
        }
        self.write(&path)?;
        Ok(path)
    }

    /// Keeps it for commands in the folder of `attune dev`.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(crate) fn keep_for_dev(&self, dir: &Path) -> Result<()> {
        self.write(&dir.join(DEV_FILE))
    }

    /// Forgets what `attune dev` kept.
    pub(crate) fn forget_dev(dir: &Path) {
        // It may be gone already; a stale one only costs a clear message.
        drop(fs::remove_file(dir.join(DEV_FILE)));
    }

    /// Forgets the last login. Answers whether there was one.
    ///
    /// # Errors
    /// If the file cannot be removed.
    pub(crate) fn forget_login() -> Result<bool> {
        let path = login_file()?;
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error).attempt(|| format!("removing {}", path.display())),
        }
    }

    /// What the last login kept.
    ///
    /// # Errors
    /// If there is a file that cannot be used.
    pub(crate) fn of_login() -> Result<Option<Self>> {
        let path = login_file()?;
        if !path.exists() {
            return Ok(None);
        }
        let kept = read(&path).map_err(|reason| {
            CliError::NotLoggedIn(format!(
                "{} cannot be used: {reason}; log in again with `attune login`",
                path.display()
            ))
        })?;
        Ok(Some(kept.into_context(Source::Login(path))))
    }

    /// What a running `attune dev` keeps, in this folder or one above.
    fn of_dev() -> Option<Self> {
        let here = std::env::current_dir().ok()?;
        let path = here
            .ancestors()
            .map(|folder| folder.join(DEV_FOLDER).join(DEV_FILE))
            .find(|path| path.is_file())?;
        let kept = read(&path).ok()?;
        Some(kept.into_context(Source::Dev(path)))
    }

    fn write(&self, path: &Path) -> Result<()> {
        let kept = Kept {
            url: self.url.clone(),
            token: self.token.clone().unwrap_or_else(|| Secret::new("")),
            login: self.login.clone(),
        };
        let text = serde_json::to_string_pretty(&kept)
            .map_err(|error| CliError::Service(error.to_string()))?;
        write_private(path, &text)
    }
}

impl Kept {
    fn into_context(self, source: Source) -> Context {
        Context {
            url: clean(&self.url),
            token: Some(self.token).filter(|token| !token.expose().is_empty()),
            login: self.login,
            source,
        }
    }
}

/// Writes a file that only we may read, whole or not at all.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<()> {
    let beside = path.with_extension(format!("new-{}", std::process::id()));
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut file| {
            // The mode above holds only for a file that was not there.
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
            file.write_all(text.as_bytes())
        })
        .and_then(|()| fs::rename(&beside, path));
    written.attempt(|| format!("writing {}", path.display()))
}

fn read(path: &Path) -> std::result::Result<Kept, String> {
    let meta = fs::metadata(path).map_err(|error| error.to_string())?;
    if meta.uid() != nix::unistd::geteuid().as_raw() {
        return Err("it belongs to somebody else".to_owned());
    }
    if meta.mode() & 0o077 != 0 {
        return Err("others may read or write it (it must have mode 0600)".to_owned());
    }
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

fn login_file() -> Result<PathBuf> {
    let folder = std::env::var_os("XDG_CONFIG_HOME")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config")))
        .ok_or_else(|| {
            CliError::Usage(
                "neither HOME nor XDG_CONFIG_HOME is set; give --url and --token".to_owned(),
            )
        })?;
    Ok(folder.join("attune").join("login.json"))
}

fn clean(url: &str) -> String {
    let url = url.trim().trim_end_matches('/');
    if url.contains("://") {
        url.to_owned()
    } else {
        format!("http://{url}")
    }
}

fn nobody() -> CliError {
    CliError::NotLoggedIn(
        "not logged in: use `attune login ADDRESS`, set ATTUNE_URL and ATTUNE_TOKEN, or start \
         `attune dev` in this folder"
            .to_owned(),
    )
}
