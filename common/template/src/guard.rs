//! No looking into secrets.
//!
//! Owns the rule that a template may pass a secret on and join it with other text, but never compare,
//! measure or change it: an answer that depends on a value would give it away. What can be seen when
//! a template is compiled is refused then ([`check`]); the rest when it is evaluated ([`refuse`], and
//! the guard in front of every filter).

use crate::ast::{Expr, Node, Op, Statement};
use crate::error::{ErrorKind, Fault};
use crate::key::Keys;
use attune_types::JsonValue;

/// Filters that pass a text on, or join it, without looking at it.
const PASS: [&str; 11] = [
    "default",
    "safe",
    "join",
    "__must",
    "__out",
    "__capture",
    "__built",
    "__concat",
    "__list",
    "__map",
    "__kv",
];

/// Filters that take lists and maps apart and together without looking at the texts in them.
const PASS_WITHIN: [&str; 25] = [
    "default",
    "safe",
    "join",
    "__must",
    "__capture",
    "__built",
    "__list",
    "__map",
    "__item",
    "__slice",
    "__iter",
    "length",
    "count",
    "first",
    "last",
    "nth",
    "reverse",
    "flatten",
    "zip",
    "chunks",
    "concat",
    "values",
    "items",
    "merge",
    "pick",
];

/// Tests that ask what a value is, not what is in it.
const PASS_TEST: [&str; 14] = [
    "defined",
    "undefined",
    "none",
    "string",
    "number",
    "integer",
    "float",
    "bool",
    "boolean",
    "map",
    "object",
    "array",
    "list",
    "iterable",
];

/// Whether a filter (or test) may be given a text with a secret in it.
pub(crate) fn passes(name: &str, test: bool) -> bool {
    if test {
        PASS_TEST.contains(&name)
    } else {
        PASS.contains(&name)
    }
}

/// Whether a filter (or test) may be given a list or map with a secret somewhere in it.
pub(crate) fn passes_within(name: &str, test: bool) -> bool {
    if test {
        PASS_TEST.contains(&name) || name == "empty"
    } else {
        PASS_WITHIN.contains(&name) || matches!(name, "omit" | "keys" | "get" | "pluck")
    }
}

/// The refusal to look into a secret.
pub(crate) fn looked_into(what: &str) -> Fault {
    Fault::new(
        ErrorKind::Secret,
        format!("{what} would look into a secret"),
    )
    .help("a secret can be passed on whole or joined with other text (`\"Bearer \" ~ kv.get_secret(...)`); whatever depends on its value belongs into an action")
}

/// Fails if a value holds a secret, naming what would look at it.
pub(crate) fn refuse(keys: Option<&Keys>, value: &JsonValue, what: &str) -> Result<(), Fault> {
    match keys {
        Some(keys) if keys.hides_within(value) => Err(looked_into(what)),
        _ => Ok(()),
    }
}

/// As far as it can be seen without evaluating: fails where the expression looks into a secret.
pub(crate) fn check(node: &Node) -> Result<(), Fault> {
    let refuse = |part: &Node, what: &str| {
        if is_secret(part) {
            Err(looked_into(what).at(part.span.clone()))
        } else {
            Ok(())
        }
    };
    match &node.expr {
        Expr::Filter {
            input,
            filter,
            args,
        } if !passes(filter.name, false) => {
            refuse(input, &format!("`{}`", filter.name))?;
            for (_, arg) in args {
                refuse(arg, &format!("`{}`", filter.name))?;
            }
        }
        Expr::Test {
            input, test, args, ..
        } if !passes(test.name, true) => {
            refuse(input, &format!("`is {}`", test.name))?;
            for (_, arg) in args {
                refuse(arg, &format!("`is {}`", test.name))?;
            }
        }
        Expr::Call { function, args } => {
            for (_, arg) in args {
                refuse(arg, &format!("`{}()`", function.name))?;
            }
        }
        Expr::Binary(op, left, right) => match op {
            Op::Concat => {}
            Op::And | Op::Or => refuse(left, "a condition")?,
            Op::In | Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge => {
                refuse(left, "a comparison")?;
                refuse(right, "a comparison")?;
            }
            _ => {
                refuse(left, "a calculation")?;
                refuse(right, "a calculation")?;
            }
        },
        Expr::Not(inner) => refuse(inner, "a condition")?,
        Expr::Neg(inner) => refuse(inner, "a calculation")?,
        Expr::Ternary { cond, .. } => refuse(cond, "a condition")?,
        Expr::Access { base, key, .. } => {
            refuse(base, "a field")?;
            refuse(key, "a field")?;
        }
        Expr::Slice { base, .. } => refuse(base, "a slice")?,
        Expr::Each { source, filter, .. } => {
            refuse(source, "a loop")?;
            if let Some(filter) = filter {
                refuse(filter, "a condition")?;
            }
        }
        Expr::Key { key, pack, .. } => {
            refuse(key, "the name of a key")?;
            if let Some(pack) = pack {
                refuse(pack, "the name of a pack")?;
            }
        }
        _ => {}
    }
    node.children().into_iter().try_for_each(check)
}

/// As [`check`], for an expression that says yes or no.
pub(crate) fn check_condition(node: &Node) -> Result<(), Fault> {
    if is_secret(node) {
        return Err(looked_into("a condition").at(node.span.clone()));
    }
    check(node)
}

/// As [`check`], for a text with tags.
pub(crate) fn check_statements(statements: &[Statement]) -> Result<(), Fault> {
    for statement in statements {
        match statement {
            Statement::Text(_) | Statement::Break | Statement::Continue => {}
            Statement::Print(node) | Statement::Set { value: node, .. } => check(node)?,
            Statement::If {
                branches,
                otherwise,
            } => {
                for (cond, body) in branches {
                    check_condition(cond)?;
                    check_statements(body)?;
                }
                check_statements(otherwise)?;
            }
            Statement::For {
                source,
                body,
                otherwise,
                ..
            } => {
                if is_secret(source) {
                    return Err(looked_into("a loop").at(source.span.clone()));
                }
                check(source)?;
                check_statements(body)?;
                check_statements(otherwise)?;
            }
        }
    }
    Ok(())
}

/// Whether an expression is a secret, or a text with one in it, as far as can be seen.
fn is_secret(node: &Node) -> bool {
    match &node.expr {
        Expr::Key { secret, .. } => *secret,
        Expr::Binary(Op::Concat, left, right) => is_secret(left) || is_secret(right),
        Expr::Binary(Op::And | Op::Or, _, right) => is_secret(right),
        Expr::Ternary { yes, no, .. } => is_secret(yes) || is_secret(no),
        Expr::Filter {
            input,
            filter,
            args,
        } if matches!(filter.name, "default" | "safe") => {
            is_secret(input) || args.iter().any(|(_, arg)| is_secret(arg))
        }
        _ => false,
    }
}
