//! Many runs at once, and the proof that each was carried out, once.
//!
//! Owns the load and its reckoning, used by all tests that break something meanwhile.

use std::{collections::HashSet, time::Duration};

use attune_rest::{ExecutionView, Page};
use attune_types::{ExecutionStatus, RunId};
use futures::{StreamExt, stream};
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::{
    client::{Client, send},
    history::judge,
    packs::Trace,
    proc::until,
};

/// Filters by every status that is not an end.
const OPEN: &str =
    "&status=requested,scheduled,running,waiting,retrying,paused,canceling,compensating";

/// Runs that are started at the same time.
const AT_ONCE: usize = 8;

/// A set of runs, known by a label.
#[derive(Debug)]
pub(crate) struct Load {
    label: String,
    action: &'static str,
    count: usize,
}

/// What came of them.
#[derive(Debug, Default)]
pub(crate) struct Reckoning {
    pub(crate) succeeded: usize,
    pub(crate) failed: usize,
    pub(crate) lost_attempts: usize,
}

impl Load {
    pub(crate) fn new(action: &'static str, count: usize) -> Self {
        Self {
            label: Uuid::new_v4().simple().to_string(),
            action,
            count,
        }
    }

    /// Starts all, one every `pace`, each under a key of its own until it is accepted. Gives their ids
    /// and how often a start had to be repeated.
    pub(crate) async fn start(
        &self,
        client: &Client,
        seconds: f64,
        pace: Duration,
    ) -> (Vec<RunId>, u32) {
        let began = tokio::time::Instant::now();
        let started: Vec<(RunId, u32)> = stream::iter(0..self.count)
            .map(async |number| {
                let turn = pace * u32::try_from(number).unwrap();
                tokio::time::sleep_until(began + turn).await;
                let parameters = json!({"number": number, "seconds": seconds});
                let key = format!("{}-{number}", self.label);
                client
                    .start_once(self.action, parameters, &self.label, &key)
                    .await
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let repeated = started.iter().map(|(_, asked)| asked - 1).sum();
        (started.into_iter().map(|(run, _)| run).collect(), repeated)
    }

    /// How many have not ended; up to a page of them.
    pub(crate) async fn open(&self, client: &Client) -> usize {
        let page: Page<ExecutionView> = client.get(&self.path(OPEN)).await.good();
        page.items.len()
    }

    /// All runs of the load, once every one has ended.
    pub(crate) async fn ended(&self, client: &Client) -> Vec<ExecutionView> {
        until("the end of all runs", async || {
            // The API itself may be the part that is away.
            let answer = send(client.request(Method::GET, &self.path(OPEN))).await;
            let answer = answer.ok().filter(|it| it.status == 200)?;
            let page: Page<ExecutionView> = answer.good();
            page.items.is_empty().then_some(())
        })
        .await;
        client.list(&self.path("")).await
    }

    fn path(&self, filter: &str) -> String {
        format!("/executions?label=test:{}{filter}", self.label)
    }

    /// Holds everything against what must be: every accepted run is there once and ended, its history
    /// is right, and each attempt left at most one mark.
    pub(crate) async fn reckon(
        &self,
        client: &Client,
        accepted: &[RunId],
        trace: &Trace,
    ) -> Reckoning {
        let runs = self.ended(client).await;
        let there: HashSet<RunId> = runs.iter().map(|run| run.run).collect();
        let accepted: HashSet<RunId> = accepted.iter().copied().collect();
        assert_eq!(runs.len(), self.count, "as many runs as were started");
        assert_eq!(there, accepted, "the accepted runs and no others");

        let marks = trace.marks();
        let judged: Vec<(ExecutionView, usize)> = stream::iter(runs)
            .map(async |run| {
                let history = client.history(run.run).await;
                let judged = judge(&history);
                for attempt in &judged.ordered {
                    let times = marks.get(attempt).copied().unwrap_or_default();
                    assert!(times <= 1, "{attempt:?} was executed {times} times");
                }
                for attempt in &judged.good {
                    assert!(marks.contains_key(attempt), "{attempt:?} left no mark");
                }
                (run, judged.lost.len())
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let mut reckoning = Reckoning::default();
        for (run, lost) in judged {
            reckoning.lost_attempts += lost;
            match run.status {
                ExecutionStatus::Succeeded => reckoning.succeeded += 1,
                _ => {
                    // The one reason that killing gives: an attempt lost again and again.
                    let error = run.error.expect("a run that failed says why");
                    assert_eq!(error.code, "lost", "{error:?}");
                    reckoning.failed += 1;
                }
            }
        }
        reckoning
    }
}
