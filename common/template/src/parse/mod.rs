//! Reads tokens into an expression, binding every name and finding every filter as it goes.
//!
//! Operator precedence is Tera's. What is read here is the whole language: anything that this parser
//! does not know never reaches Tera.

mod literal;
mod name;
mod postfix;
mod token;

use token::{describe, operator};

use crate::ast::{Expr, Node, Op, Span};
use crate::error::{ErrorKind, Fault, did_you_mean};
use crate::lex::{Token, Tokens};
use crate::limits::Limits;
use attune_types::JsonValue;

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
    /// Operators and steps read so far.
    links: usize,
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
            links: 0,
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
            self.links += 1;
            if self.links > Limits::EXPRESSION_LINKS || left.depth > Limits::TREE_DEPTH {
                return Err(Fault::limit(format!(
                    "an expression may have about {} operators in a row, this one has more",
                    Limits::TREE_DEPTH
                ))
                .at(self.here()));
            }
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
                left = Node::new(
                    Expr::Ternary {
                        cond: Box::new(cond),
                        yes: Box::new(left),
                        no: Box::new(no),
                    },
                    start..self.before(),
                );
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
                let found = Node::new(
                    Expr::Binary(Op::In, Box::new(left), Box::new(right)),
                    span.clone(),
                );
                left = if negated {
                    Node::new(Expr::Not(Box::new(found)), span)
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
            left = Node::new(
                Expr::Binary(op, Box::new(left), Box::new(right)),
                start..self.before(),
            );
        }
        Ok(left)
    }

    fn prefix(&mut self) -> Result<Node, Fault> {
        let span = self.here();
        let start = span.start;
        let Some(token) = self.peek().cloned() else {
            return Err(Fault::syntax("an expression is missing here", span));
        };
        let constant = |value: JsonValue| Node::new(Expr::Const(value), span.clone());
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
                Ok(Node::new(expr, span))
            }
            Token::Op("!") => {
                let inner = self.binary(IN)?;
                Ok(Node::new(Expr::Not(Box::new(inner)), start..self.before()))
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
                    Ok(Node::new(Expr::Not(Box::new(inner)), start..self.before()))
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
}

fn unknown(what: &str, name: &str, names: &[&'static str], span: Span) -> Fault {
    let fault = Fault::new(ErrorKind::Unknown, format!("there is no {what} `{name}`")).at(span);
    match did_you_mean(name, names) {
        Some(near) => fault.help(format!("did you mean `{near}`?")),
        None => fault,
    }
}
