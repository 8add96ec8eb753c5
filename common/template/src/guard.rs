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

/// Told of every part whose value something depends on, and what that is.
pub(crate) type Look<'l> = dyn FnMut(&Node, &str) -> Result<(), Fault> + 'l;

/// As far as it can be seen without evaluating: fails where the expression looks into a secret.
pub(crate) fn check(node: &Node) -> Result<(), Fault> {
    looks(node, &mut refuse_secret)
}

/// As [`check`], for an expression that says yes or no.
pub(crate) fn check_condition(node: &Node) -> Result<(), Fault> {
    refuse_secret(node, "a condition")?;
    check(node)
}

/// As [`check`], for a text with tags.
pub(crate) fn check_statements(statements: &[Statement]) -> Result<(), Fault> {
    statement_looks(statements, &mut refuse_secret)
}

fn refuse_secret(part: &Node, what: &str) -> Result<(), Fault> {
    if is_secret(part) {
        Err(looked_into(what).at(part.span.clone()))
    } else {
        Ok(())
    }
}

/// Everything within an expression that looks into a value.
pub(crate) fn looks(node: &Node, look: &mut Look<'_>) -> Result<(), Fault> {
    match &node.expr {
        Expr::Filter {
            input,
            filter,
            args,
        } if !passes(filter.name, false) => {
            let what = format!("`{}`", filter.name);
            look(input, &what)?;
            for (_, arg) in args {
                look(arg, &what)?;
            }
        }
        Expr::Test {
            input, test, args, ..
        } if !passes(test.name, true) => {
            let what = format!("`is {}`", test.name);
            look(input, &what)?;
            for (_, arg) in args {
                look(arg, &what)?;
            }
        }
        Expr::Call { function, args } => {
            for (_, arg) in args {
                look(arg, &format!("`{}()`", function.name))?;
            }
        }
        Expr::Binary(op, left, right) => match op {
            Op::Concat => {}
            Op::And | Op::Or => look(left, "a condition")?,
            Op::In | Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge => {
                look(left, "a comparison")?;
                look(right, "a comparison")?;
            }
            _ => {
                look(left, "a calculation")?;
                look(right, "a calculation")?;
            }
        },
        Expr::Not(inner) => look(inner, "a condition")?,
        Expr::Neg(inner) => look(inner, "a calculation")?,
        Expr::Ternary { cond, .. } => look(cond, "a condition")?,
        Expr::Access { base, key, .. } => {
            look(base, "a field")?;
            look(key, "a field")?;
        }
        Expr::Slice { base, .. } => look(base, "a slice")?,
        Expr::Each { source, filter, .. } => {
            look(source, "a loop")?;
            if let Some(filter) = filter {
                look(filter, "a condition")?;
            }
        }
        Expr::Key { key, pack, .. } => {
            look(key, "the name of a key")?;
            if let Some(pack) = pack {
                look(pack, "the name of a pack")?;
            }
        }
        _ => {}
    }
    node.children()
        .into_iter()
        .try_for_each(|child| looks(child, look))
}

/// As [`looks`], for a text with tags.
pub(crate) fn statement_looks(statements: &[Statement], look: &mut Look<'_>) -> Result<(), Fault> {
    for statement in statements {
        match statement {
            Statement::Text(_) | Statement::Break | Statement::Continue => {}
            Statement::Print(node) | Statement::Set { value: node, .. } => looks(node, look)?,
            Statement::If {
                branches,
                otherwise,
            } => {
                for (cond, body) in branches {
                    look(cond, "a condition")?;
                    looks(cond, look)?;
                    statement_looks(body, look)?;
                }
                statement_looks(otherwise, look)?;
            }
            Statement::For {
                source,
                body,
                otherwise,
                ..
            } => {
                look(source, "a loop")?;
                looks(source, look)?;
                statement_looks(body, look)?;
                statement_looks(otherwise, look)?;
            }
        }
    }
    Ok(())
}

/// Whether an expression is a secret, or a text with one in it, as far as can be seen.
fn is_secret(node: &Node) -> bool {
    let mut secret = false;
    each_source(node, &mut |source| {
        secret |= matches!(source.expr, Expr::Key { secret: true, .. });
    });
    secret
}

/// What the value of an expression is made of without being changed.
pub(crate) fn each_source<'n>(node: &'n Node, found: &mut dyn FnMut(&'n Node)) {
    match &node.expr {
        Expr::Binary(Op::Concat, left, right) => {
            each_source(left, found);
            each_source(right, found);
        }
        Expr::Binary(Op::And | Op::Or, _, right) => each_source(right, found),
        Expr::Ternary { yes, no, .. } => {
            each_source(yes, found);
            each_source(no, found);
        }
        Expr::Filter {
            input,
            filter,
            args,
        } if matches!(filter.name, "default" | "safe") => {
            each_source(input, found);
            for (_, arg) in args {
                each_source(arg, found);
            }
        }
        _ => found(node),
    }
}
