//! Transitions: which hold, what they publish, and where they lead.

use super::step::{Fired, Step, Todo, template_error};
use crate::graph::Edge;
use crate::program::{Program, ProgramKind, Target, TaskIx, Transition};
use crate::run::Event;
use crate::run::event::{Arrival, Values};
use crate::run::state::vars::Vars;
use attune_types::{ErrorInfo, ExecutionId, ExecutionStatus, code};
use std::sync::Arc;

/// The transitions that are taken, and the first thing that could not be evaluated.
#[derive(Default)]
pub(super) struct Chosen {
    pub(super) fired: Vec<Fired>,
    pub(super) wrong: Option<ErrorInfo>,
}

impl Step<'_> {
    /// The transitions of an ended activation that hold, with what they publish. All conditions are
    /// looked at before anything is published, so that one transition cannot switch another one on.
    /// One whose condition or values cannot be evaluated is not taken, the others are.
    pub(super) fn choose(&self, id: ExecutionId) -> Chosen {
        let mut chosen = Chosen::default();
        let Some((execution, task)) = self.of(id) else {
            return chosen;
        };
        let mut holding = Vec::new();
        for (transition, n) in task.next.iter().zip(0u32..) {
            let holds = match &transition.when {
                None => Ok(true),
                Some(when) => {
                    let mut scope = self.scope(Some(execution));
                    scope.ended = true;
                    when.test(&scope)
                        .map_err(|error| template_error(&error, &format!("next[{n}].when")))
                }
            };
            match holds {
                Ok(true) => holding.push((n, transition)),
                Ok(false) => {}
                Err(error) => chosen.wrong = chosen.wrong.or(Some(error)),
            }
        }
        let mut vars: Option<Vars> = None;
        for (n, transition) in holding {
            match self.publish(id, n, transition, &mut vars) {
                Ok(publish) => chosen.fired.push(Fired {
                    transition: n,
                    publish,
                }),
                Err(error) => {
                    chosen.wrong = chosen.wrong.or(Some(error));
                    vars = self.as_published(&chosen.fired);
                }
            }
        }
        chosen
    }

    /// The variables as those transitions leave them; none where they publish nothing.
    fn as_published(&self, fired: &[Fired]) -> Option<Vars> {
        let mut vars: Option<Vars> = None;
        for (name, value) in fired.iter().flat_map(|fired| &fired.publish) {
            vars.get_or_insert_with(|| self.state.about.vars.clone())
                .insert(name, value.clone());
        }
        vars
    }

    fn publish(
        &self,
        id: ExecutionId,
        n: u32,
        transition: &Transition,
        vars: &mut Option<Vars>,
    ) -> Result<Values, ErrorInfo> {
        let mut published = Values::new();
        for (name, template) in &transition.publish {
            let value = {
                let mut scope = self.scope(self.state.execution(id));
                scope.ended = true;
                scope.vars = vars.as_ref();
                template
                    .evaluate(&scope)
                    .map_err(|error| template_error(&error, &format!("next[{n}].publish.{name}")))?
            };
            self.check_size(&value, &format!("the published value `{name}`"))?;
            let value = Arc::new(value);
            vars.get_or_insert_with(|| self.state.about.vars.clone())
                .insert(name, value.clone());
            published.insert(name.clone(), value);
        }
        Ok(published)
    }

    /// Whether a transition takes care of a failure. One that names only `continue` does not.
    pub(super) fn handles(&self, id: ExecutionId, transition: u32) -> bool {
        let transition = self
            .of(id)
            .and_then(|(_, task)| task.next.get(transition as usize));
        transition.is_some_and(|transition| {
            transition.to.is_empty()
                || transition
                    .to
                    .iter()
                    .any(|target| *target != Target::Continue)
        })
    }

    /// Everything that follows from an execution that has ended.
    pub(super) fn after(&mut self, id: ExecutionId, fired: Vec<Fired>) {
        let Some((execution, _)) = self.of(id) else {
            return;
        };
        if execution.undoes.is_some() {
            return self.undid(id);
        }
        let (task, parent, status) = (execution.task, execution.parent, execution.status());
        let failed = matches!(
            status,
            ExecutionStatus::Failed | ExecutionStatus::TimedOut | ExecutionStatus::Abandoned
        ) && !execution.handled;
        let is_item = execution.item.is_some();
        self.ending.retain(|(ending, _)| *ending != id);
        if !is_item {
            if failed && parent.is_none() {
                self.fail_by_task(id);
            }
            self.fail_as_planned();
            self.fire_all(id, task, fired);
            self.move_on_behind(task);
        }
        if let Some(above) = parent {
            self.todo.push_back(Todo::Gather { above, failed });
        }
    }

    /// An unhandled failure of a task fails the run. The Program of one action ends as its task did.
    fn fail_by_task(&mut self, id: ExecutionId) {
        let Some((execution, task)) = self.of(id) else {
            return;
        };
        let error = match execution.error.as_deref() {
            Some(error) => error.clone(),
            None => super::close::unnamed(),
        };
        let status = match (self.program.kind, execution.status()) {
            (ProgramKind::Action, ExecutionStatus::TimedOut) => ExecutionStatus::TimedOut,
            _ => ExecutionStatus::Failed,
        };
        self.fail_run(status, error.of_task(&task.name));
    }

    /// Fails the run if a `fail` has waited for all that it had to wait for.
    fn fail_as_planned(&mut self) {
        let ripe = self
            .state
            .about
            .planned
            .iter()
            .find(|planned| planned.after.is_empty())
            .map(|planned| (*planned.error).clone());
        if let Some(error) = ripe {
            self.fail_run(ExecutionStatus::Failed, error);
        }
    }

    /// Takes the transitions in order. Joins are looked at when all have been taken: until then it is
    /// not known which of their edges may still arrive.
    pub(super) fn fire_all(&mut self, id: ExecutionId, task: TaskIx, fired: Vec<Fired>) {
        let mut joins: Vec<TaskIx> = Vec::new();
        let mut failing: Option<(Vec<ExecutionId>, Vec<TaskIx>)> = None;
        for fired in fired {
            let (started, reached, fails) = self.fire(id, task, fired);
            for join in &reached {
                if !joins.contains(join) {
                    joins.push(*join);
                }
            }
            if fails {
                let (after, beside) = failing.get_or_insert_default();
                after.extend(started);
                beside.extend(reached);
            }
        }
        for join in joins {
            if let Some(opened) = self.try_join(join)
                && let Some((after, beside)) = &mut failing
                && beside.contains(&join)
            {
                after.push(opened);
            }
        }
        if let Some((after, _)) = failing {
            self.plan_failure(id, after);
        }
    }

    /// Takes one transition. Gives the activations that it started, the joins that it reached, and
    /// whether it fails the run.
    fn fire(
        &mut self,
        id: ExecutionId,
        task: TaskIx,
        fired: Fired,
    ) -> (Vec<ExecutionId>, Vec<TaskIx>, bool) {
        let program: &Program = self.program;
        let Some(transition) = program
            .task(task)
            .and_then(|task| task.next.get(fired.transition as usize))
        else {
            return (Vec::new(), Vec::new(), false);
        };
        let edge = Edge {
            from: task,
            transition: fired.transition,
        };
        let arrived = if self.state.is_closing() {
            Vec::new()
        } else {
            arrivals(program, transition, edge)
        };
        let joins: Vec<TaskIx> = arrived.iter().map(|arrival| arrival.join).collect();
        self.push(Event::TransitionFired {
            at: self.at(),
            execution: id,
            transition: fired.transition,
            publish: fired.publish,
            to: transition.to.iter().map(|to| name(program, *to)).collect(),
            arrived,
        });
        let mut started = Vec::new();
        for target in &transition.to {
            match target {
                Target::Task(to) if joins.contains(to) => {}
                Target::Task(to) => started.extend(self.activate(*to, None, None)),
                // What is being stopped does not begin again.
                Target::Retry if self.is_being_stopped(id) => {}
                Target::Retry => {
                    let parent = self.state.execution(id).and_then(|known| known.parent);
                    started.extend(self.activate(task, parent, None));
                }
                Target::Noop | Target::Fail | Target::Continue => {}
            }
        }
        (started, joins, transition.to.contains(&Target::Fail))
    }

    /// `fail`: the run fails once what was started beside it has ended.
    fn plan_failure(&mut self, id: ExecutionId, after: Vec<ExecutionId>) {
        let Some((execution, task)) = self.of(id) else {
            return;
        };
        if self.state.is_closing() {
            return;
        }
        let error = match execution.error.as_deref() {
            Some(error) => error.clone(),
            None => ErrorInfo::new(
                code::FAILED,
                format!("task `{}` ended the run by `fail`", task.name),
            ),
        }
        .of_task(&task.name);
        if after.is_empty() {
            self.fail_run(ExecutionStatus::Failed, error);
        } else {
            self.push(Event::FailurePlanned {
                at: self.at(),
                error: Arc::new(error),
                after,
            });
        }
    }
}

/// The joins that a transition reaches, each once.
fn arrivals(program: &Program, transition: &Transition, edge: Edge) -> Vec<Arrival> {
    let mut arrived: Vec<Arrival> = Vec::new();
    for target in &transition.to {
        let Target::Task(join) = target else { continue };
        let joins = program.task(*join).is_some_and(|task| task.join.is_some());
        if !joins || arrived.iter().any(|known| known.join == *join) {
            continue;
        }
        if let Some(number) = program.graph.edge(*join, edge) {
            arrived.push(Arrival {
                join: *join,
                edge: number,
                edges: u32::try_from(program.graph.inbound(*join).len()).unwrap_or(u32::MAX),
            });
        }
    }
    arrived
}

fn name(program: &Program, target: Target) -> String {
    match target {
        Target::Task(task) => program
            .task(task)
            .map_or_else(|| format!("#{}", task.0), |task| task.name.clone()),
        Target::Noop => "noop".to_owned(),
        Target::Fail => "fail".to_owned(),
        Target::Continue => "continue".to_owned(),
        Target::Retry => "retry".to_owned(),
    }
}
