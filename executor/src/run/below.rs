//! Child runs: opened, paused, resumed, cancelled, and asked to undo what they did.
//!
//! Owns what a run says to the runs below it. Everything goes through the store, so that it waits there
//! for whoever owns the child run. Called by the performance of effects. Failure: what could not be
//! stored stays on the list of what is looked after, and is tried again.

use super::actor::RunCell;
use attune_catalogue::{Opening, StartRequest, prepare};
use attune_flow::run::{ChildOrder, Command, EffectKey, Origin, Outcome, Parent, RunHeader};
use attune_port::NewInboxCommand;
use attune_types::{AttemptId, ErrorInfo, ExecutionStatus, RunId, code};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

impl RunCell {
    pub(super) async fn open_children(&mut self, orders: Vec<ChildOrder>) {
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
        for order in orders {
            let (attempt, wait) = (order.attempt, order.wait);
            match prepare(&catalogue, child_request(&header, order), &with) {
                Ok(new) => {
                    let performer = &self.registry.shared.performer;
                    let answer = performer.opener.clone();
                    let run = new.header.run;
                    opening.push(async move { (attempt, wait, run, answer.call(new).await) });
                }
                Err(error) => {
                    let outcome = Outcome::Failed {
                        error: error.to_error_info(),
                        result: serde_json::Value::Null,
                        process: None,
                    };
                    let command = Command::AttemptFinished { attempt, outcome };
                    self.registry.command(self.run, command, None, None);
                }
            }
        }
        let mut opened = Vec::new();
        for (attempt, wait, run, answer) in futures::future::join_all(opening).await {
            match answer {
                Some(Ok(_)) => {
                    self.care.opened(&attempt);
                    opened.push(run);
                    if !wait {
                        let result = serde_json::Value::from(run.to_string());
                        let outcome = Outcome::Succeeded {
                            result,
                            process: None,
                        };
                        let command = Command::AttemptFinished { attempt, outcome };
                        self.registry.command(self.run, command, None, None);
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

    /// Pauses and resumes child runs, in the order in which it was decided. What could not be stored,
    /// or would be dropped since its child run is not open yet, is tried again.
    pub(super) async fn steer_children(&mut self, steered: Vec<(EffectKey, RunId, Command)>) {
        let registry = &self.registry;
        let sending = steered
            .into_iter()
            .filter(|(_, run, _)| !self.care.is_on_its_way(AttemptId(run.uuid())))
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
                    result: serde_json::Value::Null,
                    process: None,
                },
                Some(ExecutionStatus::Abandoned) => Outcome::Failed {
                    error: ErrorInfo::new(
                        code::COMPENSATION_FAILED,
                        format!("the child run {child} was put aside and cannot be undone"),
                    ),
                    result: serde_json::Value::Null,
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
