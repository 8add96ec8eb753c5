//! Waiting for a run's end, for clients that ask for it with `?wait=`.

use crate::app::App;
use crate::query::Params;
use crate::refusal::Answer;
use attune_flow::run::ExecutionRow;
use attune_types::{ExecutionId, RunId, parse_duration};
use std::time::Duration;
use tokio::time::Instant;

/// Longest wait.
const LONGEST: Duration = Duration::from_secs(300);
/// How soon to look although no notice came.
const LOOK_ANYWAY: Duration = Duration::from_secs(1);

/// The wait that a request asks for.
pub(super) fn wanted(params: &mut Params) -> Option<Duration> {
    let text: String = params.one("wait")?;
    match parse_duration(&text) {
        Ok(wait) if wait <= LONGEST => Some(wait),
        Ok(_) => {
            let message = format!("`wait` is at most {} s", LONGEST.as_secs());
            params.wrong("wait", "range", message);
            None
        }
        Err(error) => {
            params.wrong("wait", "type", error.to_string());
            None
        }
    }
}

/// The run when it has ended, or as it stands when the time is over or the service stops.
pub(super) async fn for_end(app: &App, run: RunId, wait: Duration) -> Answer<Option<ExecutionRow>> {
    let until = Instant::now() + wait;
    let watch = app.live.watch(run);
    loop {
        let row = app
            .deps
            .stores
            .reads
            .execution(ExecutionId::from(run))
            .await?;
        let ended = row.as_ref().is_none_or(|row| row.status.is_terminal());
        if ended || Instant::now() >= until {
            return Ok(row);
        }
        tokio::select! {
            () = app.stop.cancelled() => return Ok(row),
            () = tokio::time::sleep_until(until.min(Instant::now() + LOOK_ANYWAY)) => {}
            () = watch.woken() => {}
        }
    }
}
