//! What became of an event at a rule, for the delivery log: stored as JSON, read by people.

use attune_types::{JsonMap, JsonValue, Ref};
use serde::{Deserialize, Serialize};

/// What one rule makes of one event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The rule.
    pub rule: Ref,
    /// Whether it fires.
    pub fired: bool,
    /// The action that it starts then.
    pub action: Ref,
    /// The action's input, when it fires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<JsonMap>,
    /// The rule's own key against doubles, when it fires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedupe: Option<String>,
    /// The key by which its throttle counts, when it fires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttle_key: Option<String>,
    /// The key by which its concurrency counts, when it fires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency_key: Option<String>,
    /// Why.
    pub explanation: Explanation,
}

/// Why a rule fired or did not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// In one word.
    pub reason: Reason,
    /// Condition by condition, in the order of the rule file; `when` comes last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<ConditionOutcome>,
    /// In one sentence.
    pub message: String,
}

/// Why, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It fired.
    Fired,
    /// Not enough of the criteria held.
    CriteriaNotMet,
    /// The expression of `when` was false.
    WhenFalse,
    /// The rule is off.
    Disabled,
    /// The event was made for other settings of the trigger.
    TriggerParametersDiffer,
    /// The event is of another trigger.
    TriggerDiffers,
    /// A run that the rule started for the same dedupe text is still active. Found when the verdict
    /// is stored.
    Deduplicated,
    /// A template of the rule, or its `when`, could not be evaluated, or the action not be started.
    Error,
}

impl Reason {
    /// The text used in the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fired => "fired",
            Self::CriteriaNotMet => "criteria_not_met",
            Self::WhenFalse => "when_false",
            Self::Disabled => "disabled",
            Self::TriggerParametersDiffer => "trigger_parameters_differ",
            Self::TriggerDiffers => "trigger_differs",
            Self::Deduplicated => "deduplicated",
            Self::Error => "error",
        }
    }
}

/// How one condition came out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConditionOutcome {
    /// The field, or the expression of `when`, exactly as it stands in the rule file.
    pub field: String,
    /// The operator; `when` for the expression.
    pub operator: String,
    /// What the rule compares with.
    pub expected: JsonValue,
    /// What the event holds there; null where it holds nothing. Shortened when it is long.
    pub actual: JsonValue,
    /// Whether the event has the field at all.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub present: bool,
    /// Whether the condition held.
    pub held: bool,
    /// What was wrong, where it could not be decided; it counts as not held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

fn yes() -> bool {
    true
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde gives skip conditions a reference"
)]
fn is_true(value: &bool) -> bool {
    *value
}

/// The longest text, and the largest value, that a log line quotes.
const QUOTED: usize = 500;

/// A copy of a value that is small enough for a log line.
pub(crate) fn quoted(value: &JsonValue) -> JsonValue {
    match value {
        JsonValue::String(text) => match text.char_indices().nth(QUOTED) {
            Some((cut, _)) => format!("{}…", &text[..cut]).into(),
            None => value.clone(),
        },
        JsonValue::Array(items) if !fits(value, &mut QUOTED.clone()) => {
            format!("(a list of {})", items.len()).into()
        }
        JsonValue::Object(map) if !fits(value, &mut QUOTED.clone()) => {
            format!("(a map of {})", map.len()).into()
        }
        _ => value.clone(),
    }
}

/// Whether a value takes at most `left` bytes, roughly; stops looking when it does not.
fn fits(value: &JsonValue, left: &mut usize) -> bool {
    let own = match value {
        JsonValue::String(text) => text.len() + 2,
        _ => 4,
    };
    match left.checked_sub(own) {
        Some(rest) => *left = rest,
        None => return false,
    }
    match value {
        JsonValue::Array(items) => items.iter().all(|item| fits(item, left)),
        JsonValue::Object(map) => map.iter().all(|(key, item)| {
            *left = left.saturating_sub(key.len());
            fits(item, left)
        }),
        _ => true,
    }
}
