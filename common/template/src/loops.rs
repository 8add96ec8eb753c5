//! Fields of the elements that loops go through.
//!
//! Owns which list the variable of a `{% for %}` stands for, where the list is found by a plain path, so
//! that the fields of its elements can be checked before anything runs. A name that the template sets
//! anywhere, or that a loop over keys and values binds, stands for nothing known. Called when a template
//! of statements is compiled.

use crate::ast::{Base, Expr, Node, Path, Statement};
use crate::reference::{self, Reference, Target};
use std::collections::HashMap;

/// Stands in a path for every element of a list: an index that no list has which is written out, so that
/// only what holds for all of them is found there.
pub const EACH: &str = "4294967295";

/// What variables stand for: an element of the list at the path, or something unknown.
type Bound = HashMap<String, Option<(Target, Vec<String>)>>;

/// Collects the uses of fields of elements.
pub(crate) fn elements(statements: &[Statement], pointer: &str, found: &mut Vec<Reference>) {
    let mut bound = Bound::new();
    let mut search = Search { pointer, found };
    search.all(statements, &mut bound);
}

struct Search<'a> {
    pointer: &'a str,
    found: &'a mut Vec<Reference>,
}

impl Search<'_> {
    fn all(&mut self, statements: &[Statement], bound: &mut Bound) {
        for statement in statements {
            match statement {
                Statement::Text(_) | Statement::Break | Statement::Continue => {}
                Statement::Print(node) => self.node(node, false, bound),
                Statement::Set { name, value, .. } => {
                    self.node(value, false, bound);
                    bound.insert(name.clone(), None);
                }
                Statement::If {
                    branches,
                    otherwise,
                } => {
                    for (condition, body) in branches {
                        self.node(condition, false, bound);
                        // What is asked for first may be there in some elements only.
                        self.all(body, &mut guarded(condition, bound));
                    }
                    let mut rest = bound.clone();
                    for (condition, _) in branches {
                        rest = guarded(condition, &rest);
                    }
                    self.all(otherwise, &mut rest);
                }
                Statement::For {
                    key,
                    value,
                    source,
                    body,
                    otherwise,
                } => {
                    self.node(source, false, bound);
                    let mut inner = bound.clone();
                    let list = match &source.expr {
                        Expr::Path(path) if key.is_none() => place(path, bound),
                        _ => None,
                    };
                    inner.extend(key.iter().map(|key| (key.clone(), None)));
                    inner.insert(value.clone(), list);
                    for name in set_within(body) {
                        inner.insert(name, None);
                    }
                    self.all(body, &mut inner);
                    self.all(otherwise, bound);
                }
            }
        }
    }

    fn node(&mut self, node: &Node, lenient: bool, bound: &Bound) {
        match &node.expr {
            Expr::Path(path) => {
                let optional = lenient || path.steps.iter().any(|step| step.optional);
                if !optional && !path.steps.is_empty() {
                    self.path(path, node, bound);
                }
            }
            Expr::Filter {
                input,
                filter,
                args,
            } => {
                self.node(input, filter.lenient, bound);
                for (_, arg) in args {
                    self.node(arg, false, bound);
                }
            }
            Expr::Test {
                input, test, args, ..
            } => {
                self.node(input, test.lenient, bound);
                for (_, arg) in args {
                    self.node(arg, false, bound);
                }
            }
            Expr::Access {
                base,
                key,
                optional,
            } => {
                self.node(base, lenient || *optional, bound);
                self.node(key, false, bound);
            }
            // One side may be there to ask whether the other can be looked at.
            Expr::Binary(..) | Expr::Ternary { .. } if asks(node) => {}
            _ => {
                for child in node.children() {
                    self.node(child, false, bound);
                }
            }
        }
    }

    fn path(&mut self, path: &Path, node: &Node, bound: &Bound) {
        let Base::Bound(name) = &path.base else {
            return;
        };
        let Some(Some((target, list))) = bound.get(name) else {
            return;
        };
        let mut names = list.clone();
        names.push(EACH.to_owned());
        names.extend(path.steps.iter().map(reference::text));
        self.found.push(Reference {
            target: *target,
            path: names,
            dynamic: false,
            optional: false,
            key: None,
            looked_into: None,
            pointer: self.pointer.to_owned(),
            span: node.span.clone(),
            element: Some(list.len()),
        });
    }
}

/// Whether some part of it tests for what may be missing.
fn asks(node: &Node) -> bool {
    let own = match &node.expr {
        Expr::Test { test, .. } => test.lenient,
        Expr::Filter { filter, .. } => filter.lenient,
        _ => false,
    };
    own || node.children().into_iter().any(asks)
}

/// Behind a condition that tests for what may be missing, nothing is known of any element.
fn guarded(condition: &Node, bound: &Bound) -> Bound {
    if asks(condition) {
        return Bound::new();
    }
    bound.clone()
}

/// The list at a path, which may itself begin with an element of another one.
fn place(path: &Path, bound: &Bound) -> Option<(Target, Vec<String>)> {
    let Base::Bound(name) = &path.base else {
        return reference::names(path);
    };
    let (target, mut names) = bound.get(name)?.clone()?;
    names.push(EACH.to_owned());
    names.extend(path.steps.iter().map(reference::text));
    Some((target, names))
}

/// Names that statements set, at whatever depth: the next lap may begin with them.
fn set_within(statements: &[Statement]) -> Vec<String> {
    let mut found = Vec::new();
    for statement in statements {
        match statement {
            Statement::Set { name, .. } => found.push(name.clone()),
            Statement::If {
                branches,
                otherwise,
            } => {
                for (_, body) in branches {
                    found.extend(set_within(body));
                }
                found.extend(set_within(otherwise));
            }
            Statement::For {
                body, otherwise, ..
            } => {
                found.extend(set_within(body));
                found.extend(set_within(otherwise));
            }
            _ => {}
        }
    }
    found
}
