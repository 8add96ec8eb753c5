//! One criterion of a rule: compiled once, held against events.

use crate::compile::RuleError;
use crate::explain::{ConditionOutcome, quoted};
use crate::field::Field;
use crate::operator::{self, Prepared};
use crate::scope::EventScope;
use attune_pack::Criterion;
use attune_template::Template;
use attune_types::{JsonValue, Ref};

#[derive(Clone, Debug)]
pub(crate) struct CompiledCriterion {
    criterion: Criterion,
    field: Field,
    /// Where the value is a template.
    pub(crate) value: Option<Template>,
    prepared: Prepared,
}

/// Compiles a criterion of a rule.
pub(crate) fn compile_criterion(
    rule: &Ref,
    criterion: &Criterion,
) -> Result<CompiledCriterion, RuleError> {
    let fail = |message| RuleError::Criterion {
        rule: rule.clone(),
        field: criterion.field.clone(),
        message,
    };
    let field = Field::parse(&criterion.field).map_err(fail)?;
    let template = Template::compile(&criterion.value).map_err(|error| fail(error.to_string()))?;
    let literal = template.is_literal();
    Ok(CompiledCriterion {
        prepared: if literal {
            operator::prepare(criterion.operator, &criterion.value).map_err(fail)?
        } else {
            Prepared::Plain
        },
        value: (!literal).then_some(template),
        field,
        criterion: criterion.clone(),
    })
}

impl CompiledCriterion {
    /// Whether it holds for an event, and why.
    pub(crate) fn outcome(&self, scope: &EventScope<'_>) -> ConditionOutcome {
        let actual = self.field.find(scope.event, scope.pack_config);
        let rendered = self
            .value
            .as_ref()
            .map(|template| template.evaluate(scope))
            .transpose();
        let (expected, result) = match rendered {
            Err(error) => (self.criterion.value.clone(), Err(error.to_string())),
            Ok(rendered) => {
                let expected = rendered.as_ref().unwrap_or(&self.criterion.value);
                let result = operator::holds(
                    self.criterion.operator,
                    &self.prepared,
                    actual.as_deref(),
                    expected,
                    scope.ambient.now,
                );
                (quoted(expected), result)
            }
        };
        ConditionOutcome {
            field: self.criterion.field.clone(),
            operator: self.criterion.operator.to_string(),
            expected,
            actual: actual.as_deref().map_or(JsonValue::Null, quoted),
            present: actual.is_some(),
            held: result.as_ref().is_ok_and(|held| *held),
            error: result.err(),
        }
    }
}
