//! The forms in which a graph can be had, by name and by media type.
//!
//! Owns the names that the CLI and the API take. A name that is none of them is [`UnknownForm`].

use crate::graph::Graph;
use crate::{dot, mermaid, svg};
use std::fmt;
use std::str::FromStr;

/// A form of a drawn graph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// A Mermaid flowchart, as GitHub and many wikis draw it.
    #[default]
    Mermaid,
    /// For Graphviz.
    Dot,
    /// A picture.
    Svg,
    /// The [`Graph`] itself.
    Json,
}

/// A text that names no form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a graph is given as `json`, `mermaid`, `dot` or `svg`")]
pub struct UnknownForm;

impl Form {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Mermaid, Self::Dot, Self::Svg, Self::Json];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mermaid => "mermaid",
            Self::Dot => "dot",
            Self::Svg => "svg",
            Self::Json => "json",
        }
    }

    /// The media type of a drawing in this form.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Mermaid => "text/vnd.mermaid; charset=utf-8",
            Self::Dot => "text/vnd.graphviz; charset=utf-8",
            Self::Svg => "image/svg+xml; charset=utf-8",
            Self::Json => "application/json",
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Form {
    type Err = UnknownForm;

    fn from_str(text: &str) -> Result<Self, UnknownForm> {
        let found = Self::ALL.into_iter().find(|form| form.as_str() == text);
        found.ok_or(UnknownForm)
    }
}

impl Graph {
    /// The graph in that form, with a newline at its end.
    pub fn draw(&self, form: Form) -> String {
        let mut text = match form {
            Form::Mermaid => mermaid::draw(self),
            Form::Dot => dot::draw(self),
            Form::Svg => svg::draw(self),
            // All keys are text and all values are plain data, so that this cannot fail.
            Form::Json => serde_json::to_string_pretty(self).unwrap_or_default(),
        };
        if !text.ends_with('\n') {
            text.push('\n');
        }
        text
    }
}
