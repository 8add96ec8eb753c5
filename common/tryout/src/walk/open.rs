//! Opening runs: the run itself and its child runs.
//!
//! A child run is opened as the executor opens it: parameters validated, the depth passed on. What
//! cannot be opened for real is answered as an error of the task; what is not known here stops the
//! walk.

use super::trial::{mocked, trial};
use super::world::{Live, Todo, World};
use super::{Missing, Stopped};
use crate::setup::withhold;
use attune_flow::program::Program;
use attune_flow::run::{
    ChildOrder, Command, Event, Execution, Origin, Outcome, Parent, RunHeader, RunState,
};
use attune_types::{AttemptId, ErrorInfo, JsonMap, JsonValue, code};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

impl World<'_> {
    /// Opens the run itself.
    pub(super) fn open_root(&mut self, program: &Arc<Program>, parameters: JsonMap) {
        let header = self.setup.header(self.library, program, parameters);
        self.open(header, program, String::new(), String::new(), None);
    }

    /// Opens a child run, or answers for it where it cannot be opened.
    pub(super) fn open_child(&mut self, above: usize, order: ChildOrder) {
        let Some(live) = self.runs.get(above) else {
            return;
        };
        let Some(execution) = live.state.execution(order.execution) else {
            return;
        };
        if let (Some(by), Some(child)) = (&order.again, self.by_id.get(&order.run).copied()) {
            return self.retry_child(child, by.clone(), order.attempt);
        }
        let path = format!("{}{}/", live.path, execution.name);
        let place = format!("{}/", place_of(live, execution));
        let task = format!("{}{}", live.path, execution.name);
        let most = self.setup.most_runs;
        if self.runs.len() >= most {
            self.stopped = Some(Stopped::TooLong(format!("{most} child runs")));
            return;
        }
        let Some(program) = self.library.program(&order.action) else {
            let broken = self.library.is_broken(&order.action);
            let action = order.action;
            let undoes = false;
            let missing = Missing {
                task,
                action,
                undoes,
            };
            self.stopped = Some(if broken {
                Stopped::BrokenWorkflow(missing)
            } else {
                Stopped::UnknownWorkflow(missing)
            });
            return;
        };
        let hidden = |text: &str| order.secrets.as_ref()?.hidden_type(text);
        let checked = program
            .parameters
            .validate_around(&order.parameters, &hidden);
        let parameters = match checked {
            Ok(parameters) => parameters,
            Err(errors) => {
                let list: Vec<String> = errors.iter().map(ToString::to_string).collect();
                let error = ErrorInfo::new(
                    code::INPUT_INVALID,
                    format!(
                        "the parameters of `{}` are not right: {}",
                        order.action,
                        list.join("; ")
                    ),
                )
                .with_details(json!({ "errors": errors }));
                return self.answer(
                    above,
                    order.attempt,
                    Outcome::Failed {
                        error,
                        result: JsonValue::Null,
                        process: None,
                    },
                );
            }
        };
        let header = self.child_header(&live.state, &program, &order, parameters);
        let parent = Some((above, order.execution));
        let child = self.runs.len();
        self.open(header, &program, path, place, parent);
        if order.wait {
            if let Some(live) = self.runs.get_mut(child) {
                live.awaited = true;
            }
        } else {
            let result = order.run.to_string().into();
            let outcome = Outcome::Succeeded {
                result,
                process: None,
            };
            self.answer(above, order.attempt, outcome);
        }
    }

    /// Has the child run of an earlier attempt go on.
    fn retry_child(&mut self, child: usize, by: String, attempt: AttemptId) {
        if let Some(live) = self.runs.get_mut(child) {
            live.awaited = true;
        }
        let command = Command::Retry {
            by,
            request: attempt.uuid(),
            attempt: Some(attempt),
        };
        self.todo.push_back(Todo::Send(child, command));
    }

    fn child_header(
        &self,
        above: &RunState,
        program: &Program,
        order: &ChildOrder,
        parameters: JsonMap,
    ) -> RunHeader {
        let header = above.header();
        let root = self.runs.first().map(|root| root.state.header());
        let pack = program.reference.pack();
        let own_pack = root.is_some_and(|root| root.action.pack() == pack);
        let mut child = RunHeader {
            run: order.run,
            program: program.hash.clone(),
            kind: program.kind,
            action: program.reference.clone(),
            version: program.version.clone(),
            parameters,
            pack_config: self.setup.config_of(self.library, pack, own_pack),
            parent: Some(Parent {
                run: header.run,
                execution: order.execution,
                attempt: order.number,
                root: root.map_or(header.run, |root| root.run),
                secrets: order.secrets.clone(),
            }),
            depth: order.depth,
            origin: Origin::Parent,
            labels: BTreeMap::new(),
            hidden: program.parameters.secrets().to_vec(),
            secrets: None,
            ..header.clone()
        };
        withhold(&mut child, self.library);
        child
    }

    fn open(
        &mut self,
        header: RunHeader,
        program: &Arc<Program>,
        path: String,
        place: String,
        parent: Option<(usize, attune_types::ExecutionId)>,
    ) {
        let mocked = mocked(program, &path, &self.setup.mocks);
        let trial = self
            .trials
            .entry((program.hash.clone(), mocked))
            .or_insert_with_key(|(_, mocked)| Arc::new(trial(program, mocked)))
            .clone();
        let opened = Event::RunOpened {
            at: self.at,
            header: Box::new(header.clone()),
        };
        let state = RunState::opened(header, self.at);
        let live = Live::new(path, place, (program.clone(), trial), state, parent);
        self.add(live, opened);
    }

    pub(super) fn answer(&mut self, run: usize, attempt: AttemptId, outcome: Outcome) {
        let command = Command::AttemptFinished { attempt, outcome };
        self.todo.push_back(Todo::Send(run, command));
    }
}

/// A task in its run with the items that it lies in: `deploy[1]/build[0]`.
pub(super) fn place_of(live: &Live, execution: &Execution) -> String {
    let place = &live.place;
    match execution.item {
        Some(index) => format!("{place}{}[{index}]", execution.name),
        None => format!("{place}{}", execution.name),
    }
}
