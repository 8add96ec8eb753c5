//! Evaluates simple expressions on plain JSON, without Tera: paths, constants, comparisons, `and`,
//! `or`, `not`, ternaries, `default` and `is defined`. Most of what people write is that, and it costs
//! a lookup. It means exactly what the engine would make of it; the tests hold the two together.

use crate::ast::{Base, Expr, Node, Op, Span, Statement};
use crate::element;
use crate::error::Fault;
use crate::guard;
use crate::key::no_keys;
use crate::resolve::{self, type_name};
use crate::scope::Scope;
use attune_types::JsonValue;
use std::borrow::Cow;
use std::cmp::Ordering;

/// Whether [`eval`] can evaluate the expression.
pub(crate) fn can(node: &Node) -> bool {
    match &node.expr {
        Expr::Const(_) => true,
        Expr::Key { key, pack, .. } => can(key) && pack.as_deref().is_none_or(can),
        Expr::Path(path) => !matches!(path.base, Base::Bound(_)),
        Expr::Not(inner) => can(inner),
        Expr::Binary(op, left, right) => {
            matches!(
                op,
                Op::Or | Op::And | Op::In | Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge
            ) && can(left)
                && can(right)
        }
        Expr::Ternary { cond, yes, no } => can(cond) && can(yes) && can(no),
        Expr::Access { base, key, .. } => element::is_plain(node) && can(base) && can(key),
        Expr::Filter {
            input,
            filter,
            args,
        } if measures(filter.name) => {
            args.is_empty()
                && matches!(input.expr, Expr::Path(_) | Expr::Access { .. })
                && can(input)
        }
        Expr::Filter {
            input,
            filter,
            args,
        } => {
            filter.name == "default"
                && args.len() == 1
                && matches!(
                    input.expr,
                    Expr::Path(_) | Expr::Key { .. } | Expr::Access { .. }
                )
                && can(input)
                && args.iter().all(|(_, node)| can(node))
        }
        Expr::Test { input, test, .. } => {
            matches!(test.name, "defined" | "undefined" | "none")
                && matches!(
                    input.expr,
                    Expr::Path(_) | Expr::Key { .. } | Expr::Access { .. }
                )
                && can(input)
        }
        _ => false,
    }
}

fn measures(filter: &str) -> bool {
    matches!(filter, "length" | "count")
}

/// Whether a text template is made of text and simple prints only.
pub(crate) fn can_join(statements: &[Statement]) -> bool {
    statements.iter().all(|statement| match statement {
        Statement::Text(_) => true,
        Statement::Print(node) => can(node),
        _ => false,
    })
}

/// The value of an expression for which [`can`] holds.
pub(crate) fn eval<'s>(node: &'s Node, scope: &'s dyn Scope) -> Result<Cow<'s, JsonValue>, Fault> {
    let truth = |value: bool| Ok(Cow::Owned(JsonValue::Bool(value)));
    match &node.expr {
        Expr::Const(value) => Ok(Cow::Borrowed(value)),
        Expr::Path(path) => resolve::lookup(scope, path)
            .ok_or_else(|| resolve::explain(scope, path).at(node.span.clone())),
        Expr::Key { secret, key, pack } => found(node, scope)?.ok_or_else(|| {
            let (Some(keys), Ok(name)) = (scope.keys(), eval(key, scope)) else {
                return no_keys().at(node.span.clone());
            };
            let pack = pack.as_deref().and_then(|pack| eval(pack, scope).ok());
            keys.missing(&name, pack.as_deref(), *secret)
                .at(node.span.clone())
        }),
        Expr::Not(inner) => truth(!holds(&*eval(inner, scope)?, scope)?),
        Expr::Binary(Op::Or, left, right) => {
            let left = eval(left, scope)?;
            if holds(&left, scope)? {
                Ok(left)
            } else {
                eval(right, scope)
            }
        }
        Expr::Binary(Op::And, left, right) => {
            let left = eval(left, scope)?;
            if holds(&left, scope)? {
                eval(right, scope)
            } else {
                Ok(left)
            }
        }
        Expr::Binary(op, left, right) => {
            let left = eval(left, scope)?;
            let right = eval(right, scope)?;
            for side in [&left, &right] {
                guard::refuse(scope.keys(), side, "a comparison")
                    .map_err(|fault| fault.at(node.span.clone()))?;
            }
            compare(*op, &left, &right)
                .map_err(|fault| fault.at(node.span.clone()))
                .and_then(truth)
        }
        Expr::Ternary { cond, yes, no } => {
            if holds(&*eval(cond, scope)?, scope)? {
                eval(yes, scope)
            } else {
                eval(no, scope)
            }
        }
        Expr::Access { base, key, .. } => {
            let value = eval(base, scope)?;
            access(scope, value, key, &node.span)?
                .map_err(|(value, key)| element::missing(&value, &key, scope).at(node.span.clone()))
        }
        Expr::Filter { input, filter, .. } if measures(filter.name) => {
            let length = length(input, filter.name, scope);
            length
                .map(|length| Cow::Owned(length.into()))
                .map_err(|fault| fault.at(node.span.clone()))
        }
        Expr::Filter { input, args, .. } => match args.first() {
            Some((_, default)) => match found(input, scope)? {
                Some(value) => Ok(value),
                None => eval(default, scope),
            },
            None => Err(broken()),
        },
        Expr::Test {
            input,
            test,
            negated,
            ..
        } => {
            let found = found(input, scope)?;
            let held = match test.name {
                "defined" => found.is_some(),
                "undefined" => found.is_none(),
                _ => match found {
                    Some(value) => value.is_null(),
                    // Says what is missing.
                    None => eval(input, scope)?.is_null(),
                },
            };
            truth(held != *negated)
        }
        _ => Err(broken()),
    }
}

/// An element whose place is known only now; the value and the key where it is not there.
#[expect(clippy::type_complexity, reason = "one call away from its only uses")]
fn access<'s>(
    scope: &'s dyn Scope,
    value: Cow<'s, JsonValue>,
    key: &Node,
    span: &Span,
) -> Result<Result<Cow<'s, JsonValue>, (Cow<'s, JsonValue>, JsonValue)>, Fault> {
    let key = eval(key, scope)?.into_owned();
    for side in [&*value, &key] {
        if side.is_string() {
            guard::refuse(scope.keys(), side, "a field").map_err(|fault| fault.at(span.clone()))?;
        }
    }
    let found = match &value {
        Cow::Borrowed(value) => element::of(value, &key).map(Cow::Borrowed),
        Cow::Owned(value) => element::of(value, &key).cloned().map(Cow::Owned),
    };
    Ok(found.ok_or((value, key)))
}

fn length(input: &Node, filter: &str, scope: &dyn Scope) -> Result<usize, Fault> {
    if let Expr::Path(path) = &input.expr
        && let Some(known) = element::known_length(scope, path)
    {
        return Ok(known);
    }
    let value = eval(input, scope)?;
    if value.is_string() {
        guard::refuse(scope.keys(), &value, &format!("`{filter}`"))?;
    }
    element::length(&value, filter)
}

/// The value of a path or a key; none where there is none.
fn found<'s>(node: &'s Node, scope: &'s dyn Scope) -> Result<Option<Cow<'s, JsonValue>>, Fault> {
    match &node.expr {
        Expr::Path(path) => Ok(resolve::lookup(scope, path)),
        Expr::Access { base, key, .. } => match found(base, scope)? {
            Some(value) => Ok(access(scope, value, key, &node.span)?.ok()),
            // What is wrong with the key is wrong all the same.
            None => eval(key, scope).map(|_| None),
        },
        Expr::Key { secret, key, pack } => {
            let Some(keys) = scope.keys() else {
                return Ok(None);
            };
            let name = eval(key, scope)?;
            let pack = pack.as_deref().map(|pack| eval(pack, scope)).transpose()?;
            let read = if *secret {
                keys.secret(&name, pack.as_deref())
                    .map(|token| token.map(|token| Cow::Owned(token.into())))
            } else {
                keys.plain(&name, pack.as_deref())
                    .map(|value| value.map(Cow::Borrowed))
            };
            read.map_err(|fault| fault.at(node.span.clone()))
        }
        _ => Err(broken()),
    }
}

/// Whether a value counts as true; a secret is not looked at.
fn holds(value: &JsonValue, scope: &dyn Scope) -> Result<bool, Fault> {
    if value.is_string() {
        guard::refuse(scope.keys(), value, "a condition")?;
    }
    Ok(truthy(value))
}

fn broken() -> Fault {
    Fault::new(
        crate::ErrorKind::Internal,
        "an expression was taken for a simple one",
    )
}

/// The result of a comparison or of `in`.
pub(crate) fn compare(op: Op, left: &JsonValue, right: &JsonValue) -> Result<bool, Fault> {
    let ordering = || {
        order(left, right).ok_or_else(|| {
            Fault::wrong_type(format!(
                "{} and {} cannot be ordered",
                type_name(left),
                type_name(right)
            ))
        })
    };
    match op {
        Op::Eq => Ok(equal(left, right)),
        Op::Ne => Ok(!equal(left, right)),
        Op::Lt => ordering().map(Ordering::is_lt),
        Op::Le => ordering().map(Ordering::is_le),
        Op::Gt => ordering().map(Ordering::is_gt),
        Op::Ge => ordering().map(Ordering::is_ge),
        Op::In => match (left, right) {
            (needle, JsonValue::Array(items)) => Ok(items.iter().any(|item| equal(item, needle))),
            (JsonValue::String(needle), JsonValue::String(text)) => Ok(text.contains(&**needle)),
            (JsonValue::String(needle), JsonValue::Object(map)) => Ok(map.contains_key(needle)),
            (_, JsonValue::String(_) | JsonValue::Object(_)) => Ok(false),
            (_, other) => Err(Fault::wrong_type(format!(
                "`in` looks into lists, texts and maps, this is {}",
                type_name(other)
            ))),
        },
        _ => Err(broken()),
    }
}

/// Whether two values are the same; numbers by their value, so that 1 is 1.0.
pub(crate) fn equal(left: &JsonValue, right: &JsonValue) -> bool {
    match (left, right) {
        (JsonValue::Number(_), JsonValue::Number(_)) => order(left, right) == Some(Ordering::Equal),
        (JsonValue::Array(a), JsonValue::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (JsonValue::Object(a), JsonValue::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, value)| b.get(key).is_some_and(|other| equal(value, other)))
        }
        _ => left == right,
    }
}

/// The order of two numbers, texts or booleans.
pub(crate) fn order(left: &JsonValue, right: &JsonValue) -> Option<Ordering> {
    match (left, right) {
        (JsonValue::Number(a), JsonValue::Number(b)) => match (integer(a), integer(b)) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
        },
        (JsonValue::String(a), JsonValue::String(b)) => Some(a.cmp(b)),
        (JsonValue::Bool(a), JsonValue::Bool(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

fn integer(number: &serde_json::Number) -> Option<i128> {
    number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from))
}

/// Whether a value counts as true within an expression: not null, false, 0 or empty.
pub(crate) fn truthy(value: &JsonValue) -> bool {
    match value {
        JsonValue::Null => false,
        JsonValue::Bool(value) => *value,
        JsonValue::Number(number) => number.as_f64() != Some(0.0),
        JsonValue::String(text) => !text.is_empty(),
        JsonValue::Array(items) => !items.is_empty(),
        JsonValue::Object(map) => !map.is_empty(),
    }
}

/// Writes a value as text: a text as it is, null as nothing, the rest as JSON.
pub(crate) fn write_text(value: &JsonValue, out: &mut String) {
    match value {
        JsonValue::Null => {}
        JsonValue::String(text) => out.push_str(text),
        other => out.push_str(&other.to_string()),
    }
}
