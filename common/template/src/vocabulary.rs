//! What may be said in a template, in words: every filter, test and function with an example.
//!
//! Owns the sentences and the examples; names and parameters come from the signatures that the parser
//! checks calls against. Never evaluated at run time: the reference page is made from it, and a test
//! evaluates every example and finds every name.

mod words;

use crate::filter;

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordKind {
    /// `value | word`.
    Filter,
    /// `value is word`.
    Test,
    /// `word()`.
    Function,
}

/// One word of the language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// What it is.
    pub kind: WordKind,
    /// Its name.
    pub name: &'static str,
    /// Its parameters, in the order in which they may be given without a name.
    pub params: &'static [&'static str],
    /// How many of them must be given.
    pub required: usize,
    /// What it does, in a sentence or two.
    pub says: &'static str,
    /// An expression that uses it.
    pub example: &'static str,
    /// What the example gives, as JSON; none where that differs from time to time, or needs a run.
    pub gives: Option<&'static str>,
}

/// All words: filters, tests and functions, each in the order of the page.
pub fn vocabulary() -> Vec<Word> {
    words::FILTERS
        .iter()
        .map(|entry| word(WordKind::Filter, entry))
        .chain(words::TESTS.iter().map(|entry| word(WordKind::Test, entry)))
        .chain(
            words::FUNCTIONS
                .iter()
                .map(|entry| word(WordKind::Function, entry)),
        )
        .collect()
}

/// Name, sentence, example, and what it gives.
type Entry = (
    &'static str,
    &'static str,
    &'static str,
    Option<&'static str>,
);

fn word(kind: WordKind, (name, says, example, gives): &Entry) -> Word {
    let signature = match kind {
        WordKind::Filter => filter::filter(name),
        WordKind::Test => filter::test(name),
        WordKind::Function => filter::function(name),
    };
    let (params, required) =
        signature.map_or((&[] as &[&str], 0), |found| (found.params, found.required));
    Word {
        kind,
        name,
        params,
        required,
        says,
        example,
        gives: *gives,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Ambient, MapScope, Template};
    use attune_types::JsonValue;

    fn sorted(mut names: Vec<&'static str>) -> Vec<&'static str> {
        names.sort_unstable();
        names
    }

    #[test]
    fn every_name_is_explained_once() {
        let words = vocabulary();
        let of = |kind| {
            let found = words.iter().filter(|word| word.kind == kind);
            sorted(found.map(|word| word.name).collect())
        };
        assert_eq!(of(WordKind::Filter), sorted(filter::filter_names()));
        assert_eq!(of(WordKind::Test), sorted(filter::test_names()));
        assert_eq!(of(WordKind::Function), sorted(filter::function_names()));
    }

    #[test]
    fn every_example_gives_what_is_said() {
        let scope = MapScope::new(Ambient {
            now: "2026-03-04T05:06:07Z".parse().unwrap(),
            entropy: [7; 16],
        });
        for word in vocabulary() {
            assert!(word.example.contains(word.name), "{}", word.name);
            let template = Template::compile(&format!("{{{{ {} }}}}", word.example).into())
                .unwrap_or_else(|error| panic!("{}: {error}", word.example));
            let Some(gives) = word.gives else { continue };
            let wanted: JsonValue =
                serde_json::from_str(gives).unwrap_or_else(|error| panic!("{gives}: {error}"));
            let found = template
                .evaluate(&scope)
                .unwrap_or_else(|error| panic!("{}: {error}", word.example));
            assert_eq!(found, wanted, "{}", word.example);
        }
    }
}
