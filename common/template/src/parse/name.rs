//! Names, calls and arguments: `task.x`, `now()`, `kv.get("k", default)`, `(a, b=c)`.

use super::Parser;
use crate::ast::{Args, Base, Expr, Node, Path, Span, StatusTest};
use crate::error::{ErrorKind, Fault, did_you_mean, list_names};
use crate::filter::{self, Signature};
use crate::key::KeyRef;
use crate::lex::Token;
use crate::scope::Root;
use attune_types::JsonValue;

impl Parser<'_> {
    pub(super) fn named(&mut self, name: String, span: Span) -> Result<Node, Fault> {
        let start = span.start;
        if self.is_op("(") {
            return self.call(&name, span);
        }
        if name.starts_with("__") {
            return Err(Fault::syntax(
                "names that start with `__` belong to the engine",
                span,
            ));
        }
        let base = if self.bound.contains(&name) {
            Base::Bound(name)
        } else {
            match name.as_str() {
                "task" => Base::Scope(Root::Task),
                "vars" => Base::Scope(Root::Vars),
                "parameters" => Base::Scope(Root::Parameters),
                "system" => Base::Scope(Root::System),
                "event" => Base::Scope(Root::Event),
                "inquiry" => Base::Scope(Root::Inquiry),
                "kv" => return self.kv(span),
                "pack" => {
                    if !(self.take_op(".") && self.take_word("config")) {
                        return Err(Fault::new(
                            ErrorKind::Undefined,
                            "`pack` holds only `pack.config`",
                        )
                        .at(span));
                    }
                    Base::Scope(Root::PackConfig)
                }
                _ => Base::Bare(name),
            }
        };
        Ok(Node::new(
            Expr::Path(Path {
                base,
                steps: Vec::new(),
            }),
            start..self.before(),
        ))
    }

    /// `kv.get(key, default)` and `kv.get_secret(key)`; `kv.name` is short for `kv.get("name")`.
    fn kv(&mut self, span: Span) -> Result<Node, Fault> {
        const HELP: &str = "it has `kv.get(key, default)` and `kv.get_secret(key)`";
        let start = span.start;
        if !self.take_op(".") {
            return Err(Fault::new(
                ErrorKind::Unknown,
                "`kv` is no value by itself: keys are read by name",
            )
            .at(span)
            .help(HELP));
        }
        let here = self.here();
        let method = self.name("`get` or `get_secret`")?;
        if !self.is_op("(") {
            let name = Node::new(Expr::Const(method.into()), here);
            return Ok(self.key(false, name, None, start));
        }
        let signature = filter::function(&format!("kv.{method}")).ok_or_else(|| {
            Fault::new(ErrorKind::Unknown, format!("`kv` has no `{method}`"))
                .at(start..here.end)
                .help(HELP)
        })?;
        let mut key = None;
        let mut default = None;
        let mut pack = None;
        for (name, node) in self.arguments(signature)? {
            match name {
                "key" => key = Some(node),
                "default" => default = Some(node),
                _ => pack = Some(node),
            }
        }
        let span = start..self.before();
        let key = key.ok_or_else(|| {
            Fault::new(ErrorKind::Unknown, format!("`kv.{method}` needs a key")).at(span.clone())
        })?;
        let fixed = match &key.expr {
            Expr::Const(JsonValue::String(name)) => KeyRef::is_name(name),
            Expr::Const(_) => false,
            _ => true,
        };
        if !fixed {
            return Err(Fault::wrong_type(
                "the name of a key is a text of letters, digits and `_ - . : /`, at most 200",
            )
            .at(key.span));
        }
        let read = self.key(method == "get_secret", key, pack, start);
        let Some(default) = default else {
            return Ok(read);
        };
        let filter = filter::filter("default").ok_or_else(|| {
            Fault::new(ErrorKind::Internal, "the filter `default` is gone").at(span.clone())
        })?;
        Ok(Node::new(
            Expr::Filter {
                input: Box::new(read),
                filter,
                args: vec![("value", default)],
            },
            span,
        ))
    }

    fn key(&self, secret: bool, key: Node, pack: Option<Node>, start: usize) -> Node {
        Node::new(
            Expr::Key {
                secret,
                key: Box::new(key),
                pack: pack.map(Box::new),
            },
            start..self.before(),
        )
    }

    pub(super) fn call(&mut self, name: &str, span: Span) -> Result<Node, Fault> {
        let Some(function) = filter::function(name) else {
            let names = filter::function_names();
            let fault =
                Fault::new(ErrorKind::Unknown, format!("there is no function `{name}`")).at(span);
            return Err(match did_you_mean(name, &names) {
                Some(near) => fault.help(format!("did you mean `{near}()`?")),
                None => fault.help(format!("there are {}", list_names(&names))),
            });
        };
        let args = self.arguments(function)?;
        let base = match name {
            "result" => Some(Base::Result),
            "succeeded" => Some(Base::Status(StatusTest::Succeeded)),
            "failed" => Some(Base::Status(StatusTest::Failed)),
            "timed_out" => Some(Base::Status(StatusTest::TimedOut)),
            "skipped" => Some(Base::Status(StatusTest::Skipped)),
            "completed" => Some(Base::Status(StatusTest::Completed)),
            _ => None,
        };
        let expr = match base {
            Some(base) => Expr::Path(Path {
                base,
                steps: Vec::new(),
            }),
            None => Expr::Call { function, args },
        };
        Ok(Node::new(expr, span.start..self.before()))
    }

    pub(super) fn optional_arguments(
        &mut self,
        signature: &'static Signature,
        span: &Span,
    ) -> Result<Args, Fault> {
        if self.is_op("(") {
            return self.arguments(signature);
        }
        signature.check(&Args::new(), span)?;
        Ok(Args::new())
    }

    /// `(a, b, name=c)`: by place in the order of the signature, or by name.
    pub(super) fn arguments(&mut self, signature: &'static Signature) -> Result<Args, Fault> {
        let start = self.here().start;
        self.expect_op("(")?;
        let mut args = Args::new();
        let mut named = false;
        while !self.take_op(")") {
            let here = self.here();
            let next_is_assign = matches!(self.tokens.get(self.at + 1), Some((Token::Op("="), _)));
            let name = if next_is_assign {
                named = true;
                let name = self.name("an argument")?;
                self.at += 1;
                signature.parameter(&name, &here)?
            } else if named {
                return Err(Fault::syntax(
                    "arguments without a name come before those with one",
                    here,
                ));
            } else {
                signature.nth(args.len(), &here)?
            };
            if args.iter().any(|(given, _)| *given == name) {
                return Err(Fault::syntax(
                    format!("`{name}` is given more than once"),
                    here,
                ));
            }
            let value = self.expression()?;
            args.push((name, value));
            if !self.is_op(")") {
                self.expect_op(",")?;
            }
        }
        signature.check(&args, &(start..self.before()))?;
        Ok(args)
    }
}
