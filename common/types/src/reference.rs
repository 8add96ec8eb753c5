//! References: `pack.name`, the address of everything that a pack holds.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The address of an action, trigger, sensor, rule or policy: `pack.name`.
///
/// Both parts are identifiers: a lower- or upper-case letter, then letters, digits, `_` or `-`;
/// the name may hold further dots (`aws.ec2.start` is `ec2.start` of pack `aws`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Ref {
    text: String,
    dot: usize,
}

/// Why a text is not a reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefError {
    /// There is no dot in it.
    #[error("`{0}` is not a reference: write it as `pack.name`")]
    NoDot(String),
    /// One part is empty or has a character that is not accepted.
    #[error(
        "`{0}` is not a reference: each part starts with a letter and holds letters, digits, `_` or `-`"
    )]
    BadPart(String),
    /// It is longer than 200 characters.
    #[error("a reference has at most 200 characters, this one has {0}")]
    TooLong(usize),
}

/// Whether `text` starts with a letter or `_` and goes on with letters, digits, `_` or `-`.
pub fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    chars
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

impl Ref {
    /// Parses `pack.name`.
    ///
    /// # Errors
    /// [`RefError`] says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, RefError> {
        if text.len() > 200 {
            return Err(RefError::TooLong(text.len()));
        }
        let Some(dot) = text.find('.') else {
            return Err(RefError::NoDot(text.to_owned()));
        };
        if !text.split('.').all(is_identifier) {
            return Err(RefError::BadPart(text.to_owned()));
        }
        Ok(Self {
            text: text.to_owned(),
            dot,
        })
    }

    /// The pack's name: all before the first dot.
    pub fn pack(&self) -> &str {
        &self.text[..self.dot]
    }

    /// The name within the pack: all after the first dot.
    pub fn name(&self) -> &str {
        &self.text[self.dot + 1..]
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ref({})", self.text)
    }
}

impl FromStr for Ref {
    type Err = RefError;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Self::parse(s)
    }
}

impl TryFrom<String> for Ref {
    type Error = RefError;
    fn try_from(value: String) -> Result<Self, Self::Error> {
        Self::parse(&value)
    }
}

impl From<Ref> for String {
    fn from(value: Ref) -> Self {
        value.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_at_the_first_dot() -> Result<(), RefError> {
        let reference = Ref::parse("aws.ec2.start")?;
        assert_eq!(reference.pack(), "aws");
        assert_eq!(reference.name(), "ec2.start");
        Ok(())
    }

    #[test]
    fn refuses_what_is_not_a_reference() {
        assert_eq!(Ref::parse("noop"), Err(RefError::NoDot("noop".into())));
        for text in ["a.", ".a", "a..b", "a b.c", "1a.b", "a.b/c", "ä.b"] {
            assert_eq!(Ref::parse(text), Err(RefError::BadPart(text.into())));
        }
    }
}
