//! Every setting by name: its default, what it means, and whether it may be shown.
//!
//! Owns data only. What is not in this table is not a setting: a file or variable that names anything
//! else is refused. Read when settings are loaded and shown.

/// One setting.
#[derive(Debug)]
pub(crate) struct Key {
    /// Its path, as in `database.url`.
    pub(crate) name: &'static str,
    /// Its value when nobody says anything, as text.
    pub(crate) default: &'static str,
    /// Whether its value is never shown.
    pub(crate) secret: Secret,
    /// What it means, in a line.
    pub(crate) about: &'static str,
}

/// How much of a value may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secret {
    /// All of it.
    No,
    /// None of it.
    Yes,
    /// It is an address: all but the password in it.
    Password,
}

const fn key(name: &'static str, default: &'static str, about: &'static str) -> Key {
    Key {
        name,
        default,
        secret: Secret::No,
        about,
    }
}

const fn secret(name: &'static str, default: &'static str, about: &'static str) -> Key {
    Key {
        name,
        default,
        secret: Secret::Yes,
        about,
    }
}

const fn address(name: &'static str, default: &'static str, about: &'static str) -> Key {
    Key {
        name,
        default,
        secret: Secret::Password,
        about,
    }
}

/// The address of the bus that lives within one process.
pub(crate) const IN_PROCESS: &str = "inprocess";

/// All settings, in the order in which they are shown.
#[rustfmt::skip]
pub(crate) const KEYS: &[Key] = &[
    address("database.url", "postgres://attune@127.0.0.1:5432/attune", "PostgreSQL 15 or later, with user, password and database"),
    key("database.max_connections", "16", "most connections of one process"),
    key("database.shards", "16", "shards of a new installation; an existing one keeps its number"),
    key("database.wait", "60s", "how long a starting process waits for the database"),
    address("bus.url", "amqp://guest:guest@127.0.0.1:5672/%2f", "RabbitMQ 3.10 or later; `inprocess` where all is one process"),
    key("bus.prefix", "attune", "first part of the names of queues and exchanges"),
    key("bus.queue_kind", "classic", "`classic` (fast) or `quorum` (survives the loss of a broker node)"),
    key("api.listen", "127.0.0.1:8080", "where the API listens; port 0 takes a free one"),
    key("api.public_url", "", "address of the API as people and actions see it; from `api.listen` if empty"),
    key("metrics.listen", "127.0.0.1:0", "where each service shows /metrics, /livez and /readyz"),
    secret("auth.secret", "", "signs sessions; the same for all API processes; at least 32 characters"),
    secret("secrets.key", "", "seals the values of keys; the same for all API and executor processes; at least 32 characters"),
    secret("secrets.old_keys", "", "master keys of before that still open values, separated by commas"),
    key("auth.admin_login", "admin", "login of the first administrator"),
    secret("auth.admin_password", "", "password of the first administrator, used when there is none yet"),
    key("executor.name", "", "name of this process, for people; from the host's name if empty"),
    key("executor.lease_ttl", "6s", "how long runs of a crashed executor stand still"),
    key("executor.work_dir", "", "where files of packs and processes lie; below the system's temporary folder if empty"),
    key("executor.worker.enabled", "true", "whether the executor also runs processes"),
    key("executor.worker.slots", "8", "processes that run at once"),
    key("executor.worker.pools", "default", "pools that it works for, separated by commas"),
    key("executor.worker.labels", "", "what its workers have, for tasks with `worker_selector`: `gpu=a100,zone=eu`"),
    key("executor.worker.shutdown_grace", "20s", "how long running processes may go on at shutdown"),
    secret("notify.channels", "", "webhooks of channels of core.notify, as `name: address`; the address is often a secret"),
    key("limits.definition", "256 KiB", "largest text of a definition"),
    key("limits.tasks", "1000", "most tasks of a definition"),
    key("limits.activations", "10000", "most task activations of a run"),
    key("limits.items", "100000", "most items of one iteration"),
    key("limits.payload", "4 MiB", "largest inline value: parameters, results, payloads of events; at most 16 MiB"),
    key("limits.depth", "32", "most runs above one another"),
    key("limits.expression_time", "100ms", "work of one evaluation of a template: steps that take about so long"),
    key("limits.expression_memory", "16 MiB", "values that one evaluation of a template may make"),
    key("sensor.name", "", "name of this process, for people; from the host's name if empty"),
    key("sensor.lease_ttl", "6s", "how long sensors of a crashed replica stand still"),
    key("sensor.work_dir", "", "where files of sensors lie; below the system's temporary folder if empty"),
    key("log.format", "text", "`text` for people, `json` for machines"),
    key("log.filter", "info,sqlx=warn,lapin=warn", "what is logged, as in `info,attune_executor=debug`"),
];

/// The setting of that name.
pub(crate) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The variable that sets it.
pub(crate) fn variable(name: &str) -> String {
    format!("ATTUNE__{}", name.to_uppercase().replace('.', "__"))
}
