//! A run as it goes, until it ends.
//!
//! Owns the loop: look, show, wait for the stream to say that something happened, look again. The
//! stream resumes after the last message that came; a server that is away for a while is waited for.
//! How it looks is `view`'s and `tree`'s; which exit code follows is the caller's. Failure: a run that
//! does not exist, or a time that is up.

mod tree;
mod view;

pub(crate) use tree::{Tree, render};
pub(crate) use view::View;

use crate::args::Most;
use crate::client::{Client, Stream};
use crate::error::{CliError, Result};
use crate::output;
use attune_rest::{ExecutionDetail, ExecutionView, LogLineView};
use attune_types::RunId;
use std::time::Duration;
use tokio::time::Instant;

/// Looks are at least this far apart, however much happens.
const GATHER: Duration = Duration::from_millis(60);
/// How often durations on a terminal move on.
const REDRAW: Duration = Duration::from_millis(200);
/// Delays between tries to come back: from, to.
const BACK: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));
/// How long a server may stay away.
const PATIENCE: Duration = Duration::from_secs(600);

/// A run and its tasks as last seen.
///
/// # Errors
/// [`CliError`] if they were refused or not reached.
pub(crate) async fn look(client: &Client, run: RunId) -> Result<Tree> {
    let all = Most {
        limit: 0,
        all: true,
    };
    let path = format!("/executions/{run}");
    let below = format!("{path}/tasks");
    let no_filter = Vec::new();
    let (run, tasks) = tokio::try_join!(
        client.get::<ExecutionDetail>(&path),
        client.list::<ExecutionView>(&below, &no_filter, all)
    )?;
    Ok(Tree { run, tasks })
}

/// Shows a run until it ends.
///
/// # Errors
/// [`CliError::TimedOut`] when `limit` is over; otherwise what the server refused.
pub(crate) async fn follow(
    client: &Client,
    run: RunId,
    view: View,
    limit: Option<Duration>,
) -> Result<Tree> {
    within(run, limit, to_the_end(client, run, view)).await
}

/// Shows what the processes of a run write, until it ends.
///
/// # Errors
/// As [`follow`].
pub(crate) async fn follow_logs(
    client: &Client,
    run: RunId,
    show: impl Fn(&LogLineView) -> Result<()>,
) -> Result<()> {
    let mut link = Link::new(client, format!("/executions/{run}/stream"));
    loop {
        let Some(item) = link.next().await? else {
            continue;
        };
        match item.event.as_str() {
            "log" => {
                let line = serde_json::from_str(&item.data).map_err(|error| {
                    CliError::Unreachable(format!("a log line cannot be read: {error}"))
                })?;
                show(&line)?;
            }
            "end" => return Ok(()),
            _ => {}
        }
    }
}

async fn within<T>(
    run: RunId,
    limit: Option<Duration>,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    match limit {
        None => work.await,
        Some(limit) => tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
            Err(CliError::TimedOut {
                run: run.to_string(),
                seconds: limit.as_secs(),
            })
        }),
    }
}

async fn to_the_end(client: &Client, run: RunId, mut view: View) -> Result<Tree> {
    let mut link = Link::new(client, format!("/executions/{run}/stream?logs=false"));
    let mut tree = look(client, run).await?;
    loop {
        view.show(&tree);
        if tree.run.execution.status.is_terminal() {
            view.finish();
            return Ok(tree);
        }
        // Something happens, or the stream says that it has to be opened again: look in any case.
        tokio::select! {
            news = link.next() => {
                news?;
                link.gather().await;
                tree = patiently(client, run, &mut link).await?;
            }
            () = tokio::time::sleep(REDRAW), if view.moves() => {}
        }
    }
}

/// Looks, although the server may be away for a moment.
async fn patiently(client: &Client, run: RunId, link: &mut Link<'_>) -> Result<Tree> {
    loop {
        match look(client, run).await {
            Err(error) if error.may_pass() => link.lost(error).await?,
            other => return other,
        }
    }
}

/// A stream that is opened again when it ends.
struct Link<'a> {
    client: &'a Client,
    path: String,
    stream: Option<Stream>,
    after: Option<String>,
    delay: Duration,
    lost_since: Option<Instant>,
}

impl<'a> Link<'a> {
    fn new(client: &'a Client, path: String) -> Self {
        Self {
            client,
            path,
            stream: None,
            after: None,
            delay: BACK.0,
            lost_since: None,
        }
    }

    /// The next message. None when the stream ended or was opened again: something may have been
    /// missed, so look. Dropped half-way it has lost nothing.
    async fn next(&mut self) -> Result<Option<crate::client::StreamItem>> {
        if let Some(stream) = &mut self.stream {
            let item = stream.next().await;
            match &item {
                Some(item) => {
                    if item.id.is_some() {
                        self.after.clone_from(&item.id);
                    }
                    self.lost_since = None;
                    self.delay = BACK.0;
                }
                None => self.stream = None,
            }
            return Ok(item);
        }
        match self.client.stream(&self.path, self.after.as_deref()).await {
            Ok(stream) => self.stream = Some(stream),
            Err(error) if error.may_pass() => self.lost(error).await?,
            Err(error) => return Err(error),
        }
        Ok(None)
    }

    /// Reads over what comes within a moment, so that a burst costs one look.
    async fn gather(&mut self) {
        let until = Instant::now() + GATHER;
        while let Some(stream) = &mut self.stream {
            match tokio::time::timeout_at(until, stream.next()).await {
                Ok(Some(item)) if item.id.is_some() => self.after = item.id,
                Ok(Some(_)) => {}
                Ok(None) => self.stream = None,
                Err(_) => return,
            }
        }
    }

    /// Waits after a failure; gives up when the server has been away for long.
    async fn lost(&mut self, error: CliError) -> Result<()> {
        let now = Instant::now();
        match self.lost_since {
            None => {
                self.lost_since = Some(now);
                output::note(&format!("{error}; trying again"));
            }
            Some(since) if now - since > PATIENCE => return Err(error),
            Some(_) => {}
        }
        tokio::time::sleep(self.delay).await;
        self.delay = (self.delay * 2).min(BACK.1);
        Ok(())
    }
}
