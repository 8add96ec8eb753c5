//! Mocks: what stands in for workers, people, other systems and child workflows.
//!
//! Owns the data and the choice of an answer. A mock belongs to a task (`build`), to a task of a
//! child workflow (`deploy/build`) or to every call of an action (`release.build`); the nearer one
//! wins. Made by the readers of files or by hand. Never decides what follows: the walk does.

mod pick;

pub(crate) use pick::{Asked, Picked, Turns};

use attune_pack::Span;
use attune_template::Template;
use attune_types::{Duration, ErrorInfo, JsonValue, Ref};
use indexmap::IndexMap;
use std::collections::BTreeMap;

/// All mocks of a walk, by task path or action.
#[derive(Clone, Debug, Default)]
pub struct Mocks {
    pub(crate) by: IndexMap<String, Mock>,
}

/// What answers the calls of one task or action.
#[derive(Clone, Debug, Default)]
pub struct Mock {
    /// Where it is written.
    pub span: Span,
    /// Answers for single items, by index or by the item's value.
    pub items: Vec<(String, Vec<Answer>)>,
    /// Answers for everything else.
    pub answers: Vec<Answer>,
}

/// One answer.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Where it is written.
    pub span: Span,
    /// Only calls for which this holds; sees `input`, `item`, `index`, `attempt`, `activation`.
    pub when: Option<Template>,
    /// How the attempt ends.
    pub ending: Ending,
    /// What it gives back; may hold templates over the same names.
    pub result: Option<Template>,
    /// Whether the result is made from the action's output schema.
    pub auto: bool,
    /// What went wrong.
    pub error: Option<ErrorInfo>,
    /// How long it takes.
    pub takes: Duration,
    /// Exit code of the process.
    pub exit_code: Option<i32>,
    /// What the process wrote.
    pub stdout: Option<String>,
    /// What it wrote to its other output.
    pub stderr: Option<String>,
    /// Money that it reports as spent.
    pub cost_usd: Option<f64>,
    /// Labels that it sets on the run.
    pub labels: BTreeMap<String, String>,
}

/// How a mocked attempt ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// Well.
    #[default]
    Succeeded,
    /// Badly.
    Failed,
    /// Its time ran out.
    TimedOut,
    /// Its worker is gone.
    Lost,
}

impl Mocks {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one, in the place of an earlier one of the same name.
    pub fn insert(&mut self, name: impl Into<String>, mock: Mock) {
        self.by.insert(name.into(), mock);
    }

    /// The same mocks with one more.
    #[must_use]
    pub fn with(mut self, name: &str, mock: impl Into<Mock>) -> Self {
        self.insert(name, mock.into());
        self
    }

    /// The names and mocks, in the order written.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Mock)> {
        self.by.iter().map(|(name, mock)| (name.as_str(), mock))
    }

    /// The mock of a task at a path that calls an action.
    pub(crate) fn of(&self, path: &str, action: &Ref) -> Option<(&str, &Mock)> {
        [path, action.as_str()].into_iter().find_map(|name| {
            let (name, mock) = self.by.get_key_value(name)?;
            Some((name.as_str(), mock))
        })
    }

    /// These, with others over them.
    pub(crate) fn under(mut self, over: Self) -> Self {
        self.by.extend(over.by);
        self
    }
}

/// Whether a mock's name is that of an action: tasks and paths of tasks have no dot.
pub(crate) fn is_action(name: &str) -> bool {
    name.contains('.')
}

impl Answer {
    /// One that succeeds with a result, taken as it is.
    pub fn result(value: &JsonValue) -> Self {
        Self {
            result: Template::compile(value).ok(),
            ..Self::default()
        }
    }

    /// One that fails with that code.
    pub fn error(code: &str) -> Self {
        Self {
            ending: Ending::Failed,
            error: Some(ErrorInfo::new(
                code,
                format!("mocked to fail with `{code}`"),
            )),
            ..Self::default()
        }
    }

    /// The same, after some time.
    #[must_use]
    pub fn taking(mut self, takes: Duration) -> Self {
        self.takes = takes;
        self
    }
}

impl From<Answer> for Mock {
    fn from(answer: Answer) -> Self {
        Self::from(vec![answer])
    }
}

impl From<Vec<Answer>> for Mock {
    fn from(answers: Vec<Answer>) -> Self {
        Self {
            answers,
            ..Self::default()
        }
    }
}
