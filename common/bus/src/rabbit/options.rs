//! The settings of the bus on RabbitMQ.
//!
//! Owns their defaults and the check that they can work. Filled from the configuration by the
//! composition root.

use crate::ConnectError;
use lapin::uri::{AMQPScheme, AMQPUri};
use std::time::Duration;

/// Longest prefix of names; AMQP allows 255 bytes for a whole name.
const PREFIX_LIMIT: usize = 100;
/// Seconds between heartbeats unless the address says otherwise: a half-open connection is noticed
/// after two of them.
const HEARTBEAT_SECONDS: u16 = 10;

/// What the durable queues are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueueKind {
    /// On one node. Faster; a node that is away takes its queues with it until it is back.
    #[default]
    Classic,
    /// Replicated over the nodes of a cluster. Survives the loss of a node.
    Quorum,
}

impl QueueKind {
    /// The value of `x-queue-type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Quorum => "quorum",
        }
    }
}

/// How to reach the broker and what to declare there.
#[derive(Clone)]
pub struct RabbitOptions {
    /// `amqp://` or `amqps://` address with user, password and virtual host.
    pub url: String,
    /// First part of the names of all queues and exchanges.
    pub prefix: String,
    /// What the durable queues are. Those that exist keep their kind: a change needs them deleted.
    pub queue_kind: QueueKind,
    /// Times that a message is delivered at most before it goes to the dead-letter queue.
    pub delivery_limit: u32,
    /// Messages in the dead-letter queue; the oldest are dropped beyond it.
    pub dead_letter_limit: u32,
    /// How long a queue for workers with labels stays at the broker while nobody takes from it and
    /// nobody declares it. What lies in it then is lost here, and sent again by its run.
    pub unused_after: Duration,
    /// Name of this process, shown by the broker's tools.
    pub connection_name: String,
    /// Longest time for one try to connect, and that `connect` waits for the first.
    pub connect_timeout: Duration,
    /// Longest time that `publish` waits for the broker's confirmation.
    pub publish_timeout: Duration,
    /// Messages that `send` keeps while the broker is away.
    pub backlog_messages: usize,
    /// Bytes that `send` keeps while the broker is away.
    pub backlog_bytes: usize,
}

impl std::fmt::Debug for RabbitOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address has the password in it.
        f.debug_struct("RabbitOptions")
            .field("prefix", &self.prefix)
            .field("queue_kind", &self.queue_kind)
            .field("delivery_limit", &self.delivery_limit)
            .finish_non_exhaustive()
    }
}

impl RabbitOptions {
    /// The defaults, for a broker at that address.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            prefix: "attune".to_owned(),
            queue_kind: QueueKind::default(),
            delivery_limit: 20,
            dead_letter_limit: 100_000,
            unused_after: Duration::from_secs(24 * 60 * 60),
            connection_name: "attune".to_owned(),
            connect_timeout: Duration::from_secs(5),
            publish_timeout: Duration::from_secs(30),
            backlog_messages: 50_000,
            backlog_bytes: 64 * 1024 * 1024,
        }
    }

    /// The address, read, once all settings are known to make sense.
    pub(crate) fn check(&self) -> Result<AMQPUri, ConnectError> {
        if self.prefix.is_empty() || self.prefix.len() > PREFIX_LIMIT {
            return Err(ConnectError::Setting {
                setting: "prefix",
                reason: format!("must have 1 to {PREFIX_LIMIT} bytes"),
            });
        }
        if self.delivery_limit == 0 {
            return Err(ConnectError::Setting {
                setting: "delivery_limit",
                reason: "must be at least 1".to_owned(),
            });
        }
        if self.unused_after.as_millis() == 0 {
            return Err(ConnectError::Setting {
                setting: "unused_after",
                reason: "must be at least a millisecond".to_owned(),
            });
        }
        let mut uri: AMQPUri = self.url.parse().map_err(ConnectError::Url)?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
        if uri.scheme == AMQPScheme::AMQPS {
            // One provider for the whole process; somebody may have installed it already.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        }
        Ok(uri)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_work_are_named() {
        assert!(matches!(
            RabbitOptions::new("http://x").check(),
            Err(ConnectError::Url(_))
        ));
        let mut options = RabbitOptions::new("amqp://localhost");
        options.delivery_limit = 0;
        let error = options.check().expect_err("refused");
        assert!(error.to_string().contains("delivery_limit"));
        options.delivery_limit = 1;
        options.prefix = String::new();
        assert!(options.check().is_err());
    }

    #[test]
    fn the_password_is_not_in_debug_output() {
        let options = RabbitOptions::new("amqp://user:geheim@localhost");
        assert!(!format!("{options:?}").contains("geheim"));
    }

    #[test]
    fn a_heartbeat_of_the_address_is_kept() {
        let uri = RabbitOptions::new("amqp://localhost?heartbeat=3")
            .check()
            .expect("good");
        assert_eq!(uri.query.heartbeat, Some(3));
        let uri = RabbitOptions::new("amqp://localhost")
            .check()
            .expect("good");
        assert_eq!(uri.query.heartbeat, Some(HEARTBEAT_SECONDS));
    }
}
