//! What a template uses, found without evaluating it: for checks before anything runs.

use crate::ast::{Args, Base, Expr, Key, Node, Path, Statement, Step};
use crate::error::Fault;
use crate::guard;
use crate::scope::Root;
use attune_types::JsonValue;
use std::collections::HashMap;

/// Where a reference points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// Into a root; the path starts with the member (`build` of `task.build.result`).
    Scope(Root),
    /// A bare name, looked up in the order of [`Root::BARE`]; the path starts with it.
    Bare,
    /// A secret key; the path is its name, or empty where only evaluation knows it.
    Secret,
    /// A function; the path is its name (`succeeded`, `result`, `now`) and, for `result()`, the
    /// fields behind it.
    Function,
}

/// One use of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Where it points.
    pub target: Target,
    /// The names in order; elements of lists stand as their number.
    pub path: Vec<String>,
    /// Whether it goes on by a key that only evaluation knows (`vars[name]`).
    pub dynamic: bool,
    /// Whether it may be missing: written with `?`, or under `default` or `is defined`.
    pub optional: bool,
    /// The key that it reads, where that is known.
    pub key: Option<KeyUse>,
    /// What depends on the very value of it (`a comparison`), which is not for secrets.
    pub looked_into: Option<String>,
    /// JSON pointer to the string that holds it.
    pub pointer: String,
    /// Bytes of that string, from and to.
    pub span: std::ops::Range<usize>,
    /// How many names of the path lead to a list of which every element is meant, by the variable of a
    /// loop. Such uses are [`Template::elements`](crate::Template::elements), and no others.
    pub element: Option<usize>,
}

/// A key that a template names by a literal text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// The pack that it names; none: the workflow's own.
    pub pack: Option<String>,
    /// The name.
    pub name: String,
    /// Whether it is read as a secret.
    pub secret: bool,
}

/// Collects the references of statements.
pub(crate) fn of_statements(statements: &[Statement], pointer: &str, found: &mut Vec<Reference>) {
    let first = found.len();
    Statement::each_node(statements, &mut |node| {
        collect(node, pointer, false, false, found);
    });
    mark(&mut found[first..], |look| {
        guard::statement_looks(statements, look)
    });
}

/// Collects the references of an expression, and of a condition.
pub(crate) fn of_node(node: &Node, pointer: &str, condition: bool, found: &mut Vec<Reference>) {
    let first = found.len();
    collect(node, pointer, false, false, found);
    mark(&mut found[first..], |look| {
        if condition {
            look(node, "a condition")?;
        }
        guard::looks(node, look)
    });
}

/// Notes what looks into which of them.
fn mark(
    found: &mut [Reference],
    looks: impl FnOnce(&mut dyn FnMut(&Node, &str) -> Result<(), Fault>) -> Result<(), Fault>,
) {
    let mut looked: HashMap<(usize, usize), String> = HashMap::new();
    let seen = looks(&mut |part, what| {
        guard::each_source(part, &mut |source| {
            let at = (source.span.start, source.span.end);
            looked.entry(at).or_insert_with(|| what.to_owned());
        });
        Ok(())
    });
    if seen.is_ok() && !looked.is_empty() {
        for reference in found {
            let at = (reference.span.start, reference.span.end);
            reference.looked_into = looked.get(&at).cloned();
        }
    }
}

fn collect(node: &Node, pointer: &str, lenient: bool, dynamic: bool, found: &mut Vec<Reference>) {
    match &node.expr {
        Expr::Path(path) => {
            if let Some((target, names)) = names(path) {
                found.push(Reference {
                    target,
                    path: names,
                    dynamic,
                    optional: lenient || path.steps.iter().any(|step| step.optional),
                    key: None,
                    looked_into: None,
                    pointer: pointer.to_owned(),
                    span: node.span.clone(),
                    element: None,
                });
            }
        }
        Expr::Call { function, args } => {
            found.push(Reference {
                target: Target::Function,
                path: vec![function.name.to_owned()],
                dynamic: false,
                optional: false,
                key: None,
                looked_into: None,
                pointer: pointer.to_owned(),
                span: node.span.clone(),
                element: None,
            });
            for (_, arg) in args {
                collect(arg, pointer, false, false, found);
            }
        }
        Expr::Key { secret, key, pack } => {
            let used = key_use(*secret, key, pack.as_deref());
            found.push(Reference {
                target: if *secret {
                    Target::Secret
                } else {
                    Target::Scope(Root::Kv)
                },
                path: used.iter().map(|used| used.name.clone()).collect(),
                dynamic: used.is_none() || dynamic,
                optional: lenient,
                key: used,
                looked_into: None,
                pointer: pointer.to_owned(),
                span: node.span.clone(),
                element: None,
            });
            for child in node.children() {
                collect(child, pointer, false, false, found);
            }
        }
        Expr::Filter {
            input,
            filter,
            args,
        } => {
            collect(input, pointer, filter.lenient, false, found);
            found.extend(of_elements(input, filter.name, args, pointer, lenient));
            for (_, arg) in args {
                collect(arg, pointer, false, false, found);
            }
        }
        Expr::Test {
            input, test, args, ..
        } => {
            collect(input, pointer, test.lenient, false, found);
            for (_, arg) in args {
                collect(arg, pointer, false, false, found);
            }
        }
        Expr::Access {
            base,
            key,
            optional,
        } => {
            collect(base, pointer, lenient || *optional, true, found);
            collect(key, pointer, false, false, found);
        }
        _ => {
            for child in node.children() {
                collect(child, pointer, false, false, found);
            }
        }
    }
}

fn key_use(secret: bool, key: &Node, pack: Option<&Node>) -> Option<KeyUse> {
    let text = |node: &Node| match &node.expr {
        Expr::Const(JsonValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    Some(KeyUse {
        pack: match pack {
            None => None,
            Some(pack) => Some(text(pack)?),
        },
        name: text(key)?,
        secret,
    })
}

/// Filters that fail where an element lacks the attribute.
const BY_ATTRIBUTE: [&str; 5] = ["map", "pluck", "sort", "sort_by", "join"];

/// `list | map(attribute='name')` looks at that field of every element: the first stands for them all.
fn of_elements(
    input: &Node,
    filter: &str,
    args: &Args,
    pointer: &str,
    lenient: bool,
) -> Option<Reference> {
    let Expr::Path(path) = &input.expr else {
        return None;
    };
    let arg = |name: &str| args.iter().find(|(given, _)| *given == name);
    let Expr::Const(JsonValue::String(attribute)) = &arg("attribute")?.1.expr else {
        return None;
    };
    if !BY_ATTRIBUTE.contains(&filter) || arg("default").is_some() {
        return None;
    }
    let (target, mut names) = names(path)?;
    names.push("0".to_owned());
    names.extend(attribute.split('.').map(str::to_owned));
    Some(Reference {
        target,
        path: names,
        dynamic: false,
        optional: lenient || path.steps.iter().any(|step| step.optional),
        key: None,
        looked_into: None,
        pointer: pointer.to_owned(),
        span: arg("attribute")?.1.span.clone(),
        element: None,
    })
}

pub(crate) fn names(path: &Path) -> Option<(Target, Vec<String>)> {
    let steps = path.steps.iter().map(text);
    Some(match &path.base {
        Base::Scope(root) => (Target::Scope(*root), steps.collect()),
        Base::Bare(name) => (
            Target::Bare,
            std::iter::once(name.clone()).chain(steps).collect(),
        ),
        Base::Bound(_) => return None,
        Base::Result => (
            Target::Function,
            std::iter::once("result".to_owned()).chain(steps).collect(),
        ),
        Base::Status(test) => {
            use crate::ast::StatusTest::{Completed, Failed, Skipped, Succeeded, TimedOut};
            let name = match test {
                Succeeded => "succeeded",
                Failed => "failed",
                TimedOut => "timed_out",
                Skipped => "skipped",
                Completed => "completed",
            };
            (Target::Function, vec![name.to_owned()])
        }
    })
}

pub(crate) fn text(step: &Step) -> String {
    match &step.key {
        Key::Name(name) => name.clone(),
        Key::Index(index) => index.to_string(),
    }
}
