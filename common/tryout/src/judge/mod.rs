//! Comparing what a walk came to with what a test expects.
//!
//! Owns every comparison and its wording. All differences come at once, each with the place of the
//! expectation. Never changes the walk.

mod subset;
mod values;

pub use subset::differences as subset_differences;

use crate::files::{Expect, Named, Placed};
use crate::told::told;
use crate::walk::{Refused, Walk, WalkedRun};
use attune_flow::run::Execution;
use attune_pack::Span;
use attune_pack::yaml::Node;
use attune_types::ExecutionStatus;

/// One thing that is not as expected.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// What was looked at: `tasks.build`, `output.image`.
    pub what: String,
    /// What was expected, in words.
    pub expected: String,
    /// What came, in words.
    pub came: String,
    /// Where the expectation is written.
    pub span: Span,
}

/// What is looked at, and what is not as it must be.
struct Judge<'a> {
    walk: &'a Walk,
    root: &'a WalkedRun,
    written: Option<&'a Node>,
    found: Vec<Failure>,
}

/// Compares a walk with what is expected.
pub(crate) fn judge(walk: &Walk, expect: &Expect, usual: ExecutionStatus) -> Vec<Failure> {
    let Some(root) = walk.root() else {
        return Vec::new();
    };
    let mut judge = Judge {
        walk,
        root,
        written: expect.written.as_ref(),
        found: Vec::new(),
    };
    judge.stopped(expect);
    judge.status(expect, usual);
    judge.error(expect);
    judge.tasks(&expect.tasks);
    judge.order(expect);
    judge.undone(expect);
    judge.output(expect);
    judge.inputs(&expect.inputs);
    judge.results(&expect.results);
    judge.counts("activations", &expect.activations, |walk, path| {
        walk.activations(path)
    });
    judge.counts("attempts", &expect.attempts, |walk, path| {
        walk.find(path)
            .map_or(0, |(_, execution)| execution.attempts)
    });
    judge.vars(expect);
    judge.labels(expect);
    judge.cost(expect);
    judge.found
}

/// Compares a refusal with what is expected.
pub(crate) fn judge_refusal(refused: &Refused, expect: &Expect) -> Vec<Failure> {
    let Refused::Parameters { errors, .. } = refused;
    let Some(wanted) = &expect.refused else {
        return vec![Failure {
            what: "status".to_owned(),
            expected: "the run starts".to_owned(),
            came: format!("it was refused: {refused}"),
            span: expect
                .status
                .as_ref()
                .map_or(expect.span, |status| status.span),
        }];
    };
    let mut found = Vec::new();
    for reason in &wanted.value {
        let given = errors.iter().any(|error| {
            error.pointer == reason.pointer
                && reason
                    .says
                    .as_ref()
                    .is_none_or(|says| error.code.contains(says) || error.message.contains(says))
        });
        if !given {
            let says = reason
                .says
                .as_ref()
                .map(|says| format!(" that says `{says}`"));
            found.push(Failure {
                what: "errors".to_owned(),
                expected: format!(
                    "an error at `{}`{}",
                    reason.pointer,
                    says.unwrap_or_default()
                ),
                came: refused.to_string(),
                span: wanted.span,
            });
        }
    }
    found
}

impl Judge<'_> {
    fn fail(
        &mut self,
        what: impl Into<String>,
        expected: impl Into<String>,
        came: impl Into<String>,
        span: Span,
    ) {
        self.found.push(Failure {
            what: what.into(),
            expected: expected.into(),
            came: came.into(),
            span,
        });
    }

    fn stopped(&mut self, expect: &Expect) {
        if let Some(stopped) = &self.walk.stopped {
            let span = stopped.span().filter(|span| span.line > 0);
            self.fail(
                "run",
                "the run reaches its end",
                stopped.to_string(),
                span.unwrap_or(expect.span),
            );
        }
    }

    fn status(&mut self, expect: &Expect, usual: ExecutionStatus) {
        if let Some(refused) = &expect.refused {
            let came = format!("it was started, and is {}", self.root.state.status());
            self.fail("refused", "the run is refused", came, refused.span);
            return;
        }
        let status = self.root.state.status();
        let wanted = match &expect.status {
            Some(status) => status.value,
            None if expect.error.is_some() => ExecutionStatus::Failed,
            None => usual,
        };
        // Without a stated status an error may be that of any bad end.
        let fits = status == wanted
            || (expect.status.is_none()
                && expect.error.is_some()
                && status != ExecutionStatus::Succeeded);
        if self.walk.stopped.is_some() || fits {
            return;
        }
        let why = match self.root.state.error() {
            Some(error) => {
                let task = error.task.as_ref().map(|task| format!(" of task `{task}`"));
                let task = task.unwrap_or_default();
                format!(
                    "{status}, with the error {}{task}: {}",
                    error.code, error.message
                )
            }
            None => status.to_string(),
        };
        let span = expect
            .status
            .as_ref()
            .map_or(expect.span, |status| status.span);
        self.fail("status", wanted.to_string(), why, span);
    }

    fn error(&mut self, expect: &Expect) {
        let Some(Placed {
            value: wanted,
            span,
        }) = &expect.error
        else {
            return;
        };
        let Some(error) = self.root.state.error().cloned() else {
            self.fail("error", "an error", "none", *span);
            return;
        };
        if let Some(task) = &wanted.task
            && error.task.as_ref() != Some(task)
        {
            let came = error.task.as_deref().unwrap_or("the run itself");
            self.fail("error.task", task, came, *span);
        }
        if let Some(code) = &wanted.code
            && *code != error.code
        {
            let came = format!("{} ({})", error.code, error.message);
            self.fail("error.code", code, came, *span);
        }
        if let Some(says) = &wanted.says
            && !error.message.contains(says)
            && !error.code.contains(says)
        {
            let came = format!("{}: {}", error.code, error.message);
            self.fail("error.says", format!("a text with `{says}`"), came, *span);
        }
    }

    fn tasks(&mut self, wanted: &Named<Option<ExecutionStatus>>) {
        for (path, wanted) in wanted {
            let found = self.walk.find(path).map(|(_, execution)| execution);
            let came = match found {
                None => "absent: it was never reached".to_owned(),
                Some(execution) => match &execution.error {
                    Some(error) => {
                        format!("{} ({}: {})", execution.status(), error.code, error.message)
                    }
                    None => execution.status().to_string(),
                },
            };
            if found.map(Execution::status) != wanted.value {
                let word = wanted.value.map_or("absent", ExecutionStatus::as_str);
                self.fail(format!("tasks.{path}"), word, came, wanted.span);
            }
        }
    }

    fn order(&mut self, expect: &Expect) {
        let order = self.walk.order();
        if let Some(wanted) = &expect.order {
            let mut rest = order.iter();
            let missing = wanted
                .value
                .iter()
                .find(|name| !rest.any(|reached| reached == *name));
            if let Some(missing) = missing {
                let expected = format!(
                    "{} (`{missing}` is not in its place)",
                    wanted.value.join(", ")
                );
                self.fail("order", expected, told(&order, ", "), wanted.span);
            }
        }
        self.exactly("path", expect.path.as_ref(), order);
    }

    fn undone(&mut self, expect: &Expect) {
        self.exactly("undone", expect.undone.as_ref(), self.walk.undone());
    }

    /// These and no others, in this order. Tasks of child runs count where the test names some.
    fn exactly(&mut self, what: &str, wanted: Option<&Placed<Vec<String>>>, came: Vec<String>) {
        let Some(wanted) = wanted else {
            return;
        };
        let deep = wanted.value.iter().any(|name| name.contains('/'));
        let came: Vec<String> = came
            .into_iter()
            .filter(|name| deep || !name.contains('/'))
            .collect();
        if came != wanted.value {
            let (expected, came) = (told(&wanted.value, ", "), told(&came, ", "));
            self.fail(
                what,
                none_if_empty(expected),
                none_if_empty(came),
                wanted.span,
            );
        }
    }

    fn counts(&mut self, what: &str, wanted: &Named<u64>, count: impl Fn(&Walk, &str) -> u32) {
        for (path, wanted) in wanted {
            let came = count(self.walk, path);
            if u64::from(came) != wanted.value {
                let (expected, came) = (wanted.value.to_string(), came.to_string());
                self.fail(format!("{what}.{path}"), expected, came, wanted.span);
            }
        }
    }
}

fn none_if_empty(names: String) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names
    }
}
