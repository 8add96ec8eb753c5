//! Templates in a Program's JSON: stored as they were written, compiled again at loading.
//!
//! A condition and a value of the same text are compiled differently, hence two families. A text
//! that no longer compiles makes the whole Program unusable, with the template's own message.

use attune_template::Template;
use attune_types::JsonValue;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

fn compiled<E: Error>(source: &JsonValue) -> Result<Template, E> {
    Template::compile(source).map_err(E::custom)
}

/// A value.
pub(crate) mod value {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(it: &Template, s: S) -> Result<S::Ok, S::Error> {
        it.source().serialize(s)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Template, D::Error> {
        compiled(&JsonValue::deserialize(d)?)
    }
}

/// A value that may be missing.
pub(crate) mod optional {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(it: &Option<Template>, s: S) -> Result<S::Ok, S::Error> {
        it.as_ref().map(Template::source).serialize(s)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        d: D,
    ) -> Result<Option<Template>, D::Error> {
        Option::<JsonValue>::deserialize(d)?
            .map(|source| compiled(&source))
            .transpose()
    }
}

/// A condition that may be missing.
pub(crate) mod condition {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(it: &Option<Template>, s: S) -> Result<S::Ok, S::Error> {
        it.as_ref().map(Template::source).serialize(s)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        d: D,
    ) -> Result<Option<Template>, D::Error> {
        Option::<JsonValue>::deserialize(d)?
            .map(|source| Template::condition(&source).map_err(D::Error::custom))
            .transpose()
    }
}

/// Values with names, in order.
pub(crate) mod named {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        it: &[(String, Template)],
        s: S,
    ) -> Result<S::Ok, S::Error> {
        s.collect_seq(it.iter().map(|(name, template)| (name, template.source())))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        d: D,
    ) -> Result<Vec<(String, Template)>, D::Error> {
        Vec::<(String, JsonValue)>::deserialize(d)?
            .into_iter()
            .map(|(name, source)| Ok((name, compiled(&source)?)))
            .collect()
    }
}

/// Values with names, in order, all of which may be missing.
pub(crate) mod optional_named {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        it: &Option<Vec<(String, Template)>>,
        s: S,
    ) -> Result<S::Ok, S::Error> {
        match it {
            Some(list) => named::serialize(list, s),
            None => s.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        d: D,
    ) -> Result<Option<Vec<(String, Template)>>, D::Error> {
        let Some(list) = Option::<Vec<(String, JsonValue)>>::deserialize(d)? else {
            return Ok(None);
        };
        list.into_iter()
            .map(|(name, source)| Ok((name, compiled(&source)?)))
            .collect::<Result<_, _>>()
            .map(Some)
    }
}
