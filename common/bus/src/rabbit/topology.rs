//! Names and arguments of everything that is declared at the broker.
//!
//! Owns the mapping from addresses to queues and exchanges, and their declaration. Knows nothing of
//! connections: it is given a channel. Failure: a queue that exists with other properties is named
//! with what to do about it.
//!
//! **Delivery limit.** Quorum queues count deliveries themselves (`x-delivery-limit`, from RabbitMQ
//! 3.10 on; set explicitly because 4.x has a default of its own and 3.x has none). Classic queues do
//! not count: `redelivery` does it for them. Both put what is beyond the limit, and what is
//! rejected, into `<prefix>.dead`.

use super::options::{QueueKind, RabbitOptions};
use attune_port::{Address, BusError};
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, LongString, ShortString};
use lapin::{Channel, ErrorKind, ExchangeKind};
use std::time::Duration;

/// Longest name of a queue in bytes.
const NAME_LIMIT: usize = 255;
/// AMQP reply code: it exists with other properties.
const PRECONDITION_FAILED: u16 = 406;

/// Where messages for an address are published.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Route {
    /// To the queue of that name over the default exchange.
    Queue(ShortString),
    /// To the fanout exchange of that name.
    Fanout(ShortString),
}

/// What is declared.
pub(crate) struct Topology {
    prefix: String,
    pub(crate) kind: QueueKind,
    pub(crate) delivery_limit: u32,
    dead_letter_limit: u32,
    unused_after: Duration,
}

impl Topology {
    pub(crate) fn new(options: &RabbitOptions) -> Self {
        Self {
            prefix: options.prefix.clone(),
            kind: options.queue_kind,
            delivery_limit: options.delivery_limit,
            dead_letter_limit: options.dead_letter_limit,
            unused_after: options.unused_after,
        }
    }

    /// Where messages for that address go.
    pub(crate) fn route(&self, address: &Address) -> Result<Route, BusError> {
        let prefix = &self.prefix;
        let (name, fanout) = match address {
            Address::Shard(number) => (format!("{prefix}.shard.{number}"), false),
            Address::Work(pool) => (format!("{prefix}.work.{pool}"), false),
            Address::Events => (format!("{prefix}.events"), false),
            Address::Workers => (format!("{prefix}.workers"), true),
            Address::Live => (format!("{prefix}.live"), true),
            Address::Catalogue => (format!("{prefix}.catalogue"), true),
        };
        if name.len() > NAME_LIMIT {
            return Err(BusError::Unroutable(address.clone()));
        }
        let name = ShortString::from(name);
        Ok(if fanout {
            Route::Fanout(name)
        } else {
            Route::Queue(name)
        })
    }

    fn dead(&self) -> ShortString {
        ShortString::from(format!("{}.dead", self.prefix))
    }

    /// Makes sure that the queue or exchange exists. A refusal closes the channel.
    pub(crate) async fn declare(&self, channel: &Channel, route: &Route) -> Result<(), BusError> {
        match route {
            Route::Queue(name) => {
                let dead = self.dead();
                self.declare_queue(channel, &dead, self.dead_arguments())
                    .await?;
                self.declare_queue(channel, name, self.queue_arguments(name))
                    .await
            }
            Route::Fanout(name) => channel
                .exchange_declare(
                    name.clone(),
                    ExchangeKind::Fanout,
                    ExchangeDeclareOptions {
                        durable: true,
                        ..ExchangeDeclareOptions::default()
                    },
                    FieldTable::default(),
                )
                .await
                .map_err(|error| self.refused(name, error)),
        }
    }

    async fn declare_queue(
        &self,
        channel: &Channel,
        name: &ShortString,
        arguments: FieldTable,
    ) -> Result<(), BusError> {
        let durable = QueueDeclareOptions {
            durable: true,
            ..QueueDeclareOptions::default()
        };
        channel
            .queue_declare(name.clone(), durable, arguments)
            .await
            .map(drop)
            .map_err(|error| self.refused(name, error))
    }

    /// A queue of its own for one subscriber of a fanout exchange; gone with its connection.
    pub(crate) async fn declare_ear(
        &self,
        channel: &Channel,
        exchange: &ShortString,
    ) -> Result<ShortString, BusError> {
        let own = QueueDeclareOptions {
            exclusive: true,
            auto_delete: true,
            ..QueueDeclareOptions::default()
        };
        let mut arguments = FieldTable::default();
        insert_text(&mut arguments, "x-queue-type", "classic");
        let queue = channel
            .queue_declare("".into(), own, arguments)
            .await
            .map_err(|error| self.refused(exchange, error))?;
        channel
            .queue_bind(
                queue.name().clone(),
                exchange.clone(),
                "".into(),
                QueueBindOptions::default(),
                FieldTable::default(),
            )
            .await
            .map_err(|error| self.refused(exchange, error))?;
        Ok(queue.name().clone())
    }

    /// Number of messages in the dead-letter queue.
    pub(crate) async fn dead_letters(&self, channel: &Channel) -> Result<u64, BusError> {
        let name = self.dead();
        let durable = QueueDeclareOptions {
            durable: true,
            ..QueueDeclareOptions::default()
        };
        let queue = channel
            .queue_declare(name.clone(), durable, self.dead_arguments())
            .await
            .map_err(|error| self.refused(&name, error))?;
        Ok(u64::from(queue.message_count()))
    }

    /// Whether a queue belongs to a pool and labels. There may be many of them over time, so that the
    /// broker removes those that are out of use.
    fn is_chosen(&self, name: &str) -> bool {
        name.strip_prefix(&self.prefix)
            .is_some_and(|rest| rest.starts_with(".work.") && rest.ends_with(']'))
    }

    fn queue_arguments(&self, name: &ShortString) -> FieldTable {
        let mut arguments = FieldTable::default();
        insert_text(&mut arguments, "x-queue-type", self.kind.as_str());
        insert_text(&mut arguments, "x-dead-letter-exchange", "");
        insert_text(
            &mut arguments,
            "x-dead-letter-routing-key",
            self.dead().as_str(),
        );
        if self.kind == QueueKind::Quorum {
            // It is the number of returns that is allowed; the first delivery is none.
            insert_number(&mut arguments, "x-delivery-limit", self.delivery_limit - 1);
        }
        if self.is_chosen(name.as_str()) {
            let millis = u32::try_from(self.unused_after.as_millis()).unwrap_or(u32::MAX);
            insert_number(&mut arguments, "x-expires", millis);
        }
        arguments
    }

    fn dead_arguments(&self) -> FieldTable {
        let mut arguments = FieldTable::default();
        insert_text(&mut arguments, "x-queue-type", self.kind.as_str());
        insert_number(&mut arguments, "x-max-length", self.dead_letter_limit);
        arguments
    }

    /// Says what to do when something of that name exists with other properties.
    fn refused(&self, name: &ShortString, error: lapin::Error) -> BusError {
        if let ErrorKind::ProtocolError(reply) = error.kind()
            && reply.get_id() == PRECONDITION_FAILED
        {
            return BusError::Unavailable(format!(
                "`{name}` exists at the broker with other properties than these settings ask for \
                 (queue kind {}, delivery limit {}): delete it there, or set the kind and limit \
                 that it was made with, or another prefix. The broker says: {}",
                self.kind.as_str(),
                self.delivery_limit,
                reply.get_message()
            ));
        }
        super::link::unavailable(error)
    }
}

fn insert_text(table: &mut FieldTable, key: &str, value: &str) {
    table.insert(key.into(), AMQPValue::LongString(LongString::from(value)));
}

fn insert_number(table: &mut FieldTable, key: &str, value: u32) {
    table.insert(key.into(), AMQPValue::LongLongInt(i64::from(value)));
}

impl Route {
    /// Exchange and routing key of a publish.
    pub(crate) fn target(&self) -> (ShortString, ShortString) {
        match self {
            Self::Queue(name) => (ShortString::default(), name.clone()),
            Self::Fanout(name) => (name.clone(), ShortString::default()),
        }
    }

    /// Whether a message that no queue takes has to come back: nobody listening to a fanout is fine.
    pub(crate) const fn mandatory(&self) -> bool {
        matches!(self, Self::Queue(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_the_prefix() {
        let mut options = RabbitOptions::new("amqp://localhost");
        options.prefix = "acme".to_owned();
        let topology = Topology::new(&options);
        let route = |address| topology.route(&address).expect("routable");
        assert_eq!(
            route(Address::Shard(7)),
            Route::Queue("acme.shard.7".into())
        );
        assert_eq!(
            route(Address::Work("gpu".into())),
            Route::Queue("acme.work.gpu".into())
        );
        assert_eq!(route(Address::Live), Route::Fanout("acme.live".into()));
    }

    #[test]
    fn only_queues_of_labels_expire() {
        let topology = Topology::new(&RabbitOptions::new("amqp://localhost"));
        let expires = |name: &str| {
            let arguments = topology.queue_arguments(&name.into());
            arguments.contains_key("x-expires")
        };
        assert!(expires("attune.work.default[gpu=a100]"));
        assert!(!expires("attune.work.default"));
        assert!(!expires("attune.shard.1"));
    }

    #[test]
    fn a_name_that_amqp_cannot_carry_is_unroutable() {
        let topology = Topology::new(&RabbitOptions::new("amqp://localhost"));
        let address = Address::Work("p".repeat(300));
        assert!(matches!(
            topology.route(&address),
            Err(BusError::Unroutable(_))
        ));
    }
}
