//! The group commit: many runs' steps in one statement.
//!
//! Called by the executor's committer through the port. What cannot be stored (NUL) is refused here
//! before anything is sent, for its own run only. If the reply is lost the commit may have happened:
//! every run of the batch is told `Unavailable`, and its actor loads again what the log says. Nothing
//! is tried again then: a second try would meet the first one's events and call them a conflict. Only
//! when the database refused a batch for what is in it, so that nothing of it was written, is each run
//! written by itself: what is wrong with one is no matter of the others.

use crate::columns::{EventColumns, InboxColumns, RowColumns, TriggerColumns, int, ord};
use crate::error::{Failure as _, repeat};
use crate::json;
use crate::pool::PgStore;
use crate::slot::{self, Line};
use crate::time::{SqlTime, sql};
use attune_port::{Append, AppendError, StoreError};
use attune_types::RunId;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use std::collections::BTreeSet;
use uuid::Uuid;

/// The answer to one append.
type Answer = Result<Vec<RunId>, AppendError>;

/// Bytes of one statement, roughly; more is written by several.
const MOST_BYTES: usize = 32 << 20;

#[derive(Default)]
struct RunColumns {
    ord: Vec<i32>,
    run: Vec<Uuid>,
    shard: Vec<String>,
    epoch: Vec<i64>,
    executor: Vec<Uuid>,
    after_seq: Vec<i64>,
    last_seq: Vec<i64>,
    status: Vec<&'static str>,
    active: Vec<bool>,
    wake_at: Vec<Option<SqlTime>>,
}

#[derive(Default)]
struct Batch {
    runs: RunColumns,
    events: EventColumns,
    rows: RowColumns,
    closed: (Vec<i32>, Vec<Uuid>),
    answered: (Vec<i32>, Vec<Uuid>),
    sent: InboxColumns,
    emitted: TriggerColumns,
    /// Ends of runs that stood in a line.
    slots: Vec<(usize, RunId, Line)>,
}

/// Position of the `index`-th new row of a step that begins after event `after`: rows come in the
/// order of the log, and in the writer's order within a step.
fn position(after: u64, index: usize) -> i64 {
    let index = i64::try_from(index).unwrap_or(i64::MAX).min((1 << 20) - 1);
    int(after).saturating_mul(1 << 20).saturating_add(index)
}

fn check(append: &Append) -> Result<Vec<String>, StoreError> {
    let mut expected = append.after_seq;
    for event in &append.events {
        expected = expected.saturating_add(1);
        if event.seq != expected {
            return Err(StoreError::Invalid(format!(
                "event {} stands where event {expected} belongs",
                event.seq
            )));
        }
        EventColumns::check(event)?;
    }
    append.rows.iter().try_for_each(RowColumns::check)?;
    append
        .emitted
        .iter()
        .try_for_each(|emitted| TriggerColumns::check(&emitted.event))?;
    append
        .inbox
        .iter()
        .map(|command| json::encode(&command.command))
        .collect()
}

impl Batch {
    fn push(&mut self, n: i32, append: &Append, commands: Vec<String>) {
        let runs = &mut self.runs;
        runs.ord.push(n);
        runs.run.push(append.run.uuid());
        runs.shard.push(append.shard.to_string());
        runs.epoch.push(int(append.epoch));
        runs.executor.push(append.executor.uuid());
        runs.after_seq.push(int(append.after_seq));
        runs.last_seq.push(int(append
            .events
            .last()
            .map_or(append.after_seq, |last| last.seq)));
        runs.status.push(append.update.status.as_str());
        runs.active.push(append.update.active);
        runs.wake_at.push(append.update.wake_at.map(sql));
        for event in &append.events {
            self.events.push(n, event);
        }
        // The same row twice in one step: the later one counts.
        let mut seen = BTreeSet::new();
        for (index, row) in append.rows.iter().enumerate().rev() {
            if seen.insert(row.id) {
                self.rows.push(n, position(append.after_seq, index), row);
            }
        }
        let closed: BTreeSet<_> = append.closed.iter().collect();
        for attempt in closed {
            self.closed.0.push(n);
            self.closed.1.push(attempt.uuid());
        }
        let answered: BTreeSet<_> = append.inbox_done.iter().collect();
        for id in answered {
            self.answered.0.push(n);
            self.answered.1.push(*id);
        }
        for (command, text) in append.inbox.iter().zip(commands) {
            self.sent.push(n, command, text);
        }
        for emitted in &append.emitted {
            self.emitted.push(n, &emitted.event);
        }
        if let Some(line) = append.slot.as_ref().filter(|_| !append.update.active) {
            let n = usize::try_from(n).unwrap_or(usize::MAX);
            self.slots.push((n, append.run, Line::from(line)));
        }
    }

    fn bytes(&self) -> usize {
        self.events.bytes + self.rows.bytes
    }

    async fn write(self, store: &PgStore) -> Result<Vec<Verdict>, StoreError> {
        let slots = self.slots;
        let query = sqlx::query(include_str!("append.sql"))
            .bind(self.runs.ord)
            .bind(self.runs.run)
            .bind(self.runs.shard)
            .bind(self.runs.epoch)
            .bind(self.runs.executor)
            .bind(self.runs.after_seq)
            .bind(self.runs.last_seq)
            .bind(self.runs.status)
            .bind(self.runs.active)
            .bind(self.runs.wake_at);
        let query = self.events.bind(query);
        let query = self
            .rows
            .bind(query)
            .bind(self.closed.0)
            .bind(self.closed.1)
            .bind(self.answered.0)
            .bind(self.answered.1);
        let query = self.emitted.bind(self.sent.bind(query));
        if slots.is_empty() {
            let rows = query.fetch_all(&store.engine).await.store()?;
            return verdicts(&rows);
        }
        // Places are freed, and given to the next, in the transaction that ends the run.
        let mut transaction = store.engine.begin().await.store()?;
        let rows = query.fetch_all(&mut *transaction).await.store()?;
        let mut verdicts = verdicts(&rows)?;
        let good: BTreeSet<usize> = verdicts
            .iter()
            .filter(|verdict| verdict.code == 0)
            .map(|verdict| verdict.n)
            .collect();
        let ended: Vec<(usize, RunId, Line)> = slots
            .into_iter()
            .filter(|(n, ..)| good.contains(n))
            .collect();
        let freed: Vec<(RunId, Line)> = ended
            .iter()
            .map(|(_, run, line)| (*run, line.clone()))
            .collect();
        let given = slot::free(&mut transaction, &freed).await?;
        transaction.commit().await.store()?;
        for (run, line) in given {
            let by = ended.iter().find(|(_, _, freed)| *freed == line);
            if let Some((by, ..)) = by
                && let Some(verdict) = verdicts.iter_mut().find(|verdict| verdict.n == *by)
            {
                verdict.given.push(run);
            }
        }
        Ok(verdicts)
    }
}

/// What the database says to one entry.
struct Verdict {
    n: usize,
    code: i32,
    /// Runs that got the place of the one that ended.
    given: Vec<RunId>,
}

fn verdicts(rows: &[PgRow]) -> Result<Vec<Verdict>, StoreError> {
    rows.iter()
        .map(|row| {
            let n: i32 = row.try_get("ord").store()?;
            Ok(Verdict {
                n: usize::try_from(n).unwrap_or(usize::MAX),
                code: row.try_get("code").store()?,
                given: Vec::new(),
            })
        })
        .collect()
}

/// Commits a batch; answers in order.
pub(crate) async fn append(store: &PgStore, batch: Vec<Append>) -> Vec<Answer> {
    let mut answers: Vec<Answer> = Vec::with_capacity(batch.len());
    let mut columns = Batch::default();
    let mut together = Vec::new();
    let mut runs = BTreeSet::new();
    for (n, append) in batch.iter().enumerate() {
        answers.push(match check(append) {
            Err(error) => Err(AppendError::Store(error)),
            Ok(_) if !runs.insert(append.run) => Err(moved(append)),
            Ok(commands) => {
                columns.push(ord(n), append, commands);
                together.push(n);
                Ok(Vec::new())
            }
        });
        if columns.bytes() >= MOST_BYTES {
            let full = std::mem::take(&mut columns);
            write(store, &batch, full, &together, &mut answers).await;
            together.clear();
        }
    }
    if !together.is_empty() {
        write(store, &batch, columns, &together, &mut answers).await;
    }
    answers
}

/// Writes the entries `together` of a batch and notes the answers.
async fn write(
    store: &PgStore,
    batch: &[Append],
    columns: Batch,
    together: &[usize],
    answers: &mut [Answer],
) {
    let error = match columns.write(store).await {
        Ok(verdicts) => return note(batch, verdicts, answers),
        Err(error) => error,
    };
    let alone = !error.is_transient() && together.len() > 1;
    for n in together {
        let (Some(append), Some(answer)) = (batch.get(*n), answers.get_mut(*n)) else {
            continue;
        };
        let commands = match check(append) {
            Ok(commands) if alone => commands,
            _ => {
                *answer = Err(AppendError::Store(repeat(&error)));
                continue;
            }
        };
        let mut single = Batch::default();
        single.push(ord(*n), append, commands);
        match single.write(store).await {
            Ok(verdicts) => note(batch, verdicts, answers),
            Err(error) => *answer = Err(AppendError::Store(error)),
        }
    }
}

fn note(batch: &[Append], verdicts: Vec<Verdict>, answers: &mut [Answer]) {
    for verdict in verdicts {
        let n = verdict.n;
        if let (Some(answer), Some(append)) = (answers.get_mut(n), batch.get(n)) {
            *answer = match verdict.code {
                0 => Ok(verdict.given),
                1 => Err(AppendError::Fenced {
                    shard: append.shard,
                    epoch: append.epoch,
                }),
                _ => Err(moved(append)),
            };
        }
    }
}

fn moved(append: &Append) -> AppendError {
    AppendError::Moved {
        run: append.run,
        after_seq: append.after_seq,
    }
}
