//! Which bytes of a scalar's source each part of its value came from.
//!
//! Owns the walk over both at once: through escapes, doubled quotes, folded lines and indentation. Not a
//! second YAML reader: it only follows what the first one made. Where the two do not agree, the answer
//! is none, and the caller names the whole scalar.

use std::ops::Range;
use std::str::Chars;

/// Where the bytes `range` of `value` stand in `source`, which is the scalar as written.
pub(super) fn in_source(value: &str, source: &str, range: Range<usize>) -> Option<Range<usize>> {
    let mut walk = Walk::new(source);
    let mut found: Option<Range<usize>> = None;
    for (at, c) in value.char_indices() {
        if at >= range.end {
            break;
        }
        let here = walk.step(c)?;
        if at >= range.start {
            let start = found.map_or(here.start, |found| found.start);
            found = Some(start..here.end.max(start));
        }
    }
    found.filter(|found| !found.is_empty())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Single,
    Double,
    /// Plain and block scalars: nothing stands for anything else.
    Bare,
}

struct Walk<'s> {
    source: &'s str,
    at: usize,
    style: Style,
}

impl<'s> Walk<'s> {
    fn new(source: &'s str) -> Self {
        let (style, at) = match source.chars().next() {
            Some('\'') => (Style::Single, 1),
            Some('"') => (Style::Double, 1),
            // The header of a block scalar ends with its line.
            Some('|' | '>') => (Style::Bare, source.find('\n').map_or(0, |at| at + 1)),
            _ => (Style::Bare, 0),
        };
        Self { source, at, style }
    }

    fn rest(&self) -> &'s str {
        self.source.get(self.at..).unwrap_or_default()
    }

    /// Goes over what stands for one character of the value.
    fn step(&mut self, c: char) -> Option<Range<usize>> {
        if c.is_whitespace() {
            return Some(self.blank(c));
        }
        self.skip_blanks();
        let start = self.at;
        let (found, len) = self.next()?;
        self.at += len;
        (found == c).then_some(start..self.at)
    }

    /// Folding and indentation make blanks of the value out of others, or of nothing.
    fn blank(&mut self, c: char) -> Range<usize> {
        let start = self.at;
        if let Some((found, len)) = self.next()
            && found == c
        {
            self.at += len;
        }
        start..self.at
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let bare = rest.trim_start();
            self.at += rest.len() - bare.len();
            let continued = bare.strip_prefix('\\').and_then(|rest| {
                let rest = rest.strip_prefix('\r').unwrap_or(rest);
                rest.strip_prefix('\n')
            });
            match continued.filter(|_| self.style == Style::Double) {
                Some(after) => self.at += bare.len() - after.len(),
                None => return,
            }
        }
    }

    /// The next character that is meant, and how many bytes stand for it.
    fn next(&self) -> Option<(char, usize)> {
        let rest = self.rest();
        let first = rest.chars().next()?;
        match (self.style, first) {
            (Style::Single, '\'') => rest.starts_with("''").then_some(('\'', 2)),
            (Style::Double, '\\') => escape(&rest[1..]).map(|(c, len)| (c, len + 1)),
            _ => Some((first, first.len_utf8())),
        }
    }
}

/// What stands behind a backslash: the character that is meant, and the bytes that it takes.
fn escape(rest: &str) -> Option<(char, usize)> {
    let mut chars = rest.chars();
    let kind = chars.next()?;
    let plain = match kind {
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        't' | '\t' => '\t',
        'n' => '\n',
        'v' => '\u{b}',
        'f' => '\u{c}',
        'r' => '\r',
        'e' => '\u{1b}',
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        'x' => return hex(chars, 2),
        'u' => {
            let (high, len) = hex_number(chars, 4)?;
            if let Some(c) = char::from_u32(high) {
                return Some((c, len));
            }
            // A pair stands for one character.
            let low = rest.get(len..)?.strip_prefix("\\u")?;
            let (low, more) = hex_number(low.chars(), 4)?;
            let code = 0x1_0000 + ((high & 0x3ff) << 10) + (low & 0x3ff);
            return Some((char::from_u32(code)?, len + 1 + more));
        }
        'U' => return hex(chars, 8),
        other => other,
    };
    Some((plain, kind.len_utf8()))
}

fn hex(chars: Chars<'_>, digits: usize) -> Option<(char, usize)> {
    let (code, len) = hex_number(chars, digits)?;
    Some((char::from_u32(code)?, len))
}

/// The number, and the bytes of its kind and digits.
fn hex_number(mut chars: Chars<'_>, digits: usize) -> Option<(u32, usize)> {
    let mut code = 0;
    for _ in 0..digits {
        code = code * 16 + chars.next()?.to_digit(16)?;
    }
    Some((code, digits + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(value: &str, source: &str, sought: &str) -> Option<String> {
        let at = value.find(sought)?;
        let range = in_source(value, source, at..at + sought.len())?;
        Some(source[range].to_owned())
    }

    #[test]
    fn follows_every_way_to_write_a_text() {
        let cases = [
            ("a {{ x }}", "a {{ x }}", "{{ x"),
            ("it's {{ x }}", "'it''s {{ x }}'", "{{ x"),
            ("a\tb \"c\" {{ x }}", "\"a\\tb \\\"c\\\" {{ x }}\"", "{{ x"),
            ("é😀 {{ x }}", "\"\\u00e9\\ud83d\\ude00 {{ x }}\"", "{{ x"),
            (
                "one\n  two {{ x }}\n",
                "|\n      one\n        two {{ x }}\n",
                "{{ x",
            ),
            ("one two {{ x }}\n", ">\n  one\n  two {{ x }}\n", "{{ x"),
            ("one two {{ x }}", "one\n  two {{ x }}", "{{ x"),
            ("one two{{ x }}", "\"one \\\n   two{{ x }}\"", "{{ x"),
        ];
        for (value, source, sought) in cases {
            assert_eq!(
                part(value, source, sought).as_deref(),
                Some(sought),
                "{source}"
            );
        }
        assert_eq!(in_source("abc", "xyz", 0..1), None);
    }
}
