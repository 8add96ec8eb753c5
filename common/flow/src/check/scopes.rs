//! What each scope holds: variables, parameters, configuration, `system`, `event`, local names.
//!
//! Owns the lists of members and the words for one that is not there. Called by [`super::names`] with
//! one reference at a time.

use super::names::Look;
use super::template::At;
use crate::syntax::codes;
use attune_pack::{PathType, Schema, Severity, ValueType};
use attune_template::Root;

/// Members of `system`.
pub(super) const SYSTEM: [&str; 9] = [
    "execution_id",
    "workflow",
    "timestamp",
    "identity",
    "parent_id",
    "attempt",
    "api_url",
    "labels",
    "trace_tag",
];
/// What stands within those of them that have fields; of the labels nothing is known.
fn system_fields(member: &str) -> Option<&'static [&'static str]> {
    match member {
        "workflow" => Some(&["ref", "version"]),
        "identity" => Some(&["login"]),
        "labels" => None,
        _ => Some(&[]),
    }
}

/// Members of `event`.
const EVENT: [&str; 4] = ["payload", "trigger", "id", "time"];

impl Look<'_, '_> {
    /// A member of a scope whose members are known.
    pub(super) fn member(&mut self, root: Root, path: &[&str]) {
        match root {
            Root::Parameters => self.secret(self.world.parameters, path),
            Root::PackConfig => {
                if let Some(config) = self.world.config {
                    self.secret(config, path);
                }
            }
            _ => {}
        }
        if self.reference.optional {
            return;
        }
        let (known, what): (Vec<String>, &str) = match root {
            Root::Vars => (self.vars_here(), "variable"),
            Root::System => (SYSTEM.map(str::to_owned).to_vec(), "member"),
            Root::Event => (EVENT.map(str::to_owned).to_vec(), "member"),
            Root::Local => return,
            Root::Parameters => return self.schema(self.world.parameters, path, "parameter"),
            Root::PackConfig => match self.world.config {
                Some(config) => return self.schema(config, path, "configuration value"),
                None => return,
            },
            _ => return,
        };
        let Some(first) = path.first() else { return };
        if !known.iter().any(|name| name == first) {
            if root == Root::Vars && self.is_set_later(first) {
                return;
            }
            let help = near_or_list(first, known.iter().map(String::as_str), what);
            let message = match root {
                Root::Vars => format!("there is no variable `{first}`"),
                _ => format!("`{}` has no member `{first}`", root.as_str()),
            };
            self.report(Severity::Error, codes::UNKNOWN_NAME, message, help);
        } else if root == Root::Vars {
            self.variable(path);
        } else if let (Root::System, [first, inner, ..]) = (root, path)
            && let Some(known) = system_fields(first)
            && !known.contains(inner)
        {
            let help = near_or_list(inner, known.iter().copied(), "field");
            let message = format!("`system.{first}` has no field `{inner}`");
            self.report(Severity::Error, codes::UNKNOWN_FIELD, message, help);
        }
    }

    /// A variable that is set somewhere: is it there by now, and has it such a field?
    pub(super) fn variable(&mut self, path: &[&str]) {
        if super::published::check(self, path[0]) {
            super::fields::of_variable(self, path);
        }
    }

    /// Whether a name that is not there when the run starts is one that comes later; says so.
    fn is_set_later(&mut self, name: &str) -> bool {
        let At::Start(before) = self.used.at else {
            return false;
        };
        let own = self.world.workflow.vars.iter();
        let (message, help) = match own.skip(before).position(|entry| entry.name.value == name) {
            Some(0) => (
                format!("`{name}` is not set yet: this may be what sets it"),
                "variables are set in their order, each once; those above can be used".to_owned(),
            ),
            Some(_) => (
                format!("`{name}` is set only after this"),
                "variables are set in their order: write it further up".to_owned(),
            ),
            None if self.world.vars.contains(&name) => (
                format!("`{name}` is published by a task, and when the run starts none has run"),
                "set it under `vars` too, or use `default`".to_owned(),
            ),
            None => return false,
        };
        self.report(Severity::Error, codes::TOO_EARLY, message, Some(help));
        true
    }

    /// The variables that are set when the template is evaluated.
    pub(super) fn vars_here(&self) -> Vec<String> {
        match self.used.at {
            At::Start(count) => self
                .world
                .workflow
                .vars
                .iter()
                .take(count)
                .map(|entry| entry.name.value.clone())
                .collect(),
            _ => self
                .world
                .vars
                .iter()
                .map(|name| (*name).to_owned())
                .collect(),
        }
    }

    /// What a schema calls secret stands for its value, as a secret key does: nothing may look into it.
    /// Lists and maps can be taken apart, and only the parts are hidden.
    pub(super) fn secret(&mut self, schema: &Schema, path: &[&str]) {
        let Some(what) = &self.reference.looked_into else {
            return;
        };
        let parts = path.iter().map(|name| attune_types::pointer_escape(name));
        let pointer: String = parts.map(|name| format!("/{name}")).collect();
        let whole = match schema.type_of(path) {
            PathType::Known(types) => !types
                .iter()
                .any(|kind| matches!(kind, ValueType::Object | ValueType::Array)),
            _ => false,
        };
        if whole && schema.is_secret(&pointer) {
            let message = format!("{what} would look into a secret");
            let help = format!(
                "`{}` is a secret: pass it on whole or join it with other text; `is defined` tells whether there is one; whatever depends on its value belongs into an action",
                path.join(".")
            );
            self.report(Severity::Error, codes::SECRET, message, Some(help));
        }
    }

    pub(super) fn schema(&mut self, schema: &Schema, path: &[&str], what: &str) {
        let PathType::Missing { at, known } = schema.type_of(path) else {
            return;
        };
        let name = path.get(at).copied().unwrap_or_default();
        let kind = if at == 0 { what } else { "field" };
        let help = near_or_list(name, known.iter().map(String::as_str), kind);
        if at == 0 {
            let message = format!("there is no {what} `{name}`");
            self.report(Severity::Error, codes::UNKNOWN_NAME, message, help);
        } else {
            let message = format!("`{}` has no field `{name}`", path[..at].join("."));
            self.report(Severity::Error, codes::UNKNOWN_FIELD, message, help);
        }
    }

    /// Names that only an iteration or a failure brings.
    pub(super) fn locals(&self) -> Vec<&str> {
        let mut names = Vec::new();
        // The task's own items where it is an item that is looked at, else those around it.
        let inner = match self.used.at {
            At::Each(ix) | At::Failed(ix) | At::Undo(ix) => Some(ix),
            At::Before(ix) | At::After(ix) => self.parent(ix),
            At::Start(_) | At::End => None,
        };
        let mut around = inner;
        while let Some(ix) = around {
            if let Some(items) = &self.world.flat.tasks[ix].items {
                names.extend([items.name.as_str(), "item", "index"]);
            }
            around = self.parent(ix);
        }
        if matches!(self.used.at, At::Failed(_) | At::After(_) | At::End) {
            names.push("error");
        }
        names
    }

    fn parent(&self, ix: usize) -> Option<usize> {
        let parent = self.world.flat.parents.get(ix).copied().flatten()?;
        Some(parent.0 as usize)
    }

    /// A name of an iteration or a failure, which begins the path.
    pub(super) fn local(&mut self, path: &[&str]) {
        let Some(name) = path.first().copied() else {
            return;
        };
        if self.locals().contains(&name) {
            return match name {
                "error" => super::fields::of_error(self, name, &path[1..]),
                _ => super::fields::of_item(self, path),
            };
        }
        if self.reference.optional {
            return;
        }
        let (message, help) = match name {
            "error" => (
                "`error` is the error of a task that failed, and here none has".to_owned(),
                "it can be used in transitions and in `on_error`; elsewhere write `task.<name>.error`",
            ),
            _ => (
                format!("`{name}` exists only within an iteration"),
                "it can be used in the `input` of a task that has `with_items`",
            ),
        };
        self.report(
            Severity::Error,
            codes::NOT_HERE,
            message,
            Some(help.to_owned()),
        );
    }
}

/// "did you mean", else the names that there are.
pub(super) fn near_or_list<'n>(
    name: &str,
    known: impl Iterator<Item = &'n str>,
    what: &str,
) -> Option<String> {
    let known: Vec<&str> = known.collect();
    if let Some(near) = attune_pack::suggest(name, known.iter().copied()) {
        return Some(format!("did you mean `{near}`?"));
    }
    match known.len() {
        0 if what == "field" => Some("what stands there is one value, without fields".to_owned()),
        0 => Some(format!("no {what} is declared")),
        1..=12 => Some(format!("known: {}", known.join(", "))),
        _ => None,
    }
}
