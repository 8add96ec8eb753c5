//! Enumerations that people write as one word: a trait, and a macro that keeps the word, the JSON
//! form and the list of all words in one place.
//!
//! Owns no words itself. A word that is not known is reported by the reader, with a suggestion.

/// An enumeration written as one word in YAML and JSON.
pub trait Keyword: Copy + Sized + 'static {
    /// All values.
    const ALL: &'static [Self];

    /// The word.
    fn word(self) -> &'static str;

    /// The value that a word names.
    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|value| value.word() == word)
    }
}

macro_rules! keyword {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$vmeta])* #[serde(rename = $word)] $variant,)+
        }

        impl $crate::catalogue::Keyword for $name {
            const ALL: &'static [Self] = &[$(Self::$variant,)+];
            fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($crate::catalogue::Keyword::word(*self))
            }
        }
    };
}

pub(super) use keyword;
