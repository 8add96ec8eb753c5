//! Splits a string into text, `{{ prints }}` and `{% tags %}`, and these into tokens.
//!
//! Whitespace control (`{{-`, `-%}`), comments and `raw` blocks are dealt with here; the parser never
//! sees them. Delimiters are looked for between tokens, so that they may stand in quoted text.

use crate::ast::Span;
use crate::error::Fault;

/// One token of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    Name(String),
    Int(i64),
    Float(f64),
    Text(String),
    Op(&'static str),
}

/// A token and where it stands.
pub(crate) type Tokens = Vec<(Token, Span)>;

/// One part of the string.
#[derive(Clone, Debug)]
pub(crate) enum Segment {
    Text(String),
    Print(Tokens, Span),
    Tag(Tokens, Span),
}

/// Two-character operators first, so that the longest match wins.
const OPERATORS: [&str; 33] = [
    "...", "?.", "?[", "**", "//", "==", "!=", "<=", ">=", "&&", "||", "+", "-", "*", "/", "%",
    "<", ">", "=", "~", "|", ".", ",", ":", "(", ")", "[", "]", "{", "}", "!", "@", "?",
];

/// Whether the string holds anything but text.
pub(crate) fn has_markers(source: &str) -> bool {
    source
        .as_bytes()
        .windows(2)
        .any(|pair| matches!(pair, b"{{" | b"{%" | b"{#"))
}

/// The parts of a string.
pub(crate) fn segments(source: &str) -> Result<Vec<Segment>, Fault> {
    let mut parts: Vec<Segment> = Vec::new();
    let mut at = 0;
    let mut trim_next = false;
    while at < source.len() {
        let rest = &source[at..];
        let start = next_marker(rest).map_or(source.len(), |offset| at + offset);
        let mut text = &source[at..start];
        if std::mem::take(&mut trim_next) {
            text = text.trim_start();
        }
        if start == source.len() {
            push_text(&mut parts, text);
            break;
        }
        let inner = start + 2;
        let trim_before = source[inner..].starts_with('-');
        push_text(&mut parts, if trim_before { text.trim_end() } else { text });
        let body = inner + usize::from(trim_before);
        match source.as_bytes()[start + 1] {
            b'#' => {
                let end = source[body..].find("#}").ok_or_else(|| {
                    Fault::syntax(
                        "this comment is never closed with `#}`",
                        start..source.len(),
                    )
                })?;
                trim_next = source[body..body + end].ends_with('-');
                at = body + end + 2;
            }
            kind => {
                let close = if kind == b'{' { "}}" } else { "%}" };
                let (tokens, end, trim_after) = tokens(source, body, close, start)?;
                trim_next = trim_after;
                at = end;
                let is_raw =
                    kind == b'%' && matches!(&tokens[..], [(Token::Name(n), _)] if n == "raw");
                if is_raw {
                    let (text, after, trim) = raw_block(source, end, start)?;
                    let text = if trim_after { text.trim_start() } else { text };
                    push_text(&mut parts, text);
                    trim_next = trim;
                    at = after;
                } else if kind == b'{' {
                    parts.push(Segment::Print(tokens, start..end));
                } else {
                    parts.push(Segment::Tag(tokens, start..end));
                }
            }
        }
    }
    Ok(parts)
}

fn push_text(parts: &mut Vec<Segment>, text: &str) {
    if text.is_empty() {
        return;
    }
    if let Some(Segment::Text(last)) = parts.last_mut() {
        last.push_str(text);
    } else {
        parts.push(Segment::Text(text.to_owned()));
    }
}

fn next_marker(rest: &str) -> Option<usize> {
    rest.as_bytes()
        .windows(2)
        .position(|pair| matches!(pair, b"{{" | b"{%" | b"{#"))
}

/// The text up to `{% endraw %}`, where that ends, and whether text after it is trimmed.
fn raw_block(source: &str, from: usize, start: usize) -> Result<(&str, usize, bool), Fault> {
    let mut at = from;
    while let Some(offset) = source[at..].find("{%") {
        let open = at + offset;
        let trim_before = source[open + 2..].starts_with('-');
        let name = source[open + 2 + usize::from(trim_before)..].trim_start();
        if let Some(tail) = name.strip_prefix("endraw") {
            let tail = tail.trim_start();
            let (tail, trim_after) = match tail.strip_prefix('-') {
                Some(tail) => (tail, true),
                None => (tail, false),
            };
            if let Some(after) = tail.strip_prefix("%}") {
                let text = &source[from..open];
                let text = if trim_before { text.trim_end() } else { text };
                return Ok((text, source.len() - after.len(), trim_after));
            }
        }
        at = open + 2;
    }
    Err(Fault::syntax(
        "this `raw` block is never closed with `{% endraw %}`",
        start..source.len(),
    ))
}

/// The tokens up to `close`, where it ends, and whether it has a `-` before it.
fn tokens(
    source: &str,
    from: usize,
    close: &str,
    start: usize,
) -> Result<(Tokens, usize, bool), Fault> {
    let mut found = Tokens::new();
    let mut braces = 0_usize;
    let mut at = from;
    loop {
        at += source[at..].len() - source[at..].trim_start().len();
        let rest = &source[at..];
        if rest.is_empty() {
            return Err(Fault::syntax(
                format!("this is never closed with `{close}`"),
                start..source.len(),
            ));
        }
        if braces == 0 {
            if rest.starts_with(close) {
                return Ok((found, at + 2, false));
            }
            if rest.starts_with('-') && rest[1..].starts_with(close) {
                return Ok((found, at + 3, true));
            }
        }
        let (token, length) = token(rest, at)?;
        match token {
            Token::Op("{") => braces += 1,
            Token::Op("}") => braces = braces.saturating_sub(1),
            _ => {}
        }
        found.push((token, at..at + length));
        at += length;
    }
}

/// The tokens of a whole text that has no braces around it.
pub(crate) fn expression(source: &str) -> Result<Tokens, Fault> {
    let mut found = Tokens::new();
    let mut at = 0;
    loop {
        at += source[at..].len() - source[at..].trim_start().len();
        if at == source.len() {
            return Ok(found);
        }
        let (token, length) = token(&source[at..], at)?;
        found.push((token, at..at + length));
        at += length;
    }
}

fn token(rest: &str, at: usize) -> Result<(Token, usize), Fault> {
    let first = rest.chars().next().unwrap_or(' ');
    if first.is_ascii_alphabetic() || first == '_' {
        let length = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        return Ok((Token::Name(rest[..length].to_owned()), length));
    }
    if first.is_ascii_digit() {
        return number(rest, at);
    }
    if matches!(first, '"' | '\'' | '`') {
        return quoted(rest, first, at);
    }
    OPERATORS
        .iter()
        .find(|operator| rest.starts_with(**operator))
        .map(|operator| (Token::Op(operator), operator.len()))
        .ok_or_else(|| {
            Fault::syntax(
                format!("`{first}` means nothing in an expression"),
                at..at + first.len_utf8(),
            )
        })
}

fn number(rest: &str, at: usize) -> Result<(Token, usize), Fault> {
    let digits = |text: &str| {
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len())
    };
    let mut length = digits(rest);
    let mut float = false;
    if let Some(tail) = rest[length..].strip_prefix('.')
        && tail.starts_with(|c: char| c.is_ascii_digit())
    {
        length += 1 + digits(tail);
        float = true;
    }
    let text = &rest[..length];
    let parsed = if float {
        text.parse().ok().map(Token::Float)
    } else {
        text.parse().ok().map(Token::Int)
    };
    parsed
        .map(|token| (token, length))
        .ok_or_else(|| Fault::syntax("this number is too large", at..at + length))
}

fn quoted(rest: &str, quote: char, at: usize) -> Result<(Token, usize), Fault> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((offset, c)) = chars.next() {
        if c == quote {
            return Ok((Token::Text(text), offset + 1));
        }
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some((_, 'n')) => text.push('\n'),
            Some((_, 't')) => text.push('\t'),
            Some((_, 'r')) => text.push('\r'),
            Some((_, c @ ('\\' | '"' | '\'' | '`' | '/'))) => text.push(c),
            // Regular expressions are full of `\d` and `\.`: the backslash stays.
            Some((_, other)) => {
                text.push('\\');
                text.push(other);
            }
            None => break,
        }
    }
    Err(Fault::syntax(
        format!("the text that starts here is never closed with {quote}"),
        at..at + rest.len(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<String> {
        segments(source)
            .unwrap()
            .into_iter()
            .map(|part| match part {
                Segment::Text(text) => text,
                Segment::Print(tokens, _) => format!("<{}>", tokens.len()),
                Segment::Tag(tokens, _) => format!("%{}%", tokens.len()),
            })
            .collect()
    }

    #[test]
    fn splits_and_trims() {
        assert_eq!(texts("a {{ b }} c"), ["a ", "<1>", " c"]);
        assert_eq!(texts("a {{- b -}} c"), ["a", "<1>", "c"]);
        assert_eq!(texts("a {#- x -#} b"), ["ab"]);
        assert_eq!(texts("{% raw %}{{ x }}{% endraw %}!"), ["{{ x }}!"]);
        assert_eq!(texts(r#"{{ "}}" }}"#), ["<1>"]);
        assert_eq!(texts(r#"{{ {"a": {"b": 1}} }}"#), ["<9>"]);
    }

    #[test]
    fn says_what_is_never_closed() {
        for source in ["{{ a", "{% if x", "{# x", "{{ 'a }}", "{% raw %}x"] {
            assert!(segments(source).is_err(), "{source}");
        }
    }
}
