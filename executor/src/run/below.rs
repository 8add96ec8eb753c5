//! Child runs: opened, retried, paused, resumed, cancelled, and asked to undo what they did.
//!
//! Owns what a run says to the runs below it. Everything goes through the store, so that it waits there
//! for whoever owns the child run. Called by the performance of effects. Failure: what could not be
//! stored stays on the list of what is looked after, and is tried again.

use super::actor::RunCell;
use super::end::not_retried;
use attune_catalogue::{Opening, StartRequest, prepare};
use attune_flow::run::{ChildOrder, Command, EffectKey, Origin, Outcome, Parent, RunHeader};
use attune_port::NewInboxCommand;
use attune_types::{AttemptId, ErrorInfo, ExecutionStatus, JsonValue, RunId, code};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use uuid::Uuid;

impl RunCell {
    /// Opens child runs, and has those of earlier attempts go on.
    pub(super) async fn open_children(&mut self, orders: Vec<ChildOrder>) {
        let (again, mut fresh): (Vec<_>, Vec<_>) =
            orders.into_iter().partition(|order| order.again.is_some());
        fresh.extend(self.retry_children(again).await);
        if fresh.is_empty() {
            return;
        }
        let Some(live) = &self.live else { return };
        let header = live.state.header().clone();
        let catalogue = self.registry.shared.deps.directory.current();
        let deps = &self.registry.shared.deps;
        let with = Opening {
            at: deps.clock.now(),
            entropy: deps.clock.entropy(),
            keys: &*deps.stores.keys,
        };
        let mut opening = Vec::new();
        for order in fresh {
            let (attempt, wait) = (order.attempt, order.wait);
            match prepare(&catalogue, child_request(&header, order), &with) {
                Ok(new) => {
                    let performer = &self.registry.shared.performer;
                    let answer = performer.opener.clone();
                    let run = new.header.run;
                    opening.push(async move { (attempt, wait, run, answer.call(new).await) });
                }
                Err(error) => self.close(
                    attempt,
                    Outcome::Failed {
                        error: error.to_error_info(),
                        result: JsonValue::Null,
                        process: None,
                    },
                ),
            }
        }
        let mut opened = Vec::new();
        for (attempt, wait, run, answer) in futures::future::join_all(opening).await {
            match answer {
                Some(Ok(_)) => {
                    self.care.opened(&attempt);
                    opened.push(run);
                    if !wait {
                        self.close(attempt, goes_its_own_way(run));
                    }
                }
                Some(Err(error)) => {
                    tracing::warn!(%run, error, "a child run could not be opened now; it is tried again");
                }
                None => {}
            }
        }
        self.registry
            .shared
            .performer
            .hint_runs(&self.registry, opened);
    }

    /// Asks the child runs of earlier attempts to go on; each answers by its end, or that it cannot.
    /// Gives those that do not exist: they were never opened, and are now. One that was put aside answers
    /// nothing: what it was sent came before that, and then the store has told, or it is seen here.
    async fn retry_children(&mut self, orders: Vec<ChildOrder>) -> Vec<ChildOrder> {
        if orders.is_empty() {
            return orders;
        }
        let registry = Arc::clone(&self.registry);
        let shared = &registry.shared;
        let asking = orders.iter().filter(|order| order.wait).map(async |order| {
            let attempt = order.attempt;
            let command = NewInboxCommand {
                id: order.run.derive(&format!("retry for {attempt}")),
                run: order.run,
                command: Command::Retry {
                    by: order.again.clone().unwrap_or_default(),
                    request: attempt.uuid(),
                    attempt: Some(attempt),
                },
            };
            let stored = shared.performer.command_run(&registry, command).await;
            (!stored).then_some(attempt)
        });
        let unsent: HashSet<AttemptId> = futures::future::join_all(asking)
            .await
            .into_iter()
            .flatten()
            .collect();
        let runs: Vec<RunId> = orders.iter().map(|order| order.run).collect();
        let standing = match shared.deps.stores.runs.standing(&runs).await {
            Ok(standing) => standing,
            Err(error) => {
                tracing::warn!(run = %self.run, %error, "child runs could not be asked to go on now; it is tried again");
                return Vec::new();
            }
        };
        let mut missing = Vec::new();
        for order in orders {
            match standing.get(&order.run) {
                None => missing.push(order),
                Some(_) if !order.wait => {
                    self.care.opened(&order.attempt);
                    self.close(order.attempt, goes_its_own_way(order.run));
                }
                Some(ExecutionStatus::Abandoned) => {
                    self.close(order.attempt, not_retried(order.run, "it was put aside"));
                }
                Some(_) if unsent.contains(&order.attempt) => {}
                Some(_) => self.care.opened(&order.attempt),
            }
        }
        missing
    }

    /// Ends an attempt of this run that nobody else can end.
    fn close(&self, attempt: AttemptId, outcome: Outcome) {
        let command = Command::AttemptFinished { attempt, outcome };
        self.registry.command(self.run, command, None, None);
    }

    /// Pauses and resumes child runs, in the order in which it was decided. What could not be stored,
    /// or would be dropped since its child run is not open yet, is tried again.
    pub(super) async fn steer_children(&mut self, steered: Vec<(EffectKey, RunId, Command)>) {
        let registry = &self.registry;
        let sending = steered
            .into_iter()
            .filter(|(_, run, _)| !self.care.is_on_its_way(*run))
            .map(async |(key, run, command)| {
                let id = self.fresh_id();
                let command = NewInboxCommand { id, run, command };
                let performer = &registry.shared.performer;
                (key, performer.command_run(registry, command).await)
            });
        for (key, stored) in futures::future::join_all(sending).await {
            if stored {
                self.care.told(&key);
            }
        }
    }

    fn fresh_id(&self) -> Uuid {
        Uuid::from_bytes(self.registry.shared.deps.clock.entropy())
    }

    pub(super) fn command_child(&self, run: RunId, id: Uuid, command: Command) {
        let registry = Arc::clone(&self.registry);
        tokio::spawn(async move {
            let command = NewInboxCommand { id, run, command };
            registry
                .shared
                .performer
                .command_run(&registry, command)
                .await;
        });
    }

    /// Asks a child run to undo what it did. One that was never opened has nothing to undo, and one
    /// that was put aside cannot: both are answered here.
    pub(super) fn undo_child(&self, child: RunId, attempt: AttemptId, by: String) {
        let registry = Arc::clone(&self.registry);
        let own = self.run;
        tokio::spawn(async move {
            let shared = &registry.shared;
            let row = match shared.deps.stores.reads.execution(child.into()).await {
                Ok(row) => row,
                Err(error) => {
                    tracing::warn!(run = %own, %child, %error, "a child run could not be asked to undo now; it is tried again");
                    return;
                }
            };
            let outcome = match row.map(|row| row.status) {
                None => Outcome::Succeeded {
                    result: JsonValue::Null,
                    process: None,
                },
                Some(ExecutionStatus::Abandoned) => Outcome::Failed {
                    error: ErrorInfo::new(
                        code::COMPENSATION_FAILED,
                        format!("the child run {child} was put aside and cannot be undone"),
                    ),
                    result: JsonValue::Null,
                    process: None,
                },
                Some(_) => {
                    let id = child.derive(&format!("undo for {attempt}"));
                    let command = Command::Compensate {
                        by,
                        request: attempt.uuid(),
                        attempt: Some(attempt),
                    };
                    let run = child;
                    let command = NewInboxCommand { id, run, command };
                    shared.performer.command_run(&registry, command).await;
                    return;
                }
            };
            let command = Command::AttemptFinished { attempt, outcome };
            registry.command(own, command, None, None);
        });
    }
}

/// What a task gets that does not wait for its child run.
fn goes_its_own_way(child: RunId) -> Outcome {
    Outcome::Succeeded {
        result: JsonValue::from(child.to_string()),
        process: None,
    }
}

fn child_request(header: &RunHeader, order: ChildOrder) -> StartRequest {
    StartRequest {
        run: order.run,
        action: order.action,
        parameters: order.parameters,
        origin: Origin::Parent,
        parent: Some(Parent {
            run: header.run,
            execution: order.execution,
            attempt: order.number,
            root: header
                .parent
                .as_ref()
                .map_or(header.run, |parent| parent.root),
            secrets: order.secrets,
        }),
        depth: order.depth,
        started_by: header.started_by.clone(),
        labels: BTreeMap::new(),
        trace: header.trace.clone(),
        api_url: header.api_url.clone(),
        key: None,
    }
}
