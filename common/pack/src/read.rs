//! Reading the fields of a map, all errors at once.
//!
//! Owns [`MapReader`], which takes fields out of a map by name and type, and at the end reports
//! every key that nobody asked for. Never stops at the first error: a field that cannot be read is
//! `None` and its diagnostic is in the sink. Used by the pack reader and by the flow front end,
//! each with its own [`crate::Codes`].

use crate::catalogue::Keyword;
use crate::diagnostic::Span;
use crate::sink::{Sink, did_you_mean};
use crate::yaml::{Key, Node, NodeKind};
use attune_types::{Duration, JsonMap, JsonValue, Ref, parse_duration};

mod unknown;

/// Takes the fields of one map.
#[derive(Debug)]
pub struct MapReader<'n, 's> {
    node: &'n Node,
    entries: &'n [(Key, Node)],
    what: &'static str,
    asked: Vec<&'static str>,
    missing: Vec<&'static str>,
    foreign: &'static [(&'static str, &'static str)],
    /// Which key an entry means that is named otherwise.
    slips: Vec<(usize, &'static str)>,
    sink: &'s mut Sink,
}

impl<'n, 's> MapReader<'n, 's> {
    /// Reads `node` as `what` ("an action", "a retry"). When it is no map, that is reported here
    /// and the reader acts as for an empty map, without reporting missing keys on top.
    pub fn new(node: &'n Node, what: &'static str, sink: &'s mut Sink) -> Option<Self> {
        let Some(entries) = node.as_map() else {
            let message = format!("{what} must be a map, not {}", node.type_name());
            let code = sink.codes().wrong_type;
            sink.error(code, node.span, message);
            return None;
        };
        Some(Self {
            node,
            entries,
            what,
            asked: Vec::new(),
            missing: Vec::new(),
            foreign: &[],
            slips: Vec::new(),
            sink,
        })
    }

    /// The sink that it reports to.
    pub fn sink(&mut self) -> &mut Sink {
        self.sink
    }

    /// The map itself.
    pub fn map(&self) -> &'n Node {
        self.node
    }

    /// The place of a key, or of the map when it is not there.
    pub fn key_span(&self, key: &str) -> Span {
        self.entry(key).map_or(self.node.span, |(key, _)| key.span)
    }

    /// The value of a key. A null counts as absent.
    pub fn node(&mut self, key: &'static str) -> Option<&'n Node> {
        self.raw(key).filter(|node| !node.is_null())
    }

    /// The value of a key, null included.
    pub fn raw(&mut self, key: &'static str) -> Option<&'n Node> {
        self.asked.push(key);
        self.entry(key).map(|(_, value)| value)
    }

    /// The value of a key that must be there. That it is not is reported by [`MapReader::finish`],
    /// unless another key is a slip of it: one mistake, one error.
    pub fn required_node(&mut self, key: &'static str) -> Option<&'n Node> {
        let found = self.node(key);
        if found.is_none() && !self.missing.contains(&key) {
            self.missing.push(key);
        }
        found
    }

    fn wrong_type(&mut self, key: &str, wanted: &str, node: &Node, help: Option<String>) {
        let code = self.sink.codes().wrong_type;
        let message = format!("`{key}` must be {wanted}, not {}", node.type_name());
        self.sink.error_with(code, node.span, message, help);
    }

    fn as_text(&mut self, key: &str, node: &Node) -> Option<String> {
        if let Some(text) = node.as_str() {
            return Some(text.to_owned());
        }
        let help = matches!(
            node.kind,
            NodeKind::Bool(_) | NodeKind::Int(_) | NodeKind::Float(_)
        )
        .then(|| format!("put it in quotes: `{key}: \"{}\"`", node.to_json()));
        self.wrong_type(key, "text", node, help);
        None
    }

    /// Text.
    pub fn opt_str(&mut self, key: &'static str) -> Option<String> {
        let node = self.node(key)?;
        self.as_text(key, node)
    }

    /// Text that must be there.
    pub fn required_str(&mut self, key: &'static str) -> Option<String> {
        let node = self.required_node(key)?;
        self.as_text(key, node)
    }

    /// A boolean.
    pub fn opt_bool(&mut self, key: &'static str) -> Option<bool> {
        let node = self.node(key)?;
        let value = node.as_bool();
        if value.is_none() {
            let help = node.as_str().and_then(|word| boolean_help(key, word));
            self.wrong_type(key, "true or false", node, help);
        }
        value
    }

    /// A whole number that is not negative.
    pub fn opt_u64(&mut self, key: &'static str) -> Option<u64> {
        let node = self.node(key)?;
        match node.as_i64() {
            Some(value) => {
                let positive = u64::try_from(value).ok();
                if positive.is_none() {
                    self.bad_value(
                        node.span,
                        format!("`{key}` must be 0 or more, not {value}"),
                        None,
                    );
                }
                positive
            }
            None => {
                self.wrong_type(key, "a whole number", node, None);
                None
            }
        }
    }

    /// A whole number that is not negative and fits into 32 bits.
    pub fn opt_u32(&mut self, key: &'static str) -> Option<u32> {
        let value = self.opt_u64(key)?;
        let small = u32::try_from(value).ok();
        if small.is_none() {
            let span = self.node.get(key).map_or(self.node.span, |node| node.span);
            self.bad_value(
                span,
                format!("`{key}` is too large: at most {}", u32::MAX),
                None,
            );
        }
        small
    }

    /// Any number.
    pub fn opt_f64(&mut self, key: &'static str) -> Option<f64> {
        let node = self.node(key)?;
        let value = node.as_f64();
        if value.is_none() {
            self.wrong_type(key, "a number", node, None);
        }
        value
    }

    /// A list.
    pub fn opt_seq(&mut self, key: &'static str) -> Option<&'n [Node]> {
        let node = self.node(key)?;
        let value = node.as_seq();
        if value.is_none() {
            self.wrong_type(key, "a list", node, None);
        }
        value
    }

    /// A map.
    pub fn opt_map(&mut self, key: &'static str) -> Option<&'n [(Key, Node)]> {
        let node = self.node(key)?;
        let value = node.as_map();
        if value.is_none() {
            self.wrong_type(key, "a map", node, None);
        }
        value
    }

    /// Any value, as JSON.
    pub fn opt_json(&mut self, key: &'static str) -> Option<JsonValue> {
        self.node(key).map(Node::to_json)
    }

    /// A map, as JSON.
    pub fn opt_json_map(&mut self, key: &'static str) -> Option<JsonMap> {
        let entries = self.opt_map(key)?;
        Some(
            entries
                .iter()
                .map(|(key, value)| (key.text.clone(), value.to_json()))
                .collect(),
        )
    }

    /// One text or a list of them, each with its place.
    pub fn opt_strs(&mut self, key: &'static str) -> Option<Vec<(String, Span)>> {
        let node = self.node(key)?;
        if let Some(text) = node.as_str() {
            return Some(vec![(text.to_owned(), node.span)]);
        }
        let Some(items) = node.as_seq() else {
            self.wrong_type(key, "text or a list of texts", node, None);
            return None;
        };
        let texts = items
            .iter()
            .filter_map(|item| self.as_text(key, item).map(|text| (text, item.span)))
            .collect();
        Some(texts)
    }

    /// A length of time: seconds or `1h30m`.
    pub fn opt_duration(&mut self, key: &'static str) -> Option<Duration> {
        let node = self.node(key)?;
        match duration(node) {
            Ok(value) => Some(value),
            Err(message) => {
                self.bad_value(node.span, format!("`{key}`: {message}"), None);
                None
            }
        }
    }

    /// A reference, `pack.name`.
    pub fn opt_ref(&mut self, key: &'static str) -> Option<Ref> {
        let text = self.opt_str(key)?;
        self.as_ref(key, &text)
    }

    /// A reference that must be there.
    pub fn required_ref(&mut self, key: &'static str) -> Option<Ref> {
        let text = self.required_str(key)?;
        self.as_ref(key, &text)
    }

    fn as_ref(&mut self, key: &str, text: &str) -> Option<Ref> {
        match Ref::parse(text) {
            Ok(reference) => Some(reference),
            Err(error) => {
                let span = self.node.get(key).map_or(self.node.span, |node| node.span);
                self.bad_value(span, error.to_string(), None);
                None
            }
        }
    }

    /// One word of an enumeration.
    pub fn opt_keyword<K: Keyword>(&mut self, key: &'static str) -> Option<K> {
        let node = self.node(key)?;
        let word = self.as_text(key, node)?;
        self.keyword(key, &word, node.span)
    }

    /// One word of an enumeration that must be there.
    pub fn required_keyword<K: Keyword>(&mut self, key: &'static str) -> Option<K> {
        let node = self.required_node(key)?;
        let word = self.as_text(key, node)?;
        self.keyword(key, &word, node.span)
    }

    fn keyword<K: Keyword>(&mut self, key: &str, word: &str, span: Span) -> Option<K> {
        let found = K::from_word(word);
        if found.is_none() {
            let words: Vec<&str> = K::ALL.iter().map(|value| value.word()).collect();
            let help = did_you_mean(word, words.iter().copied())
                .unwrap_or_else(|| format!("use one of: {}", words.join(", ")));
            self.bad_value(span, format!("`{key}` cannot be `{word}`"), Some(help));
        }
        found
    }

    /// Reports a value that is not accepted.
    pub fn bad_value(&mut self, span: Span, message: String, help: Option<String>) {
        let code = self.sink.codes().bad_value;
        self.sink.error_with(code, span, message, help);
    }
}

/// What older YAML took for a boolean, and this one takes for text.
fn boolean_help(key: &str, word: &str) -> Option<String> {
    let meant = match word.to_ascii_lowercase().as_str() {
        "yes" | "on" | "y" | "true" => true,
        "no" | "off" | "n" | "false" => false,
        _ => return None,
    };
    Some(format!("write `{key}: {meant}`, without quotes"))
}

/// A length of time in a node: a number of seconds, or text that [`parse_duration`] reads.
///
/// # Errors
/// Why it is none.
pub fn duration(node: &Node) -> Result<Duration, String> {
    let text = match &node.kind {
        NodeKind::Int(value) => value.to_string(),
        NodeKind::Float(value) => value.to_string(),
        NodeKind::Str(text) => text.clone(),
        _ => return Err(format!("a duration is needed, not {}", node.type_name())),
    };
    parse_duration(&text).map_err(|error| error.to_string())
}
