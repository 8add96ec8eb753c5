//! Settings: defaults, then a YAML file, then the environment, then flags, each over the one before.
//!
//! Owns the loading, the check for names that are no settings, and where each value came from. Never
//! starts anything. Called by the services, `config show` and `doctor`. Failure: [`SettingsError`]
//! names the setting, where it was set, and what to do.

mod keys;
mod limits;
mod model;
mod secrets;
#[cfg(test)]
mod tests;

pub(crate) use keys::{IN_PROCESS, KEYS, Secret, variable};
pub(crate) use model::{QueueKind, Settings};

use attune_pack::suggest;
use config::{Config, Environment, File, FileFormat, Map, Source, Value, ValueKind};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Read when it is there and no other file is named.
const USUAL_FILES: [&str; 2] = ["attune.yaml", "/etc/attune/attune.yaml"];

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    /// The file cannot be read or is not YAML.
    #[error("the settings file {path}: {reason}")]
    File { path: String, reason: String },
    /// Names that are no settings.
    #[error("{}", .0.join("\n"))]
    Unknown(Vec<String>),
    /// A flag is not `key=value`.
    #[error("`--set {0}`: write it as `--set key=value`, for example `--set log.format=json`")]
    Flag(String),
    /// A value cannot be what it should be.
    #[error("{0}")]
    Value(String),
    /// A secret that everybody could know.
    #[error("{0}")]
    Secret(String),
}

/// What settings are made from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    /// The file that was named, if one was.
    pub(crate) file: Option<PathBuf>,
    /// The whole environment.
    pub(crate) environment: BTreeMap<String, String>,
    /// `key=value`, as given by flags.
    pub(crate) flags: Vec<String>,
    /// Values that take the place of the built-in defaults.
    pub(crate) defaults: Vec<(&'static str, String)>,
}

/// The settings in force, with where each value came from.
#[derive(Clone, Debug)]
pub(crate) struct Effective {
    /// To be used.
    pub(crate) settings: Settings,
    /// To be shown, in the order of [`KEYS`].
    pub(crate) entries: Vec<Entry>,
}

/// One setting as it stands.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Entry {
    /// Its name.
    pub(crate) key: &'static str,
    /// Its value; masked where it is a secret.
    pub(crate) value: Json,
    /// `default`, the file's path, the variable or the flag.
    pub(crate) source: String,
    /// What it means.
    pub(crate) about: &'static str,
}

impl Sources {
    /// Those of this process.
    pub(crate) fn of_process(file: Option<PathBuf>, flags: Vec<String>) -> Self {
        Self {
            file,
            environment: std::env::vars_os()
                .filter_map(|(name, value)| {
                    Some((name.into_string().ok()?, value.into_string().ok()?))
                })
                .collect(),
            flags,
            defaults: Vec::new(),
        }
    }

    /// Reads and checks all of them.
    ///
    /// # Errors
    /// [`SettingsError`], with all unknown names at once.
    pub(crate) fn load(&self) -> Result<Effective, SettingsError> {
        let flags = self.read_flags()?;
        let file = self.read_file()?;
        let environment = self.read_environment()?;
        let mut unknown = Vec::new();
        check(&flags, |name| format!("--set {name}"), &mut unknown);
        if let Some((path, table)) = &file {
            check(table, |name| format!("{path}: {name}"), &mut unknown);
        }
        check(&environment, variable, &mut unknown);
        if !unknown.is_empty() {
            return Err(SettingsError::Unknown(unknown));
        }
        let mut builder = Config::builder();
        for key in KEYS {
            builder = builder.set_default(key.name, key.default).map_err(wrong)?;
        }
        for (name, value) in &self.defaults {
            builder = builder.set_default(*name, value.as_str()).map_err(wrong)?;
        }
        if let Some((_, table)) = &file {
            builder = builder.add_source(Table(table.clone()));
        }
        builder = builder.add_source(Table(environment.clone()));
        for (name, value) in &flags {
            builder = builder.set_override(name, value.clone()).map_err(wrong)?;
        }
        let config = builder.build().map_err(wrong)?;
        let values = flatten(config.collect().map_err(wrong)?);
        let source = |name: &str| {
            if flags.contains_key(name) {
                return "flag".to_owned();
            }
            if environment.contains_key(name) {
                return variable(name);
            }
            match &file {
                Some((path, table)) if table.contains_key(name) => path.clone(),
                _ => "default".to_owned(),
            }
        };
        // One at a time first, so that the message names the setting and where it was set.
        let settings: Settings = config
            .try_deserialize()
            .map_err(|error| SettingsError::Value(explain(&error, &source)))?;
        let entries = KEYS
            .iter()
            .map(|key| Entry {
                key: key.name,
                value: shown(key, values.get(key.name)),
                source: source(key.name),
                about: key.about,
            })
            .collect();
        Ok(Effective { settings, entries })
    }

    fn read_flags(&self) -> Result<Map<String, Value>, SettingsError> {
        self.flags
            .iter()
            .map(|flag| {
                let (name, value) = flag
                    .split_once('=')
                    .ok_or_else(|| SettingsError::Flag(flag.clone()))?;
                Ok((name.trim().to_lowercase(), Value::from(value.to_owned())))
            })
            .collect()
    }

    fn read_file(&self) -> Result<Option<SettingsFile>, SettingsError> {
        let path = match &self.file {
            Some(path) => path.clone(),
            None => match USUAL_FILES
                .iter()
                .map(Path::new)
                .find(|path| path.is_file())
            {
                Some(path) => path.to_owned(),
                None => return Ok(None),
            },
        };
        let failed = |reason: String| SettingsError::File {
            path: path.display().to_string(),
            reason,
        };
        let text = std::fs::read_to_string(&path).map_err(|error| failed(error.to_string()))?;
        if text.trim().is_empty() {
            return Ok(Some((path.display().to_string(), Map::new())));
        }
        let table = File::from_str(&text, FileFormat::Yaml)
            .collect()
            .map_err(|error| failed(error.to_string()))?;
        Ok(Some((path.display().to_string(), flatten(table))))
    }

    fn read_environment(&self) -> Result<Map<String, Value>, SettingsError> {
        let table = Environment::with_prefix("ATTUNE")
            .prefix_separator("__")
            .separator("__")
            .source(Some(self.environment.clone().into_iter().collect()))
            .collect()
            .map_err(wrong)?;
        Ok(flatten(table))
    }
}

impl Settings {
    /// The address of the API as people and actions see it.
    pub(crate) fn api_url(&self) -> String {
        match &self.api.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => url_of(self.api.listen),
        }
    }
}

/// The address under which a listening socket is reached from this machine.
pub(crate) fn url_of(listen: std::net::SocketAddr) -> String {
    let mut reached = listen;
    if listen.ip().is_unspecified() {
        reached.set_ip(if listen.is_ipv4() {
            std::net::Ipv4Addr::LOCALHOST.into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }
    format!("http://{reached}")
}

/// A file's path and what stands in it.
type SettingsFile = (String, Map<String, Value>);

/// A table that was read before.
#[derive(Clone, Debug)]
struct Table(Map<String, Value>);

impl Source for Table {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        Ok(self.0.clone())
    }
}

fn wrong(error: config::ConfigError) -> SettingsError {
    SettingsError::Value(error.to_string())
}

fn check(table: &Map<String, Value>, place: impl Fn(&str) -> String, unknown: &mut Vec<String>) {
    let mut names: Vec<&String> = table.keys().collect();
    names.sort();
    for name in names {
        if keys::find(name).is_some() {
            continue;
        }
        let help = match suggest(name, KEYS.iter().map(|key| key.name)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`attune config show` lists all settings".to_owned(),
        };
        unknown.push(format!("{}: there is no such setting; {help}", place(name)));
    }
}

/// Leaves by dotted name. A leaf is anything but a map.
fn flatten(table: Map<String, Value>) -> Map<String, Value> {
    let mut flat = Map::new();
    let mut open: Vec<(String, Value)> = table.into_iter().collect();
    while let Some((name, value)) = open.pop() {
        match value.kind {
            ValueKind::Table(inner) if keys::find(&name).is_none() => {
                open.extend(
                    inner
                        .into_iter()
                        .map(|(key, value)| (format!("{name}.{key}"), value)),
                );
            }
            // A section without entries says nothing.
            ValueKind::Nil => {}
            _ => {
                flat.insert(name.to_lowercase(), value);
            }
        }
    }
    flat
}

/// The library's message with the setting and its source in front, as far as it tells which.
fn explain(error: &config::ConfigError, source: &dyn Fn(&str) -> String) -> String {
    let said = match error {
        config::ConfigError::At { error, .. } => error.to_string(),
        other => other.to_string(),
    };
    let key = match error {
        config::ConfigError::At { key: Some(key), .. }
        | config::ConfigError::Type { key: Some(key), .. } => key.as_str(),
        _ => return said,
    };
    match keys::find(key) {
        Some(known) => format!(
            "setting `{key}` (from {}): {said}; it is {}",
            source(key),
            known.about
        ),
        None => format!("setting `{key}`: {said}"),
    }
}

fn shown(key: &keys::Key, value: Option<&Value>) -> Json {
    let json = value.map_or(Json::Null, to_json);
    match (key.secret, &json) {
        (Secret::Yes, Json::String(text)) if !text.is_empty() => Json::from("***"),
        (Secret::Yes, Json::String(_)) => json,
        (Secret::Yes, _) => Json::from("***"),
        (Secret::Password, Json::String(text)) => Json::from(mask_password(text)),
        _ => json,
    }
}

fn to_json(value: &Value) -> Json {
    match &value.kind {
        ValueKind::Nil => Json::Null,
        ValueKind::Boolean(yes) => Json::from(*yes),
        ValueKind::I64(number) => Json::from(*number),
        ValueKind::U64(number) => Json::from(*number),
        ValueKind::I128(number) => Json::from(number.to_string()),
        ValueKind::U128(number) => Json::from(number.to_string()),
        ValueKind::Float(number) => Json::from(*number),
        ValueKind::String(text) => Json::from(text.as_str()),
        ValueKind::Array(all) => all.iter().map(to_json).collect(),
        ValueKind::Table(table) => {
            let sorted: BTreeMap<_, _> = table.iter().collect();
            sorted
                .into_iter()
                .map(|(name, value)| (name.clone(), to_json(value)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        }
    }
}

/// `scheme://user:***@host/...`. Rather masks too much than too little.
pub(crate) fn mask_password(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        return address.to_owned();
    };
    let (rest, query) = match rest.split_once('?') {
        Some((rest, query)) if query.contains("password") => (rest, "?***".to_owned()),
        Some((rest, query)) => (rest, format!("?{query}")),
        None => (rest, String::new()),
    };
    let masked = match rest.rsplit_once('@') {
        Some((who, place)) => match who.split_once(':') {
            Some((user, _)) => format!("{user}:***@{place}"),
            None => rest.to_owned(),
        },
        None => rest.to_owned(),
    };
    format!("{scheme}://{masked}{query}")
}
