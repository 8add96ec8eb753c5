//! Keys that nobody asked for: what is said of them, and what they probably mean.
//!
//! Owns the end of a [`MapReader`], where unknown and missing keys are told, and the reading of a slip
//! as the key that it means, so that one mistake does not bring others behind it. A slip stays an
//! error, whatever it is read as.

use super::MapReader;
use crate::suggest::suggest;
use crate::yaml::{Key, Node};
use std::collections::HashSet;

impl<'n> MapReader<'n, '_> {
    /// Words that people bring along from elsewhere: for each the key that says it here, or a sentence.
    pub fn foreign(&mut self, words: &'static [(&'static str, &'static str)]) {
        self.foreign = words;
    }

    /// From here on an unknown key is read as the one of `known` that it means, if its value `fits`
    /// there. All keys that may stand in the map must be in `known`.
    pub fn slips(&mut self, known: &'static [&'static str], fits: fn(&str, &Node) -> bool) {
        for (at, (key, value)) in self.entries.iter().enumerate() {
            if known.contains(&key.text.as_str()) {
                continue;
            }
            let taken = |name: &str| {
                self.node.get(name).is_some() || self.slips.iter().any(|(_, other)| *other == name)
            };
            // Of several that are as near, one that the value fits.
            let free = known.iter().copied().filter(|name| !taken(name));
            let (mut fitting, others): (Vec<&str>, Vec<&str>) =
                free.partition(|name| fits(name, value));
            let first = fitting.len();
            fitting.extend(others);
            let meant = match self.said(&key.text) {
                Some(here) => fitting.iter().position(|name| *name == here),
                None => suggest(&key.text, fitting.iter().copied())
                    .and_then(|near| fitting.iter().position(|name| *name == near)),
            };
            if let Some(meant) = meant.filter(|at| *at < first).map(|at| fitting[at]) {
                self.slips.push((at, meant));
            }
        }
    }

    /// Whether something stands there that was not asked for so far.
    pub fn has_unknown(&self) -> bool {
        let mut keys = self.entries.iter().map(|(key, _)| key.text.as_str());
        keys.any(|key| !self.asked.contains(&key))
    }

    /// The entry of a key, or the one that means it.
    pub(super) fn entry(&self, key: &str) -> Option<&'n (Key, Node)> {
        let written = self.entries.iter().find(|(found, _)| found.text == key);
        written.or_else(|| {
            let (at, _) = self.slips.iter().find(|(_, meant)| *meant == key)?;
            self.entries.get(*at)
        })
    }

    /// What says here what that word says elsewhere.
    fn said(&self, word: &str) -> Option<&'static str> {
        let said = self.foreign.iter().find(|(known, _)| *known == word);
        said.map(|(_, here)| *here)
    }

    /// Reports every key that is missing, and every one that nobody asked for.
    pub fn finish(mut self) {
        let asked: HashSet<&str> = self.asked.iter().copied().collect();
        let code = self.sink.codes().unknown_key;
        for (at, (key, _)) in self
            .entries
            .iter()
            .enumerate()
            .filter(|(_, (key, _))| !asked.contains(key.text.as_str()))
        {
            let read_as = self.slips.iter().find(|(slip, _)| *slip == at);
            let read_as = read_as.map(|(_, meant)| *meant);
            let said = self.said(&key.text);
            let named = said.filter(|here| asked.contains(here) && self.node.get(here).is_none());
            let missing = self.missing.iter().copied();
            let meant = missing
                .clone()
                .find(|key| Some(*key) == named)
                .or_else(|| suggest(&key.text, missing));
            let free = self
                .asked
                .iter()
                .copied()
                .filter(|name| self.node.get(name).is_none());
            let near = read_as
                .or(meant)
                .or(named)
                .or_else(|| suggest(&key.text, free));
            let sentence = said.filter(|here| !asked.contains(here));
            let help = match (near, sentence) {
                (_, Some(sentence)) => sentence.to_owned(),
                (Some(near), None) => format!("did you mean `{near}`?"),
                (None, None) => {
                    let mut known: Vec<&str> = asked.iter().copied().collect();
                    known.sort_unstable();
                    format!("known keys: {}", known.join(", "))
                }
            };
            let message = format!("unknown key `{}` in {}", key.text, self.what);
            self.sink.error_with(code, key.span, message, Some(help));
            if let Some(meant) = meant.map(str::to_owned) {
                self.missing.retain(|key| *key != meant);
            }
        }
        let code = self.sink.codes().missing_key;
        for key in &self.missing {
            let entry = self.node.entry(key);
            let place = entry.map_or(self.node.span, |(key, _)| key.span);
            let message = match entry {
                Some(_) => format!("the key `{key}` has no value, and {} needs it", self.what),
                None => format!("{} needs the key `{key}`", self.what),
            };
            self.sink.error(code, place, message);
        }
    }
}
