//! Workers, claims and logs.

use super::Harness;
use super::fixture::*;
use anyhow::Result;
use attune_port::{ClaimRequest, NewLogLine, WorkQueue, WorkerInfo};
use attune_types::{AttemptId, ExecutionId, RunId, WorkerId};
use std::time::Duration;
use uuid::Uuid;

const BRIEF: Duration = Duration::from_millis(150);

fn worker(name: &str) -> WorkerInfo {
    WorkerInfo {
        id: WorkerId(Uuid::new_v4()),
        name: name.to_owned(),
        pools: vec!["default".to_owned(), "gpu".to_owned()],
        slots: 4,
        labels: [("zone".to_owned(), name.to_owned())].into(),
    }
}

fn attempt() -> AttemptId {
    ExecutionId(Uuid::new_v4()).attempt(1)
}

fn request(run: RunId, attempt: AttemptId) -> ClaimRequest {
    ClaimRequest { attempt, run }
}

/// One attempt is given to one worker, once.
pub async fn claimed_once(harness: &dyn Harness) -> Result<()> {
    let work = &harness.stores().work;
    let run = opened(harness).await?;
    let (a, b) = (attempt(), attempt());
    let (one, other) = (worker("one").id, worker("other").id);
    let both = [request(run, a), request(run, b)];
    assert_eq!(work.claim(one, &both[..1]).await?, [true]);
    assert_eq!(work.claim(other, &both).await?, [false, true]);
    // The holder is told again; the reply to its first claim may have been lost.
    assert_eq!(work.claim(one, &both).await?, [true, false]);
    let c = attempt();
    assert_eq!(
        work.claim(one, &[request(run, c), request(run, c)]).await?,
        [true, false]
    );
    let d = attempt();
    let racers = [request(run, d)];
    let racing: Vec<_> = (0..8).map(|n| worker(&format!("racer {n}")).id).collect();
    let answers =
        futures::future::join_all(racing.iter().map(|racer| work.claim(*racer, &racers))).await;
    let mut won = 0;
    for answer in answers {
        won += usize::from(answer?[0]);
    }
    assert_eq!(won, 1);
    let mut claimed = work.claimed(&[a, attempt(), b]).await?;
    claimed.sort_unstable();
    let mut expected = vec![a, b];
    expected.sort_unstable();
    assert_eq!(claimed, expected);
    assert!(work.claim(one, &[]).await?.is_empty());
    Ok(())
}

/// Nothing of an ended or unknown run can be claimed.
pub async fn claims_need_an_active_run(harness: &dyn Harness) -> Result<()> {
    let work = &harness.stores().work;
    let owner = owner(harness, LONG).await?;
    let (ended, open) = (opened(harness).await?, opened(harness).await?);
    commit(harness, owner.last_step(harness, ended, 1)?).await?;
    let requests = [
        request(ended, attempt()),
        request(run_id(), attempt()),
        request(open, attempt()),
    ];
    assert_eq!(
        work.claim(worker("w").id, &requests).await?,
        [false, false, true]
    );
    Ok(())
}

/// An attempt that was closed before anybody took it cannot be taken any more.
pub async fn settled_attempts_cannot_be_claimed(harness: &dyn Harness) -> Result<()> {
    let work = &harness.stores().work;
    let owner = owner(harness, LONG).await?;
    let run = opened(harness).await?;
    let closed = attempt();
    let mut step = owner.step(harness, run, 1, 1)?;
    step.closed = vec![closed, closed];
    commit(harness, step).await?;
    assert_eq!(
        work.claim(worker("w").id, &[request(run, closed)]).await?,
        [false]
    );
    Ok(())
}

/// The answer to a heartbeat names what is settled by an append, by the end of the run, or unknown.
pub async fn heartbeat_names_what_is_settled(harness: &dyn Harness) -> Result<()> {
    let work = &harness.stores().work;
    let owner = owner(harness, LONG).await?;
    let (run, ending) = (opened(harness).await?, opened(harness).await?);
    let info = worker("w");
    let (kept, closed, orphan, unknown) = (attempt(), attempt(), attempt(), attempt());
    work.claim(
        info.id,
        &[
            request(run, kept),
            request(run, closed),
            request(ending, orphan),
        ],
    )
    .await?;
    assert!(
        work.heartbeat(&info, &[kept, closed, orphan])
            .await?
            .is_empty()
    );
    let mut step = owner.step(harness, run, 1, 1)?;
    step.closed = vec![closed];
    commit(harness, step).await?;
    commit(harness, owner.last_step(harness, ending, 1)?).await?;
    let mut settled = work
        .heartbeat(&info, &[kept, closed, orphan, unknown])
        .await?;
    settled.sort_unstable();
    let mut expected = vec![closed, orphan, unknown];
    expected.sort_unstable();
    assert_eq!(settled, expected);
    Ok(())
}

/// A claim that no heartbeat lists is lost after the silence, until an append settles it.
pub async fn silent_claims_are_lost(harness: &dyn Harness) -> Result<()> {
    let work = &harness.stores().work;
    let owner = owner(harness, LONG).await?;
    let run = opened(harness).await?;
    let info = worker("sleepy");
    let (listed, silent) = (attempt(), attempt());
    work.claim(info.id, &[request(run, listed), request(run, silent)])
        .await?;
    work.heartbeat(&info, &[listed, silent]).await?;
    assert!(work.lost(LONG, 10).await?.is_empty());
    harness.pass(BRIEF).await;
    // Another worker's heartbeat does not keep it alive.
    work.heartbeat(&worker("other"), &[silent]).await?;
    work.heartbeat(&info, &[listed]).await?;
    let lost = work.lost(BRIEF, 10).await?;
    let ids: Vec<_> = lost.iter().map(|lost| lost.attempt).collect();
    // On a slow machine the listed one may have been silent for as long again.
    assert_eq!(ids.first(), Some(&silent));
    assert_eq!(lost[0].run, run);
    assert_eq!(lost[0].worker, "sleepy");
    assert!(lost[0].silent_for >= BRIEF);
    let mut step = owner.step(harness, run, 1, 1)?;
    step.closed = vec![silent];
    commit(harness, step).await?;
    let lost = work.lost(Duration::ZERO, 10).await?;
    assert_eq!(
        lost.iter().map(|lost| lost.attempt).collect::<Vec<_>>(),
        [listed]
    );
    commit(harness, owner.last_step(harness, run, 2)?).await?;
    assert!(work.lost(Duration::ZERO, 10).await?.is_empty());
    Ok(())
}

/// What a worker that says goodbye still holds is lost at once.
pub async fn goodbye_loses_at_once(harness: &dyn Harness) -> Result<()> {
    let work = &harness.stores().work;
    let run = opened(harness).await?;
    let (going, staying) = (worker("going"), worker("staying"));
    let (left, kept) = (attempt(), attempt());
    work.claim(going.id, &[request(run, left)]).await?;
    work.claim(staying.id, &[request(run, kept)]).await?;
    work.heartbeat(&going, &[left]).await?;
    work.heartbeat(&staying, &[kept]).await?;
    work.goodbye(going.id).await?;
    let lost = work.lost(LONG, 10).await?;
    assert_eq!(
        lost.iter().map(|lost| lost.attempt).collect::<Vec<_>>(),
        [left]
    );
    let names: Vec<_> = work
        .workers(LONG)
        .await?
        .into_iter()
        .map(|row| row.info.name)
        .collect();
    assert_eq!(names, ["staying"]);
    Ok(())
}

/// Workers heard of lately, with what they run.
pub async fn workers_are_listed(harness: &dyn Harness) -> Result<()> {
    let work = &harness.stores().work;
    let run = opened(harness).await?;
    let (a, b) = (worker("a"), worker("b"));
    work.claim(a.id, &[request(run, attempt()), request(run, attempt())])
        .await?;
    work.heartbeat(&a, &[]).await?;
    work.heartbeat(&b, &[]).await?;
    let rows = work.workers(LONG).await?;
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0].info, rows[0].running), (&a, 2));
    assert_eq!((&rows[1].info, rows[1].running), (&b, 0));
    harness.pass(BRIEF).await;
    let again = WorkerInfo { slots: 9, ..b };
    work.heartbeat(&again, &[]).await?;
    let rows = work.workers(LONG).await?;
    assert!(rows[1].seen_at > rows[0].seen_at);
    assert_eq!(rows[1].info.slots, 9);
    Ok(())
}

/// Queues for attempts that ask for labels are known once, read by pool, and forgotten out of use.
pub async fn queues_are_known_while_in_use(harness: &dyn Harness) -> Result<()> {
    let work = &harness.stores().work;
    let queue = |name: &str, pool: &str, gpu: &str| WorkQueue {
        name: name.to_owned(),
        pool: pool.to_owned(),
        selector: [("gpu".to_owned(), gpu.to_owned())].into(),
    };
    let (a, b) = (queue("p[gpu=a]", "p", "a"), queue("p[gpu=b]", "p", "b"));
    let other = queue("q[gpu=a]", "q", "a");
    work.offer(&[b.clone(), a.clone()], LONG).await?;
    work.offer(&[a.clone(), other.clone()], LONG).await?;
    work.offer(&[], LONG).await?;
    let of = |pools: &[&str]| {
        pools
            .iter()
            .map(|pool| (*pool).to_owned())
            .collect::<Vec<_>>()
    };
    let (p, both) = (of(&["p"]), of(&["q", "p"]));
    assert_eq!(work.queues(&p, LONG).await?, [a.clone(), b.clone()]);
    let all = [a.clone(), b.clone(), other.clone()];
    assert_eq!(work.queues(&both, LONG).await?, all);
    assert!(work.queues(&of(&["r"]), LONG).await?.is_empty());

    harness.pass(BRIEF).await;
    assert!(work.queues(&both, BRIEF).await?.is_empty());
    assert_eq!(work.queues(&both, LONG).await?, all);
    // In use again, and the others are forgotten.
    work.offer(std::slice::from_ref(&a), BRIEF).await?;
    assert_eq!(work.queues(&both, LONG).await?, [a]);
    Ok(())
}

fn line(run: RunId, execution: ExecutionId, number: u64) -> NewLogLine {
    NewLogLine {
        run,
        execution,
        attempt: 1,
        number,
        stream: "stdout".to_owned(),
        at: odd_time(),
        text: format!("line {number}"),
    }
}

/// Lines come back in order, each once, of the run or of one execution, from any position on.
pub async fn log_lines_in_order(harness: &dyn Harness) -> Result<()> {
    let stores = harness.stores();
    let owner = owner(harness, LONG).await?;
    let run = opened(harness).await?;
    let (a, b) = (ExecutionId(Uuid::new_v4()), ExecutionId(Uuid::new_v4()));
    let mut step = owner.step(harness, run, 1, 1)?;
    step.rows = vec![row(run, a, harness.now())];
    commit(harness, step).await?;
    stores
        .work
        .log(vec![line(run, a, 0), line(run, b, 0), line(run, a, 1)])
        .await?;
    // Sent again with something new.
    stores
        .work
        .log(vec![line(run, a, 1), line(run, a, 2), line(run_id(), a, 3)])
        .await?;
    let page = stores.reads.logs(run, None, 0, 100).await?;
    let got: Vec<_> = page
        .lines
        .iter()
        .map(|l| (l.execution, l.text.as_str()))
        .collect();
    assert_eq!(
        got,
        [(a, "line 0"), (b, "line 0"), (a, "line 1"), (a, "line 2")]
    );
    assert!(
        page.lines
            .windows(2)
            .all(|two| two[0].position < two[1].position)
    );
    assert_eq!(page.next, page.lines[3].position);
    assert_eq!(page.lines[0].task.as_deref(), Some("greet"));
    assert_eq!(page.lines[0].at, cut(odd_time()));
    let rest = stores
        .reads
        .logs(run, Some(a), page.lines[0].position, 1)
        .await?;
    assert_eq!(rest.lines.len(), 1);
    assert_eq!(rest.lines[0].text, "line 1");
    let none = stores.reads.logs(run, None, page.next, 10).await?;
    assert!(none.lines.is_empty());
    assert_eq!(none.next, page.next);
    Ok(())
}

/// Who reads on after the last position while many write misses no line.
pub async fn log_positions_miss_nothing(harness: &dyn Harness) -> Result<()> {
    let stores = harness.stores();
    let run = opened(harness).await?;
    const WRITERS: usize = 6;
    const LINES: u64 = 30;
    let writing = (0..WRITERS).map(|_| async move {
        let execution = ExecutionId(Uuid::new_v4());
        for number in 0..LINES {
            stores.work.log(vec![line(run, execution, number)]).await?;
        }
        anyhow::Ok(())
    });
    let reading = async {
        let (mut seen, mut after) = (0u64, 0);
        let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
        while seen < LINES * WRITERS as u64 {
            anyhow::ensure!(
                tokio::time::Instant::now() < deadline,
                "only {seen} lines were seen"
            );
            let page = stores.reads.logs(run, None, after, 10).await?;
            seen += page.lines.len() as u64;
            after = page.next;
            tokio::task::yield_now().await;
        }
        anyhow::Ok(())
    };
    let (written, read) = tokio::join!(futures::future::join_all(writing), reading);
    for result in written {
        result?;
    }
    read
}
