//! The pages of `docs/errors`, as they were when this binary was built.
//!
//! Owns how a page is taken apart: its first line is `# CODE: Title`, and what follows up to the next
//! heading says what the code means.

/// Code and text of every page.
const PAGES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// What a code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// In a few words.
    pub(super) title: &'static str,
    /// In some sentences.
    pub(super) meaning: &'static str,
    /// All of it, as Markdown.
    pub(super) text: &'static str,
}

/// The page of a code.
pub(super) fn page(code: &str) -> Option<Page> {
    let (_, text) = PAGES.iter().find(|(known, _)| *known == code)?;
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let title = first.split_once(": ").map_or(first, |(_, title)| title);
    let meaning = rest.split("\n## ").next().unwrap_or(rest);
    Some(Page {
        title: title.trim(),
        meaning: meaning.trim(),
        text: text.trim(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_a_title_and_says_what_it_means() {
        assert!(PAGES.len() > 30);
        for (code, text) in PAGES {
            assert!(text.starts_with(&format!("# {code}: ")), "{code}");
            let page = page(code).unwrap();
            assert!(
                !page.title.is_empty() && !page.title.contains('\n'),
                "{code}"
            );
            assert!(
                page.meaning.len() > 20 && !page.meaning.contains("\n#"),
                "{code}"
            );
        }
    }

    #[test]
    fn a_code_without_a_page_has_none() {
        assert_eq!(page("FLOW999"), None);
    }
}
