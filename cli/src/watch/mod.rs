//! A run as it goes, until it ends.
//!
//! Owns the loop: look, show, wait for the stream to say that something happened, look again. The
//! stream resumes after the last message that came; a server that is away for a while is waited for.
//! How it looks is `view`'s and `tree`'s; which exit code follows is the caller's. Failure: a run that
//! does not exist, or a time that is up.

mod link;
mod tree;
mod view;

pub(crate) use tree::{Tree, render};
pub(crate) use view::View;

use crate::args::Most;
use crate::client::Client;
use crate::error::{CliError, Result};
use attune_rest::{ExecutionDetail, ExecutionView, LogLineView};
use attune_types::RunId;
use link::{Link, Patience};
use std::time::Duration;

/// Looks are at least this far apart, however much happens.
const GATHER: Duration = Duration::from_millis(60);
/// How often durations on a terminal move on.
const REDRAW: Duration = Duration::from_millis(200);

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
    within(run, limit, to_the_end(client, run, view, 0)).await
}

/// Shows a run that had ended and was asked to go on, until it ends again: `after` was its last event
/// then.
///
/// # Errors
/// As [`follow`].
pub(crate) async fn follow_on(
    client: &Client,
    run: RunId,
    view: View,
    limit: Option<Duration>,
    after: u64,
) -> Result<Tree> {
    within(run, limit, to_the_end(client, run, view, after)).await
}

/// Shows what the processes of a run write, until it ends.
///
/// # Errors
/// What the server refused.
pub(crate) async fn follow_logs(
    client: &Client,
    run: RunId,
    show: impl Fn(&LogLineView) -> Result<()>,
) -> Result<()> {
    let mut link = Link::open(client, format!("/executions/{run}/stream"));
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
    let Some(limit) = limit else {
        return work.await;
    };
    let late = || CliError::TimedOut {
        run: run.to_string(),
        seconds: limit.as_secs(),
    };
    tokio::time::timeout(limit, work)
        .await
        .unwrap_or_else(|_| Err(late()))
}

async fn to_the_end(client: &Client, run: RunId, mut view: View, after: u64) -> Result<Tree> {
    // Once before anything else: a run that is not there is told at once.
    let mut tree = look(client, run).await?;
    let mut link = Link::open(client, format!("/executions/{run}/stream?logs=false"));
    loop {
        if tree.run.last_seq.is_none_or(|last| last > after) {
            view.show(&tree);
            if tree.run.execution.status.is_terminal() {
                view.finish();
                return Ok(tree);
            }
        }
        tokio::select! {
            news = link.next() => {
                news?;
                tokio::time::sleep(GATHER).await;
                link.skip()?;
                tree = patiently(client, run).await?;
            }
            () = tokio::time::sleep(REDRAW), if view.moves() => {}
        }
    }
}

/// Looks, although the server may be away for a while.
async fn patiently(client: &Client, run: RunId) -> Result<Tree> {
    let mut patience = Patience::new();
    loop {
        match look(client, run).await {
            Ok(tree) => return Ok(tree),
            Err(error) => patience.spend(error).await?,
        }
    }
}
