//! `rules/*.yaml`, `triggers/*.yaml` and `sensors/*.yaml`.

use super::super::form;
use schemars::JsonSchema;

/// A rule: when an event of a trigger fits, start an action.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Attune rule")]
pub struct Rule {
    /// Its name, `pack.name`.
    #[serde(rename = "ref")]
    #[schemars(schema_with = "form::reference")]
    pub reference: String,
    /// What people see in lists; the name without it.
    pub label: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The trigger whose events it looks at.
    #[schemars(schema_with = "form::reference")]
    pub trigger: String,
    /// What the trigger is given, such as the schedule of `core.cron`.
    #[serde(default)]
    #[schemars(schema_with = "form::map")]
    pub trigger_parameters: (),
    /// An expression over `event`.
    #[serde(default)]
    #[schemars(schema_with = "form::expression")]
    pub when: (),
    /// Conditions on fields of the event: a list, or a map of a field to a value or to
    /// `{operator: value}`.
    #[serde(default)]
    #[schemars(schema_with = "form::criteria")]
    pub criteria: (),
    /// Whether all criteria must hold, as without it, or any.
    #[serde(default, rename = "match")]
    #[schemars(schema_with = "form::word::<attune_pack::MatchMode>")]
    pub match_mode: (),
    /// The action to start, as `pack.name`; a workflow is one.
    #[schemars(schema_with = "form::reference")]
    pub action: String,
    /// What the action is given; templates over `event` and `pack.config`.
    #[serde(default)]
    #[schemars(schema_with = "form::map")]
    pub input: (),
    /// Fires at most so often: a duration for once in that time, or the long form.
    #[serde(default)]
    #[schemars(schema_with = "form::duration_or::<Throttle>")]
    pub throttle: (),
    /// A template. An event whose text is that of a run still going on starts no other.
    pub dedupe: Option<String>,
    /// How many runs of this rule go on at once: a number, or the long form.
    #[serde(default)]
    #[schemars(schema_with = "form::number_or::<Concurrency>")]
    pub concurrency: (),
    /// Whether it is on when it is first registered; it is without this.
    pub enabled: Option<bool>,
}

/// One condition on a field of the event.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    /// The field, such as `event.payload.severity`.
    pub field: String,
    /// How to compare.
    #[schemars(schema_with = "form::word::<attune_pack::Operator>")]
    pub operator: (),
    /// What to compare with; nothing for `exists` and `nexists`.
    #[serde(default)]
    #[schemars(schema_with = "form::any")]
    pub value: (),
}

/// How often a rule may fire.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Throttle {
    /// How many times; once without it.
    pub limit: Option<u32>,
    /// In how long: seconds, or text such as `1m`.
    #[schemars(schema_with = "form::duration")]
    pub per: (),
    /// A template; events with another text are counted apart.
    pub key: Option<String>,
}

/// How many at once.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Concurrency {
    /// How many.
    #[schemars(range(min = 1))]
    pub limit: u32,
    /// A template; runs with another text are counted apart.
    pub key: Option<String>,
    /// What happens to one too many: it waits (as without this), is refused, or the oldest is
    /// cancelled for it.
    #[serde(default)]
    #[schemars(schema_with = "form::word::<attune_pack::OnLimit>")]
    pub on_limit: (),
}

/// A trigger: a kind of event.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Attune trigger")]
pub struct Trigger {
    /// Its name, `pack.name`.
    #[serde(rename = "ref")]
    #[schemars(schema_with = "form::reference")]
    pub reference: String,
    /// What people see in lists; the name without it.
    pub label: Option<String>,
    /// What its events mean.
    pub description: Option<String>,
    /// What rules give it: fields with their types, or a JSON Schema object.
    #[serde(default)]
    #[schemars(schema_with = "form::fields")]
    pub parameters: (),
    /// What its events carry, in the same two forms; any map without it.
    #[serde(default)]
    #[schemars(schema_with = "form::fields")]
    pub payload: (),
}

/// A sensor: a process that notices and writes events.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Attune sensor")]
pub struct Sensor {
    /// Its name, `pack.name`.
    #[serde(rename = "ref")]
    #[schemars(schema_with = "form::reference")]
    pub reference: String,
    /// What people see in lists; the name without it.
    pub label: Option<String>,
    /// What it watches.
    pub description: Option<String>,
    /// What runs it: `shell`, `python`, `node` or `binary`.
    #[schemars(schema_with = "form::word::<attune_pack::Runner>")]
    pub runner: (),
    /// The file to run, beside this one or in the pack's folder.
    pub entry_point: String,
    /// The triggers whose events it may write.
    #[schemars(schema_with = "form::references")]
    pub triggers: (),
    /// What it is told at its start.
    #[serde(default)]
    #[schemars(schema_with = "form::map")]
    pub config: (),
    /// Environment of its process.
    #[serde(default)]
    #[schemars(schema_with = "form::environment")]
    pub env: (),
    /// How often it is asked to look, where it polls: seconds, or text such as `30s`.
    #[serde(default)]
    #[schemars(schema_with = "form::duration")]
    pub poll_interval: (),
    /// Whether it runs; it does without this.
    pub enabled: Option<bool>,
}
