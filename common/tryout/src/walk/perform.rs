//! Performing what a run owes: mocks answer for workers, child runs are opened, stops are obeyed.
//!
//! Owns what an answer becomes: an outcome at a time, with the process that a real worker would have
//! reported. Says so where a mocked result is not what the action promises.

use super::open::place_of;
use super::outcome::{Called, called, outcome};
use super::world::{Todo, World};
use super::{Missing, Stopped, WalkWarning};
use crate::masked::masked_map;
use crate::mock::{Answer, Asked, Ending, Picked};
use crate::sample::sample;
use attune_flow::program::{NativeAction, Performer};
use attune_flow::run::{ABOVE, Command, Effect, Execution, Outcome, Parts, Report, RunState};
use attune_pack::Span;
use attune_template::Ambient;
use attune_types::{AttemptId, Duration, ExecutionId, JsonMap, JsonValue, Ref};
use serde_json::json;

/// The longest text of a call in a message.
const LONGEST_CALL: usize = 300;

/// A call of an action.
struct Call {
    run: usize,
    execution: ExecutionId,
    attempt: AttemptId,
    number: u32,
    action: Ref,
    input: JsonMap,
    timeout: Option<Duration>,
}

impl World<'_> {
    /// Does what a run owes.
    pub(super) fn perform(&mut self, run: usize, effect: Effect) {
        match effect {
            Effect::Dispatch(order) => self.call(Call {
                run,
                execution: order.execution,
                attempt: order.attempt,
                number: order.number,
                action: order.action,
                input: order.input,
                timeout: order.timeout,
            }),
            Effect::Native(order) => {
                // Only a run without a trial Program has such, and there is none.
                let action = self.action_of(run, order.execution);
                if let Some(action) = action {
                    self.call(Call {
                        run,
                        execution: order.execution,
                        attempt: order.attempt,
                        number: order.number,
                        action,
                        input: order.input,
                        timeout: order.timeout,
                    });
                }
            }
            Effect::OpenChild(order) => {
                // `core.run_workflow` names what it runs; that may have a mock of its own.
                if self.setup.mocks.by.contains_key(order.action.as_str()) {
                    let call = Call {
                        run,
                        execution: order.execution,
                        attempt: order.attempt,
                        number: order.number,
                        action: order.action,
                        input: order.parameters,
                        timeout: None,
                    };
                    self.call(call);
                } else {
                    self.open_child(run, *order);
                }
            }
            Effect::StopAttempt { attempt, .. } => {
                if self.agenda.withdraw(attempt) {
                    let outcome = Outcome::Cancelled { process: None };
                    let command = Command::AttemptFinished { attempt, outcome };
                    self.todo.push_back(Todo::Send(run, command));
                }
            }
            Effect::CancelChild { run: child, reason } => {
                let by = self.setup.started_by.clone();
                let reason = Some(reason);
                self.tell(child, Command::Cancel { by, reason });
            }
            Effect::CompensateChild {
                run: child,
                attempt,
                by,
            } => {
                if !self.by_id.contains_key(&child) {
                    // It was never opened: there is nothing to undo.
                    let result = JsonValue::Null;
                    let process = None;
                    return self.answer(run, attempt, Outcome::Succeeded { result, process });
                }
                let request = attempt.uuid();
                let attempt = Some(attempt);
                self.tell(
                    child,
                    Command::Compensate {
                        by,
                        request,
                        attempt,
                    },
                );
            }
            Effect::PauseChild { run: child } => {
                let by = ABOVE.to_owned();
                self.tell(child, Command::Pause { by });
            }
            Effect::ResumeChild { run: child } => {
                let by = ABOVE.to_owned();
                self.tell(child, Command::Resume { by });
            }
            Effect::AcquireSlot(order) => self.slot(run, &order),
            Effect::WakeAt(_) => {}
        }
    }

    fn tell(&mut self, child: attune_types::RunId, command: Command) {
        if let Some(run) = self.by_id.get(&child) {
            self.todo.push_back(Todo::Send(*run, command));
        }
    }

    fn action_of(&self, run: usize, execution: ExecutionId) -> Option<Ref> {
        let live = self.runs.get(run)?;
        live.state.execution(execution)?.action.clone()
    }

    /// Has a call answered by its mock.
    fn call(&mut self, mut call: Call) {
        call.input = masked_map(call.input);
        let Some(live) = self.runs.get(call.run) else {
            return;
        };
        let Some(execution) = live.state.execution(call.execution) else {
            return;
        };
        let path = format!("{}{}", live.path, execution.name);
        let mut place = place_of(live, execution);
        let task = execution.task_in(&live.program);
        let undone = execution
            .undoes
            .and_then(|undoes| live.state.execution(undoes.execution));
        if undone.is_some() {
            // Calls to undo take turns of their own.
            place.push_str(" undone");
        }
        let item = item_of(&live.state, undone.unwrap_or(execution));
        let called = called(task, &call.action, || {
            self.library
                .action(&call.action)
                .and_then(|action| action.output.clone())
        });
        // The mock of a task is for its work; the action that undoes it has one by its own name.
        let undoes = undone.is_some_and(|undone| undone.name == execution.name);
        let mocked_as = match undoes {
            true => call.action.to_string(),
            false => path.clone(),
        };
        let asked = Asked {
            path: &mocked_as,
            place: &place,
            action: &call.action,
            input: &call.input,
            item: item.as_ref().map(|(index, value)| (*index, value)),
            attempt: call.number,
            activation: execution.activation,
            ambient: Ambient {
                now: self.at,
                entropy: call.attempt.derive("mock").into_bytes(),
            },
        };
        let failed = |message: String, span: Span| Stopped::Template {
            task: path.clone(),
            message,
            span,
        };
        let picked = match self.setup.mocks.pick(&asked, &mut self.turns) {
            Ok(picked) => picked,
            Err(error) => {
                let of = self.setup.mocks.of(&mocked_as, &call.action);
                let span = of.map(|(_, mock)| mock.span).unwrap_or_default();
                self.stopped = Some(failed(error.to_string(), span));
                return;
            }
        };
        let mut answer = match picked {
            Picked::Answer(answer) => *answer,
            Picked::NoneFits(mock) => {
                let span = self.setup.mocks.by.get(&mock).map(|mock| mock.span);
                self.stopped = Some(Stopped::NoneFits {
                    call: describe(&asked),
                    task: path,
                    mock,
                    span: span.unwrap_or_default(),
                });
                return;
            }
            Picked::Unmocked => match self.without_mock(&called, &call) {
                Some(answer) => answer,
                None => {
                    let missing = Missing {
                        task: path,
                        action: call.action,
                        undoes,
                    };
                    if !self.missing.contains(&missing) {
                        self.missing.push(missing);
                    }
                    return;
                }
            },
        };
        let result = match &answer.result {
            Some(template) => match asked.render(template) {
                Ok(result) => result,
                Err(error) => {
                    self.stopped = Some(failed(error.to_string(), answer.span));
                    return;
                }
            },
            None if answer.auto => called.output.as_ref().map_or(JsonValue::Null, sample),
            None => called.parsed(&mut answer),
        };
        if answer.ending == Ending::Succeeded {
            self.compare(&path, &call.action, &called, &result, &answer);
        }
        self.give(&call, &called, answer, result);
    }

    /// What stands in for a mock: built-in actions that give nothing but a receipt are taken as done.
    fn without_mock(&self, called: &Called, call: &Call) -> Option<Answer> {
        match called.performer {
            Some(Performer::Native(NativeAction::Notify)) => {
                Some(Answer::result(&json!({"queued": true})))
            }
            Some(Performer::Native(NativeAction::EmitEvent)) => {
                let id = call.attempt.derive("event").to_string();
                Some(Answer::result(&json!({ "id": id })))
            }
            _ if self.setup.auto => Some(Answer {
                auto: true,
                ..Answer::default()
            }),
            _ => None,
        }
    }

    /// Says so where a mocked result is not what the action promises.
    fn compare(
        &mut self,
        path: &str,
        action: &Ref,
        called: &Called,
        result: &JsonValue,
        answer: &Answer,
    ) {
        let Some(schema) = &called.output else {
            return;
        };
        let mut wrong: Vec<String> = match schema.validate_open(result) {
            Err(errors) => errors.iter().map(ToString::to_string).collect(),
            Ok(_) => Vec::new(),
        };
        if let JsonValue::Object(map) = result
            && let Err(errors) = schema.validate(map)
        {
            let unknown = errors.iter().filter(|error| error.code == "unknown");
            wrong.extend(unknown.map(ToString::to_string));
        }
        if wrong.is_empty() {
            return;
        }
        wrong.dedup();
        self.warn(WalkWarning {
            task: path.to_owned(),
            message: format!(
                "the mocked result is not what the output schema of `{action}` says: {}",
                wrong.join("; ")
            ),
            span: (answer.span.line > 0).then_some(answer.span),
        });
    }

    /// Lets an attempt start now and end when its answer says.
    fn give(&mut self, call: &Call, called: &Called, answer: Answer, result: JsonValue) {
        let (run, attempt) = (call.run, call.attempt);
        let start = Command::AttemptStarted {
            attempt,
            worker: super::trial::MOCKED.to_owned(),
        };
        self.todo.push_back(Todo::Send(run, start));
        let limit = call.timeout;
        let over = limit.filter(|limit| answer.takes > *limit);
        let ending = if over.is_some() {
            Ending::TimedOut
        } else {
            answer.ending
        };
        let takes = match (over, limit) {
            (Some(limit), _) => limit,
            (None, Some(limit)) if ending == Ending::TimedOut && answer.takes.is_zero() => limit,
            _ => answer.takes,
        };
        let at = self
            .at
            .checked_add(takes)
            .unwrap_or(attune_types::Timestamp::MAX);
        if over.is_none() && (answer.cost_usd.is_some() || !answer.labels.is_empty()) {
            let report = Report {
                cost_usd: answer.cost_usd,
                label: (!answer.labels.is_empty()).then(|| answer.labels.clone()),
                ..Report::default()
            };
            let number = 0;
            let told = Command::Reported {
                attempt,
                number,
                report,
            };
            self.agenda.add(at, run, told);
        }
        let process = called.process(&answer, ending, &result, takes);
        let command = match ending {
            Ending::Lost => Command::AttemptLost {
                attempt,
                reason: "mocked to be lost".to_owned(),
            },
            ending => Command::AttemptFinished {
                attempt,
                outcome: outcome(ending, answer.error, result, process, limit.or(Some(takes))),
            },
        };
        self.agenda.add(at, run, command);
    }
}

/// The item that an execution is, or lies in.
fn item_of(state: &RunState, execution: &Execution) -> Option<(u32, JsonValue)> {
    let mut inner = execution;
    loop {
        let above = state.execution(inner.parent?)?;
        if let (Some(index), Parts::Items { items, .. }) = (inner.item, &above.parts) {
            return Some((index, items.get(index as usize)?.clone()));
        }
        inner = above;
    }
}

/// A call in a message.
fn describe(asked: &Asked<'_>) -> String {
    let mut text = format!("attempt {}", asked.attempt);
    if let Some((index, item)) = asked.item {
        text.push_str(&format!(", item {index} = {item}"));
    }
    text.push_str(&format!(
        ", input {}",
        JsonValue::Object(asked.input.clone())
    ));
    match text.char_indices().nth(LONGEST_CALL) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text,
    }
}
