//! Rules: when an event of this trigger fits, start that action.
//!
//! Owns [`RuleDef`]. Never evaluates: the rules crate does, purely.

use super::keyword::keyword;
use super::seconds;
use attune_types::{Duration, JsonMap, JsonValue, Ref};
use serde::{Deserialize, Serialize};

keyword! {
    /// How a criterion compares the event's value with its own.
    Operator {
        /// Equal.
        Equals = "equals",
        /// Not equal.
        NotEquals = "not_equals",
        /// Equal, letter case aside.
        Iequals = "iequals",
        /// The event's value contains the criterion's.
        Contains = "contains",
        /// The same, letter case aside.
        Icontains = "icontains",
        /// It does not contain it.
        Ncontains = "ncontains",
        /// It does not contain it, letter case aside.
        Incontains = "incontains",
        /// The event's value is one of the list.
        In = "in",
        /// It is none of the list.
        Nin = "nin",
        /// Starts with.
        Startswith = "startswith",
        /// Starts with, letter case aside.
        Istartswith = "istartswith",
        /// Ends with.
        Endswith = "endswith",
        /// Ends with, letter case aside.
        Iendswith = "iendswith",
        /// Matches a regular expression.
        Matchregex = "matchregex",
        /// Matches a regular expression, letter case aside.
        Iregex = "iregex",
        /// Greater.
        Gt = "gt",
        /// Greater or equal.
        Gte = "gte",
        /// Less.
        Lt = "lt",
        /// Less or equal.
        Lte = "lte",
        /// The field is there.
        Exists = "exists",
        /// The field is not there.
        Nexists = "nexists",
        /// The time is less than so long ago.
        TimediffLt = "timediff_lt",
        /// The time is more than so long ago.
        TimediffGt = "timediff_gt",
        /// The event's value lies inside the criterion's text or list.
        Inside = "inside",
        /// It does not lie inside.
        Ninside = "ninside",
        /// Some item of the event's list fits the inner criteria.
        Search = "search",
        /// Matches a pattern with `*` and `?`.
        Matchwildcard = "matchwildcard",
    }
}

impl Operator {
    /// Whether it needs nothing to compare with.
    pub fn is_unary(self) -> bool {
        matches!(self, Self::Exists | Self::Nexists)
    }
}

/// One condition on a field of the event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Criterion {
    /// The field, as written: `event.payload.severity`.
    pub field: String,
    /// How to compare.
    pub operator: Operator,
    /// What to compare with; null for `exists` and `nexists`.
    #[serde(default)]
    pub value: JsonValue,
}

keyword! {
    /// How many criteria must hold.
    MatchMode {
        /// Every one.
        All = "all",
        /// At least one.
        Any = "any",
    }
}

/// At most `limit` runs in any span of `per`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThrottleDef {
    /// How many.
    pub limit: u32,
    /// In how long.
    #[serde(with = "seconds")]
    pub per: Duration,
    /// Template; events with another key are counted apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

keyword! {
    /// What happens to a run that would be one too many.
    OnLimit {
        /// It waits.
        Queue = "queue",
        /// It is refused.
        Reject = "reject",
        /// The oldest one is cancelled for it.
        CancelOldest = "cancel_oldest",
    }
}

/// How many runs at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConcurrencyDef {
    /// How many.
    pub limit: u32,
    /// Template; runs with another key are counted apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What happens to one too many.
    pub on_limit: OnLimit,
}

/// One rule of a pack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleDef {
    /// `pack.name`.
    #[serde(rename = "ref")]
    pub reference: Ref,
    /// For people.
    pub label: String,
    /// For people, longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The kind of event that it listens to.
    pub trigger: Ref,
    /// Settings of that trigger, such as `every`; fits the trigger's parameter schema.
    #[serde(default)]
    pub trigger_parameters: JsonMap,
    /// Expression over the event; must hold too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<JsonValue>,
    /// Conditions on fields.
    #[serde(default)]
    pub criteria: Vec<Criterion>,
    /// Whether all or any of the criteria must hold.
    #[serde(rename = "match", default = "all")]
    pub match_mode: MatchMode,
    /// What is started.
    pub action: Ref,
    /// Templates for its parameters.
    #[serde(default)]
    pub input: JsonMap,
    /// Not more often than.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttle: Option<ThrottleDef>,
    /// Template; a second event with the same text starts nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedupe: Option<String>,
    /// Not more at once than.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<ConcurrencyDef>,
    /// Whether it is on when the pack is first loaded.
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn all() -> MatchMode {
    MatchMode::All
}

fn yes() -> bool {
    true
}
