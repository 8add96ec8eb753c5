//! The files of a private RabbitMQ node.
//!
//! Owns its identity (name, ports, password, cookie), kept in `node.json` so that a later start
//! finds its data, the configuration written before every start, and the environment that keeps the
//! node away from the machine's own broker.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::program::Programs;
use crate::{
    LocalError, Result,
    error::IoContext,
    guard::POLL,
    layout::{self, Home},
    ports,
};

const PREDECESSOR_LIMIT: Duration = Duration::from_secs(40);

/// Who the node is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) password: String,
    pub(crate) cookie: String,
    #[serde(default)]
    pub(crate) amqp_port: u16,
    #[serde(default)]
    pub(crate) dist_port: u16,
    #[serde(default)]
    pub(crate) epmd_port: u16,
}

impl Node {
    /// The node of this directory, a new one at first.
    pub(crate) fn load(home: &Home) -> Result<Self> {
        if let Ok(text) = fs::read_to_string(home.path("node.json"))
            && let Ok(node) = serde_json::from_str(&text)
        {
            return Ok(node);
        }
        let random = || uuid::Uuid::new_v4().simple().to_string();
        Ok(Self {
            name: format!("attune-{}@localhost", &random()[..12]),
            password: random(),
            cookie: random(),
            amqp_port: 0,
            dist_port: 0,
            epmd_port: 0,
        })
    }

    /// Keeps it.
    pub(crate) fn save(&self, home: &Home) -> Result<()> {
        let text = serde_json::to_string_pretty(self).map_err(|error| LocalError::Failed {
            what: "keeping the node's name".to_owned(),
            detail: error.to_string(),
        })?;
        layout::write_private(&home.path("node.json"), &text)
    }

    /// Takes the ports of last time where they are free; the AMQP port is fixed on request.
    pub(crate) fn choose_ports(&mut self, same_port: bool) -> Result<()> {
        if !same_port {
            self.amqp_port = ports::prefer(Some(self.amqp_port).filter(|port| *port != 0))?;
        }
        self.dist_port = ports::prefer(Some(self.dist_port).filter(|port| *port != 0))?;
        self.epmd_port = ports::prefer(Some(self.epmd_port).filter(|port| *port != 0))?;
        Ok(())
    }

    /// Writes the configuration.
    pub(crate) fn write_config(&self, home: &Home, user: &str, more: &[String]) -> Result<()> {
        let mut config = format!(
            "listeners.tcp.1 = 127.0.0.1:{}\n\
             default_user = {user}\n\
             default_pass = {}\n\
             loopback_users.{user} = true\n\
             log.console = true\n\
             log.console.level = info\n\
             log.file = false\n\
             disk_free_limit.absolute = 50MB\n",
            self.amqp_port, self.password
        );
        for line in more {
            config.push_str(line);
            config.push('\n');
        }
        layout::write_private(&home.path("rabbitmq.conf"), &config)?;
        layout::write_private(&home.path("enabled_plugins"), "[].\n")?;
        layout::write_private(&home.path("advanced.config"), "[].\n")?;
        layout::write_private(&home.path("rabbitmq-env.conf"), "")?;
        layout::make_dir(&home.path("conf.d"))?;
        // Erlang wants the cookie closed even to its owner's pen.
        let cookie = home.path(".erlang.cookie");
        layout::write_private(&cookie, &self.cookie)?;
        let closed = std::os::unix::fs::PermissionsExt::from_mode(0o400);
        fs::set_permissions(&cookie, closed).attempt(|| "closing the Erlang cookie".to_owned())
    }

    /// Everything that the start script and `rabbitmqctl` must know.
    pub(crate) fn environment(&self, home: &Home, programs: &Programs) -> BTreeMap<String, String> {
        let path = |name: &str| home.path(name).display().to_string();
        let loopback = "-kernel inet_dist_use_interface {127,0,0,1}";
        [
            ("PATH", programs.path.clone()),
            ("HOME", home.dir.display().to_string()),
            ("LANG", "C.UTF-8".to_owned()),
            ("ERL_EPMD_PORT", self.epmd_port.to_string()),
            ("ERL_EPMD_ADDRESS", "127.0.0.1".to_owned()),
            ("RABBITMQ_NODENAME", self.name.clone()),
            ("RABBITMQ_DIST_PORT", self.dist_port.to_string()),
            ("RABBITMQ_MNESIA_BASE", path("mnesia")),
            ("RABBITMQ_LOG_BASE", path("log")),
            ("RABBITMQ_PID_FILE", path("rabbitmq.pid")),
            ("RABBITMQ_CONFIG_FILE", path("rabbitmq.conf")),
            ("RABBITMQ_CONFIG_FILES", path("conf.d")),
            ("RABBITMQ_ADVANCED_CONFIG_FILE", path("advanced.config")),
            ("RABBITMQ_CONF_ENV_FILE", path("rabbitmq-env.conf")),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", path("enabled_plugins")),
            // Makes the start script become the broker instead of waiting for it.
            ("RUNNING_UNDER_SYSTEMD", "true".to_owned()),
            (
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                format!("{loopback} -start_epmd false"),
            ),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }
}

/// Waits until a broker that a crash of ours left behind has ended; its watcher is stopping it.
pub(crate) fn wait_for_predecessor(home: &Home) -> Result<()> {
    let deadline = Instant::now() + PREDECESSOR_LIMIT;
    let pid_file = home.path("rabbitmq.pid");
    let mnesia = home.path("mnesia").display().to_string();
    while let Some(pid) = fs::read_to_string(&pid_file)
        .ok()
        .and_then(|text| text.trim().parse::<i32>().ok())
    {
        let process = Path::new("/proc").join(pid.to_string());
        let command = fs::read(process.join("cmdline")).unwrap_or_default();
        if !String::from_utf8_lossy(&command).contains(&mnesia) {
            break;
        }
        if Instant::now() > deadline {
            return Err(LocalError::Timeout {
                what: format!("the end of an earlier RabbitMQ broker (process {pid})"),
                seconds: PREDECESSOR_LIMIT.as_secs(),
                detail: format!("it still runs on {}", home.dir.display()),
            });
        }
        thread::sleep(POLL);
    }
    Ok(())
}
