//! A private RabbitMQ node.
//!
//! Owns two processes, the broker and a port mapper (`epmd`) of its own, and the node's files. Both
//! listen on the loopback interface only. Nothing is shared with a broker installed on the machine:
//! own node name, ports, cookie, data, configuration, no plugins. Works as root and as an ordinary
//! user, because it calls RabbitMQ's own start script and not the distribution's wrapper.
//!
//! A node that does not start yields an error that quotes its log.

mod files;
mod program;

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;

use crate::{
    LocalError, Result,
    error::IoContext,
    guard::{Guarded, Launch, POLL},
    layout::{self, Home},
    log, ports,
};
use files::Node;
use program::Programs;

const START_LIMIT: Duration = Duration::from_secs(120);
const USER: &str = "attune";

/// How a private broker behaves.
#[derive(Debug, Clone, Default)]
pub struct RabbitMqOptions {
    /// Delete the directory when the broker stops or we die.
    pub ephemeral: bool,
    /// More lines for `rabbitmq.conf`.
    pub config: Vec<String>,
}

impl RabbitMqOptions {
    /// Queues and messages are kept from one start to the next.
    #[must_use]
    pub fn durable() -> Self {
        Self::default()
    }

    /// For tests; the broker has no quicker way of working, so the same.
    #[must_use]
    pub fn for_tests() -> Self {
        Self::default()
    }

    /// The same, deleting its directory at the end.
    #[must_use]
    pub fn ephemeral(self) -> Self {
        Self {
            ephemeral: true,
            ..self
        }
    }
}

/// A private RabbitMQ node. Stopped when dropped.
#[derive(Debug)]
pub struct RabbitMq {
    // Dropped in this order: the broker takes its leave of the port mapper.
    broker: Option<Guarded>,
    port_mapper: Option<Guarded>,
    options: RabbitMqOptions,
    programs: Programs,
    node: Node,
    home: Home,
}

impl RabbitMq {
    /// Starts a broker whose files lie in `dir` and waits until it speaks AMQP.
    ///
    /// # Errors
    /// If RabbitMQ is not installed, another process holds `dir`, or the broker does not start.
    pub fn start(dir: &Path, options: RabbitMqOptions) -> Result<Self> {
        let home = Home::claim(dir)?;
        let programs = Programs::find()?;
        files::wait_for_predecessor(&home)?;
        let node = Node::load(&home)?;
        let mut broker = Self {
            broker: None,
            port_mapper: None,
            options,
            programs,
            node,
            home,
        };
        broker.launch(false)?;
        Ok(broker)
    }

    /// The address of the default virtual host, with user and password.
    #[must_use]
    pub fn amqp_url(&self) -> String {
        format!(
            "amqp://{USER}:{}@127.0.0.1:{}/%2f",
            self.node.password, self.node.amqp_port
        )
    }

    /// The AMQP port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.node.amqp_port
    }

    /// The process id of the broker, if it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.broker.as_ref().map(Guarded::pid)
    }

    /// The process id of its port mapper, if it runs.
    #[must_use]
    pub fn port_mapper_pid(&self) -> Option<u32> {
        self.port_mapper.as_ref().map(Guarded::pid)
    }

    /// The broker's log file.
    #[must_use]
    pub fn log_path(&self) -> PathBuf {
        self.home.path("rabbitmq.log")
    }

    /// Whether the broker process lives.
    pub fn is_running(&mut self) -> bool {
        self.broker
            .as_mut()
            .is_some_and(|broker| broker.try_wait().is_none())
    }

    /// Runs `rabbitmqctl` on this node and gives what it wrote. Takes about a second.
    ///
    /// # Errors
    /// What the tool said.
    pub fn ctl(&self, args: &[&str]) -> Result<String> {
        if ports::is_free(self.node.epmd_port) {
            // The tool would start a port mapper of its own and leave it behind.
            return Err(LocalError::Failed {
                what: format!("rabbitmqctl {}", args.join(" ")),
                detail: "the broker is not running".to_owned(),
            });
        }
        let output = Command::new(&self.programs.ctl)
            .arg("-q")
            .args(args)
            .env_clear()
            .envs(self.node.environment(&self.home, &self.programs))
            .current_dir(&self.home.dir)
            .stdin(Stdio::null())
            .output()
            .attempt(|| format!("running {}", self.programs.ctl.display()))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(LocalError::Failed {
            what: format!("rabbitmqctl {}", args.join(" ")),
            detail: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        })
    }

    /// Stops the broker in order.
    pub fn stop(&mut self) {
        if let Some(mut broker) = self.broker.take() {
            broker.stop();
        }
        if let Some(mut port_mapper) = self.port_mapper.take() {
            port_mapper.stop();
        }
    }

    /// `kill -9` on the broker.
    pub fn kill9(&mut self) {
        if let Some(mut broker) = self.broker.take() {
            broker.kill9();
        }
    }

    /// Starts the broker again at the same address, stopping it first if it runs.
    ///
    /// # Errors
    /// If it does not come back.
    pub fn restart(&mut self) -> Result<()> {
        self.stop();
        ports::wait_free(self.node.amqp_port)?;
        self.launch(true)
    }

    /// Throws all queues, exchanges and messages away: kills the broker, deletes its data and starts
    /// it at the same address with the same user.
    ///
    /// # Errors
    /// If the data cannot be deleted or it does not come back.
    pub fn wipe(&mut self) -> Result<()> {
        self.kill9();
        self.stop();
        layout::remove(&self.home.path("mnesia"))?;
        ports::wait_free(self.node.amqp_port)?;
        self.launch(true)
    }

    fn launch(&mut self, same_port: bool) -> Result<()> {
        let mut tries = 0;
        loop {
            tries += 1;
            self.node.choose_ports(same_port)?;
            self.node.save(&self.home)?;
            self.node
                .write_config(&self.home, USER, &self.options.config)?;
            self.port_mapper = Some(Guarded::spawn(&self.port_mapper_launch())?);
            let mut broker = Guarded::spawn(&self.broker_launch())?;
            match self.wait_ready(&mut broker) {
                Ok(()) => {
                    self.broker = Some(broker);
                    return Ok(());
                }
                Err(failed) => {
                    drop(broker);
                    self.stop();
                    // A port that was taken between its choice and its use.
                    let taken = failed.to_string().contains("eaddrinuse");
                    if !taken || tries == 4 {
                        return Err(failed);
                    }
                }
            }
        }
    }

    fn wait_ready(&mut self, broker: &mut Guarded) -> Result<()> {
        let deadline = Instant::now() + START_LIMIT;
        let log_path = self.log_path();
        while !speaks_amqp(self.node.amqp_port) {
            if let Some(status) = broker.try_wait() {
                return Err(LocalError::Failed {
                    what: "starting RabbitMQ".to_owned(),
                    detail: format!("{status}, {}", log::tail(&log_path, 30)),
                });
            }
            if self
                .port_mapper
                .as_mut()
                .is_none_or(|mapper| mapper.try_wait().is_some())
            {
                // Reported as what it nearly always is, so that another port is tried.
                return Err(LocalError::Failed {
                    what: "starting RabbitMQ's port mapper".to_owned(),
                    detail: format!("eaddrinuse? {}", log::tail(&self.home.path("epmd.log"), 5)),
                });
            }
            if Instant::now() > deadline {
                return Err(LocalError::Timeout {
                    what: "RabbitMQ answering".to_owned(),
                    seconds: START_LIMIT.as_secs(),
                    detail: log::tail(&log_path, 30),
                });
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    fn broker_launch(&self) -> Launch {
        let mut launch = Launch::new(&self.programs.server, self.log_path());
        launch.clean_env = true;
        launch.env = self.node.environment(&self.home, &self.programs);
        launch.cwd = self.home.dir.clone();
        if self.options.ephemeral {
            launch.stop_signal = Signal::SIGKILL;
            launch.remove_after = Some(self.home.dir.clone());
        } else {
            launch.grace = Duration::from_secs(30);
        }
        launch
    }

    fn port_mapper_launch(&self) -> Launch {
        let mut launch = Launch::new(&self.programs.epmd, self.home.path("epmd.log"));
        launch.args = vec![
            "-port".into(),
            self.node.epmd_port.to_string().into(),
            "-address".into(),
            "127.0.0.1".into(),
        ];
        launch.clean_env = true;
        launch.cwd = self.home.dir.clone();
        // It refuses to end in order while it knows a node.
        launch.stop_signal = Signal::SIGKILL;
        launch
    }
}

impl Drop for RabbitMq {
    fn drop(&mut self) {
        self.stop();
        if self.options.ephemeral {
            // What is left is a few files in a temporary place.
            let _ = layout::remove(&self.home.dir);
        }
    }
}

/// Whether a broker opens the protocol: our header is answered by a method frame.
fn speaks_amqp(port: u16) -> bool {
    let limit = Duration::from_secs(2);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let Ok(mut stream) = TcpStream::connect_timeout(&address, limit) else {
        return false;
    };
    let mut first = [0_u8; 1];
    stream.set_read_timeout(Some(limit)).is_ok()
        && stream.write_all(b"AMQP\x00\x00\x09\x01").is_ok()
        && stream.read_exact(&mut first).is_ok()
        && first[0] == 1
}
