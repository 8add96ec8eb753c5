//! The stream of one run, opened again whenever it ends, after the last message that came.
//!
//! Owns a task that reads it, so that whoever waits for news may stop waiting at any moment and lose
//! nothing. A server that is away is waited for, with growing delays; what it refuses ends the link.

use crate::client::{Client, StreamItem};
use crate::error::{CliError, Result};
use crate::output;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// Messages that wait to be looked at; the server is read no faster.
const BACKLOG: usize = 256;

/// Growing delays between tries, and the end of patience.
pub(super) struct Patience {
    delay: Duration,
    since: Option<Instant>,
}

impl Patience {
    const FIRST: Duration = Duration::from_millis(250);
    const LONGEST: Duration = Duration::from_secs(5);
    /// How long a server may stay away.
    const END: Duration = Duration::from_secs(600);

    /// None of it used.
    pub(super) fn new() -> Self {
        Self {
            delay: Self::FIRST,
            since: None,
        }
    }

    /// All of it again: the server answered.
    pub(super) fn restore(&mut self) {
        *self = Self::new();
    }

    /// Waits before the next try.
    pub(super) async fn pause(&mut self) {
        sleep(self.delay).await;
        self.delay = (self.delay * 2).min(Self::LONGEST);
    }

    /// Waits after a failure.
    ///
    /// # Errors
    /// The failure itself, when waiting does not help or has lasted for long.
    pub(super) async fn spend(&mut self, error: CliError) -> Result<()> {
        let now = Instant::now();
        if !error.may_pass() || self.since.is_some_and(|since| now - since > Self::END) {
            return Err(error);
        }
        if self.since.is_none() {
            self.since = Some(now);
            output::note(&format!("{error}; trying again"));
        }
        self.pause().await;
        Ok(())
    }
}

/// A run's stream as whoever watches sees it.
pub(super) struct Link {
    news: mpsc::Receiver<Result<Option<StreamItem>>>,
    reader: JoinHandle<()>,
}

impl Link {
    /// Starts reading.
    pub(super) fn open(client: &Client, path: String) -> Self {
        let (sender, news) = mpsc::channel(BACKLOG);
        let client = client.clone();
        let reader = tokio::spawn(async move {
            if let Err(error) = read(&client, &path, &sender).await {
                // Whoever watched may have gone.
                drop(sender.send(Err(error)).await);
            }
        });
        Self { news, reader }
    }

    /// The next message; none when the stream was opened (again): something may have been missed, so
    /// look. Dropped half-way it has lost nothing.
    ///
    /// # Errors
    /// What the server refused; then nothing more comes.
    pub(super) async fn next(&mut self) -> Result<Option<StreamItem>> {
        match self.news.recv().await {
            Some(news) => news,
            None => Err(CliError::Unreachable("the stream was lost".to_owned())),
        }
    }

    /// Reads over what has come already, so that a burst costs one look.
    ///
    /// # Errors
    /// As [`Link::next`].
    pub(super) fn skip(&mut self) -> Result<()> {
        while let Ok(news) = self.news.try_recv() {
            news?;
        }
        Ok(())
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// Reads until nobody listens any more.
async fn read(
    client: &Client,
    path: &str,
    news: &mpsc::Sender<Result<Option<StreamItem>>>,
) -> Result<()> {
    let mut patience = Patience::new();
    let mut after: Option<String> = None;
    loop {
        let mut stream = match client.stream(path, after.as_deref()).await {
            Ok(stream) => stream,
            Err(error) => {
                patience.spend(error).await?;
                continue;
            }
        };
        if news.send(Ok(None)).await.is_err() {
            return Ok(());
        }
        while let Some(item) = stream.next().await {
            patience.restore();
            if item.id.is_some() {
                after.clone_from(&item.id);
            }
            if news.send(Ok(Some(item))).await.is_err() {
                return Ok(());
            }
        }
        patience.pause().await;
    }
}
