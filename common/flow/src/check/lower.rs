//! From the tree to the tasks of a Program.
//!
//! Owns the turning of each part into its compiled form: names into numbers, actions into calls,
//! defaults of the workflow and of the action into the task. What cannot be turned is reported and
//! left out; a Program is made only when nothing was left out.

use super::graph::Flat;
use super::input;
use super::lookup::{ActionLookup, known_action};
use super::template::{At, Templates};
use crate::program::{
    ActionCall, Backoff, Items, Performer, Retry, Target, Task, TaskIx, Transition, Work,
};
use crate::syntax::ast;
use crate::syntax::codes;
use attune_pack::yaml::Node;
use attune_pack::{ActionDef, RetryDef, Runner};
use attune_template::Template;
use attune_types::{JsonMap, JsonValue, Ref};
use std::collections::HashMap;

/// Turns tasks into those of a Program.
pub(super) struct Lowering<'a, 'b> {
    /// All tasks with their numbers.
    pub(super) flat: &'a Flat<'a>,
    /// The catalogue.
    pub(super) actions: &'a dyn ActionLookup,
    /// Compiles templates, and knows where errors go.
    pub(super) templates: &'a mut Templates<'b>,
    /// The default of tasks without their own.
    pub(super) retry: Option<&'a ast::Retry>,
    /// The action of each task, where it was found; for the checks of fields.
    pub(super) found: Vec<Option<ActionDef>>,
    /// Numbers by name.
    pub(super) by_name: HashMap<&'a str, usize>,
}

impl<'a, 'b> Lowering<'a, 'b> {
    /// For all tasks of a definition.
    pub(super) fn new(
        flat: &'a Flat<'a>,
        actions: &'a dyn ActionLookup,
        templates: &'a mut Templates<'b>,
        retry: Option<&'a ast::Retry>,
    ) -> Self {
        let mut by_name = HashMap::new();
        for (ix, name) in flat.names().enumerate() {
            by_name.entry(name).or_insert(ix);
        }
        Self {
            flat,
            actions,
            templates,
            retry,
            found: vec![None; flat.tasks.len()],
            by_name,
        }
    }

    /// All tasks; none when one of them has errors.
    pub(super) fn tasks(&mut self) -> Option<Vec<Task>> {
        let flat = self.flat;
        let made: Vec<Option<Task>> = (0..flat.tasks.len()).map(|ix| self.task(ix)).collect();
        made.into_iter().collect()
    }

    fn task(&mut self, ix: usize) -> Option<Task> {
        let task = self.flat.tasks[ix];
        let (work, action) = match &task.work {
            None => (None, None),
            Some(ast::Work::Parallel { fail_fast, .. }) => {
                (Some(self.parallel(ix, *fail_fast)), None)
            }
            Some(ast::Work::Action {
                reference,
                workflow,
            }) => {
                let action = self.action(reference, *workflow);
                let work = action.as_ref().map(|action| self.call(task, action));
                (work, action)
            }
        };
        if let Some(action) = &action {
            let place = match &task.work {
                Some(ast::Work::Action { reference, .. }) => reference.span,
                _ => task.name.span,
            };
            input::check(task.input.as_ref(), place, action, self.templates.sink);
            input::check_started(
                task.input.as_ref(),
                action,
                self.actions,
                self.templates.sink,
            );
        }
        let input = match &task.input {
            Some(node) => self.templates.value(node, At::Each(ix)),
            None => Template::compile(&JsonValue::Object(JsonMap::new())).ok(),
        };
        let when = self.optional(task.when.as_ref(), |t, node| {
            t.condition(node, At::Before(ix))
        });
        let items = self.items(task, ix);
        let retry = self.retry(task, action.as_ref(), ix);
        let timeout = match (
            &task.timeout,
            action.as_ref().and_then(|action| action.timeout),
        ) {
            (Some(node), _) => self.templates.timeout(node, At::Each(ix)).map(Some),
            (None, Some(default)) => Template::compile(&default.as_secs_f64().into())
                .ok()
                .map(Some),
            (None, None) => Some(None),
        };
        let delay = self.optional(task.delay.as_ref(), |t, node| {
            t.duration(node, At::Before(ix))
        });
        let next: Option<Vec<Transition>> = {
            let made: Vec<Option<Transition>> = task
                .next
                .iter()
                .map(|next| self.transition(next, ix))
                .collect();
            made.into_iter().collect()
        };
        let compensate = self.compensate(task, ix);
        let trace_tag = self.optional(task.trace_tag.as_ref(), |t, node| {
            t.text(node, At::Before(ix))
        });
        let idempotent = task
            .idempotent
            .unwrap_or_else(|| action.as_ref().is_some_and(|action| action.idempotent));
        // For the checks of fields alone: at run time nothing is held against it.
        self.found[ix] = action.map(|mut action| {
            if action.output.is_none() && action.runner == Runner::Workflow {
                action.output = self.actions.gives(&action.reference);
            }
            action
        });
        Some(Task {
            name: task.name.value.clone(),
            work: work?,
            branch_of: self.flat.parents[ix],
            input: input?,
            when: when?,
            items: items?,
            retry: retry?,
            timeout: timeout?,
            delay: delay?,
            join: task.join.as_ref().map(|join| join.value),
            next: next?,
            compensate: compensate?,
            idempotent,
            trace_tag: trace_tag?,
        })
    }

    /// `Some(None)` for what is not given, `None` for what has errors.
    fn optional(
        &mut self,
        node: Option<&Node>,
        compile: impl FnOnce(&mut Templates<'b>, &Node) -> Option<Template>,
    ) -> Option<Option<Template>> {
        match node {
            None => Some(None),
            Some(node) => compile(self.templates, node).map(Some),
        }
    }

    fn parallel(&self, ix: usize, fail_fast: bool) -> Work {
        let own = TaskIx(u32::try_from(ix).unwrap_or(u32::MAX));
        let children = self
            .flat
            .parents
            .iter()
            .enumerate()
            .filter(|(_, parent)| **parent == Some(own))
            .map(|(child, _)| TaskIx(u32::try_from(child).unwrap_or(u32::MAX)))
            .collect();
        Work::Parallel {
            children,
            fail_fast,
        }
    }

    /// The action of a reference; an unknown one is reported.
    pub(super) fn action(
        &mut self,
        reference: &ast::Spanned<Ref>,
        workflow: bool,
    ) -> Option<ActionDef> {
        let sink = &mut *self.templates.sink;
        let action = known_action(&reference.value, reference.span, self.actions, sink)?;
        if workflow && action.runner != Runner::Workflow {
            let message = format!("`{}` is no workflow", reference.value);
            sink.error(codes::UNKNOWN_ACTION, reference.span, message)
                .help = Some("take `type: workflow` out".to_owned());
        }
        Some(action)
    }

    fn call(&mut self, task: &ast::Task, action: &ActionDef) -> Work {
        let mut call = ActionCall::of(action);
        if self.actions.is_broken(&action.reference) {
            return Work::Action(Box::new(call));
        }
        super::unsupported::call(task, &call, self.templates.sink);
        if let Performer::Worker { pool, selector, .. } = &mut call.performer {
            if let Some(wanted) = &task.pool {
                pool.clone_from(&wanted.value);
            }
            if let Some(wanted) = &task.worker_selector {
                selector.clone_from(&wanted.value);
            }
        } else {
            let places = [
                ("pool", task.pool.as_ref().map(|it| it.span)),
                (
                    "worker_selector",
                    task.worker_selector.as_ref().map(|it| it.span),
                ),
            ];
            for (key, span) in places {
                let Some(span) = span else { continue };
                let message = format!("`{}` does not run on a worker pool", action.reference);
                self.templates
                    .sink
                    .error(codes::CONFLICT, span, message)
                    .help = Some(format!("take `{key}` out"));
            }
        }
        Work::Action(Box::new(call))
    }

    fn items(&mut self, task: &ast::Task, ix: usize) -> Option<Option<Items>> {
        let Some(items) = &task.items else {
            return Some(None);
        };
        let at = At::Before(ix);
        let over = self.templates.value(&items.over, at);
        let concurrency = self.optional(items.concurrency.as_ref(), |t, node| t.value(node, at));
        let batch_size = self.optional(items.batch_size.as_ref(), |t, node| t.value(node, at));
        Some(Some(Items {
            over: over?,
            name: items.name.clone(),
            concurrency: concurrency?,
            batch_size: batch_size?,
            fail_fast: items.fail_fast,
            tolerate: items.tolerate,
        }))
    }

    /// The task's own, else the workflow's, else the action's.
    fn retry(
        &mut self,
        task: &ast::Task,
        action: Option<&ActionDef>,
        ix: usize,
    ) -> Option<Option<Retry>> {
        // The workflow's default is for what runs; a parallel task only holds others.
        let holds = matches!(task.work, Some(ast::Work::Parallel { .. }));
        let given = task.retry.as_ref().or(self.retry.filter(|_| !holds));
        let Some(retry) = given else {
            return match action.and_then(|action| action.retry.as_ref()) {
                Some(default) => of_action(default).map(Some),
                None => Some(None),
            };
        };
        let on_error = self.optional(retry.on_error.as_ref(), |t, node| {
            t.condition(node, At::Failed(ix))
        });
        Some(Some(Retry {
            count: retry.count,
            delay: retry.delay,
            backoff: retry.backoff,
            max_delay: retry.max_delay,
            jitter: retry.jitter,
            on_error: on_error?,
        }))
    }

    fn transition(&mut self, next: &ast::Transition, ix: usize) -> Option<Transition> {
        let at = At::After(ix);
        let when = self.templates.when(&next.when, at);
        let publish = self.entries(&next.publish, at);
        let child = self.flat.parents[ix].is_some();
        let to: Vec<Option<Target>> = next
            .to
            .iter()
            .map(|name| self.target(name, child))
            .collect();
        Some(Transition {
            when: when?,
            publish: publish?,
            to: to.into_iter().collect::<Option<Vec<Target>>>()?,
        })
    }

    /// Named templates in order.
    pub(super) fn entries(
        &mut self,
        entries: &[ast::Entry],
        at: At,
    ) -> Option<Vec<(String, Template)>> {
        let made: Vec<Option<(String, Template)>> = entries
            .iter()
            .map(|entry| {
                let template = self.templates.value(&entry.value, at)?;
                Some((entry.name.value.clone(), template))
            })
            .collect();
        made.into_iter().collect()
    }

    /// What a transition leads to; a child's transitions were refused as a whole.
    fn target(&mut self, name: &ast::Spanned<String>, child: bool) -> Option<Target> {
        match name.value.as_str() {
            "noop" => return Some(Target::Noop),
            "fail" => return Some(Target::Fail),
            "continue" => return Some(Target::Continue),
            "retry" => return Some(Target::Retry),
            _ => {}
        }
        let ix = self.task_named(name)?;
        if self.flat.parents[ix].is_some() && !child {
            let outer = self.flat.tasks[self.flat.outermost(ix)];
            let message = format!(
                "`{}` is a child of the parallel task `{}` and starts with it alone",
                name.value, outer.name.value
            );
            self.templates
                .sink
                .error(codes::ACROSS_PARALLEL, name.span, message)
                .help = Some(format!("lead to `{}`", outer.name.value));
            return None;
        }
        Some(Target::Task(TaskIx(u32::try_from(ix).ok()?)))
    }

    pub(super) fn task_named(&mut self, name: &ast::Spanned<String>) -> Option<usize> {
        if let Some(ix) = self.by_name.get(name.value.as_str()) {
            return Some(*ix);
        }
        let known = self.flat.known();
        let help = if name.value.contains([',', ' ']) {
            Some("write several names as a list: `[a, b]`".to_owned())
        } else {
            attune_pack::suggest(&name.value, known).map(|near| format!("did you mean `{near}`?"))
        };
        let message = format!("there is no task `{}`", name.value);
        self.templates
            .sink
            .error_with(codes::UNKNOWN_TASK, name.span, message, help);
        None
    }
}

/// The retry that an action's file asks for; its condition was checked when the pack was read.
pub(super) fn of_action(retry: &RetryDef) -> Option<Retry> {
    let on_error = match &retry.on_error {
        Some(text) => Some(Template::condition(&text.as_str().into()).ok()?),
        None => None,
    };
    Some(Retry {
        count: retry.count,
        delay: retry.delay,
        backoff: Backoff::from(retry.backoff),
        max_delay: retry.max_delay,
        jitter: retry.jitter > 0.0,
        on_error,
    })
}
