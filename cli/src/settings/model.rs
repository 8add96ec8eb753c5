//! The settings as the composition root reads them.
//!
//! Owns their types and how their texts are read. Never knows where a value came from.

use attune_types::{Labels, is_label, parse_duration};
use serde::{Deserialize, Deserializer, de::Error as _};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// All settings of a process.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) database: Database,
    pub(crate) bus: Bus,
    pub(crate) api: Api,
    pub(crate) metrics: Metrics,
    pub(crate) auth: Auth,
    pub(crate) secrets: Secrets,
    pub(crate) executor: Executor,
    pub(crate) notify: Notify,
    pub(crate) limits: super::limits::Limits,
    pub(crate) sensor: Sensor,
    pub(crate) log: Log,
}

/// `database.*`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Database {
    pub(crate) url: Hidden,
    pub(crate) max_connections: u32,
    pub(crate) shards: u16,
    #[serde(deserialize_with = "duration")]
    pub(crate) wait: Duration,
}

/// `bus.*`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bus {
    pub(crate) url: Hidden,
    pub(crate) prefix: String,
    pub(crate) queue_kind: QueueKind,
}

/// Kinds of queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum QueueKind {
    Classic,
    Quorum,
}

/// `api.*`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Api {
    pub(crate) listen: SocketAddr,
    #[serde(deserialize_with = "optional")]
    pub(crate) public_url: Option<String>,
}

/// `metrics.*`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Metrics {
    pub(crate) listen: SocketAddr,
}

/// `auth.*`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Auth {
    pub(crate) secret: Hidden,
    pub(crate) admin_login: String,
    pub(crate) admin_password: Hidden,
}

/// `secrets.*`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Secrets {
    pub(crate) key: Hidden,
    #[serde(deserialize_with = "hidden")]
    pub(crate) old_keys: Vec<Hidden>,
}

/// `executor.*`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Executor {
    #[serde(deserialize_with = "optional")]
    pub(crate) name: Option<String>,
    #[serde(deserialize_with = "duration")]
    pub(crate) lease_ttl: Duration,
    #[serde(deserialize_with = "folder")]
    pub(crate) work_dir: Option<PathBuf>,
    pub(crate) worker: Worker,
}

/// `executor.worker.*`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Worker {
    pub(crate) enabled: bool,
    pub(crate) slots: u32,
    #[serde(deserialize_with = "list")]
    pub(crate) pools: Vec<String>,
    #[serde(deserialize_with = "labels")]
    pub(crate) labels: Labels,
    #[serde(deserialize_with = "duration")]
    pub(crate) shutdown_grace: Duration,
}

/// `notify.*`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Notify {
    /// Addresses by the name of the channel.
    #[serde(deserialize_with = "addresses")]
    pub(crate) channels: BTreeMap<String, String>,
}

impl std::fmt::Debug for Notify {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.channels.keys()).finish()
    }
}

/// `sensor.*`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sensor {
    #[serde(deserialize_with = "optional")]
    pub(crate) name: Option<String>,
    #[serde(deserialize_with = "duration")]
    pub(crate) lease_ttl: Duration,
    #[serde(deserialize_with = "folder")]
    pub(crate) work_dir: Option<PathBuf>,
}

/// `log.*`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) format: attune_telemetry::LogFormat,
    pub(crate) filter: String,
}

/// A text that `Debug` does not show.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Hidden(pub(crate) String);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

fn hidden<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Hidden>, D::Error> {
    Ok(list(from)?.into_iter().map(Hidden).collect())
}

pub(super) fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    let duration = parse_duration(&text).map_err(D::Error::custom)?;
    if duration.is_zero() {
        return Err(D::Error::custom("must be longer than nothing"));
    }
    Ok(duration)
}

fn optional<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(from)?;
    Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
}

fn folder<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    Ok(optional(from)?.map(PathBuf::from))
}

/// A map as YAML writes it, or `name=value` with commas, as a variable holds it.
fn labels<'de, D: Deserializer<'de>>(from: D) -> Result<Labels, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Map(Labels),
        Text(String),
    }
    let labels = match Either::deserialize(from)? {
        Either::Map(labels) => labels,
        Either::Text(text) => text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| {
                let (name, value) = part.split_once('=').ok_or_else(|| {
                    D::Error::custom(format!("`{part}`: write a label as `name=value`"))
                })?;
                Ok((name.trim().to_owned(), value.trim().to_owned()))
            })
            .collect::<Result<_, D::Error>>()?,
    };
    match labels.iter().find(|(k, v)| !is_label(k) || !is_label(v)) {
        Some((name, value)) => Err(D::Error::custom(format!(
            "`{name}={value}`: names and values have up to 63 letters, digits, `.`, `_`, `-` or `/`"
        ))),
        None => Ok(labels),
    }
}

/// A list as YAML writes it, or one text with commas, as a variable holds it.
fn list<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Many(Vec<String>),
        One(String),
    }
    let all = match Either::deserialize(from)? {
        Either::Many(all) => all,
        Either::One(text) => text.split(',').map(|part| part.trim().to_owned()).collect(),
    };
    Ok(all.into_iter().filter(|part| !part.is_empty()).collect())
}

/// A map of name to address, or one text `name=address,name=address`, as a variable holds it.
fn addresses<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Map(BTreeMap<String, String>),
        Text(String),
    }
    let all = match Either::deserialize(from)? {
        Either::Map(all) => all,
        Either::Text(text) => text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| {
                part.split_once('=')
                    .map(|(name, address)| (name.trim().to_owned(), address.trim().to_owned()))
                    .ok_or_else(|| {
                        D::Error::custom("write `name=https://...`, several with commas")
                    })
            })
            .collect::<Result<_, _>>()?,
    };
    for (name, address) in &all {
        let web = address.starts_with("https://") || address.starts_with("http://");
        if name.is_empty() || !web {
            let message = format!(
                "the channel `{name}` needs an address that begins with https:// or http://"
            );
            return Err(D::Error::custom(message));
        }
    }
    Ok(all)
}
