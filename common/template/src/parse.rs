//! Reads tokens into an expression, binding every name and finding every filter as it goes.
//!
//! Operator precedence is Tera's. What is read here is the whole language: anything that this parser
//! does not know never reaches Tera.

use crate::ast::{Args, Base, Expr, Key, Node, Op, Path, Span, StatusTest, Step};
use crate::error::{ErrorKind, Fault, did_you_mean, list_names};
use crate::filter::{self, Signature};
use crate::lex::{Token, Tokens};
use crate::limits::Limits;
use crate::scope::Root;
use attune_types::{JsonMap, JsonValue};

/// Words that are part of the language and cannot be bound by `for` or `set`.
pub(crate) const RESERVED: [&str; 28] = [
    "true",
    "True",
    "false",
    "False",
    "none",
    "None",
    "null",
    "and",
    "or",
    "not",
    "in",
    "is",
    "if",
    "else",
    "for",
    "loop",
    "self",
    "task",
    "vars",
    "parameters",
    "pack",
    "system",
    "kv",
    "event",
    "inquiry",
    "error",
    "continue",
    "break",
];

const PIPE: u8 = 17;
const IN: u8 = 5;

/// A parser over the tokens of one tag.
pub(crate) struct Parser<'a> {
    tokens: &'a Tokens,
    at: usize,
    end: usize,
    depth: usize,
    /// Names that `for` and `set` have bound where this tag stands.
    pub(crate) bound: Vec<String>,
}

impl<'a> Parser<'a> {
    /// A parser; `end` is where the tag ends in the source.
    pub(crate) fn new(tokens: &'a Tokens, end: usize, bound: Vec<String>) -> Self {
        Self {
            tokens,
            at: 0,
            end,
            depth: 0,
            bound,
        }
    }

    /// Reads one expression that must be all there is.
    pub(crate) fn whole(mut self) -> Result<Node, Fault> {
        let node = self.expression()?;
        self.finish()?;
        Ok(node)
    }

    /// Fails unless all tokens have been read.
    pub(crate) fn finish(&self) -> Result<(), Fault> {
        match self.tokens.get(self.at) {
            None => Ok(()),
            Some((token, span)) => Err(Fault::syntax(
                format!("{} is not expected here", describe(token)),
                span.clone(),
            )),
        }
    }

    pub(crate) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn here(&self) -> Span {
        self.tokens
            .get(self.at)
            .map_or(self.end.saturating_sub(2)..self.end, |(_, span)| {
                span.clone()
            })
    }

    fn before(&self) -> usize {
        self.at
            .checked_sub(1)
            .and_then(|at| self.tokens.get(at))
            .map_or(0, |(_, span)| span.end)
    }

    fn is_op(&self, operator: &str) -> bool {
        matches!(self.peek(), Some(Token::Op(found)) if *found == operator)
    }

    pub(crate) fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Name(found)) if found == word)
    }

    pub(crate) fn take_op(&mut self, operator: &str) -> bool {
        let found = self.is_op(operator);
        self.at += usize::from(found);
        found
    }

    pub(crate) fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    fn expect_op(&mut self, operator: &'static str) -> Result<(), Fault> {
        if self.take_op(operator) {
            return Ok(());
        }
        Err(self.unexpected(&format!("`{operator}`")))
    }

    pub(crate) fn expect_word(&mut self, word: &str) -> Result<(), Fault> {
        if self.take_word(word) {
            return Ok(());
        }
        Err(self.unexpected(&format!("`{word}`")))
    }

    pub(crate) fn unexpected(&self, wanted: &str) -> Fault {
        let found = self.peek().map_or_else(|| "the end".to_owned(), describe);
        Fault::syntax(
            format!("{found} stands where {wanted} is expected"),
            self.here(),
        )
    }

    pub(crate) fn name(&mut self, what: &str) -> Result<String, Fault> {
        match self.peek() {
            Some(Token::Name(name)) => {
                let name = name.clone();
                self.at += 1;
                Ok(name)
            }
            _ => Err(self.unexpected(what)),
        }
    }

    /// A name that may be bound.
    pub(crate) fn new_name(&mut self) -> Result<String, Fault> {
        let span = self.here();
        let name = self.name("a name")?;
        if RESERVED.contains(&name.as_str()) || name.starts_with("__") {
            return Err(Fault::syntax(
                format!("`{name}` is a word of the language and cannot be bound"),
                span,
            ));
        }
        Ok(name)
    }

    /// Reads an expression.
    pub(crate) fn expression(&mut self) -> Result<Node, Fault> {
        self.binary(0)
    }

    fn binary(&mut self, least: u8) -> Result<Node, Fault> {
        self.depth += 1;
        if self.depth > Limits::EXPRESSION_DEPTH {
            return Err(Fault::limit(format!(
                "expressions may be nested {} deep, this one is nested deeper",
                Limits::EXPRESSION_DEPTH
            ))
            .at(self.here()));
        }
        let result = self.binary_at(least);
        self.depth -= 1;
        result
    }

    fn binary_at(&mut self, least: u8) -> Result<Node, Fault> {
        let start = self.here().start;
        let mut left = self.prefix()?;
        loop {
            if self.is_op("[") || self.is_op("?[") || self.is_op(".") || self.is_op("?.") {
                left = self.postfix(left, start)?;
                continue;
            }
            if self.is_op("|") {
                if PIPE < least {
                    break;
                }
                self.at += 1;
                left = self.filter(left, start)?;
                continue;
            }
            if self.is_word("if") {
                if least > 0 {
                    break;
                }
                self.at += 1;
                let cond = self.expression()?;
                if !self.take_word("else") {
                    return Err(self
                        .unexpected("`else`")
                        .help("a ternary is written `a if condition else b`"));
                }
                let no = self.expression()?;
                left = Node {
                    expr: Expr::Ternary {
                        cond: Box::new(cond),
                        yes: Box::new(left),
                        no: Box::new(no),
                    },
                    span: start..self.before(),
                };
                return Ok(left);
            }
            let (negated, word) = match self.peek() {
                Some(Token::Name(word)) if word == "not" => (true, "in"),
                Some(Token::Name(word)) if word == "is" => (false, "is"),
                Some(Token::Name(word)) if word == "in" => (false, "in"),
                _ => (false, ""),
            };
            if !word.is_empty() {
                if IN < least {
                    break;
                }
                self.at += 1;
                if word == "is" {
                    left = self.test(left, start)?;
                    continue;
                }
                if negated {
                    self.expect_word("in")?;
                }
                let right = self.binary(6)?;
                let span = start..self.before();
                let found = Node {
                    expr: Expr::Binary(Op::In, Box::new(left), Box::new(right)),
                    span: span.clone(),
                };
                left = if negated {
                    Node {
                        expr: Expr::Not(Box::new(found)),
                        span,
                    }
                } else {
                    found
                };
                continue;
            }
            let Some((op, left_power, right_power)) = self.peek().and_then(operator) else {
                break;
            };
            if left_power < least {
                break;
            }
            self.at += 1;
            let right = self.binary(right_power)?;
            left = Node {
                expr: Expr::Binary(op, Box::new(left), Box::new(right)),
                span: start..self.before(),
            };
        }
        Ok(left)
    }

    fn prefix(&mut self) -> Result<Node, Fault> {
        let span = self.here();
        let start = span.start;
        let Some(token) = self.peek().cloned() else {
            return Err(Fault::syntax("an expression is missing here", span));
        };
        let constant = |value: JsonValue| Node {
            expr: Expr::Const(value),
            span: span.clone(),
        };
        self.at += 1;
        match token {
            Token::Int(number) => Ok(constant(number.into())),
            Token::Float(number) => Ok(constant(number.into())),
            Token::Text(text) => Ok(constant(text.into())),
            Token::Op("-") => {
                let inner = self.binary(20)?;
                let span = start..self.before();
                let negative = match &inner.expr {
                    Expr::Const(JsonValue::Number(number)) => number
                        .as_i64()
                        .and_then(i64::checked_neg)
                        .map(JsonValue::from)
                        .or_else(|| number.as_f64().map(|float| JsonValue::from(-float))),
                    _ => None,
                };
                let expr = match negative {
                    Some(value) => Expr::Const(value),
                    None => Expr::Neg(Box::new(inner)),
                };
                Ok(Node { expr, span })
            }
            Token::Op("!") => {
                let inner = self.binary(IN)?;
                Ok(Node {
                    expr: Expr::Not(Box::new(inner)),
                    span: start..self.before(),
                })
            }
            Token::Op("(") => {
                let mut inner = self.expression()?;
                self.expect_op(")")?;
                inner.span = start..self.before();
                Ok(inner)
            }
            Token::Op("[") => self.list(start),
            Token::Op("{") => self.map(start),
            Token::Name(name) => match name.as_str() {
                "true" | "True" => Ok(constant(true.into())),
                "false" | "False" => Ok(constant(false.into())),
                "none" | "None" | "null" => Ok(constant(JsonValue::Null)),
                "not" => {
                    let inner = self.binary(IN)?;
                    Ok(Node {
                        expr: Expr::Not(Box::new(inner)),
                        span: start..self.before(),
                    })
                }
                "and" | "or" | "in" | "is" | "if" | "else" => Err(Fault::syntax(
                    format!("`{name}` stands where a value is expected"),
                    span,
                )),
                _ => self.named(name, span),
            },
            Token::Op(_) => {
                self.at -= 1;
                Err(self.unexpected("a value"))
            }
        }
    }

    fn named(&mut self, name: String, span: Span) -> Result<Node, Fault> {
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
        Ok(Node {
            expr: Expr::Path(Path {
                base,
                steps: Vec::new(),
            }),
            span: start..self.before(),
        })
    }

    /// `kv.get(key, default)`, `kv.get_secret(key)`, or a plain path into `kv`.
    fn kv(&mut self, span: Span) -> Result<Node, Fault> {
        let path = |steps: Vec<Step>| {
            Expr::Path(Path {
                base: Base::Scope(Root::Kv),
                steps,
            })
        };
        let plain = Node {
            expr: path(Vec::new()),
            span: span.clone(),
        };
        let method = match (
            self.tokens.get(self.at),
            self.tokens.get(self.at + 1),
            self.tokens.get(self.at + 2),
        ) {
            (
                Some((Token::Op("."), _)),
                Some((Token::Name(method), _)),
                Some((Token::Op("("), _)),
            ) => method.clone(),
            _ => return Ok(plain),
        };
        let signature = filter::function(&format!("kv.{method}")).ok_or_else(|| {
            Fault::new(ErrorKind::Unknown, format!("`kv` has no `{method}`"))
                .at(span.clone())
                .help("it has `kv.get(key, default)` and `kv.get_secret(key)`")
        })?;
        self.at += 2;
        let args = self.arguments(signature)?;
        let span = span.start..self.before();
        let arg = |name: &str| {
            args.iter()
                .find(|(found, _)| *found == name)
                .map(|(_, node)| node.clone())
        };
        let key = arg("key").ok_or_else(|| {
            Fault::new(ErrorKind::Unknown, format!("`kv.{method}` needs a key")).at(span.clone())
        })?;
        let place = match arg("scope") {
            None => None,
            Some(Node {
                expr: Expr::Const(JsonValue::String(text)),
                ..
            }) => Some(text),
            Some(other) => {
                return Err(Fault::syntax(
                    "`scope` must be a literal text here",
                    other.span,
                ));
            }
        };
        let read = match (&key.expr, place) {
            (Expr::Const(JsonValue::String(name)), place) => path(vec![Step {
                key: Key::Name(match place {
                    Some(place) => format!("{place}/{name}"),
                    None => name.clone(),
                }),
                optional: false,
            }]),
            (_, Some(_)) => {
                return Err(Fault::syntax(
                    "with `scope` the key must be a literal text",
                    key.span,
                ));
            }
            _ => Expr::Access {
                base: Box::new(plain),
                key: Box::new(key),
                optional: false,
            },
        };
        let read = Node {
            expr: read,
            span: span.clone(),
        };
        let Some(default) = arg("default") else {
            return Ok(read);
        };
        let filter = filter::filter("default").ok_or_else(|| {
            Fault::new(ErrorKind::Internal, "the filter `default` is gone").at(span.clone())
        })?;
        Ok(Node {
            expr: Expr::Filter {
                input: Box::new(read),
                filter,
                args: vec![("value", default)],
            },
            span,
        })
    }

    fn call(&mut self, name: &str, span: Span) -> Result<Node, Fault> {
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
        Ok(Node {
            expr,
            span: span.start..self.before(),
        })
    }

    /// One `.name`, `[key]` or `[a:b]`.
    fn postfix(&mut self, base: Node, start: usize) -> Result<Node, Fault> {
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
            return Ok(Node {
                expr: Expr::Slice {
                    base: Box::new(base),
                    start: first.map(Box::new),
                    end,
                    step,
                },
                span: start..self.before(),
            });
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
        Ok(Node {
            expr: Expr::Access {
                base: Box::new(base),
                key: Box::new(key),
                optional,
            },
            span: start..self.before(),
        })
    }

    fn step(&self, mut base: Node, key: Key, optional: bool, start: usize) -> Node {
        let span = start..self.before();
        if let Expr::Path(path) = &mut base.expr {
            path.steps.push(Step { key, optional });
            base.span = span;
            return base;
        }
        let key = Node {
            expr: Expr::Const(match key {
                Key::Name(name) => name.into(),
                Key::Index(index) => index.into(),
            }),
            span: span.clone(),
        };
        Node {
            expr: Expr::Access {
                base: Box::new(base),
                key: Box::new(key),
                optional,
            },
            span,
        }
    }

    fn filter(&mut self, input: Node, start: usize) -> Result<Node, Fault> {
        let span = self.here();
        let name = self.name("the name of a filter")?;
        let Some(filter) = filter::filter(&name) else {
            return Err(unknown("filter", &name, &filter::filter_names(), span));
        };
        let args = self.optional_arguments(filter, &span)?;
        Ok(Node {
            expr: Expr::Filter {
                input: Box::new(input),
                filter,
                args,
            },
            span: start..self.before(),
        })
    }

    fn test(&mut self, input: Node, start: usize) -> Result<Node, Fault> {
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
        Ok(Node {
            expr: Expr::Test {
                input: Box::new(input),
                test,
                args,
                negated,
            },
            span: start..self.before(),
        })
    }

    fn optional_arguments(
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
    fn arguments(&mut self, signature: &'static Signature) -> Result<Args, Fault> {
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

    fn list(&mut self, start: usize) -> Result<Node, Fault> {
        if let Some((key, value)) = self.comprehension() {
            return self.each(key, value, start);
        }
        let mut items = Vec::new();
        while !self.take_op("]") {
            let spread = self.take_op("...");
            items.push((spread, self.expression()?));
            if !self.is_op("]") {
                self.expect_op(",")?;
            }
        }
        let mut constants = Vec::with_capacity(items.len());
        for (spread, node) in &items {
            if let (false, Expr::Const(value)) = (spread, &node.expr) {
                constants.push(value.clone());
            }
        }
        let expr = if constants.len() == items.len() {
            Expr::Const(constants.into())
        } else {
            Expr::List(items)
        };
        Ok(Node {
            expr,
            span: start..self.before(),
        })
    }

    /// Whether the list that starts here is `[... for a, b in ...]`; its names, if so.
    fn comprehension(&self) -> Option<(Option<String>, String)> {
        let mut depth = 0_usize;
        let mut at = self.at;
        loop {
            match &self.tokens.get(at)?.0 {
                Token::Op("[" | "?[" | "(" | "{") => depth += 1,
                Token::Op("]" | ")" | "}") => depth = depth.checked_sub(1)?,
                Token::Op(",") if depth == 0 => return None,
                Token::Name(word) if depth == 0 && word == "for" => break,
                _ => {}
            }
            at += 1;
        }
        let word = |at: usize| match self.tokens.get(at) {
            Some((Token::Name(name), _)) => Some(name.clone()),
            _ => None,
        };
        let first = word(at + 1)?;
        match self.tokens.get(at + 2) {
            Some((Token::Op(","), _)) => Some((Some(first), word(at + 3)?)),
            _ => Some((None, first)),
        }
    }

    fn each(&mut self, key: Option<String>, value: String, start: usize) -> Result<Node, Fault> {
        let outside = self.bound.len();
        self.bound.extend(key.clone());
        self.bound.push(value.clone());
        let body = self.expression()?;
        self.expect_word("for")?;
        // The names were seen ahead; reading them here refuses words of the language.
        let _ = self.new_name()?;
        if self.take_op(",") {
            let _ = self.new_name()?;
        }
        self.expect_word("in")?;
        let inside = self.bound.split_off(outside);
        let source = self.binary(1)?;
        self.bound.extend(inside);
        let filter = if self.take_word("if") {
            Some(Box::new(self.binary(1)?))
        } else {
            None
        };
        self.bound.truncate(outside);
        self.expect_op("]")?;
        Ok(Node {
            expr: Expr::Each {
                body: Box::new(body),
                key,
                value,
                source: Box::new(source),
                filter,
            },
            span: start..self.before(),
        })
    }

    fn map(&mut self, start: usize) -> Result<Node, Fault> {
        let mut entries = Vec::new();
        while !self.take_op("}") {
            if self.take_op("...") {
                entries.push((None, self.expression()?));
            } else {
                let key = match self.peek().cloned() {
                    Some(Token::Text(text) | Token::Name(text)) => text,
                    Some(Token::Int(number)) => number.to_string(),
                    _ => return Err(self.unexpected("a key")),
                };
                self.at += 1;
                self.expect_op(":")?;
                entries.push((Some(key), self.expression()?));
            }
            if !self.is_op("}") {
                self.expect_op(",")?;
            }
        }
        let mut constants = JsonMap::new();
        let mut all = true;
        for (key, node) in &entries {
            match (key, &node.expr) {
                (Some(key), Expr::Const(value)) => {
                    constants.insert(key.clone(), value.clone());
                }
                _ => all = false,
            }
        }
        let expr = if all {
            Expr::Const(constants.into())
        } else {
            Expr::Map(entries)
        };
        Ok(Node {
            expr,
            span: start..self.before(),
        })
    }
}

fn unknown(what: &str, name: &str, names: &[&'static str], span: Span) -> Fault {
    let fault = Fault::new(ErrorKind::Unknown, format!("there is no {what} `{name}`")).at(span);
    match did_you_mean(name, names) {
        Some(near) => fault.help(format!("did you mean `{near}`?")),
        None => fault,
    }
}

fn describe(token: &Token) -> String {
    match token {
        Token::Name(name) => format!("`{}`", crate::error::shorten(name, 40)),
        Token::Int(number) => format!("`{number}`"),
        Token::Float(number) => format!("`{number}`"),
        Token::Text(_) => "a text".to_owned(),
        Token::Op(operator) => format!("`{operator}`"),
    }
}

/// An operator with its powers to bind on the left and on the right.
fn operator(token: &Token) -> Option<(Op, u8, u8)> {
    Some(match token {
        Token::Name(word) if word == "or" => (Op::Or, 1, 2),
        Token::Name(word) if word == "and" => (Op::And, 3, 4),
        Token::Op("||") => (Op::Or, 1, 2),
        Token::Op("&&") => (Op::And, 3, 4),
        Token::Op("==") => (Op::Eq, 7, 8),
        Token::Op("!=") => (Op::Ne, 7, 8),
        Token::Op("<") => (Op::Lt, 7, 8),
        Token::Op("<=") => (Op::Le, 7, 8),
        Token::Op(">") => (Op::Gt, 7, 8),
        Token::Op(">=") => (Op::Ge, 7, 8),
        Token::Op("+") => (Op::Add, 11, 12),
        Token::Op("-") => (Op::Sub, 11, 12),
        Token::Op("*") => (Op::Mul, 13, 14),
        Token::Op("/") => (Op::Div, 13, 14),
        Token::Op("//") => (Op::FloorDiv, 13, 14),
        Token::Op("%") => (Op::Rem, 13, 14),
        Token::Op("~") => (Op::Concat, 13, 14),
        Token::Op("**") => (Op::Pow, 16, 15),
        _ => return None,
    })
}
