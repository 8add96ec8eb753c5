//! Lists, maps and list comprehensions.

use super::Parser;
use crate::ast::{Expr, Node};
use crate::error::Fault;
use crate::lex::Token;
use attune_types::JsonMap;

impl Parser<'_> {
    pub(super) fn list(&mut self, start: usize) -> Result<Node, Fault> {
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
        Ok(Node::new(expr, start..self.before()))
    }

    /// Whether the list that starts here is `[... for a, b in ...]`; its names, if so.
    pub(super) fn comprehension(&self) -> Option<(Option<String>, String)> {
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

    pub(super) fn each(
        &mut self,
        key: Option<String>,
        value: String,
        start: usize,
    ) -> Result<Node, Fault> {
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
        Ok(Node::new(
            Expr::Each {
                body: Box::new(body),
                key,
                value,
                source: Box::new(source),
                filter,
            },
            start..self.before(),
        ))
    }

    pub(super) fn map(&mut self, start: usize) -> Result<Node, Fault> {
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
        Ok(Node::new(expr, start..self.before()))
    }
}
