//! What stands behind a value: fields, elements, slices, filters, tests.

use super::{Parser, unknown};
use crate::ast::{Args, Expr, Key, Node, Step};
use crate::error::Fault;
use crate::filter;
use crate::lex::Token;
use crate::pattern::Pattern;
use attune_types::JsonValue;

impl Parser<'_> {
    /// One `.name`, `[key]` or `[a:b]`.
    pub(super) fn postfix(&mut self, base: Node, start: usize) -> Result<Node, Fault> {
        let optional = self.is_op("?.") || self.is_op("?[");
        let dotted = self.is_op(".") || self.is_op("?.");
        self.at += 1;
        if dotted {
            let key = match self.peek().cloned() {
                Some(Token::Name(name)) => Key::Name(name),
                Some(Token::Int(index)) => Key::Index(index),
                _ => return Err(self.unexpected("the name of a field")),
            };
            self.at += 1;
            if self.is_op("(") {
                return Err(
                    Fault::syntax("values have no methods", start..self.before())
                        .help("use a filter: `value | filter(...)`"),
                );
            }
            return Ok(self.step(base, key, optional, start));
        }
        let first = if self.is_op(":") {
            None
        } else {
            Some(self.expression()?)
        };
        if self.take_op(":") {
            let part = |parser: &mut Self| -> Result<Option<Box<Node>>, Fault> {
                if parser.is_op(":") || parser.is_op("]") {
                    return Ok(None);
                }
                parser.expression().map(|node| Some(Box::new(node)))
            };
            let end = part(self)?;
            let step = if self.take_op(":") { part(self)? } else { None };
            self.expect_op("]")?;
            return Ok(Node::new(
                Expr::Slice {
                    base: Box::new(base),
                    start: first.map(Box::new),
                    end,
                    step,
                },
                start..self.before(),
            ));
        }
        self.expect_op("]")?;
        let Some(key) = first else {
            return Err(self.unexpected("a key"));
        };
        let fixed = match &key.expr {
            Expr::Const(JsonValue::String(name)) => Some(Key::Name(name.clone())),
            Expr::Const(JsonValue::Number(number)) => number.as_i64().map(Key::Index),
            _ => None,
        };
        if let Some(fixed) = fixed {
            return Ok(self.step(base, fixed, optional, start));
        }
        Ok(Node::new(
            Expr::Access {
                base: Box::new(base),
                key: Box::new(key),
                optional,
            },
            start..self.before(),
        ))
    }

    pub(super) fn step(&self, mut base: Node, key: Key, optional: bool, start: usize) -> Node {
        let span = start..self.before();
        if let Expr::Path(path) = &mut base.expr {
            path.steps.push(Step { key, optional });
            base.span = span;
            return base;
        }
        let key = Node::new(
            Expr::Const(match key {
                Key::Name(name) => name.into(),
                Key::Index(index) => index.into(),
            }),
            span.clone(),
        );
        Node::new(
            Expr::Access {
                base: Box::new(base),
                key: Box::new(key),
                optional,
            },
            span,
        )
    }

    pub(super) fn filter(&mut self, input: Node, start: usize) -> Result<Node, Fault> {
        let span = self.here();
        let name = self.name("the name of a filter")?;
        let Some(filter) = filter::filter(&name) else {
            return Err(unknown("filter", &name, &filter::filter_names(), span));
        };
        let args = self.optional_arguments(filter, &span)?;
        check_literals(filter.name, &args)?;
        Ok(Node::new(
            Expr::Filter {
                input: Box::new(input),
                filter,
                args,
            },
            start..self.before(),
        ))
    }

    pub(super) fn test(&mut self, input: Node, start: usize) -> Result<Node, Fault> {
        let negated = self.take_word("not");
        let span = self.here();
        let name = self.name("the name of a test")?;
        let name = if name == "null" || name == "None" {
            "none".to_owned()
        } else {
            name
        };
        let Some(test) = filter::test(&name) else {
            return Err(unknown("test", &name, &filter::test_names(), span));
        };
        let args = self.optional_arguments(test, &span)?;
        check_literals(test.name, &args)?;
        Ok(Node::new(
            Expr::Test {
                input: Box::new(input),
                test,
                args,
                negated,
            },
            start..self.before(),
        ))
    }
}

/// What is written as a literal and can be used by no evaluation is an error before any.
fn check_literals(name: &str, args: &Args) -> Result<(), Fault> {
    let check: fn(&str) -> Result<(), String> = match name {
        "regex_match" | "regex_replace" | "regex_extract" | "matching" => |text| {
            Pattern::new(text, false, false)
                .map(|_| ())
                .map_err(|error| error.to_string())
        },
        "jsonpath" => filter::check_jsonpath,
        _ => return Ok(()),
    };
    for (given, arg) in args {
        if let ("pat" | "path", Expr::Const(JsonValue::String(text))) = (*given, &arg.expr) {
            check(text).map_err(|message| Fault::syntax(message, arg.span.clone()))?;
        }
    }
    Ok(())
}
