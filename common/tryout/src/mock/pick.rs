//! Which answer a call gets.
//!
//! Owns the rules: an entry with `when` answers every call for which it holds; the others answer in
//! turn, the last one all that follow. Items count their turns apart.

use super::{Answer, Mock, Mocks};
use attune_template::{Ambient, MapScope, Root, Template, TemplateError};
use attune_types::{JsonMap, JsonValue, Ref};
use std::collections::BTreeMap;

/// One call that wants an answer.
pub(crate) struct Asked<'a> {
    /// Path of the task, as mocks name it: `deploy/build`.
    pub(crate) path: &'a str,
    /// The same with the items that it lies in, so that each counts its own turns.
    pub(crate) place: &'a str,
    pub(crate) action: &'a Ref,
    pub(crate) input: &'a JsonMap,
    pub(crate) item: Option<(u32, &'a JsonValue)>,
    pub(crate) attempt: u32,
    pub(crate) activation: u32,
    pub(crate) ambient: Ambient,
}

/// How often each list of answers had its turn.
#[derive(Debug, Default)]
pub(crate) struct Turns(BTreeMap<String, usize>);

/// What was found for a call.
pub(crate) enum Picked {
    /// There is no mock.
    Unmocked,
    /// There is one, of that name, and no entry of it fits.
    NoneFits(String),
    /// This one.
    Answer(Box<Answer>),
}

impl Mocks {
    /// The answer to a call.
    ///
    /// # Errors
    /// A condition that cannot be evaluated.
    pub(crate) fn pick(
        &self,
        asked: &Asked<'_>,
        turns: &mut Turns,
    ) -> Result<Picked, TemplateError> {
        let Some((name, mock)) = self.of(asked.path, asked.action) else {
            return Ok(Picked::Unmocked);
        };
        let (which, answers) = mock.for_item(asked.item);
        let scope = asked.scope();
        let mut in_turn = Vec::new();
        for answer in answers {
            match &answer.when {
                None => in_turn.push(answer),
                Some(when) if when.test(&scope)? => {
                    return Ok(Picked::Answer(Box::new(answer.clone())));
                }
                Some(_) => {}
            }
        }
        let Some(last) = in_turn.len().checked_sub(1) else {
            return Ok(Picked::NoneFits(name.to_owned()));
        };
        let turn = turns
            .0
            .entry(format!("{}\n{which}", asked.place))
            .or_default();
        let answer = in_turn.get((*turn).min(last)).copied();
        *turn += 1;
        Ok(match answer {
            Some(answer) => Picked::Answer(Box::new(answer.clone())),
            None => Picked::NoneFits(name.to_owned()),
        })
    }
}

impl Mock {
    /// The answers for an item, with what names them: by its value first, then by its index.
    fn for_item(&self, item: Option<(u32, &JsonValue)>) -> (&str, &[Answer]) {
        let found = item.and_then(|(index, value)| {
            let texts = [as_key(value), index.to_string()];
            texts
                .iter()
                .find_map(|text| self.items.iter().find(|(key, _)| key == text))
        });
        match found {
            Some((key, answers)) => (key, answers),
            None => ("", &self.answers),
        }
    }
}

/// An item as a key of a map names it: text as it is, everything else as JSON. Of an entry of a map
/// it is the key.
fn as_key(item: &JsonValue) -> String {
    match item {
        JsonValue::String(text) => text.clone(),
        JsonValue::Object(entry) if entry.len() == 2 && entry.contains_key("value") => {
            match entry.get("key") {
                Some(JsonValue::String(key)) => key.clone(),
                _ => item.to_string(),
            }
        }
        other => other.to_string(),
    }
}

impl Asked<'_> {
    fn scope(&self) -> MapScope {
        let mut scope = MapScope::new(self.ambient)
            .with_member(Root::Local, "input", JsonValue::Object(self.input.clone()))
            .with_member(Root::Local, "attempt", self.attempt.into())
            .with_member(Root::Local, "activation", self.activation.into());
        if let Some((index, item)) = self.item {
            scope = scope
                .with_member(Root::Local, "item", item.clone())
                .with_member(Root::Local, "index", index.into());
        }
        scope
    }

    /// A template of an answer, with what the call brings.
    pub(crate) fn render(&self, template: &Template) -> Result<JsonValue, TemplateError> {
        template.evaluate(&self.scope())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use attune_types::Timestamp;
    use serde_json::json;

    fn ask(mocks: &Mocks, turns: &mut Turns, item: Option<(u32, &JsonValue)>) -> Option<JsonValue> {
        let input = json!({"n": 3});
        let place = match item {
            Some((index, _)) => format!("a[{index}]"),
            None => "a".to_owned(),
        };
        let asked = Asked {
            path: "a",
            place: &place,
            action: &"p.act".parse().unwrap(),
            input: input.as_object().unwrap(),
            item,
            attempt: 1,
            activation: 1,
            ambient: Ambient {
                now: Timestamp::UNIX_EPOCH,
                entropy: [0; 16],
            },
        };
        match mocks.pick(&asked, turns).unwrap() {
            Picked::Answer(answer) => Some(asked.render(&answer.result.unwrap()).unwrap()),
            Picked::Unmocked | Picked::NoneFits(_) => None,
        }
    }

    fn when(condition: &str, result: JsonValue) -> Answer {
        Answer {
            when: Some(Template::condition(&json!(condition)).unwrap()),
            ..Answer::result(&result)
        }
    }

    #[test]
    fn answers_take_turns_and_the_last_one_stays() {
        let list = vec![Answer::result(&json!(1)), Answer::result(&json!(2))];
        let mocks = Mocks::new().with("a", list);
        let mut turns = Turns::default();
        let got: Vec<_> = (0..3)
            .filter_map(|_| ask(&mocks, &mut turns, None))
            .collect();
        assert_eq!(got, [json!(1), json!(2), json!(2)]);
    }

    #[test]
    fn each_item_has_its_own_turns_and_may_have_its_own_answers() {
        let mocks = Mocks::new().with(
            "a",
            Mock {
                items: vec![
                    ("eu".to_owned(), vec![Answer::result(&json!("by value"))]),
                    ("2".to_owned(), vec![Answer::result(&json!("by index"))]),
                ],
                answers: vec![
                    Answer::result(&json!("first {{ item }}")),
                    Answer::result(&json!("then")),
                ],
                ..Mock::default()
            },
        );
        let mut turns = Turns::default();
        let items = [json!("us"), json!("eu"), json!("ap"), json!("sa")];
        let mut go = |n: usize| ask(&mocks, &mut turns, Some((n as u32, &items[n]))).unwrap();
        assert_eq!(go(0), "first us");
        assert_eq!(go(3), "first sa");
        assert_eq!(go(0), "then");
        assert_eq!(go(1), "by value");
        assert_eq!(go(2), "by index");
    }

    #[test]
    fn a_condition_wins_over_the_turn_and_an_action_is_the_last_resort() {
        let mocks = Mocks::new().with(
            "p.act",
            vec![
                Answer::result(&json!("else")),
                when("input.n > 2", json!("many")),
            ],
        );
        let mut turns = Turns::default();
        assert_eq!(ask(&mocks, &mut turns, None), Some(json!("many")));
        let near = mocks.with("a", vec![when("{{ input.n > 9 }}", json!(0))]);
        assert_eq!(ask(&near, &mut turns, None), None);
    }
}
