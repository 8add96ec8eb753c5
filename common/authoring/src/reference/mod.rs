//! The reference pages, as Markdown.
//!
//! Owns their layout; all that they say comes from the types of files and from the vocabulary of
//! templates. Called by the chore that writes the generated files; a test holds the checked-in pages
//! against this.

mod file;
mod templates;

use crate::schema::Kind;

/// What stands at the head of each page, so that nobody edits it.
const NOTE: &str = "<!-- Written by `cargo xtask generate` from the code; do not edit. -->";

/// Every page: its name in the folder of the reference, and its text.
pub fn pages() -> Vec<(String, String)> {
    let mut pages: Vec<(String, String)> = Kind::ALL
        .into_iter()
        .map(|kind| (format!("{}.md", kind.word()), file::page(kind)))
        .collect();
    pages.push(("templates.md".to_owned(), templates::page()));
    pages.push(("README.md".to_owned(), index()));
    pages
}

fn index() -> String {
    let mut out = format!("# Reference\n\n{NOTE}\n\n| page | what it lists |\n|---|---|\n");
    for kind in Kind::ALL {
        let word = kind.word();
        out.push_str(&format!(
            "| [{word}]({word}.md) | every key of `{}` |\n",
            kind.files()
        ));
    }
    out.push_str("| [templates](templates.md) | every filter, test and function of templates |\n");
    out
}
