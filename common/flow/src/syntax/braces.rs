//! `<% ... %>`, the template marks of another system.
//!
//! Owns where a text has them and what says the same here. Text of that form is passed on as it stands,
//! since templates of other tools may look alike (`<%= name %>`): only what can hardly be meant as text
//! is told. Called by the reader of tasks and by the checks of templates.

use std::ops::Range;

/// Names by which an expression of that system is known.
const MARKS: [&str; 9] = [
    "ctx(",
    "$.",
    "result()",
    "succeeded()",
    "failed()",
    "completed()",
    "item(",
    "st2kv",
    "task(",
];

/// Where such an expression stands in a text; the first of several.
pub(crate) fn found(text: &str) -> Option<Range<usize>> {
    let start = text.find("<%")?;
    let rest = &text[start + 2..];
    let end = start + 2 + rest.find("%>")? + 2;
    let inner = &text[start + 2..end - 2];
    let of_others = inner.is_empty() || inner.starts_with(['=', '-', '#', '%', '@', '!']);
    let whole = text.trim().len() == end - start;
    let known = MARKS.iter().any(|mark| inner.contains(mark));
    (!of_others && (whole || known)).then_some(start..end)
}

/// The expression in the first of them, as it is written here.
pub(crate) fn expression(text: &str) -> Option<String> {
    let range = found(text)?;
    let mut inner = text[range.start + 2..range.end - 2].trim().to_owned();
    for mark in ["ctx().", "$."] {
        inner = inner.replace(mark, "");
    }
    // `ctx(name)`.
    while let Some(at) = inner.find("ctx(") {
        let Some(end) = inner[at..].find(')').map(|end| at + end) else {
            break;
        };
        let name = inner[at + 4..end].trim_matches(['\'', '"', ' ']).to_owned();
        inner.replace_range(at..=end, &name);
    }
    Some(inner)
}

/// What to write instead of a text that is such an expression.
pub(crate) fn help(text: &str) -> Option<String> {
    let inner = expression(text)?;
    Some(format!(
        "templates are written in double braces here: `\"{{{{ {inner} }}}}\"`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_hardly_text_is_found() {
        for (text, said) in [
            ("<% ctx().name %>", "name"),
            ("<% ctx(name) %>", "name"),
            ("<% ctx('name').field %>", "name.field"),
            ("run <% $.name %> now", "name"),
            ("  <% anything %>\n", "anything"),
            (
                "<% succeeded() and result().x = 1 %>",
                "succeeded() and result().x = 1",
            ),
        ] {
            assert_eq!(expression(text).as_deref(), Some(said), "{text}");
        }
        for text in [
            "<%= name %>",
            "<p><% if x %>y<% end %></p>",
            "<%",
            "a <% b",
            "5 %> 3 <%",
            "<%%>",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
