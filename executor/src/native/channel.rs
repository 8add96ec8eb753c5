//! Channels of `core.notify` that lead out of Attune: webhooks.
//!
//! Owns the queue of messages and their delivery: each is posted as JSON, up to four times, with
//! growing pauses. Never holds up a run: the action is done once its message is queued. The queue is in
//! memory and bounded; what is lost, because the queue is full, the receiver stays away or the process
//! ends, is logged and counted. Channels are named by the configuration, so that a workflow chooses a
//! name and never an address.

use attune_telemetry::Metrics;
use attune_types::{JsonValue, Timestamp};
use reqwest::Client;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};

/// Messages that wait at most.
const MOST_WAITING: usize = 1_000;
/// Messages on their way at the same time.
const AT_ONCE: usize = 16;
/// One attempt takes no longer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The pauses before the second and later attempts.
const PAUSES: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(25),
];

/// What is posted. `text` is where chat systems look for it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Message {
    /// The channel that the workflow named.
    pub(super) channel: String,
    /// `debug` to `critical`.
    pub(super) level: String,
    /// What it says.
    pub(super) text: String,
    /// Further facts.
    pub(super) fields: JsonValue,
    /// The run that says it.
    pub(super) run: String,
    /// The task that says it.
    pub(super) task: String,
    /// The same for every delivery of this message.
    pub(super) id: String,
    /// When it was queued.
    pub(super) at: Timestamp,
}

/// Hands messages to the channels that have an address.
#[derive(Clone, Debug)]
pub(super) struct Channels {
    addresses: Arc<BTreeMap<String, String>>,
    queue: Option<mpsc::Sender<(String, Message)>>,
    metrics: Arc<Metrics>,
}

impl Channels {
    /// Starts delivering. Without addresses, or without a client, there is nothing to start.
    pub(super) fn start(
        addresses: &BTreeMap<String, String>,
        client: &Result<Client, String>,
        metrics: &Arc<Metrics>,
    ) -> Self {
        let queue = match client {
            Ok(client) if !addresses.is_empty() => {
                let (sender, receiver) = mpsc::channel(MOST_WAITING);
                tokio::spawn(deliver_all(receiver, client.clone(), Arc::clone(metrics)));
                Some(sender)
            }
            _ => None,
        };
        // Names of settings are in small letters.
        let addresses = addresses
            .iter()
            .map(|(name, address)| (name.to_lowercase(), address.clone()))
            .collect();
        Self {
            addresses: Arc::new(addresses),
            queue,
            metrics: Arc::clone(metrics),
        }
    }

    /// Queues a message if its channel has an address. Never waits.
    pub(super) fn send(&self, message: Message) {
        let address = self.addresses.get(&message.channel.to_lowercase());
        let (Some(address), Some(queue)) = (address, &self.queue) else {
            return;
        };
        if let Err(refused) = queue.try_send((address.clone(), message)) {
            let (_, message) = refused.into_inner();
            self.metrics.executor.notification_lost();
            tracing::warn!(
                run = message.run,
                task = message.task,
                channel = message.channel,
                "a notification is dropped: {MOST_WAITING} wait already"
            );
        }
    }
}

/// Until the last sender is gone, and what was queued by then.
async fn deliver_all(
    mut queue: mpsc::Receiver<(String, Message)>,
    client: Client,
    metrics: Arc<Metrics>,
) {
    let slots = Arc::new(Semaphore::new(AT_ONCE));
    while let Some((address, message)) = queue.recv().await {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
            return;
        };
        let (client, metrics) = (client.clone(), Arc::clone(&metrics));
        tokio::spawn(async move {
            deliver(&client, &metrics, &address, &message).await;
            drop(slot);
        });
    }
}

async fn deliver(client: &Client, metrics: &Metrics, address: &str, message: &Message) {
    let mut pauses = PAUSES.into_iter();
    loop {
        let why = match post(client, address, message).await {
            Ok(()) => {
                metrics.executor.notification_sent();
                return;
            }
            Err(why) => why,
        };
        // The address may hold a token: only the channel's name is written down.
        let Some(pause) = pauses.next().filter(|_| why.may_pass) else {
            metrics.executor.notification_lost();
            tracing::error!(
                run = message.run,
                task = message.task,
                channel = message.channel,
                reason = why.text,
                "a notification could not be delivered and is given up"
            );
            return;
        };
        tracing::warn!(
            run = message.run,
            task = message.task,
            channel = message.channel,
            reason = why.text,
            "a notification could not be delivered; it is tried again"
        );
        tokio::time::sleep(pause).await;
    }
}

/// Why a delivery did not succeed, and whether another may.
struct Why {
    text: String,
    may_pass: bool,
}

async fn post(client: &Client, address: &str, message: &Message) -> Result<(), Why> {
    let request = client
        .post(address)
        .timeout(TIMEOUT)
        .header("Idempotency-Key", &message.id)
        .json(message);
    match request.send().await {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => {
            let status = answer.status();
            Err(Why {
                text: format!("the receiver answered {status}"),
                may_pass: status.is_server_error() || matches!(status.as_u16(), 408 | 429),
            })
        }
        Err(error) => Err(Why {
            text: error.without_url().to_string(),
            may_pass: true,
        }),
    }
}
