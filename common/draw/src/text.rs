//! Texts of a workflow as they may stand in a drawing: shortened, measured, safe.
//!
//! Owns how long a text may get and how wide it is. What each form escapes is the form's own.

/// At most so many characters of one line, with an ellipsis where something was left out.
pub(crate) fn short(text: &str, most: usize) -> String {
    let text = one_line(text);
    if text.chars().count() <= most {
        return text;
    }
    let cut: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}\u{2026}", cut.trim_end())
}

/// Lines of at most so many characters, broken where words end as far as they do; the last one is cut
/// if there would be more than `lines`.
pub(crate) fn wrapped(text: &str, most: usize, lines: usize) -> Vec<String> {
    let text = one_line(text);
    let length = text.chars().count();
    // Lines of about one length, so that no single word is left for the last.
    let even = length.div_ceil(length.div_ceil(most).max(1)) + 4;
    let even = even.min(most);
    let mut found: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let together = line.chars().count() + 1 + word.chars().count();
        if !line.is_empty() && together > even && found.len() + 1 < lines {
            found.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    found.push(line);
    found.iter().map(|line| short(line, most)).collect()
}

/// All white space as single spaces, and nothing that would hide or turn around what follows it.
pub(crate) fn one_line(text: &str) -> String {
    let visible: String = text
        .chars()
        .map(|c| if steers(c) { '\u{fffd}' } else { c })
        .collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Characters that a drawing cannot hold, or that change how the text beside them is read.
fn steers(c: char) -> bool {
    (c.is_control() && !c.is_whitespace())
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// An expression without its braces.
pub(crate) fn expression(text: &str) -> &str {
    let text = text.trim();
    match text
        .strip_prefix("{{")
        .and_then(|rest| rest.strip_suffix("}}"))
    {
        // `{{ a }} and {{ b }}` is a text with two expressions, not one.
        Some(inner) if !inner.contains("{{") && !inner.contains("}}") => {
            let inner = inner.strip_prefix('-').unwrap_or(inner);
            inner.strip_suffix('-').unwrap_or(inner).trim()
        }
        _ => text,
    }
}

/// How wide a text is, in ems, in the widest of the usual sans-serif fonts. An estimate: a drawing
/// leaves some room on both sides.
pub(crate) fn ems(text: &str) -> f64 {
    text.chars().map(em).sum()
}

fn em(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | '\'' | '|' => 0.30,
        ' ' | '.' | ',' | ':' | ';' | 'I' | '!' => 0.34,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '/' | '\\' | '-' | '"' | '`' => 0.42,
        'm' | 'M' | 'W' | '%' | '@' | '\u{2026}' => 0.99,
        'w' | '=' | '<' | '>' | '+' | '&' | '#' | '~' | '^' => 0.84,
        'A'..='Z' => 0.72,
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200d}' | '\u{fe00}'..='\u{fe0f}' => 0.0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f000}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 1.05,
        _ => 0.64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_and_show_it() {
        assert_eq!(short("abc", 3), "abc");
        assert_eq!(short("abcd", 3), "ab\u{2026}");
        assert_eq!(short("a\n  b\tc", 9), "a b c");
        assert_eq!(short("\u{65e5}\u{672c}\u{8a9e}", 2), "\u{65e5}\u{2026}");
    }

    #[test]
    fn lines_end_where_words_do() {
        assert_eq!(wrapped("aa bb cc", 5, 3), ["aa bb", "cc"]);
        assert_eq!(wrapped("aa bb cc dd", 5, 1), ["aa b\u{2026}"]);
        assert_eq!(wrapped("aaaaaaaa bb", 5, 2), ["aaaa\u{2026}", "bb"]);
        assert_eq!(wrapped("", 5, 2), [""]);
    }

    #[test]
    fn what_turns_text_around_is_shown_instead() {
        assert_eq!(one_line("a\u{202e}b\u{0}c"), "a\u{fffd}b\u{fffd}c");
    }

    #[test]
    fn braces_of_a_single_expression_go() {
        assert_eq!(expression("{{ a == 1 }}"), "a == 1");
        assert_eq!(expression("{{- a -}}"), "a");
        assert_eq!(expression("a"), "a");
        assert_eq!(expression("{{ a }} and {{ b }}"), "{{ a }} and {{ b }}");
    }
}
