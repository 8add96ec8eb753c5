//! The page of the words of templates.

use super::NOTE;
use attune_template::{Word, WordKind, vocabulary};

/// Filters, tests and functions, each with an example and what it gives.
pub(super) fn page() -> String {
    let mut out = format!(
        "# Words of templates\n\n{NOTE}\n\nTemplates are [Tera](https://keats.github.io/tera/) with a vocabulary of \
         their own. Every example here is evaluated by a test.\n"
    );
    let sections = [
        (
            WordKind::Filter,
            "Filters",
            "Written behind a value: `value | filter(argument=...)`.",
        ),
        (WordKind::Test, "Tests", "Written behind `is` or `is not`."),
        (WordKind::Function, "Functions", "Written by themselves."),
    ];
    for (kind, title, says) in sections {
        out.push_str(&format!("\n## {title}\n\n{says}\n\n"));
        out.push_str("| word | what it gives | example |\n|---|---|---|\n");
        for word in vocabulary().iter().filter(|word| word.kind == kind) {
            out.push_str(&row(word));
        }
    }
    out
}

fn row(word: &Word) -> String {
    let example = match word.gives {
        Some(gives) => format!("`{}` gives `{gives}`", word.example),
        None => format!("`{}`", word.example),
    };
    format!(
        "| `{}` | {} | {} |\n",
        call(word),
        cell(word.says),
        cell(&example)
    )
}

/// The name with its arguments, those in brackets that may be left out.
fn call(word: &Word) -> String {
    let arguments: Vec<String> = word
        .params
        .iter()
        .enumerate()
        .map(|(at, name)| {
            if at < word.required {
                (*name).to_owned()
            } else {
                format!("[{name}]")
            }
        })
        .collect();
    match (word.kind, arguments.is_empty()) {
        (WordKind::Function, _) | (_, false) => format!("{}({})", word.name, arguments.join(", ")),
        _ => word.name.to_owned(),
    }
}

/// A bar would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
