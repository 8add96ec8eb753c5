//! Places among the runs of a workflow on PostgreSQL.
//!
//! Owns `run_slot`. Every change of a line is made under the lock of that line, which is held to the
//! end of the transaction; locks of several lines are taken in the order of their numbers, and always
//! after the locks on rows of runs, so that nobody waits in a circle. Each statement after the lock sees
//! what was committed before it was given.

mod line;

pub(crate) use line::Line;

use crate::columns::{InboxColumns, ord};
use crate::error::Failure as _;
use crate::json;
use crate::pool::PgStore;
use async_trait::async_trait;
use attune_flow::program::OnLimit;
use attune_flow::run::Command;
use attune_port::{
    HOLDERS_NAMED, NewInboxCommand, SlotAnswer, SlotAnswers, SlotRequest, SlotRow, SlotStore,
    StoreError,
};
use attune_types::RunId;
use sqlx::Row as _;
use sqlx::postgres::{PgConnection, PgRow};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Places of one line given by one statement.
const MOST_GIVEN: i64 = 200;

fn columns(lines: &BTreeSet<Line>) -> (Vec<String>, Vec<String>) {
    lines
        .iter()
        .map(|line| (line.workflow.clone(), line.line.clone()))
        .unzip()
}

fn uuids<'a>(runs: impl IntoIterator<Item = &'a RunId>) -> Vec<Uuid> {
    runs.into_iter().map(RunId::uuid).collect()
}

fn run_ids(rows: &[PgRow]) -> Result<Vec<RunId>, StoreError> {
    rows.iter()
        .map(|row| row.try_get("run_id").map(RunId).store())
        .collect()
}

async fn lock(connection: &mut PgConnection, lines: &BTreeSet<Line>) -> Result<(), StoreError> {
    let numbers: BTreeSet<i64> = lines.iter().map(Line::lock).collect();
    sqlx::query(include_str!("lock.sql"))
        .bind(numbers.into_iter().collect::<Vec<i64>>())
        .execute(connection)
        .await
        .store()?;
    Ok(())
}

/// Gives free places of locked lines.
async fn grant(
    connection: &mut PgConnection,
    lines: &BTreeSet<Line>,
) -> Result<Vec<(RunId, Line)>, StoreError> {
    let mut given = Vec::new();
    let (workflows, keys) = columns(lines);
    loop {
        let rows = sqlx::query(include_str!("grant.sql"))
            .bind(workflows.clone())
            .bind(keys.clone())
            .bind(MOST_GIVEN)
            .fetch_all(&mut *connection)
            .await
            .store()?;
        for row in &rows {
            given.push((RunId(row.try_get("run_id").store()?), Line::read(row)?));
        }
        // Fewer than that cannot have filled one line.
        if (rows.len() as i64) < MOST_GIVEN {
            return Ok(given);
        }
    }
}

async fn tell(
    connection: &mut PgConnection,
    commands: Vec<NewInboxCommand>,
) -> Result<(), StoreError> {
    if commands.is_empty() {
        return Ok(());
    }
    let mut inbox = InboxColumns::default();
    for (n, command) in commands.iter().enumerate() {
        inbox.push(ord(n), command, json::encode(&command.command)?);
    }
    inbox
        .bind(sqlx::query(include_str!("../run/send.sql")))
        .execute(connection)
        .await
        .store()?;
    Ok(())
}

fn granted(run: RunId) -> NewInboxCommand {
    NewInboxCommand {
        id: run.derive("slot granted"),
        run,
        command: Command::SlotGranted,
    }
}

/// Frees the places of runs that end in this transaction. Answers who got one, with the line.
pub(crate) async fn free(
    connection: &mut PgConnection,
    ended: &[(RunId, Line)],
) -> Result<Vec<(RunId, Line)>, StoreError> {
    free_by(connection, ended, include_str!("free.sql")).await
}

async fn free_by(
    connection: &mut PgConnection,
    ended: &[(RunId, Line)],
    statement: &'static str,
) -> Result<Vec<(RunId, Line)>, StoreError> {
    if ended.is_empty() {
        return Ok(Vec::new());
    }
    let lines: BTreeSet<Line> = ended.iter().map(|(_, line)| line.clone()).collect();
    lock(&mut *connection, &lines).await?;
    sqlx::query(statement)
        .bind(uuids(ended.iter().map(|(run, _)| run)))
        .execute(&mut *connection)
        .await
        .store()?;
    let given = grant(&mut *connection, &lines).await?;
    let commands = given.iter().map(|(run, _)| granted(*run)).collect();
    tell(connection, commands).await?;
    Ok(given)
}

/// The line in which a run stands, if it stands in one.
pub(crate) async fn line_of(
    connection: &mut PgConnection,
    run: RunId,
) -> Result<Vec<(RunId, Line)>, StoreError> {
    let rows = sqlx::query(include_str!("of_run.sql"))
        .bind(run.uuid())
        .fetch_all(connection)
        .await
        .store()?;
    with_lines(&rows)
}

fn with_lines(rows: &[PgRow]) -> Result<Vec<(RunId, Line)>, StoreError> {
    rows.iter()
        .map(|row| Ok((RunId(row.try_get("run_id").store()?), Line::read(row)?)))
        .collect()
}

async fn ask(connection: &mut PgConnection, requests: &[SlotRequest]) -> Result<(), StoreError> {
    let lines: Vec<Line> = requests.iter().map(|r| Line::from(&r.line)).collect();
    sqlx::query(include_str!("ask.sql"))
        .bind((0..requests.len()).map(ord).collect::<Vec<i32>>())
        .bind(uuids(requests.iter().map(|request| &request.run)))
        .bind(
            lines
                .iter()
                .map(|line| line.workflow.clone())
                .collect::<Vec<_>>(),
        )
        .bind(
            lines
                .iter()
                .map(|line| line.line.clone())
                .collect::<Vec<_>>(),
        )
        .bind(
            requests
                .iter()
                .map(|request| i64::from(request.limit))
                .collect::<Vec<_>>(),
        )
        .execute(connection)
        .await
        .store()?;
    Ok(())
}

/// Those of these requests whose runs do not want to stand in line.
async fn withdraw(
    connection: &mut PgConnection,
    requests: &[SlotRequest],
) -> Result<BTreeSet<RunId>, StoreError> {
    let unwilling: Vec<RunId> = requests
        .iter()
        .filter(|request| request.on_limit == OnLimit::Reject)
        .map(|request| request.run)
        .collect();
    if unwilling.is_empty() {
        return Ok(BTreeSet::new());
    }
    let rows = sqlx::query(include_str!("withdraw.sql"))
        .bind(uuids(&unwilling))
        .fetch_all(connection)
        .await
        .store()?;
    Ok(run_ids(&rows)?.into_iter().collect())
}

/// Tells the oldest to make room where that is asked for.
async fn displace(
    connection: &mut PgConnection,
    requests: &[SlotRequest],
) -> Result<Vec<RunId>, StoreError> {
    let pushing: BTreeMap<RunId, &SlotRequest> = requests
        .iter()
        .filter(|request| request.on_limit == OnLimit::CancelOldest)
        .map(|request| (request.run, request))
        .collect();
    if pushing.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query(include_str!("displace.sql"))
        .bind(uuids(pushing.keys()))
        .fetch_all(&mut *connection)
        .await
        .store()?;
    let mut commands = Vec::with_capacity(rows.len());
    for row in &rows {
        let going = RunId(row.try_get("run_id").store()?);
        let asking = RunId(row.try_get("asking").store()?);
        if let Some(request) = pushing.get(&asking) {
            commands.push(request.displacement(going));
        }
    }
    let told = commands.iter().map(|command| command.run).collect();
    tell(connection, commands).await?;
    Ok(told)
}

async fn holders(
    connection: &mut PgConnection,
    lines: &BTreeSet<Line>,
) -> Result<BTreeMap<Line, Vec<RunId>>, StoreError> {
    let (workflows, keys) = columns(lines);
    let rows = sqlx::query(include_str!("holders.sql"))
        .bind(workflows)
        .bind(keys)
        .bind(i64::from(HOLDERS_NAMED))
        .fetch_all(connection)
        .await
        .store()?;
    let mut found: BTreeMap<Line, Vec<RunId>> = BTreeMap::new();
    for (run, line) in with_lines(&rows)? {
        found.entry(line).or_default().push(run);
    }
    Ok(found)
}

#[async_trait]
impl SlotStore for PgStore {
    async fn acquire(&self, requests: Vec<SlotRequest>) -> Result<SlotAnswers, StoreError> {
        if requests.is_empty() {
            return Ok(SlotAnswers::default());
        }
        for key in requests.iter().filter_map(|r| r.line.key.as_ref()) {
            json::check_text(key)?;
        }
        let lines: BTreeSet<Line> = requests.iter().map(|r| Line::from(&r.line)).collect();
        let mut transaction = self.engine.begin().await.store()?;
        lock(&mut transaction, &lines).await?;
        ask(&mut transaction, &requests).await?;
        let mut given = grant(&mut transaction, &lines).await?;
        let refused = withdraw(&mut transaction, &requests).await?;
        if !refused.is_empty() {
            // They may have held up others with a higher limit.
            given.extend(grant(&mut transaction, &lines).await?);
        }
        let mut told = displace(&mut transaction, &requests).await?;
        let asking: BTreeSet<RunId> = requests.iter().map(|request| request.run).collect();
        let others: Vec<RunId> = given
            .into_iter()
            .map(|(run, _)| run)
            .filter(|run| !asking.contains(run))
            .collect();
        tell(
            &mut transaction,
            others.iter().copied().map(granted).collect(),
        )
        .await?;
        told.extend(others);
        let rows = sqlx::query(include_str!("state.sql"))
            .bind(uuids(&asking))
            .fetch_all(&mut *transaction)
            .await
            .store()?;
        let mut stands = BTreeMap::new();
        for row in &rows {
            let own: bool = row.try_get("granted").store()?;
            stands.insert(RunId(row.try_get("run_id").store()?), own);
        }
        let holders = holders(&mut transaction, &lines).await?;
        transaction.commit().await.store()?;
        let answers = requests
            .iter()
            .map(|request| {
                let line = Line::from(&request.line);
                let holders = || holders.get(&line).cloned().unwrap_or_default();
                match stands.get(&request.run) {
                    Some(true) => SlotAnswer::Granted,
                    Some(false) => SlotAnswer::Queued { holders: holders() },
                    None if refused.contains(&request.run) => {
                        SlotAnswer::Refused { holders: holders() }
                    }
                    None => SlotAnswer::Over,
                }
            })
            .collect();
        Ok(SlotAnswers { answers, told })
    }

    async fn free_left_behind(&self, limit: u32) -> Result<Vec<RunId>, StoreError> {
        let rows = sqlx::query(include_str!("left_behind.sql"))
            .bind(i64::from(limit))
            .fetch_all(&self.engine)
            .await
            .store()?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let left = with_lines(&rows)?;
        let mut transaction = self.engine.begin().await.store()?;
        let given = free_by(&mut transaction, &left, include_str!("free_over.sql")).await?;
        transaction.commit().await.store()?;
        Ok(given.into_iter().map(|(run, _)| run).collect())
    }

    async fn slot(&self, run: RunId) -> Result<Option<SlotRow>, StoreError> {
        let row = sqlx::query(include_str!("one.sql"))
            .bind(run.uuid())
            .bind(i64::from(HOLDERS_NAMED))
            .fetch_optional(&self.people)
            .await
            .store()?;
        let Some(row) = row else { return Ok(None) };
        let own: bool = row.try_get("granted").store()?;
        let limit: i64 = row.try_get("max_runs").store()?;
        let before: i64 = row.try_get("before").store()?;
        let holders: Vec<Uuid> = row.try_get("holders").store()?;
        Ok(Some(SlotRow {
            line: Line::read(&row)?.into_port()?,
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
            before: (!own).then(|| u32::try_from(before).unwrap_or(u32::MAX)),
            holders: holders.into_iter().map(RunId).collect(),
        }))
    }
}
