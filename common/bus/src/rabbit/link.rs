//! One connection that comes back by itself.
//!
//! Owns the task that connects, watches and connects again with growing delay. lapin's own recovery
//! is off: it replays what was declared, we declare what is needed. Each connection has a generation
//! number, so that a failure seen on an old one does not end the new one. Used by the publisher, the
//! outbox and the subscriptions. Failure: `current` answers `Unavailable` with the last reason.

use super::options::RabbitOptions;
use super::retry::Retry;
use attune_port::BusError;
use futures::StreamExt;
use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties, Event};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// Longest time that closing a connection may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// A connection as it is now.
#[derive(Clone)]
pub(crate) struct Live {
    pub(crate) generation: u64,
    pub(crate) connection: Arc<Connection>,
}

#[derive(Clone, Default)]
struct State {
    live: Option<Live>,
    reason: String,
}

/// A handle on the connection; clones share it.
#[derive(Clone)]
pub(crate) struct Link {
    state: watch::Receiver<State>,
    suspects: mpsc::UnboundedSender<u64>,
    closed: CancellationToken,
}

/// Puts lapin's error in the port's words.
pub(crate) fn unavailable(error: lapin::Error) -> BusError {
    BusError::Unavailable(error.to_string())
}

impl Link {
    /// Starts connecting.
    pub(crate) fn open(purpose: &'static str, uri: AMQPUri, options: &RabbitOptions) -> Self {
        let (state_in, state) = watch::channel(State::default());
        let (suspects, suspected) = mpsc::unbounded_channel();
        let closed = CancellationToken::new();
        let keeper = Keeper {
            purpose,
            uri,
            name: format!("{} ({purpose})", options.connection_name),
            timeout: options.connect_timeout,
            state: state_in,
            suspected,
            closed: closed.clone(),
        };
        tokio::spawn(keeper.run());
        Self {
            state,
            suspects,
            closed,
        }
    }

    pub(crate) fn current(&self) -> Result<Live, BusError> {
        if self.closed.is_cancelled() {
            return Err(BusError::Closed);
        }
        let state = self.state.borrow();
        state.live.clone().ok_or_else(|| {
            BusError::Unavailable(if state.reason.is_empty() {
                "not connected yet".to_owned()
            } else {
                state.reason.clone()
            })
        })
    }

    /// The connection, once there is one; none when the link is closed.
    pub(crate) async fn wait(&self) -> Option<Live> {
        let mut state = self.state.clone();
        tokio::select! {
            biased;
            () = self.closed.cancelled() => None,
            found = state.wait_for(|state| state.live.is_some()) => {
                found.ok().and_then(|state| state.live.clone())
            }
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        self.state
            .borrow()
            .live
            .as_ref()
            .is_some_and(|live| live.connection.status().connected())
    }

    /// Why there is no connection, for people.
    pub(crate) fn reason(&self) -> String {
        self.state.borrow().reason.clone()
    }

    /// Something failed on that connection: look whether it still lives.
    pub(crate) fn suspect(&self, generation: u64) {
        // The keeper is gone only when the link is closed.
        let _ = self.suspects.send(generation);
    }

    /// Says goodbye to the broker.
    pub(crate) async fn close(&self) {
        let live = self.state.borrow().live.clone();
        self.closed.cancel();
        if let Some(live) = live {
            let bye = live.connection.close(200, "closing".into());
            // Best effort: a connection that does not answer ends with the process.
            let _ = tokio::time::timeout(GOODBYE, bye).await;
        }
    }

    /// Ends it without waiting.
    pub(crate) fn abandon(&self) {
        self.closed.cancel();
    }
}

struct Keeper {
    purpose: &'static str,
    uri: AMQPUri,
    name: String,
    timeout: Duration,
    state: watch::Sender<State>,
    suspected: mpsc::UnboundedReceiver<u64>,
    closed: CancellationToken,
}

impl Keeper {
    async fn run(mut self) {
        let closed = self.closed.clone();
        tokio::select! {
            biased;
            () = closed.cancelled() => {}
            () = self.keep() => {}
        }
        self.state.send_replace(State {
            live: None,
            reason: "closed".to_owned(),
        });
    }

    async fn keep(&mut self) {
        let mut retry = Retry::new();
        let mut generation = 0;
        loop {
            match self.connect().await {
                Ok(connection) => {
                    retry.reset();
                    generation += 1;
                    let reason = self.hold(generation, connection).await;
                    tracing::warn!(purpose = self.purpose, %reason, "lost the broker");
                    self.fail(reason);
                }
                Err(reason) => {
                    if self.state.borrow().reason != reason {
                        tracing::warn!(purpose = self.purpose, %reason, "cannot reach the broker");
                    }
                    self.fail(reason);
                }
            }
            tokio::time::sleep(retry.next()).await;
        }
    }

    fn fail(&self, reason: String) {
        self.state.send_replace(State { live: None, reason });
    }

    async fn connect(&self) -> Result<Connection, String> {
        let properties =
            ConnectionProperties::default().with_connection_name(self.name.as_str().into());
        let connecting = Connection::connect_uri(self.uri.clone(), properties);
        match tokio::time::timeout(self.timeout, connecting).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {:?}", self.timeout)),
        }
    }

    /// Publishes the connection and comes back, with the reason, when it has ended.
    async fn hold(&mut self, generation: u64, connection: Connection) -> String {
        let mut events = Box::pin(connection.events_listener());
        let connection = Arc::new(connection);
        self.state.send_replace(State {
            live: Some(Live {
                generation,
                connection: Arc::clone(&connection),
            }),
            reason: String::new(),
        });
        tracing::debug!(
            purpose = self.purpose,
            generation,
            "connected to the broker"
        );
        // Between the connect and the listener something may have happened already.
        while connection.status().connected() {
            tokio::select! {
                event = events.next() => match event {
                    Some(Event::Error(error)) => return error.to_string(),
                    Some(Event::ConnectionBlocked(reason)) => tracing::warn!(
                        purpose = self.purpose, %reason, "the broker takes no messages for now"
                    ),
                    Some(Event::ConnectionUnblocked) => tracing::info!(
                        purpose = self.purpose, "the broker takes messages again"
                    ),
                    Some(_) => {}
                    None => return "the connection ended".to_owned(),
                },
                suspect = self.suspected.recv() => match suspect {
                    Some(_) => {}
                    None => return "closed".to_owned(),
                },
            }
        }
        "the connection ended".to_owned()
    }
}
