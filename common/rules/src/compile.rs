//! A rule that is ready to be evaluated, and its evaluation.

use crate::criterion::{CompiledCriterion, compile_criterion};
use crate::event::TriggerEvent;
use crate::explain::{ConditionOutcome, Explanation, Reason, Verdict};
use crate::keys::read_keys;
use crate::scope::EventScope;
use attune_pack::{MatchMode, RuleDef};
use attune_template::{Ambient, KeyRef, KeySet, Keys, Template, TemplateError};
use attune_types::{JsonMap, JsonValue, Ref, canonical_json};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Why a rule cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// A template of it is wrong.
    #[error("rule `{rule}`, `{key}`: {source}")]
    Template {
        /// The rule.
        rule: Ref,
        /// The key that holds the template.
        key: &'static str,
        /// What is wrong.
        source: TemplateError,
    },
    /// A criterion is wrong.
    #[error("rule `{rule}`, the criterion on `{field}`: {message}")]
    Criterion {
        /// The rule.
        rule: Ref,
        /// The field, as written.
        field: String,
        /// What is wrong.
        message: String,
    },
}

/// A rule, compiled once.
#[derive(Clone, Debug)]
pub struct CompiledRule {
    rule: RuleDef,
    pack_config: JsonMap,
    /// The trigger's settings as text that does not depend on the order of keys.
    parameters: String,
    criteria: Vec<CompiledCriterion>,
    when: Option<Template>,
    input: Template,
    dedupe: Option<Template>,
    throttle_key: Option<Template>,
    concurrency_key: Option<Template>,
    /// The keys that any of them reads.
    keys: BTreeSet<KeyRef>,
}

impl CompiledRule {
    /// Compiles a rule of a pack with that configuration.
    ///
    /// # Errors
    /// [`RuleError`] names the key or criterion that is wrong.
    pub fn compile(rule: RuleDef, pack_config: JsonMap) -> Result<Self, RuleError> {
        let fail = |key| {
            let rule = rule.reference.clone();
            move |source| RuleError::Template { rule, key, source }
        };
        let text = |text: &Option<String>, key| {
            text.as_ref()
                .map(|text| Template::compile(&text.as_str().into()).map_err(fail(key)))
                .transpose()
        };
        let criteria: Vec<CompiledCriterion> = rule
            .criteria
            .iter()
            .map(|criterion| compile_criterion(&rule.reference, criterion))
            .collect::<Result<_, _>>()?;
        let when = rule
            .when
            .as_ref()
            .map(|when| Template::condition(when).map_err(fail("when")))
            .transpose()?;
        let input = Template::compile(&rule.input.clone().into()).map_err(fail("input"))?;
        let dedupe = text(&rule.dedupe, "dedupe")?;
        let throttle_key = match &rule.throttle {
            Some(throttle) => text(&throttle.key, "throttle")?,
            None => None,
        };
        let concurrency_key = match &rule.concurrency {
            Some(concurrency) => text(&concurrency.key, "concurrency")?,
            None => None,
        };
        let values = criteria
            .iter()
            .filter_map(|criterion| Some(("criteria", criterion.value.as_ref()?)));
        let others = [
            ("when", when.as_ref()),
            ("input", Some(&input)),
            ("dedupe", dedupe.as_ref()),
            ("throttle", throttle_key.as_ref()),
            ("concurrency", concurrency_key.as_ref()),
        ];
        let others = others
            .into_iter()
            .filter_map(|(key, template)| Some((key, template?)));
        let mut keys = BTreeSet::new();
        for (key, template) in values.chain(others) {
            read_keys(template, rule.reference.pack(), &mut keys).map_err(fail(key))?;
        }
        Ok(Self {
            keys,
            parameters: canonical_json(&rule.trigger_parameters.clone().into()),
            rule,
            pack_config,
            criteria,
            when,
            input,
            dedupe,
            throttle_key,
            concurrency_key,
        })
    }

    /// The rule.
    pub fn rule(&self) -> &RuleDef {
        &self.rule
    }

    /// The keys that it reads. A rule names each by a literal text, so that all are known before.
    pub fn keys(&self) -> &BTreeSet<KeyRef> {
        &self.keys
    }

    /// The canonical text of the trigger's settings.
    pub(crate) fn parameters(&self) -> &str {
        &self.parameters
    }

    /// What it makes of an event, whichever it is: also of those that it does not listen to, which
    /// the explanation says. For trying a rule.
    pub fn evaluate(&self, event: &TriggerEvent, now: Ambient) -> Verdict {
        self.evaluate_with_keys(event, now, &KeySet::closed([]))
    }

    /// As [`CompiledRule::evaluate`], with the values of [`CompiledRule::keys`].
    pub fn evaluate_with_keys(
        &self,
        event: &TriggerEvent,
        now: Ambient,
        known: &KeySet,
    ) -> Verdict {
        if event.trigger != self.rule.trigger {
            let message = format!(
                "the rule listens to `{}`, the event is of `{}`",
                self.rule.trigger, event.trigger
            );
            return self.missed(Reason::TriggerDiffers, Vec::new(), message);
        }
        let meant = event
            .trigger_parameters
            .as_ref()
            .is_none_or(|given| canonical_json(&given.clone().into()) == self.parameters);
        if !meant {
            let message = "the event was made for other settings of the trigger".to_owned();
            return self.missed(Reason::TriggerParametersDiffer, Vec::new(), message);
        }
        self.decide(event, now, known)
    }

    /// What it makes of an event that it listens to.
    pub(crate) fn decide(&self, event: &TriggerEvent, now: Ambient, known: &KeySet) -> Verdict {
        if !self.rule.enabled {
            let message = "the rule is off".to_owned();
            return self.missed(Reason::Disabled, Vec::new(), message);
        }
        let ambient = self.ambient(now);
        let pack = self.rule.reference.pack();
        let scope = EventScope {
            event,
            pack_config: &self.pack_config,
            ambient,
            keys: Keys::new(pack, known.clone(), None, ambient.entropy),
        };
        let mut conditions: Vec<ConditionOutcome> = self
            .criteria
            .iter()
            .map(|criterion| criterion.outcome(&scope))
            .collect();
        let met = match self.rule.match_mode {
            MatchMode::All => conditions.iter().all(|outcome| outcome.held),
            MatchMode::Any => {
                conditions.is_empty() || conditions.iter().any(|outcome| outcome.held)
            }
        };
        if !met {
            let message = not_met(&conditions, self.rule.match_mode);
            return self.missed(Reason::CriteriaNotMet, conditions, message);
        }
        if let Some(when) = &self.when {
            let result = when.test(&scope);
            let held = result.as_ref().is_ok_and(|held| *held);
            let expression = match when.source() {
                JsonValue::String(text) => text.clone(),
                other => other.to_string(),
            };
            conditions.push(ConditionOutcome {
                field: expression.clone(),
                operator: "when".to_owned(),
                expected: true.into(),
                actual: result
                    .as_ref()
                    .map_or(JsonValue::Null, |held| JsonValue::from(*held)),
                present: true,
                held,
                error: result.as_ref().err().map(ToString::to_string),
            });
            match result {
                Ok(true) => {}
                Ok(false) => {
                    let message = format!("`{expression}` was false");
                    return self.missed(Reason::WhenFalse, conditions, message);
                }
                Err(error) => {
                    let message = format!("`when` could not be evaluated: {error}");
                    return self.missed(Reason::Error, conditions, message);
                }
            }
        }
        self.fire(&scope, conditions)
    }

    fn fire(&self, scope: &EventScope<'_>, conditions: Vec<ConditionOutcome>) -> Verdict {
        let key = |template: &Option<Template>, name: &str| {
            template
                .as_ref()
                .map(|template| template.evaluate(scope).map(text_of))
                .transpose()
                .map(Option::flatten)
                .map_err(|error| format!("`{name}` could not be evaluated: {error}"))
        };
        let rendered = self
            .input
            .evaluate(scope)
            .map_err(|error| format!("`input` could not be evaluated: {error}"))
            .and_then(|input| {
                Ok((
                    input,
                    key(&self.dedupe, "dedupe")?,
                    key(&self.throttle_key, "throttle")?,
                    key(&self.concurrency_key, "concurrency")?,
                ))
            });
        match rendered {
            Err(message) => self.missed(Reason::Error, conditions, message),
            Ok((input, dedupe, throttle_key, concurrency_key)) => {
                let message = match conditions.len() {
                    0 => "fired: the rule has no conditions".to_owned(),
                    1 => "fired: its condition held".to_owned(),
                    count => format!(
                        "fired: {} of {count} conditions held",
                        conditions.iter().filter(|outcome| outcome.held).count()
                    ),
                };
                Verdict {
                    rule: self.rule.reference.clone(),
                    fired: true,
                    action: self.rule.action.clone(),
                    input: match input {
                        JsonValue::Object(map) => Some(map),
                        _ => Some(JsonMap::new()),
                    },
                    dedupe,
                    throttle_key,
                    concurrency_key,
                    explanation: Explanation {
                        reason: Reason::Fired,
                        conditions,
                        message,
                    },
                }
            }
        }
    }

    fn missed(
        &self,
        reason: Reason,
        conditions: Vec<ConditionOutcome>,
        message: String,
    ) -> Verdict {
        Verdict {
            rule: self.rule.reference.clone(),
            fired: false,
            action: self.rule.action.clone(),
            input: None,
            dedupe: None,
            throttle_key: None,
            concurrency_key: None,
            explanation: Explanation {
                reason,
                conditions,
                message,
            },
        }
    }

    /// Other randomness for every rule.
    fn ambient(&self, now: Ambient) -> Ambient {
        let seed = Uuid::from_bytes(now.entropy);
        let name = self.rule.reference.as_str().as_bytes();
        Ambient {
            now: now.now,
            entropy: Uuid::new_v5(&seed, name).into_bytes(),
        }
    }
}

fn not_met(conditions: &[ConditionOutcome], mode: MatchMode) -> String {
    let Some(first) = conditions.iter().find(|outcome| !outcome.held) else {
        return "no criterion held".to_owned();
    };
    if mode == MatchMode::Any && conditions.len() > 1 {
        return format!("none of the {} criteria held", conditions.len());
    }
    let expected = match first.operator.as_str() {
        "exists" | "nexists" => String::new(),
        _ => format!(" {}", first.expected),
    };
    let why = match (&first.error, first.present) {
        (Some(error), _) => error.clone(),
        (None, false) => "the event has no such field".to_owned(),
        (None, true) => format!("it is {}", first.actual),
    };
    format!(
        "`{}` {}{expected} did not hold: {why}",
        first.field, first.operator
    )
}

fn text_of(value: JsonValue) -> Option<String> {
    match value {
        JsonValue::Null => None,
        JsonValue::String(text) if text.is_empty() => None,
        JsonValue::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}
