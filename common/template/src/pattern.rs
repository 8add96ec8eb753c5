//! Regular expressions that people write, bounded in length, size and time.
//!
//! The regex engine takes time linear in the text, but the factor is the pattern's: one with hundreds
//! of ambiguous places (`[ab]{300}`) can take microseconds for each byte. So the places are counted,
//! and a search is priced by them before it is made. That holds for one search;
//! one after another through the same text may each read to its end, so these are walked first.

mod walk;

pub(crate) use walk::Walk;

use crate::limits::Limits;
use regex::{Regex, RegexBuilder};

/// A regular expression within the limits.
#[derive(Clone, Debug)]
pub struct Pattern {
    pub(crate) regex: Regex,
    places: u64,
}

/// Why a pattern cannot be used, or not on this text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// The pattern is too long, or becomes too large.
    #[error("this regular expression is too large")]
    TooLarge,
    /// It is none.
    #[error("this is not a regular expression: {0}")]
    Invalid(String),
    /// Searching this text with it would take too long.
    #[error("this regular expression would take too long on a text of {0} bytes")]
    TooSlow(usize),
}

impl Pattern {
    /// Compiles a pattern. A dot matches line breaks too where `whole` is set.
    ///
    /// # Errors
    /// [`PatternError`] when it is none or goes beyond the limits.
    pub fn new(text: &str, ignore_case: bool, whole: bool) -> Result<Self, PatternError> {
        let places = places(text);
        if text.len() > Limits::REGEX_BYTES || places > Limits::REGEX_PLACES {
            return Err(PatternError::TooLarge);
        }
        let regex = RegexBuilder::new(text)
            .case_insensitive(ignore_case)
            .dot_matches_new_line(whole)
            .size_limit(Limits::REGEX_COMPILED_BYTES)
            .nest_limit(32)
            .build()
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => PatternError::TooLarge,
                other => {
                    let text = other.to_string();
                    let last = text.lines().last().unwrap_or_default().trim();
                    PatternError::Invalid(last.trim_start_matches("error: ").to_owned())
                }
            })?;
        Ok(Self { regex, places })
    }

    /// Whether it matches somewhere in the text.
    ///
    /// # Errors
    /// [`PatternError::TooSlow`] when the search could take longer than an expression may.
    pub fn is_match(&self, text: &str) -> Result<bool, PatternError> {
        if self.price(text.len()) > Limits::STEPS {
            return Err(PatternError::TooSlow(text.len()));
        }
        Ok(self.regex.is_match(text))
    }

    /// The steps that a search through so many bytes costs at worst.
    pub(crate) fn price(&self, bytes: usize) -> u64 {
        20 + self.reading(bytes)
    }

    /// What it costs to read so many bytes with it.
    pub(crate) fn reading(&self, bytes: usize) -> u64 {
        (bytes as u64).saturating_mul(self.places.max(2)) / 4
    }
}

/// How many places of the pattern a search may be in at once, roughly: one for each class, dot or
/// group, times their counts. Plain letters are followed one by one and count nothing.
fn places(pattern: &str) -> u64 {
    let mut groups: Vec<u64> = vec![0];
    let mut last: u64 = 0;
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                let class = chars
                    .next()
                    .is_some_and(|c| matches!(c, 'd' | 'D' | 'w' | 'W' | 's' | 'S' | 'p' | 'P'));
                last = u64::from(class);
            }
            '[' => {
                // A bracket that comes first is one of the class.
                let mut first = true;
                while let Some(c) = chars.next() {
                    match c {
                        '\\' => {
                            chars.next();
                        }
                        '^' if first => continue,
                        ']' if !first => break,
                        _ => {}
                    }
                    first = false;
                }
                last = 1;
            }
            '.' => last = 1,
            '(' => {
                groups.push(0);
                last = 0;
                continue;
            }
            ')' => last = groups.pop().unwrap_or(0).max(1),
            '{' => {
                let mut most: u64 = 0;
                let mut number: u64 = 0;
                for c in chars.by_ref() {
                    match c.to_digit(10) {
                        Some(digit) => {
                            number = number.saturating_mul(10).saturating_add(digit.into());
                            most = most.max(number);
                        }
                        None if c == '}' => break,
                        None => number = 0,
                    }
                }
                // What was counted once already is counted so many times more.
                let more = last.max(1).saturating_mul(most.saturating_sub(1));
                last = last.saturating_add(more);
                if let Some(group) = groups.last_mut() {
                    *group = group.saturating_add(more);
                }
                continue;
            }
            _ => last = 0,
        }
        match groups.last_mut() {
            Some(group) => *group = group.saturating_add(last),
            None => groups.push(last),
        }
    }
    groups.into_iter().fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted() {
        for (pattern, expected) in [
            ("plain text", 0),
            ("^v(\\d+)\\.(\\d+)$", 2),
            ("[a-z]{3}", 3),
            ("[]a]{2}.", 3),
            ("(a|b){100}", 100),
            ("((a|b){10}c){10}", 100),
            ("x{2,5}", 4),
            ("\\{9\\}", 0),
        ] {
            assert_eq!(places(pattern), expected, "{pattern}");
        }
    }

    #[test]
    fn slow_searches_are_refused() {
        let text = "ab".repeat(200_000);
        let slow = Pattern::new("(a|b)*a(a|b){300}c", false, false).unwrap();
        assert_eq!(slow.is_match(&text), Err(PatternError::TooSlow(400_000)));
        assert_eq!(slow.is_match("ab"), Ok(false));
        let quick = Pattern::new("c$", false, false).unwrap();
        assert_eq!(quick.is_match(&text), Ok(false));
        for large in ["(((x{1,100}){1,100}){1,100})", "[a-z]{9999}"] {
            assert_eq!(
                Pattern::new(large, false, false).err(),
                Some(PatternError::TooLarge)
            );
        }
        assert!(matches!(
            Pattern::new("(", false, false),
            Err(PatternError::Invalid(_))
        ));
    }
}
