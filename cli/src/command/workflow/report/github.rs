//! Annotations as the runners of GitHub Actions take them from a build's output.
//!
//! Owns the escapes of workflow commands: a text cannot end its annotation or begin another command.

use super::end_column;
use super::pages::page;
use attune_pack::{Diagnostic, Severity};

/// One line for each.
pub(in crate::command::workflow) fn annotations(found: &[Diagnostic]) -> String {
    found.iter().map(|one| annotation(one) + "\n").collect()
}

fn annotation(found: &Diagnostic) -> String {
    let level = match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut settings = vec![format!("file={}", property(&found.file))];
    if let Some(span) = found.span {
        settings.push(format!("line={}", span.line));
        settings.push(format!("endLine={}", span.line));
        settings.push(format!("col={}", span.column));
        // The last column that is marked, not the one behind it.
        let end = end_column(found).map_or(span.column, |end| end - 1);
        settings.push(format!("endColumn={end}"));
    }
    let title = match page(&found.code) {
        Some(page) => format!("{}: {}", found.code, page.title),
        None => found.code.clone(),
    };
    settings.push(format!("title={}", property(&title)));
    let mut message = found.message.clone();
    if let Some(help) = &found.help {
        message.push_str("\nhelp: ");
        message.push_str(help);
    }
    format!("::{level} {}::{}", settings.join(","), data(&message))
}

/// A text behind the command.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A text among the settings.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use attune_pack::Span;

    #[test]
    fn a_text_stays_in_its_annotation() {
        let text = "a: b\nc: {\u{e9}\u{e9}: 1}\n";
        let span = Span {
            offset: 9,
            len: 4,
            line: 2,
            column: 5,
        };
        let found = Diagnostic::error("FLOW001", "a,b:c%.yaml", "100 % wrong\r\n::error::no")
            .at(span, text)
            .help("do\nbetter");
        insta::assert_snapshot!(annotations(&[found]));
    }

    #[test]
    fn a_file_as_a_whole_has_no_line() {
        let found = Diagnostic::error("X1", "a.yaml", "no").warning();
        assert_eq!(
            annotations(&[found]),
            "::warning file=a.yaml,title=X1::no\n"
        );
    }
}
