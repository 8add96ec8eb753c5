//! What changed between two Programs, in the terms of the language.
//!
//! Owns [`Difference`], its stable JSON form, and what counts as breaking. Compares what the Programs
//! hold, so that nothing can change unsaid: two Programs with different content always differ in
//! something named here, a part of the Program that this module knows nothing of included. Comments,
//! the order of keys, and the dialect of a file are not in a Program and so make no difference.
//!
//! Breaking is what those who call the workflow would notice: a parameter that is gone, newly needed
//! or takes less than before, and an output that is gone or may be something that it was not before.
//! That a workflow does something else inside breaks nobody's call.

mod action;
mod ordered;
mod rename;
mod schema;
mod task;
mod transitions;
mod values;
mod whole;

use attune_flow::program::Program;
use attune_types::{JsonValue, ProgramHash, Ref};
use serde::{Deserialize, Serialize};

/// What changed from one Program to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The Program before.
    pub from: Side,
    /// The Program after.
    pub to: Side,
    /// Whether nothing changed but the way it is written. Where the hashes are equal too, there is no
    /// change at all; otherwise each is [`Kind::Rewritten`].
    pub same: bool,
    /// Whether a caller may have to change something.
    pub breaking: bool,
    /// What changed, area by area, in the order of the definition.
    pub changes: Vec<Change>,
}

/// One of the two Programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// The workflow.
    pub workflow: Ref,
    /// Its version text.
    pub version: String,
    /// The hash of its content.
    pub hash: ProgramHash,
}

/// One thing that changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Which part of the workflow.
    pub area: Area,
    /// The task, parameter, variable or other named thing; empty for the area itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The key within it, steps separated by dots; empty for the thing itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// What happened to it.
    pub kind: Kind,
    /// What stood there before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<JsonValue>,
    /// What stands there now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<JsonValue>,
    /// Whether a caller may have to change something.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub breaking: bool,
    /// What it means, where the values do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A part of a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// Its name, version, policies and bounds.
    Workflow,
    /// What it takes.
    Parameters,
    /// What it promises to give.
    Output,
    /// Variables at the start.
    Vars,
    /// What it does.
    Tasks,
    /// How its result is made.
    OutputMap,
    /// The labels of its runs.
    Labels,
}

/// What happened to a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is another.
    Changed,
    /// It has another name, and is the same otherwise.
    Renamed,
    /// It stands at another place among its like.
    Moved,
    /// It is written otherwise and means the same.
    Rewritten,
}

impl Difference {
    /// What changed from `from` to `to`.
    pub fn between(from: &Program, to: &Program) -> Self {
        let changes = whole::changes(from, to);
        Self {
            from: Side::of(from),
            to: Side::of(to),
            same: changes.iter().all(|change| change.kind == Kind::Rewritten),
            breaking: changes.iter().any(|change| change.breaking),
            changes,
        }
    }
}

impl Side {
    fn of(program: &Program) -> Self {
        Self {
            workflow: program.reference.clone(),
            version: program.version.clone(),
            hash: program.hash.clone(),
        }
    }
}

impl Change {
    /// Something became something else, is new, or is gone, as the values tell.
    fn of(
        area: Area,
        name: &str,
        key: &str,
        from: Option<JsonValue>,
        to: Option<JsonValue>,
    ) -> Self {
        let kind = match (&from, &to) {
            (None, _) => Kind::Added,
            (_, None) => Kind::Removed,
            _ => Kind::Changed,
        };
        Self {
            area,
            name: name.to_owned(),
            key: key.to_owned(),
            kind,
            from,
            to,
            breaking: false,
            note: None,
        }
    }

    fn breaking(mut self, breaking: bool) -> Self {
        self.breaking = breaking;
        self
    }

    /// Not another thing: the same in other words.
    fn rewritten(mut self) -> Self {
        self.kind = Kind::Rewritten;
        self
    }

    fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
}
