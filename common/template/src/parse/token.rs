//! What tokens mean to the parser: their names in messages, and operators with their powers.

use crate::ast::Op;
use crate::lex::Token;

pub(super) fn describe(token: &Token) -> String {
    match token {
        Token::Name(name) => format!("`{}`", crate::error::shorten(name, 40)),
        Token::Int(number) => format!("`{number}`"),
        Token::Float(number) => format!("`{number}`"),
        Token::Text(_) => "a text".to_owned(),
        Token::Op(operator) => format!("`{operator}`"),
    }
}

/// An operator with its powers to bind on the left and on the right.
pub(super) fn operator(token: &Token) -> Option<(Op, u8, u8)> {
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
