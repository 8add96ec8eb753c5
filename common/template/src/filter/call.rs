//! One call of a filter, test or function: its input, its arguments, and the purse.

use crate::convert;
use crate::error::{ErrorKind, Fault};
use crate::frame::Frame;
use attune_types::JsonValue;
use std::cmp::Ordering;
use tera::value::{Key, ValueKind};
use tera::{Kwargs, Map, Value};

/// One call.
pub(crate) struct Call<'a> {
    pub(crate) name: &'static str,
    pub(crate) input: &'a Value,
    pub(crate) args: &'a Kwargs,
    pub(crate) frame: &'a mut Frame,
}

impl<'a> Call<'a> {
    pub(crate) fn wrong(&self, wanted: &str) -> Fault {
        Fault::wrong_type(format!(
            "`{}` works on {wanted}, this is {}",
            self.name,
            convert::type_name(self.input)
        ))
    }

    pub(crate) fn step(&mut self, steps: usize) -> Result<(), Fault> {
        self.frame.budget.step(steps as u64)
    }

    /// The input, which must be a text.
    pub(crate) fn text(&mut self) -> Result<&'a str, Fault> {
        let text = self.input.as_str().ok_or_else(|| self.wrong("texts"))?;
        self.frame.budget.scan(text.len())?;
        Ok(text)
    }

    /// The input as text: texts as they are, other scalars written out.
    pub(crate) fn any_text(&mut self) -> Result<String, Fault> {
        let input = self.input;
        self.text_of(input)
    }

    /// Any value as text: null is empty, lists and maps are JSON.
    pub(crate) fn text_of(&mut self, value: &Value) -> Result<String, Fault> {
        match value.kind() {
            ValueKind::String => {
                let text = value.as_str().unwrap_or_default();
                self.frame.budget.scan(text.len())?;
                Ok(text.to_owned())
            }
            ValueKind::None => Ok(String::new()),
            ValueKind::Undefined => Err(missing()),
            ValueKind::Array | ValueKind::Map => {
                convert::measure(value, &mut self.frame.budget)?;
                Ok(convert::to_json(value)?.to_string())
            }
            _ => Ok(convert::to_json(value)?.to_string()),
        }
    }

    /// The input, which must be a list.
    pub(crate) fn list(&mut self) -> Result<&'a [Value], Fault> {
        let list = self.input.as_array().ok_or_else(|| self.wrong("lists"))?;
        self.step(list.len())?;
        Ok(list)
    }

    /// The input, which must be a map.
    pub(crate) fn map(&mut self) -> Result<&'a Map, Fault> {
        let map = self.input.as_map().ok_or_else(|| self.wrong("maps"))?;
        self.step(map.len())?;
        Ok(map)
    }

    /// The input as JSON.
    pub(crate) fn json(&mut self) -> Result<JsonValue, Fault> {
        convert::measure(self.input, &mut self.frame.budget)?;
        convert::to_json(self.input)
    }

    /// An argument, if it is given and not null.
    pub(crate) fn arg(&self, name: &'static str) -> Option<&'a Value> {
        self.args
            .get::<&Value>(name)
            .ok()
            .flatten()
            .filter(|value| !value.is_none())
    }

    fn wrong_arg(&self, name: &str, wanted: &str, value: &Value) -> Fault {
        Fault::wrong_type(format!(
            "the argument `{name}` of `{}` must be {wanted}, this is {}",
            self.name,
            convert::type_name(value)
        ))
    }

    /// A text argument, if it is given.
    pub(crate) fn text_arg(&mut self, name: &'static str) -> Result<Option<&'a str>, Fault> {
        let Some(value) = self.arg(name) else {
            return Ok(None);
        };
        let text = value
            .as_str()
            .ok_or_else(|| self.wrong_arg(name, "a text", value))?;
        self.frame.budget.scan(text.len())?;
        Ok(Some(text))
    }

    /// A text argument that must be given.
    pub(crate) fn need_text(&mut self, name: &'static str) -> Result<&'a str, Fault> {
        let missing = self.missing_arg(name);
        self.text_arg(name)?.ok_or(missing)
    }

    /// An argument that must be given.
    pub(crate) fn need(&self, name: &'static str) -> Result<&'a Value, Fault> {
        self.args
            .get::<&Value>(name)
            .ok()
            .flatten()
            .ok_or_else(|| self.missing_arg(name))
    }

    fn missing_arg(&self, name: &str) -> Fault {
        Fault::wrong_type(format!("`{}` needs the argument `{name}`", self.name))
    }

    /// A whole-number argument, if it is given.
    pub(crate) fn int_arg(&self, name: &'static str) -> Result<Option<i64>, Fault> {
        self.arg(name)
            .map(|value| {
                value
                    .as_i64()
                    .ok_or_else(|| self.wrong_arg(name, "a whole number", value))
            })
            .transpose()
    }

    /// A whole-number argument that counts something.
    pub(crate) fn size_arg(&self, name: &'static str) -> Result<Option<usize>, Fault> {
        self.int_arg(name)?
            .map(|number| {
                usize::try_from(number).map_err(|_| {
                    Fault::wrong_type(format!(
                        "the argument `{name}` of `{}` cannot be negative",
                        self.name
                    ))
                })
            })
            .transpose()
    }

    /// A boolean argument; false if it is not given.
    pub(crate) fn flag(&self, name: &'static str) -> Result<bool, Fault> {
        self.arg(name).map_or(Ok(false), |value| {
            value
                .as_bool()
                .ok_or_else(|| self.wrong_arg(name, "a boolean", value))
        })
    }

    /// Fails unless a text of so many bytes may still be made. Asked before making it.
    pub(crate) fn room(&mut self, bytes: usize) -> Result<(), Fault> {
        self.frame.budget.allocate(bytes)?;
        self.frame.budget.scan(bytes)
    }

    /// A text that was made and is not much larger than what it was made from.
    pub(crate) fn made(&mut self, text: String) -> Result<Value, Fault> {
        self.room(text.len())?;
        Ok(Value::from(text))
    }

    /// A list whose elements all stood in the input.
    pub(crate) fn picked(&mut self, items: Vec<Value>) -> Result<Value, Fault> {
        self.frame.budget.allocate(items.len() * convert::ELEMENT)?;
        Ok(Value::from(items))
    }

    /// A list or map that holds other things than the input did.
    pub(crate) fn built(&mut self, value: Value) -> Result<Value, Fault> {
        convert::measure(&value, &mut self.frame.budget)?;
        Ok(value)
    }

    /// JSON as a value that was made.
    pub(crate) fn parsed(&mut self, value: &JsonValue) -> Result<Value, Fault> {
        let value = convert::to_tera(value, &mut self.frame.budget)?;
        self.built(value)
    }

    /// Whether two values are the same; pays for what it looks at.
    pub(crate) fn equal(&mut self, a: &Value, b: &Value) -> Result<bool, Fault> {
        self.step(1)?;
        match (a.as_array(), b.as_array()) {
            (Some(a), Some(b)) => {
                if a.len() != b.len() {
                    return Ok(false);
                }
                for (a, b) in a.iter().zip(b) {
                    if !self.equal(a, b)? {
                        return Ok(false);
                    }
                }
                return Ok(true);
            }
            (None, None) => {}
            _ => return Ok(false),
        }
        match (a.as_map(), b.as_map()) {
            (Some(a), Some(b)) => {
                if a.len() != b.len() {
                    return Ok(false);
                }
                for (key, value) in a {
                    let Some(other) = b.get(key) else {
                        return Ok(false);
                    };
                    if !self.equal(value, other)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (None, None) => {
                if let (Some(a), Some(b)) = (a.as_str(), b.as_str()) {
                    if a.len() != b.len() {
                        return Ok(false);
                    }
                    self.frame.budget.scan(a.len())?;
                }
                Ok(a == b)
            }
            _ => Ok(false),
        }
    }

    /// The order of two numbers, texts or booleans.
    pub(crate) fn order(&mut self, a: &Value, b: &Value) -> Result<Ordering, Fault> {
        if let (Some(a), Some(b)) = (a.as_str(), b.as_str()) {
            self.frame.budget.scan(a.len().min(b.len()))?;
        }
        ordering(a, b).ok_or_else(|| {
            Fault::wrong_type(format!(
                "{} and {} cannot be ordered",
                convert::type_name(a),
                convert::type_name(b)
            ))
        })
    }

    /// The field at a dotted path of an element.
    pub(crate) fn attribute<'v>(
        &mut self,
        value: &'v Value,
        path: &'v str,
    ) -> Result<Option<&'v Value>, Fault> {
        let mut value = value;
        for name in path.split('.') {
            self.step(1)?;
            let found = match (value.as_map(), value.as_array()) {
                (Some(map), _) => map.get(&Key::Str(name)),
                (_, Some(items)) => name.parse::<usize>().ok().and_then(|at| items.get(at)),
                _ => None,
            };
            let Some(found) = found else {
                return Ok(None);
            };
            value = found;
        }
        Ok(Some(value))
    }

    /// As [`Call::attribute`], for one that must be there.
    pub(crate) fn need_attribute<'v>(
        &mut self,
        index: usize,
        value: &'v Value,
        path: &'v str,
    ) -> Result<&'v Value, Fault> {
        let name = self.name;
        self.attribute(value, path)?.ok_or_else(|| {
            let fault = Fault::new(
                ErrorKind::Undefined,
                format!(
                    "`{name}` looked for `{path}` in element {index} of the list, which has none"
                ),
            );
            match value.as_map() {
                Some(map) => {
                    let names: Vec<String> = map.keys().map(convert::key_text).collect();
                    fault.help(format!("it holds {}", crate::error::list_names(&names)))
                }
                None => fault.help(format!("it is {}", convert::type_name(value))),
            }
        })
    }
}

/// The failure of looking at something missing; the engine says what it is.
pub(crate) fn missing() -> Fault {
    Fault::new(ErrorKind::Undefined, "")
}

/// The order of two numbers, texts or booleans.
pub(crate) fn ordering(a: &Value, b: &Value) -> Option<Ordering> {
    let ordered = (a.is_number() && b.is_number())
        || (a.is_string() && b.is_string())
        || (a.is_bool() && b.is_bool());
    if ordered { a.partial_cmp(b) } else { None }
}
