//! Figures, not verdicts: how fast the group commit is on this machine. Run by hand:
//! `cargo nextest run -p attune-store --release --run-ignored only throughput --no-capture`.

use crate::contract::PgHarness;
use anyhow::Result;
use attune_port::NewRun;
use attune_testkit::contract::{Harness as _, fixture};
use attune_types::{ExecutionId, RunId};
use std::time::{Duration, Instant};

const ROUNDS: u64 = 20;

async fn runs(harness: &PgHarness, count: usize) -> Result<(Vec<RunId>, Duration)> {
    let ids: Vec<RunId> = (0..count).map(|_| fixture::run_id()).collect();
    let new: Vec<NewRun> = ids
        .iter()
        .map(|run| fixture::new_run(harness, *run))
        .collect::<Result<_>>()?;
    let began = Instant::now();
    harness.stores().runs.open(new).await?;
    Ok((ids, began.elapsed()))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints figures of this machine; run by hand"]
async fn throughput() -> Result<()> {
    let harness = PgHarness::start().await?;
    let owner = fixture::owner(&harness, fixture::LONG).await?;
    for (count, events, rows) in [
        (1usize, 1u64, 1u64),
        (1, 5, 2),
        (10, 2, 2),
        (100, 2, 2),
        (1_000, 5, 0),
        (1_000, 5, 1),
        (1_000, 2, 2),
    ] {
        let (ids, opening) = runs(&harness, count).await?;
        let mut times = Vec::new();
        for round in 0..ROUNDS {
            let mut batch = Vec::with_capacity(count);
            for run in &ids {
                let mut step = owner.step(&harness, *run, 1 + round * events, events)?;
                for n in 0..rows {
                    let id = ExecutionId(run.derive(&n.to_string()));
                    step.rows.push(fixture::row(*run, id, harness.now()));
                }
                batch.push(step);
            }
            let began = Instant::now();
            for answer in harness.stores().runs.append(batch).await {
                answer?;
            }
            times.push(began.elapsed());
        }
        times.sort_unstable();
        let median = times[times.len() / 2];
        println!(
            "{count:>5} runs x {events} events + {rows} rows: append {:>8.3} ms median, {:>8.3} ms \
             worst, {:>9.0} events/s; open {:>8.3} ms",
            median.as_secs_f64() * 1e3,
            times[times.len() - 1].as_secs_f64() * 1e3,
            (count as u64 * events) as f64 / median.as_secs_f64(),
            opening.as_secs_f64() * 1e3,
        );
    }
    Ok(())
}
