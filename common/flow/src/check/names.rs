//! Every name in every expression: is it there, and is it there at that moment?
//!
//! Owns the checks of scopes and of time. Fields of results are checked by [`super::fields`]. Names
//! under `default` or `is defined` may be missing; a task that is named must exist all the same.

use super::ending::Ending;
use super::fields;
use super::graph::{Flat, Shape};
use super::place;
use super::published::Published;
use super::scopes::{SYSTEM, near_or_list};
use super::sure::Sure;
use super::template::{At, Use};
use super::types::Sources;
use crate::syntax::ast::{Work, Workflow};
use crate::syntax::codes;
use attune_pack::{ActionDef, Schema, Severity, Sink, Span};
use attune_template::{Reference, Root, Target};

/// What the checks look at.
pub(super) struct World<'a> {
    pub(super) text: &'a str,
    pub(super) workflow: &'a Workflow,
    pub(super) parameters: &'a Schema,
    pub(super) config: Option<&'a Schema>,
    pub(super) flat: &'a Flat<'a>,
    pub(super) shape: &'a Shape,
    /// The action of each task.
    pub(super) actions: &'a [Option<ActionDef>],
    /// All names that are ever published or set.
    pub(super) vars: Vec<&'a str>,
    /// What each of them is set to.
    pub(super) sources: Sources<'a>,
    /// What has ended before what.
    pub(super) sure: Sure,
    /// What is published before what.
    pub(super) published: Published<'a>,
    /// What has happened at a good end.
    pub(super) ending: Ending,
}

/// Checks all names of all templates.
pub(super) fn check(world: &World<'_>, uses: &[Use], sink: &mut Sink) {
    for used in uses {
        for reference in used.template.references() {
            let mut look = Look {
                world,
                used,
                reference: &reference,
                sink,
            };
            look.check();
        }
        for reference in used.template.elements() {
            let look = &mut Look {
                world,
                used,
                reference,
                sink,
            };
            fields::of_element(look);
        }
    }
}

/// One reference being looked at.
pub(super) struct Look<'a, 's> {
    pub(super) world: &'a World<'a>,
    pub(super) used: &'a Use,
    pub(super) reference: &'a Reference,
    pub(super) sink: &'s mut Sink,
}

impl Look<'_, '_> {
    fn check(&mut self) {
        let path: Vec<&str> = self.reference.path.iter().map(String::as_str).collect();
        let Some((first, rest)) = path.split_first() else {
            return;
        };
        match self.reference.target {
            Target::Function => self.function(first, rest),
            Target::Bare => self.bare(&path),
            Target::Scope(Root::Task) => self.task(first, rest),
            Target::Scope(Root::Inquiry) => match self.world.flat.find(first) {
                None => self.unknown_task(first),
                Some(_) => self.not_yet("inquiry"),
            },
            // Keys are looked up when the run needs them.
            Target::Scope(Root::Kv) | Target::Secret => {}
            Target::Scope(Root::Local) => self.local(&path),
            Target::Scope(root) => self.member(root, &path),
        }
    }

    /// Reports at the reference's own place.
    pub(super) fn report(
        &mut self,
        severity: Severity,
        code: &str,
        message: String,
        help: Option<String>,
    ) {
        let span = self.span();
        let diagnostic = match severity {
            Severity::Error => self.sink.error(code, span, message),
            Severity::Warning => self.sink.warning(code, span, message),
        };
        diagnostic.help = help;
    }

    /// A scope that runs do not fill yet.
    fn not_yet(&mut self, scope: &str) {
        let message = format!("`{scope}` is not supported yet: nothing is found in it");
        let help = Some("give a default, or pass the value as a parameter".to_owned());
        self.report(Severity::Warning, codes::UNSUPPORTED, message, help);
    }

    fn span(&self) -> Span {
        let range = self.reference.span.clone();
        place::of_range(
            self.world.text,
            &self.used.node,
            &self.reference.pointer,
            range,
        )
    }

    fn function(&mut self, name: &str, rest: &[&str]) {
        let of_outcome = matches!(
            name,
            "succeeded" | "failed" | "timed_out" | "skipped" | "completed" | "result"
        );
        if !of_outcome {
            return;
        }
        match self.used.at {
            At::After(ix) if name == "result" => fields::of_result(self, ix, rest, &[]),
            At::After(_) => {}
            _ => self.report(
                Severity::Error,
                codes::NOT_HERE,
                format!("`{name}()` speaks of the task that just ended, and here none has"),
                Some(
                    "it can be used in the transitions of a task; elsewhere write `task.<name>`"
                        .to_owned(),
                ),
            ),
        }
    }

    /// A bare name: the first scope that has it wins.
    fn bare(&mut self, path: &[&str]) {
        let name = path[0];
        let world = self.world;
        if self.locals().contains(&name) {
            return self.local(path);
        }
        if world.flat.find(name).is_some() {
            return self.task(name, &path[1..]);
        }
        if self.vars_here().iter().any(|known| known == name) {
            return self.variable(path);
        }
        if world.parameters.names().contains(&name) {
            self.secret(world.parameters, path);
            if !self.reference.optional {
                self.schema(world.parameters, path, "parameter");
            }
            return;
        }
        if let Some(config) = world.config {
            self.secret(config, path);
        }
        let in_config = world
            .config
            .is_some_and(|config| config.names().contains(&name));
        if in_config || SYSTEM.contains(&name) || self.reference.optional || self.is_torn(name) {
            return;
        }
        if matches!(name, "item" | "index" | "error") {
            return self.local(path);
        }
        let open = super::elsewhere::is_open;
        if open(world.parameters) || world.config.is_some_and(open) {
            return;
        }
        let roots = [
            "task",
            "vars",
            "parameters",
            "pack",
            "system",
            "kv",
            "event",
            "inquiry",
        ];
        let vars = self.vars_here();
        let known: Vec<&str> = self
            .locals()
            .into_iter()
            .chain(world.flat.names())
            .chain(vars.iter().map(String::as_str))
            .chain(world.parameters.names())
            .chain(world.config.into_iter().flat_map(Schema::names))
            .chain(SYSTEM)
            .chain(roots)
            .collect();
        let near = elsewhere_called(name).or_else(|| attune_pack::suggest(name, known));
        let help = near.map_or_else(
            || {
                format!(
                    "names come from: item names, task, vars, parameters, pack.config, system; a key of the pack is read with `kv.get(\"{name}\")`"
                )
            },
            |near| format!("did you mean `{near}`?"),
        );
        // The pack's configuration may have it, where that cannot be seen.
        let severity = match world.config {
            Some(_) => Severity::Error,
            None => Severity::Warning,
        };
        let message = format!("no scope has the name `{name}`");
        self.report(severity, codes::UNKNOWN_NAME, message, Some(help));
    }

    fn task(&mut self, name: &str, rest: &[&str]) {
        let Some(ix) = self.world.flat.find(name) else {
            return self.unknown_task(name);
        };
        if self.in_time(name, ix) {
            fields::of_task(self, ix, rest);
        }
    }

    /// The task whose name begins like that: `task.b-c` is `task.b` less `c`, for a name with a `-` has
    /// to stand in quotes.
    fn torn(&self, name: &str) -> Option<&str> {
        self.world.flat.names().find(|known| {
            known
                .strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('-'))
        })
    }

    /// Whether the name is the rest of such a task's name, which was reported.
    fn is_torn(&self, name: &str) -> bool {
        let references = self.used.template.references();
        references.iter().any(|reference| {
            let first = reference.path.first();
            let unknown = |first: &&String| self.world.flat.find(first).is_none();
            reference.target == Target::Scope(Root::Task)
                && first
                    .filter(unknown)
                    .and_then(|first| self.torn(first))
                    .is_some_and(|known| known.split('-').any(|part| part == name))
        })
    }

    fn unknown_task(&mut self, name: &str) {
        let torn = self.torn(name);
        let help = match torn {
            Some(known) => Some(format!("the task `{known}` is written `task[\"{known}\"]`")),
            None => near_or_list(name, self.world.flat.names(), "task"),
        };
        let message = format!("there is no task `{name}`");
        self.report(
            Severity::Error,
            codes::UNKNOWN_TASK_IN_EXPRESSION,
            message,
            help,
        );
    }

    /// Whether the task can have run when the template is evaluated; says so if not.
    fn in_time(&mut self, name: &str, ix: usize) -> bool {
        let world = self.world;
        let (user, ended) = match self.used.at {
            At::Start(_) if self.reference.optional => return true,
            At::Start(_) => {
                let message =
                    format!("`{name}` is used when the run starts, and no task has run then");
                let help = "publish the value from the task instead".to_owned();
                self.report(Severity::Error, codes::TOO_EARLY, message, Some(help));
                return false;
            }
            At::End => {
                self.at_the_end(name, ix);
                return true;
            }
            At::Undo(_) => return true,
            At::After(user) => (user, true),
            At::Before(user) | At::Each(user) | At::Failed(user) => (user, false),
        };
        if self.reference.optional {
            return true;
        }
        let own = world.flat.outermost(user);
        let other = world.flat.outermost(ix);
        let again = world.shape.after.leads(own, own);
        if own == other {
            // Its own result is there after it ended; that of a branch once the whole task has.
            let there = again || (ended && (user == ix || user == own));
            if !there {
                let message = if user == ix {
                    format!("`{name}` uses its own result before it has run")
                } else {
                    format!(
                        "`{name}` starts together with this task: its result cannot be there yet"
                    )
                };
                self.report(Severity::Error, codes::TOO_EARLY, message, None);
            }
            return there;
        }
        let user_name = &world.flat.tasks[user].name.value;
        if self.is_undoing(own) {
            return true;
        }
        if world.shape.after.leads(other, own) {
            if !world.sure.has(own, other) && !self.is_asked_for(name) {
                let message = format!("`{name}` has not ended on every way to `{user_name}`");
                let help =
                    "use `default` or `is defined` where it has not, or wait for it with `join`";
                let help = Some(help.to_owned());
                self.report(Severity::Warning, codes::TOO_EARLY, message, help);
            }
            return true;
        }
        if world.shape.after.leads(own, other) {
            let message =
                format!("`{name}` runs only after `{user_name}`, which uses its result here");
            self.report(Severity::Error, codes::TOO_EARLY, message, None);
            return false;
        }
        if self.start_together(own, other) {
            let message = format!(
                "`{name}` and `{user_name}` start together when the run starts: its result cannot be there yet"
            );
            let help = format!("lead from `{name}` to `{user_name}`");
            self.report(Severity::Error, codes::TOO_EARLY, message, Some(help));
            return true;
        }
        let message =
            format!("nothing makes `{name}` run before `{user_name}`, which uses its result here");
        let help = format!("lead from `{name}` to `{user_name}`, or use `default`");
        self.report(Severity::Warning, codes::TOO_EARLY, message, Some(help));
        true
    }

    /// Whether the task stands there to undo another: then anything may have run.
    pub(super) fn is_undoing(&self, ix: usize) -> bool {
        self.world.shape.into[ix].is_empty()
            && self.world.flat.tasks.iter().any(|task| {
                matches!(&task.compensate, Some(crate::syntax::ast::Compensate::Task(name))
                    if name.value == self.world.flat.tasks[ix].name.value)
            })
    }

    /// The children of a parallel task, by name.
    pub(super) fn children(&self, ix: usize) -> Option<Vec<&str>> {
        match &self.world.flat.tasks[ix].work {
            Some(Work::Parallel { children, .. }) => Some(
                children
                    .iter()
                    .map(|child| child.name.value.as_str())
                    .collect(),
            ),
            _ => None,
        }
    }
}

/// What other systems' words are called here.
fn elsewhere_called(name: &str) -> Option<&'static str> {
    Some(match name {
        "tasks" | "steps" | "step" | "jobs" | "nodes" | "outputs" => "task",
        "params" | "inputs" | "input" | "args" => "parameters",
        "variables" | "var" | "ctx" | "context" => "vars",
        "config" => "pack.config",
        "secrets" | "secret" => "kv.get_secret()",
        "trigger" | "payload" => "event",
        _ => return None,
    })
}
