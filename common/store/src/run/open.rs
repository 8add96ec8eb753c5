//! Opening runs, set-wise, each in full or not at all.
//!
//! Called by the port (REST, child runs) and by the ingestion of trigger events, which opens runs
//! inside its own transaction. A run that exists already is left alone; whether it is the same one is
//! told by the hash of the request that its key came with.

use super::carried;
use crate::columns::{EventColumns, RowColumns, ord};
use crate::error::Failure as _;
use crate::json;
use crate::time::{SqlTime, sql};
use attune_flow::run::Origin;
use attune_port::{NewRun, OpenOutcome, StoreError};
use attune_types::RunId;
use sqlx::Row as _;
use sqlx::postgres::PgConnection;
use std::collections::BTreeMap;
use uuid::Uuid;

#[derive(Default)]
struct RunColumns {
    ord: Vec<i32>,
    id: Vec<Uuid>,
    shard: Vec<i16>,
    status: Vec<&'static str>,
    program: Vec<String>,
    action: Vec<String>,
    pack: Vec<String>,
    parent_run: Vec<Option<Uuid>>,
    rule: Vec<Option<String>>,
    event_id: Vec<Option<Uuid>>,
    started_by: Vec<String>,
    created_at: Vec<SqlTime>,
    header: Vec<String>,
    key: Vec<Option<String>>,
    body_hash: Vec<Option<String>>,
}

impl RunColumns {
    fn push(&mut self, n: i32, shards: u16, new: &NewRun, header: String) {
        let (rule, event) = match &new.header.origin {
            Origin::Rule { rule, event, .. } => {
                (Some(rule.as_str().to_owned()), Some(event.uuid()))
            }
            _ => (None, None),
        };
        let run = new.header.run;
        self.ord.push(n);
        self.id.push(run.uuid());
        self.shard
            .push(i16::try_from(run.shard(shards)).unwrap_or(i16::MAX));
        self.status.push(new.row.status.as_str());
        self.program.push(new.header.program.0.clone());
        self.action.push(new.header.action.as_str().to_owned());
        self.pack.push(new.header.action.pack().to_owned());
        self.parent_run
            .push(new.header.parent.as_ref().map(|parent| parent.run.uuid()));
        self.rule.push(rule);
        self.event_id.push(event);
        self.started_by.push(new.header.started_by.clone());
        self.created_at.push(sql(new.row.created_at));
        self.header.push(header);
        self.key.push(new.key.as_ref().map(|key| key.key.clone()));
        self.body_hash
            .push(new.key.as_ref().map(|key| key.body_hash.clone()));
    }
}

// What opening a run checks before anything is sent.
fn check(new: &NewRun) -> Result<String, StoreError> {
    if new.event.seq != 1 {
        return Err(StoreError::Invalid("a run opens with event 1".to_owned()));
    }
    EventColumns::check(&new.event)?;
    RowColumns::check(&new.row)?;
    if let Some(key) = &new.key {
        json::check_text(&key.key)?;
    }
    carried::check(&new.carried)?;
    json::encode(&new.header)
}

/// Opens runs on a connection that may be inside a transaction, and has to be if one of them takes
/// something over. Answers in order.
pub(crate) async fn open(
    connection: &mut PgConnection,
    shards: u16,
    runs: &[&NewRun],
) -> Result<Vec<OpenOutcome>, StoreError> {
    if runs.is_empty() {
        return Ok(Vec::new());
    }
    let mut columns = RunColumns::default();
    let mut events = EventColumns::default();
    let mut rows = RowColumns::default();
    // The first of several entries for one run is the one that may open it.
    let mut first: BTreeMap<RunId, usize> = BTreeMap::new();
    for (n, new) in runs.iter().enumerate() {
        let header = check(new)?;
        if let std::collections::btree_map::Entry::Vacant(entry) = first.entry(new.header.run) {
            entry.insert(n);
            columns.push(ord(n), shards, new, header);
            events.push(ord(n), &new.event);
            rows.push(ord(n), 0, &new.row);
        }
    }
    let query = sqlx::query(include_str!("open.sql"))
        .bind(columns.ord)
        .bind(columns.id)
        .bind(columns.shard)
        .bind(columns.status)
        .bind(columns.program)
        .bind(columns.action)
        .bind(columns.pack)
        .bind(columns.parent_run)
        .bind(columns.rule)
        .bind(columns.event_id)
        .bind(columns.started_by)
        .bind(columns.created_at)
        .bind(columns.header)
        .bind(columns.key)
        .bind(columns.body_hash);
    let opened = rows
        .bind(events.bind(query))
        .fetch_all(&mut *connection)
        .await
        .store()?;
    let mut created = std::collections::BTreeSet::new();
    for row in &opened {
        let n: i32 = row.try_get("ord").store()?;
        created.insert(usize::try_from(n).unwrap_or(usize::MAX));
    }

    let fresh = created.iter().filter_map(|n| runs.get(*n).copied());
    carried::put(connection, fresh).await?;

    let mut hashes: BTreeMap<RunId, Option<String>> = BTreeMap::new();
    if created.len() < runs.len() {
        let ids: Vec<Uuid> = first.keys().map(RunId::uuid).collect();
        // A statement of its own sees what the opener that we waited for has committed.
        for row in sqlx::query(include_str!("keys.sql"))
            .bind(ids)
            .fetch_all(&mut *connection)
            .await
            .store()?
        {
            let id: Uuid = row.try_get("id").store()?;
            hashes.insert(RunId(id), row.try_get("body_hash").store()?);
        }
    }
    Ok(runs
        .iter()
        .enumerate()
        .map(|(n, new)| {
            if created.contains(&n) {
                return OpenOutcome::Created;
            }
            let stored = hashes.get(&new.header.run).and_then(Option::as_ref);
            let asked = new.key.as_ref().map(|key| &key.body_hash);
            match (stored, asked) {
                (Some(stored), Some(asked)) if stored != asked => OpenOutcome::KeyMismatch,
                _ => OpenOutcome::Exists,
            }
        })
        .collect())
}
