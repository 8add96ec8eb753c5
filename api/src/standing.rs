//! Whether a run that has ended would go on if it were asked, by the words of the run itself.
//!
//! The run is folded from its log and decides here as it would in its executor, which decides once more
//! when the command comes. Nothing is written but that a snapshot of another version is dropped. Called
//! by the handler that retries runs.

use crate::app::App;
use crate::code;
use crate::refusal::{Answer, Refusal};
use attune_catalogue::{FoldError, fold_stored, has_usable_snapshot};
use attune_flow::run::{Command, ExecutionRow, Now, Rejection, decide};
use attune_port::StoredRun;
use attune_types::{ExecutionStatus, RunId};

/// Refuses what the run would refuse.
pub(crate) async fn would_take(app: &App, row: &ExecutionRow, command: &Command) -> Answer<()> {
    let run = row.run;
    let cannot = |detail: String| Refusal::new(&code::CANNOT_BE_RETRIED, detail);
    if !row.status.is_terminal() {
        return Err(Refusal::new(
            &code::EXECUTION_ACTIVE,
            format!(
                "the run {run} is {}: only a run that has ended can be retried",
                row.status
            ),
        ));
    }
    let put_aside = || {
        cannot(format!(
            "the run {run} was put aside: it cannot be read any more"
        ))
    };
    if row.status == ExecutionStatus::Abandoned {
        return Err(put_aside());
    }
    let stored = read(app, run).await?;
    let program = app.programs.get(&stored.program).await?;
    let folded = fold_stored(stored).map_err(|error| match error {
        FoldError::Newer(_) => Refusal::new(
            &code::UNAVAILABLE,
            format!("the run {run} was written by a newer version; ask an API of that version"),
        ),
        FoldError::Broken(_) => put_aside(),
    })?;
    let clock = &app.deps.clock;
    let now = Now {
        at: clock.now().max(folded.last_at),
        entropy: clock.entropy(),
    };
    match decide(&program, &folded.state, command, &now) {
        // Keys are looked up by whoever decides for good.
        Ok(_) | Err(Rejection::NeedsKeys { .. }) => Ok(()),
        Err(_) if !folded.state.is_terminal() => Err(Refusal::new(
            &code::EXECUTION_ACTIVE,
            format!("the run {run} is {} again by now", folded.state.status()),
        )),
        Err(refused) => Err(cannot(format!("{run}: {refused}"))),
    }
}

async fn read(app: &App, run: RunId) -> Answer<StoredRun> {
    let runs = &app.deps.stores.runs;
    let unknown = || Refusal::not_found("execution", run);
    let stored = runs.load(&[run]).await?.pop().ok_or_else(unknown)?;
    if has_usable_snapshot(&stored) {
        return Ok(stored);
    }
    runs.drop_snapshots(&[run]).await?;
    runs.load(&[run]).await?.pop().ok_or_else(unknown)
}
