//! The field of a criterion: `event.payload.alerts[0].name`, `event.time`, `pack.config.level`.
//!
//! A field that starts with neither `event` nor `pack.config` is looked for in the payload, so that
//! `severity` means `event.payload.severity`.

use crate::event::TriggerEvent;
use attune_types::{JsonMap, JsonValue};
use std::borrow::Cow;

/// A parsed field.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    root: Root,
    steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Root {
    Payload,
    Event,
    PackConfig,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Name(String),
    Index(i64),
}

impl Field {
    /// Parses a field; the message says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        // People write templates here too.
        let inner = text
            .trim()
            .strip_prefix("{{")
            .and_then(|rest| rest.strip_suffix("}}"))
            .unwrap_or(text)
            .trim();
        let steps = steps(inner)?;
        let word =
            |at: usize, word: &str| matches!(steps.get(at), Some(Step::Name(name)) if name == word);
        let (root, skip) = if word(0, "event") && word(1, "payload") {
            (Root::Payload, 2)
        } else if word(0, "event") {
            (Root::Event, 1)
        } else if word(0, "pack") && word(1, "config") {
            (Root::PackConfig, 2)
        } else {
            (Root::Payload, 0)
        };
        Ok(Self {
            root,
            steps: steps.into_iter().skip(skip).collect(),
        })
    }

    /// What the event holds there.
    pub(crate) fn find<'e>(
        &self,
        event: &'e TriggerEvent,
        pack_config: &'e JsonMap,
    ) -> Option<Cow<'e, JsonValue>> {
        match self.root {
            Root::Payload => walk(&event.payload, &self.steps).map(Cow::Borrowed),
            Root::PackConfig => match self.steps.split_first() {
                Some((Step::Name(name), rest)) => {
                    walk(pack_config.get(name)?, rest).map(Cow::Borrowed)
                }
                Some(_) => None,
                None => Some(Cow::Owned(pack_config.clone().into())),
            },
            Root::Event => match &self.steps[..] {
                [Step::Name(name)] => member(event, name),
                _ => None,
            },
        }
    }
}

/// One member of `event`.
pub(crate) fn member<'e>(event: &'e TriggerEvent, name: &str) -> Option<Cow<'e, JsonValue>> {
    let text = |text: String| Some(Cow::Owned(JsonValue::from(text)));
    match name {
        "payload" => Some(Cow::Borrowed(&event.payload)),
        "trigger" => text(event.trigger.to_string()),
        "id" => text(event.id.to_string()),
        "time" => text(event.at.to_string()),
        "source" => text(event.source.clone()?),
        "dedupe" => text(event.dedupe.clone()?),
        _ => None,
    }
}

/// The members of `event`.
pub(crate) const MEMBERS: [&str; 6] = ["payload", "trigger", "id", "time", "source", "dedupe"];

/// The value that steps lead to.
pub(crate) fn walk<'v>(value: &'v JsonValue, steps: &[Step]) -> Option<&'v JsonValue> {
    steps
        .iter()
        .try_fold(value, |value, step| match (value, step) {
            (JsonValue::Object(map), Step::Name(name)) => map.get(name),
            (JsonValue::Object(map), Step::Index(index)) => map.get(&index.to_string()),
            (JsonValue::Array(items), Step::Index(index)) => {
                let at = if *index < 0 {
                    items
                        .len()
                        .checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?
                } else {
                    usize::try_from(*index).ok()?
                };
                items.get(at)
            }
            _ => None,
        })
}

/// `a.b[0]["c d"]` in steps. A step between dots may hold anything but dots and brackets.
pub(crate) fn steps(text: &str) -> Result<Vec<Step>, String> {
    let mut found = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(tail) = rest.strip_prefix('[') {
            let (step, after) = bracket(tail).ok_or_else(|| {
                format!("`{text}` is not a field: a bracket holds a number or a quoted name")
            })?;
            found.push(step);
            rest = after;
            if let Some(tail) = rest.strip_prefix('.') {
                rest = tail;
            }
            continue;
        }
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let name = &rest[..end];
        if name.is_empty() {
            return Err(format!("`{text}` is not a field: a name is missing in it"));
        }
        found.push(match name.parse() {
            Ok(index) => Step::Index(index),
            Err(_) => Step::Name(name.to_owned()),
        });
        rest = &rest[end..];
        if let Some(tail) = rest.strip_prefix('.') {
            if tail.is_empty() {
                return Err(format!("`{text}` is not a field: it ends with a dot"));
            }
            rest = tail;
        }
    }
    if found.is_empty() {
        return Err("the field is empty".to_owned());
    }
    Ok(found)
}

fn bracket(tail: &str) -> Option<(Step, &str)> {
    if let Some(quote) = tail.chars().next().filter(|c| matches!(c, '\'' | '"')) {
        let (name, after) = tail[1..].split_once(quote)?;
        return Some((Step::Name(name.to_owned()), after.strip_prefix(']')?));
    }
    let (number, after) = tail.split_once(']')?;
    Some((Step::Index(number.trim().parse().ok()?), after))
}
