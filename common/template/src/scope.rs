//! Where names come from: what the caller lends for one evaluation.
//!
//! A scope is asked only for the members that a template was found to use when it was compiled, so
//! that evaluating `{{ task.build.image }}` never touches the rest of a run.

use crate::key::Keys;
use crate::limits::Bounds;
use attune_types::{ExecutionStatus, JsonMap, JsonValue, Timestamp};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The part of the world in which a name is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Root {
    /// `task.<name>`: the object `{result, status, error, ...}`.
    Task,
    /// `vars.<name>`.
    Vars,
    /// `parameters.<name>`.
    Parameters,
    /// `pack.config.<name>`.
    PackConfig,
    /// `system.<name>`.
    System,
    /// `kv.get("name")`. Its members come from [`Scope::keys`], never from [`Scope::get`].
    Kv,
    /// `event.payload`, `event.trigger`, `event.id`, `event.time`.
    Event,
    /// `inquiry.<task>`.
    Inquiry,
    /// Names of their own: `item`, `index`, `error`, what `as` names.
    Local,
}

impl Root {
    /// The order in which a bare name is looked up.
    pub const BARE: [Self; 7] = [
        Self::Local,
        Self::Task,
        Self::Vars,
        Self::Parameters,
        Self::PackConfig,
        Self::System,
        Self::Kv,
    ];

    /// How the root is written in an expression; empty for local names.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Vars => "vars",
            Self::Parameters => "parameters",
            Self::PackConfig => "pack.config",
            Self::System => "system",
            Self::Kv => "kv",
            Self::Event => "event",
            Self::Inquiry => "inquiry",
            Self::Local => "",
        }
    }
}

/// How the task that a condition looks at has ended.
#[derive(Clone, Debug)]
pub struct Outcome<'a> {
    /// Its status: behind `succeeded()`, `failed()`, `timed_out()`, `skipped()`, `completed()`.
    pub status: ExecutionStatus,
    /// Its result: behind `result()`.
    pub result: Cow<'a, JsonValue>,
    /// Its error: behind `error`, where no local name says otherwise.
    pub error: Option<Cow<'a, JsonValue>>,
}

/// Time and randomness, decided once and recorded by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ambient {
    /// Behind `now()`.
    pub now: Timestamp,
    /// Behind `uuid()` and `random()`: the same entropy gives the same values.
    pub entropy: [u8; 16],
}

/// What a template may see.
pub trait Scope {
    /// One member of a root, such as the object of task `build`; `None` where there is none.
    fn get(&self, root: Root, name: &str) -> Option<Cow<'_, JsonValue>>;
    /// The same for a template that goes on to one field of it, where that is known when it is
    /// compiled: what is costly to make and was not asked for may be left out.
    fn get_for(&self, root: Root, name: &str, _field: Option<&str>) -> Option<Cow<'_, JsonValue>> {
        self.get(root, name)
    }
    /// How long the list in a field of a member is, where that is known without making the list.
    fn length(&self, _root: Root, _name: &str, _field: &str) -> Option<usize> {
        None
    }
    /// All names of a root: for messages that say what stands there, and for whole roots.
    fn names(&self, root: Root) -> Vec<String>;
    /// The ended task that a transition looks at, if there is one.
    fn outcome(&self) -> Option<Outcome<'_>>;
    /// Time and randomness.
    fn ambient(&self) -> Ambient;
    /// How far an evaluation may go.
    fn bounds(&self) -> Bounds {
        Bounds::default()
    }
    /// The keys behind `kv`; none where there are no keys to read.
    fn keys(&self) -> Option<&Keys> {
        None
    }
}

/// A scope made of maps: for rules and tests.
#[derive(Clone, Debug)]
pub struct MapScope {
    roots: BTreeMap<Root, JsonMap>,
    outcome: Option<(ExecutionStatus, JsonValue, Option<JsonValue>)>,
    ambient: Ambient,
    keys: Option<Keys>,
}

impl MapScope {
    /// An empty scope.
    pub fn new(ambient: Ambient) -> Self {
        Self {
            roots: BTreeMap::new(),
            outcome: None,
            ambient,
            keys: None,
        }
    }

    /// The same scope with a whole root.
    #[must_use]
    pub fn with(mut self, root: Root, members: JsonMap) -> Self {
        self.roots.insert(root, members);
        self
    }

    /// The same scope with one more member of a root.
    #[must_use]
    pub fn with_member(mut self, root: Root, name: &str, value: JsonValue) -> Self {
        self.roots
            .entry(root)
            .or_default()
            .insert(name.to_owned(), value);
        self
    }

    /// The same scope with keys to read.
    #[must_use]
    pub fn with_keys(mut self, keys: Keys) -> Self {
        self.keys = Some(keys);
        self
    }

    /// The same scope with an ended task to look at.
    #[must_use]
    pub fn with_outcome(
        mut self,
        status: ExecutionStatus,
        result: JsonValue,
        error: Option<JsonValue>,
    ) -> Self {
        self.outcome = Some((status, result, error));
        self
    }
}

impl Scope for MapScope {
    fn get(&self, root: Root, name: &str) -> Option<Cow<'_, JsonValue>> {
        self.roots.get(&root)?.get(name).map(Cow::Borrowed)
    }

    fn names(&self, root: Root) -> Vec<String> {
        self.roots
            .get(&root)
            .map(|members| members.keys().cloned().collect())
            .unwrap_or_default()
    }

    fn outcome(&self) -> Option<Outcome<'_>> {
        self.outcome
            .as_ref()
            .map(|(status, result, error)| Outcome {
                status: *status,
                result: Cow::Borrowed(result),
                error: error.as_ref().map(Cow::Borrowed),
            })
    }

    fn ambient(&self) -> Ambient {
        self.ambient
    }

    fn keys(&self) -> Option<&Keys> {
        self.keys.as_ref()
    }
}
