//! What the contract suite stores: runs, steps, events, packs, all small and distinct.

use super::Harness;
use anyhow::{Context as _, Result};
use attune_flow::run::{Command, ExecutionKind, ExecutionRow, Origin, Parent, RunHeader};
use attune_port::{
    Append, AppendError, CarriedHistory, Lease, NewEnforcement, NewInboxCommand, NewRun,
    OpenOutcome, RunUpdate, StoredEvent,
};
use attune_rules::{Explanation, Reason, TriggerEvent};
use attune_types::{
    EnforcementId, EventId, ExecutionId, ExecutionStatus, ExecutorId, JsonMap, JsonValue,
    ProgramHash, Ref, RunId, Timestamp,
};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;
use uuid::Uuid;

/// Long enough to never lapse while a test runs.
pub const LONG: Duration = Duration::from_secs(3_600);

/// A reference that is known to be one.
///
/// # Errors
/// If it is none.
pub fn reference(text: &str) -> Result<Ref> {
    Ok(Ref::parse(text)?)
}

/// A time with nanoseconds, which a store may cut to microseconds.
pub fn odd_time() -> Timestamp {
    Timestamp::from_nanosecond(1_767_225_600_123_456_789).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The same time as a store gives it back.
pub fn cut(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

/// An id that nothing else has.
pub fn run_id() -> RunId {
    RunId(Uuid::new_v4())
}

/// A run's fixed part.
///
/// # Errors
/// Never; references are parsed.
pub fn header(run: RunId) -> Result<RunHeader> {
    let mut parameters = JsonMap::new();
    parameters.insert("zulu".to_owned(), json!(1));
    parameters.insert("alpha".to_owned(), json!("two"));
    Ok(RunHeader {
        run,
        program: ProgramHash("p1".to_owned()),
        kind: attune_flow::program::ProgramKind::Workflow,
        action: reference("demo.greet")?,
        version: "1.0.0".to_owned(),
        parameters,
        pack_config: JsonMap::new(),
        packs: BTreeMap::from([("demo".to_owned(), "c1".to_owned())]),
        parent: None,
        depth: 0,
        origin: Origin::Request,
        started_by: "ada".to_owned(),
        hidden: Vec::new(),
        secrets: None,
        labels: BTreeMap::new(),
        trace: None,
        api_url: String::new(),
        limits: None,
        rerun: None,
    })
}

/// A row of the read model.
pub fn row(run: RunId, id: ExecutionId, created_at: Timestamp) -> ExecutionRow {
    let whole = id == ExecutionId::from(run);
    ExecutionRow {
        id,
        run,
        parent: (!whole).then(|| ExecutionId::from(run)),
        kind: if whole {
            ExecutionKind::Workflow
        } else {
            ExecutionKind::Task
        },
        task: (!whole).then(|| "greet".to_owned()),
        action: None,
        activation: 1,
        item_index: None,
        attempt: 0,
        status: ExecutionStatus::Requested,
        input: json!({"b": 1, "a": 2}),
        result: JsonValue::Null,
        error: None,
        created_at,
        started_at: None,
        ended_at: None,
        labels: BTreeMap::new(),
        cost_usd: 0.0,
        trace_tag: None,
        compensates: None,
    }
}

/// One event.
pub fn event(seq: u64, at: Timestamp) -> StoredEvent {
    StoredEvent {
        seq,
        at,
        kind: "noted".to_owned(),
        version: 3,
        data: json!({"seq": seq, "kept": "in order", "also": [1, 2.5, null, true]}),
    }
}

/// A run to be opened.
///
/// # Errors
/// Never; references are parsed.
pub fn new_run(harness: &dyn Harness, run: RunId) -> Result<NewRun> {
    let now = harness.now();
    Ok(NewRun {
        header: header(run)?,
        event: event(1, now),
        row: row(run, ExecutionId::from(run), now),
        key: None,
        carried: CarriedHistory::default(),
    })
}

/// A run that is the work of a task of another.
///
/// # Errors
/// Never; references are parsed.
pub fn child_run(harness: &dyn Harness, run: RunId, parent: RunId) -> Result<NewRun> {
    let mut new = new_run(harness, run)?;
    let execution = ExecutionId(Uuid::new_v4());
    new.header.parent = Some(Parent {
        run: parent,
        execution,
        attempt: 1,
        root: parent,
        secrets: None,
    });
    new.row.parent = Some(execution);
    Ok(new)
}

/// Opens one run and answers its id.
///
/// # Errors
/// If it was not opened.
pub async fn opened(harness: &dyn Harness) -> Result<RunId> {
    let run = run_id();
    let outcome = harness
        .stores()
        .runs
        .open(vec![new_run(harness, run)?])
        .await?;
    anyhow::ensure!(outcome == [OpenOutcome::Created], "{outcome:?}");
    Ok(run)
}

/// The owner of all shards.
#[derive(Clone, Debug)]
pub struct Owner {
    /// Who it is.
    pub id: Uuid,
    /// What it owns.
    pub leases: Vec<Lease>,
}

/// The resources of the shard family.
pub async fn shard_names(harness: &dyn Harness) -> Result<Vec<String>> {
    let shards = harness.stores().runs.shards().await?;
    Ok((0..shards).map(|shard| shard.to_string()).collect())
}

/// All shards by number.
///
/// # Errors
/// If the store does not say how many there are.
pub async fn all_shards(harness: &dyn Harness) -> Result<Vec<u16>> {
    Ok((0..harness.stores().runs.shards().await?).collect())
}

/// A new member that takes what it can.
///
/// # Errors
/// If the store fails.
pub async fn owner(harness: &dyn Harness, ttl: Duration) -> Result<Owner> {
    let id = Uuid::new_v4();
    let leases = harness
        .stores()
        .leases
        .balance("shard", id, "executor", &shard_names(harness).await?, ttl)
        .await?;
    Ok(Owner { id, leases })
}

impl Owner {
    /// A step that adds `count` events after `after`.
    ///
    /// # Errors
    /// If this member does not own the run's shard.
    pub fn step(
        &self,
        harness: &dyn Harness,
        run: RunId,
        after: u64,
        count: u64,
    ) -> Result<Append> {
        let shard = run.shard(16);
        let epoch = self
            .leases
            .iter()
            .find(|lease| lease.resource == shard.to_string())
            .context("the shard is not owned")?
            .epoch;
        let now = harness.now();
        Ok(Append {
            run,
            shard,
            epoch,
            executor: ExecutorId(self.id),
            after_seq: after,
            events: (after + 1..=after + count)
                .map(|seq| event(seq, now))
                .collect(),
            update: RunUpdate {
                status: ExecutionStatus::Running,
                active: true,
                wake_at: None,
            },
            rows: Vec::new(),
            inbox_done: Vec::new(),
            closed: Vec::new(),
            inbox: Vec::new(),
            emitted: Vec::new(),
            slot: None,
        })
    }

    /// The step that ends a run.
    ///
    /// # Errors
    /// If this member does not own the run's shard.
    pub fn last_step(&self, harness: &dyn Harness, run: RunId, after: u64) -> Result<Append> {
        let mut step = self.step(harness, run, after, 1)?;
        step.update.status = ExecutionStatus::Succeeded;
        step.update.active = false;
        Ok(step)
    }
}

/// Commits one step.
///
/// # Errors
/// What the store answered.
pub async fn commit(harness: &dyn Harness, step: Append) -> Result<Vec<RunId>, AppendError> {
    let mut answers = harness.stores().runs.append(vec![step]).await;
    assert_eq!(answers.len(), 1);
    answers.remove(0)
}

/// A command for an inbox.
pub fn command(run: RunId) -> NewInboxCommand {
    NewInboxCommand {
        id: Uuid::new_v4(),
        run,
        command: Command::Cancel {
            by: "ada".to_owned(),
            reason: Some("enough".to_owned()),
        },
    }
}

/// A trigger event.
///
/// # Errors
/// Never; references are parsed.
pub fn trigger_event(dedupe: Option<&str>) -> Result<TriggerEvent> {
    Ok(TriggerEvent {
        id: EventId(Uuid::new_v4()),
        trigger: reference("demo.alert")?,
        payload: json!({"severity": "high", "count": 3}),
        at: odd_time(),
        source: Some("test".to_owned()),
        dedupe: dedupe.map(str::to_owned),
        trigger_parameters: None,
    })
}

/// A rule's verdict that fires and starts a run.
///
/// # Errors
/// Never; references are parsed.
pub fn firing(
    harness: &dyn Harness,
    rule: &str,
    event: &TriggerEvent,
    dedupe: Option<&str>,
) -> Result<NewEnforcement> {
    let rule = reference(rule)?;
    let run = RunId::of_rule(&rule, event.id);
    let mut new = new_run(harness, run)?;
    new.header.origin = Origin::Rule {
        rule: rule.clone(),
        event: event.id,
        trigger: event.trigger.clone(),
        payload: event.payload.clone(),
        time: cut(event.at),
    };
    Ok(NewEnforcement {
        id: EnforcementId(event.id.derive(&format!("enforcement:{rule}"))),
        rule,
        fired: true,
        explanation: Explanation {
            reason: Reason::Fired,
            conditions: Vec::new(),
            message: "all conditions hold".to_owned(),
        },
        dedupe: dedupe.map(str::to_owned),
        run: Some(Box::new(new)),
    })
}

/// A rule's verdict that does not fire.
///
/// # Errors
/// Never; references are parsed.
pub fn missing(rule: &str, event: &TriggerEvent) -> Result<NewEnforcement> {
    let rule = reference(rule)?;
    Ok(NewEnforcement {
        id: EnforcementId(event.id.derive(&format!("enforcement:{rule}"))),
        rule,
        fired: false,
        explanation: Explanation {
            reason: Reason::CriteriaNotMet,
            conditions: Vec::new(),
            message: "a criterion does not hold".to_owned(),
        },
        dedupe: None,
        run: None,
    })
}
