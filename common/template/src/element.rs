//! Elements whose place is known only at evaluation, and lengths, on plain JSON: for expressions such
//! as `task.each.results[index]` and `task.lap.activations | length`, which in a loop over a long list
//! must not take in that list each time. Means exactly what the engine makes of it.

use crate::ast::{Base, Expr, Key, Node, Path};
use crate::convert;
use crate::error::Fault;
use crate::filter::no_item;
use crate::frame::Budget;
use crate::resolve::type_name;
use crate::scope::{Root, Scope};
use attune_types::JsonValue;

/// Whether it is an element of a value that is found by its path, and must be there. `task[name]` has
/// rules of its own.
pub(crate) fn is_plain(node: &Node) -> bool {
    match &node.expr {
        Expr::Path(path) => {
            let whole = matches!(path.base, Base::Scope(_)) && path.steps.is_empty();
            !whole && !matches!(path.base, Base::Bound(_))
        }
        Expr::Access {
            base,
            optional: false,
            ..
        } => is_plain(base),
        _ => false,
    }
}

/// One element of a list or one field of a map.
pub(crate) fn of<'v>(value: &'v JsonValue, key: &JsonValue) -> Option<&'v JsonValue> {
    let index = key.as_i64();
    match (value, key, index) {
        (JsonValue::Object(map), JsonValue::String(name), _) => map.get(name),
        (JsonValue::Object(map), _, Some(number)) => map.get(&number.to_string()),
        (JsonValue::Array(items), _, Some(index)) => {
            let at = match index < 0 {
                true => items
                    .len()
                    .checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?,
                false => usize::try_from(index).ok()?,
            };
            items.get(at)
        }
        _ => None,
    }
}

/// Why there is no such element, in the words of the engine.
pub(crate) fn missing(value: &JsonValue, key: &JsonValue, scope: &dyn Scope) -> Fault {
    let mut budget = Budget::new(scope.bounds());
    let words = convert::to_tera(value, &mut budget)
        .and_then(|value| Ok(no_item(&value, &convert::to_tera(key, &mut budget)?)));
    words.unwrap_or_else(|fault| fault)
}

/// The length of a list, map or text.
pub(crate) fn length(value: &JsonValue, filter: &str) -> Result<usize, Fault> {
    match value {
        JsonValue::Array(items) => Ok(items.len()),
        JsonValue::Object(map) => Ok(map.len()),
        JsonValue::String(text) => Ok(tera::Value::from(text.as_str()).len().unwrap_or(0)),
        other => Err(Fault::wrong_type(format!(
            "`{filter}` works on lists, maps and texts, this is {}",
            type_name(other)
        ))),
    }
}

/// The length of the list at a path, where the scope knows it without making the list.
pub(crate) fn known_length(scope: &dyn Scope, path: &Path) -> Option<usize> {
    let names: Vec<&str> = path
        .steps
        .iter()
        .map(|step| match &step.key {
            Key::Name(name) => Some(name.as_str()),
            Key::Index(_) => None,
        })
        .collect::<Option<_>>()?;
    match (&path.base, names.as_slice()) {
        (Base::Scope(root), [name, field]) => scope.length(*root, name, field),
        (Base::Bare(name), [field]) if scope.get(Root::Local, name).is_none() => {
            scope.length(Root::Task, name, field)
        }
        _ => None,
    }
}
