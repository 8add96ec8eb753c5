//! What kind of value a template makes, as far as that shows without evaluating it.
//!
//! Owns what operators and filters give. For checks before anything runs, so it says only what is
//! sure: where a value may be of several kinds, all of them are named, and else nothing is said.

use crate::ast::{Expr, Node, Op};
use crate::reference::{self, Reference};
use attune_types::JsonValue;

/// A kind of value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number with a fraction.
    Number,
    /// True or false.
    Boolean,
    /// A list.
    List,
    /// A map.
    Map,
    /// Nothing.
    Null,
}

/// What a template makes.
#[derive(Clone, Debug, PartialEq)]
pub enum Gives {
    /// Nothing is known of it.
    Anything,
    /// One of these kinds.
    OneOf(Vec<Kind>),
    /// Just what a name holds.
    Name(Box<Reference>),
}

/// Text with other things in it.
pub(crate) fn text() -> Gives {
    Gives::OneOf(vec![Kind::Text])
}

/// A value without templates in it.
pub(crate) fn literal(value: &JsonValue) -> Gives {
    Gives::OneOf(vec![match value {
        JsonValue::Null => Kind::Null,
        JsonValue::Bool(_) => Kind::Boolean,
        JsonValue::Number(number) if number.is_f64() => Kind::Number,
        JsonValue::Number(_) => Kind::Integer,
        JsonValue::String(_) => Kind::Text,
        JsonValue::Array(_) => Kind::List,
        JsonValue::Object(_) => Kind::Map,
    }])
}

/// An expression that stands alone.
pub(crate) fn expression(node: &Node) -> Gives {
    let numbers = || Gives::OneOf(vec![Kind::Integer, Kind::Number]);
    match &node.expr {
        Expr::Const(value) => literal(value),
        Expr::Path(_) => {
            let mut found = Vec::new();
            reference::of_node(node, "", false, &mut found);
            match found.pop().filter(|one| !one.optional && !one.dynamic) {
                Some(name) => Gives::Name(Box::new(name)),
                None => Gives::Anything,
            }
        }
        Expr::List(_) | Expr::Each { .. } => Gives::OneOf(vec![Kind::List]),
        Expr::Map(_) => Gives::OneOf(vec![Kind::Map]),
        Expr::Neg(_) => numbers(),
        Expr::Not(_) | Expr::Test { .. } => Gives::OneOf(vec![Kind::Boolean]),
        Expr::Binary(op, ..) => match op {
            Op::In | Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge => {
                Gives::OneOf(vec![Kind::Boolean])
            }
            Op::Add | Op::Sub | Op::Mul | Op::Div | Op::FloorDiv | Op::Rem | Op::Pow => numbers(),
            Op::Concat => text(),
            Op::Or | Op::And => Gives::Anything,
        },
        Expr::Ternary { yes, no, .. } => either(expression(yes), expression(no)),
        Expr::Filter { filter, .. } => by_filter(filter.name),
        Expr::Call { .. } | Expr::Key { .. } | Expr::Access { .. } | Expr::Slice { .. } => {
            Gives::Anything
        }
    }
}

fn either(one: Gives, other: Gives) -> Gives {
    match (one, other) {
        (Gives::OneOf(mut kinds), Gives::OneOf(more)) => {
            kinds.extend(more);
            Gives::OneOf(kinds)
        }
        _ => Gives::Anything,
    }
}

fn by_filter(name: &str) -> Gives {
    let kinds: &[Kind] = match name {
        "upper" | "lower" | "capitalize" | "title" | "trim" | "trim_start" | "trim_end"
        | "truncate" | "replace" | "indent" | "join" | "to_json" | "to_yaml" | "b64encode"
        | "b64decode" | "sha256" | "quote_shell" | "url_encode" | "format_datetime"
        | "regex_replace" | "str" | "string" => &[Kind::Text],
        "length" | "count" | "wordcount" | "int" => &[Kind::Integer],
        "split" | "lines" | "map" | "pluck" | "select" | "reject" | "sort" | "sort_by"
        | "unique" | "flatten" | "zip" | "chunks" | "concat" | "keys" | "values" => &[Kind::List],
        "group_by" => &[Kind::Map],
        "regex_match" => &[Kind::Boolean],
        _ => return Gives::Anything,
    };
    Gives::OneOf(kinds.to_vec())
}
