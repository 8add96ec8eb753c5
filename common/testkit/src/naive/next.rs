//! What follows from the end of a task.

use super::act::At;
use super::{Job, Naive, scope};
use attune_flow::program::Target;
use attune_types::{ErrorInfo, ExecutionStatus, JsonValue, code};

/// What a transition that fires publishes, and its number.
pub(super) type Fired = (usize, Vec<(String, JsonValue)>);

impl Naive {
    /// Something ended.
    pub(super) fn end(&mut self, n: usize, status: ExecutionStatus) {
        if self.acts[n].is_ended() {
            return;
        }
        self.acts[n].at = At::Ended(status);
        if matches!(
            status,
            ExecutionStatus::Succeeded | ExecutionStatus::Skipped
        ) {
            self.acts[n].error = None;
        }
        let attempts = self.acts[n].attempts.max(1);
        if let Some(error) = &mut self.acts[n].error {
            error.attempt.get_or_insert(attempts);
        }
        if self.acts[n].item.is_none() {
            self.transitions(n, attempts);
        } else {
            self.tell_above(n);
        }
    }

    fn tell_above(&mut self, n: usize) {
        if let Some(above) = self.acts[n].parent {
            let failed = is_failure(self.acts[n].ended_as()) && !self.acts[n].handled;
            self.jobs.push_back(Job::Gather(above, failed));
        }
    }

    fn transitions(&mut self, n: usize, attempts: u32) {
        // What was stopped leads nowhere.
        let mut fired = Vec::new();
        if self.acts[n].ended_as() != Some(ExecutionStatus::Cancelled) {
            let (taken, wrong) = self.choose(n);
            fired = taken;
            if let Some(wrong) = wrong.filter(|_| !is_failure(self.acts[n].ended_as())) {
                // A task whose transitions cannot be told has failed, and may be handled as such by
                // those that can. One that had failed already keeps its error.
                self.acts[n].at = At::Ended(ExecutionStatus::Failed);
                let mut error = ErrorInfo::new(code::TEMPLATE, wrong);
                error.attempt = Some(attempts);
                self.acts[n].error = Some(error);
                (fired, _) = self.choose(n);
            }
        }
        let gave_nothing = matches!(
            self.acts[n].ended_as(),
            Some(ExecutionStatus::Skipped | ExecutionStatus::Cancelled)
        );
        if self.acts[n].parent.is_none() && !gave_nothing {
            self.last = Some(n);
        }
        let failed = is_failure(self.acts[n].ended_as());
        let next = self.program.tasks[self.acts[n].task].next.clone();
        self.acts[n].handled = failed
            && fired.iter().any(|(number, _)| {
                let to = &next[*number].to;
                to.is_empty() || to.iter().any(|target| *target != Target::Continue)
            });
        for (_, beside) in &mut self.planned {
            beside.retain(|other| *other != n);
        }
        // Tasks that were reached together start together: what fails the run comes behind them.
        let fails = self.fails_the_run(n)
            || fired
                .iter()
                .any(|(number, _)| next[*number].to.contains(&Target::Fail));
        if fails {
            self.jobs.push_back(Job::After(n, fired));
        } else {
            self.after(n, fired);
        }
    }

    fn fails_the_run(&self, n: usize) -> bool {
        let act = &self.acts[n];
        is_failure(act.ended_as()) && !act.handled && act.parent.is_none()
    }

    /// All that follows from its end.
    pub(super) fn after(&mut self, n: usize, fired: Vec<Fired>) {
        if self.fails_the_run(n) {
            let error = self.error_of(n);
            self.close(ExecutionStatus::Failed, error);
        }
        self.planned_failures();
        self.follow(n, fired);
        self.move_dead_edges();
        self.tell_above(n);
    }

    /// The transitions that hold now that the task has ended, in order. What one publishes the next
    /// ones see in what they publish, but no condition does. What cannot be evaluated is not taken;
    /// the first such error is told.
    fn choose(&mut self, n: usize) -> (Vec<Fired>, Option<String>) {
        let next = self.program.tasks[self.acts[n].task].next.clone();
        let error = self.acts[n].error.as_ref().map(scope::error_value);
        let mut holding = Vec::new();
        let mut wrong = None;
        for (number, transition) in next.iter().enumerate() {
            let holds = match &transition.when {
                None => Ok(true),
                Some(when) => when.test(&self.scope_after(n, error.clone())),
            };
            match holds {
                Ok(true) => holding.push(number),
                Ok(false) => {}
                Err(error) => wrong = wrong.or(Some(error.to_string())),
            }
        }
        let before = self.vars.clone();
        let mut fired = Vec::new();
        'transitions: for number in holding {
            let seen = self.vars.clone();
            let mut published = Vec::new();
            for (name, template) in &next[number].publish {
                match template.evaluate(&self.scope_after(n, error.clone())) {
                    Ok(value) => {
                        self.vars.insert(name.clone(), value.clone());
                        published.push((name.clone(), value));
                    }
                    Err(error) => {
                        wrong = wrong.or(Some(error.to_string()));
                        self.vars = seen;
                        continue 'transitions;
                    }
                }
            }
            fired.push((number, published));
        }
        // So far only to see what it would be.
        self.vars = before;
        (fired, wrong)
    }

    pub(super) fn follow(&mut self, n: usize, fired: Vec<Fired>) {
        let task = self.acts[n].task;
        let next = self.program.tasks[task].next.clone();
        let mut reached: Vec<usize> = Vec::new();
        let mut beside: Vec<usize> = Vec::new();
        let mut joins_beside: Vec<usize> = Vec::new();
        let mut fails = false;
        for (number, published) in fired {
            self.vars.extend(published);
            let to = &next[number].to;
            let fail = to.contains(&Target::Fail);
            self.acts[n].lethal |= fail;
            let leads = |to: &Target| !matches!(to, Target::Noop | Target::Continue);
            let well = self.acts[n].ended_as() == Some(ExecutionStatus::Succeeded);
            if self.is_closing() && (!well || to.iter().any(leads)) {
                self.acts[n].left.push(number);
                self.left.push((n, number));
            }
            fails |= fail;
            for target in to {
                let started = match target {
                    Target::Task(ix) => {
                        let to = ix.0 as usize;
                        if self.program.tasks[to].join.is_none() {
                            self.reach(to, None)
                        } else {
                            if !self.is_closing() {
                                self.arrive(to, (task, number));
                                reached.push(to);
                            }
                            if fail {
                                joins_beside.push(to);
                            }
                            None
                        }
                    }
                    Target::Retry => match self.acts[n].parent {
                        // What is being stopped does not begin again.
                        Some(_) if self.is_spoilt_above(n) => None,
                        Some(above) => self.branch(task, above),
                        None => self.reach(task, None),
                    },
                    Target::Noop | Target::Fail | Target::Continue => None,
                };
                if fail {
                    beside.extend(started);
                }
            }
        }
        for join in reached {
            while let Some(started) = self.start_if_enough(join) {
                if joins_beside.contains(&join) {
                    beside.push(started);
                }
            }
        }
        if fails && !self.is_closing() {
            let error = self.error_of(n);
            if beside.is_empty() {
                self.close(ExecutionStatus::Failed, error);
            } else {
                self.planned.push((error, beside));
            }
        }
    }

    fn error_of(&self, n: usize) -> ErrorInfo {
        self.acts[n]
            .error
            .clone()
            .unwrap_or_else(|| ErrorInfo::new(code::FAILED, "the workflow says so"))
    }

    fn planned_failures(&mut self) {
        let ready = self.planned.iter().find(|(_, beside)| beside.is_empty());
        if let Some((error, _)) = ready.cloned() {
            self.close(ExecutionStatus::Failed, error);
        }
    }
}

fn is_failure(status: Option<ExecutionStatus>) -> bool {
    matches!(
        status,
        Some(ExecutionStatus::Failed | ExecutionStatus::TimedOut)
    )
}
