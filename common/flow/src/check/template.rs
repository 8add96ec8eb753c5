//! Templates of a definition: compiled once, with every use remembered for the checks of names.
//!
//! Owns the compiling and the folding of conditions. An error is reported at its place within the
//! string; the template is then missing, and the Program with it.

use super::place;
use crate::syntax::ast::Condition;
use crate::syntax::{braces, codes};
use attune_pack::yaml::{Node, NodeKind};
use attune_pack::{Diagnostic, Sink};
use attune_template::{ErrorKind, Template, TemplateError};
use attune_types::JsonValue;

/// When a template is evaluated: decides which names it may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// When the run starts; the variables before this number are there.
    Start(usize),
    /// Before a task runs, once.
    Before(usize),
    /// Before a task runs, for each item if it has items.
    Each(usize),
    /// After an attempt of a task failed.
    Failed(usize),
    /// After a task ended.
    After(usize),
    /// When a task is undone.
    Undo(usize),
    /// When the run ends.
    End,
}

/// One template where it stands.
pub(super) struct Use {
    /// Compiled.
    pub(super) template: Template,
    /// As written.
    pub(super) node: Node,
    /// When it is evaluated.
    pub(super) at: At,
}

/// Compiles templates and gathers their uses.
pub(super) struct Templates<'a> {
    /// The text of the file.
    pub(super) text: &'a str,
    /// Where errors go.
    pub(super) sink: &'a mut Sink,
    /// What was compiled.
    pub(super) uses: Vec<Use>,
}

impl Templates<'_> {
    /// A literal or template.
    pub(super) fn value(&mut self, node: &Node, at: At) -> Option<Template> {
        self.foreign(node, node, "");
        let compiled = Template::compile(&node.to_json());
        self.keep(compiled, node, at)
    }

    /// Warns of texts within `whole` that are templates of another system.
    fn foreign(&mut self, whole: &Node, part: &Node, pointer: &str) {
        match &part.kind {
            NodeKind::Str(text) => {
                let Some(range) = braces::found(text) else {
                    return;
                };
                let span = place::of_range(self.text, whole, pointer, range);
                let told = |one: &Diagnostic| one.span == Some(span);
                if self.sink.diagnostics().iter().any(told) {
                    return;
                }
                let message = "this is plain text here, and not a template";
                self.sink
                    .warning(codes::FOREIGN_TEMPLATE, span, message)
                    .help = braces::help(text);
            }
            NodeKind::Seq(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.foreign(whole, item, &format!("{pointer}/{at}"));
                }
            }
            NodeKind::Map(entries) => {
                for (key, value) in entries {
                    let key = key.text.replace('~', "~0").replace('/', "~1");
                    self.foreign(whole, value, &format!("{pointer}/{key}"));
                }
            }
            _ => {}
        }
    }

    /// An expression that says yes or no.
    pub(super) fn condition(&mut self, node: &Node, at: At) -> Option<Template> {
        if !matches!(node.kind, NodeKind::Str(_) | NodeKind::Bool(_)) {
            let message = format!(
                "a condition must be an expression, not {}",
                node.type_name()
            );
            self.sink.error(codes::READ.wrong_type, node.span, message);
            return None;
        }
        if let Some(text) = node.as_str()
            && let (Some(range), Some(inner)) = (braces::found(text), braces::expression(text))
        {
            let span = place::of_range(self.text, node, "", range);
            let message = "a condition is an expression, and `<% %>` means nothing in one";
            self.sink.error(codes::TEMPLATE, span, message).help = Some(format!("write `{inner}`"));
            return None;
        }
        let compiled = Template::condition(&node.to_json());
        self.keep(compiled, node, at)
    }

    /// A length of time: seconds, text such as `1h30m`, or a template that gives either.
    pub(super) fn duration(&mut self, node: &Node, at: At) -> Option<Template> {
        let templated = node.as_str().is_some_and(has_template);
        if !templated && let Err(message) = attune_pack::read::duration(node) {
            self.sink
                .error(codes::READ.bad_value, node.span, message)
                .help = node.as_str().and_then(braces::help).or_else(|| {
                Some(
                    "write seconds (`30`, `0.5`), units (`250ms`, `1h30m`, `2d`) or a template"
                        .to_owned(),
                )
            });
            return None;
        }
        self.value(node, at)
    }

    /// As [`Templates::duration`]; a literal of no length would end what it is for before it begins.
    pub(super) fn timeout(&mut self, node: &Node, at: At) -> Option<Template> {
        if attune_pack::read::duration(node).is_ok_and(|length| length.is_zero()) {
            let message = "a timeout of no length ends everything before it begins";
            self.sink
                .error(codes::READ.bad_value, node.span, message)
                .help = Some("take `timeout` out where there is to be none".to_owned());
            return None;
        }
        self.duration(node, at)
    }

    /// A text, or a template that gives one; numbers and the like are written as text.
    pub(super) fn text(&mut self, node: &Node, at: At) -> Option<Template> {
        if node.as_map().is_some() || node.as_seq().is_some() {
            let message = format!("a tag must be text, not {}", node.type_name());
            self.sink.error(codes::READ.wrong_type, node.span, message);
            return None;
        }
        self.value(node, at)
    }

    /// The condition of a transition: `Ok(None)` for one that always fires.
    pub(super) fn when(&mut self, when: &Condition, at: At) -> Option<Option<Template>> {
        match when {
            Condition::Always => Some(None),
            Condition::Written(node) => self.condition(node, at).map(Some),
            Condition::Status(text) => Template::condition(&(*text).into()).ok().map(Some),
            Condition::Branch { before, own } => {
                // Those before were compiled, and reported, as the own condition of their branch.
                let own_is_right = match own {
                    Some(own) => self.condition(own, at).is_some(),
                    None => true,
                };
                if !own_is_right {
                    return None;
                }
                let text = branch(before, own.as_ref());
                match Template::condition(&text.into()) {
                    Ok(template) => Some(Some(template)),
                    Err(error) => {
                        self.branch_error(before, own.as_ref(), &error);
                        None
                    }
                }
            }
        }
    }

    /// Each condition can be read alone, but not together with those before. Said once, where it
    /// begins; a condition that has an error of its own was reported there.
    fn branch_error(&mut self, before: &[Node], own: Option<&Node>, error: &TemplateError) {
        let said = before.split_last().is_some_and(|(last, earlier)| {
            Template::condition(&branch(earlier, Some(last)).into()).is_err()
        });
        if let Some(node) = own.or(before.last()).filter(|_| !said) {
            let message = format!(
                "the conditions of this decision cannot be asked together: {}",
                error.message
            );
            self.sink.error(codes::LIMIT, node.span, message);
        }
    }

    fn keep(
        &mut self,
        compiled: Result<Template, TemplateError>,
        node: &Node,
        at: At,
    ) -> Option<Template> {
        match compiled {
            Ok(template) => {
                if !template.is_literal() {
                    self.uses.push(Use {
                        template: template.clone(),
                        node: node.clone(),
                        at,
                    });
                }
                Some(template)
            }
            Err(error) => {
                self.report(node, error);
                self.rest(node, at);
                None
            }
        }
    }

    /// Of a value that cannot be read because of one expression: the others, so that their names are
    /// looked at all the same.
    fn rest(&mut self, node: &Node, at: At) {
        let parts: Vec<&Node> = match &node.kind {
            NodeKind::Seq(items) => items.iter().collect(),
            NodeKind::Map(entries) => entries.iter().map(|(_, value)| value).collect(),
            NodeKind::Str(text) => {
                for alone in each_alone(text) {
                    if let Ok(template) = Template::compile(&alone.into()) {
                        let node = node.clone();
                        self.uses.push(Use { template, node, at });
                    }
                }
                return;
            }
            _ => return,
        };
        for part in parts {
            match Template::compile(&part.to_json()) {
                Ok(template) if template.is_literal() => {}
                Ok(template) => {
                    let node = part.clone();
                    self.uses.push(Use { template, node, at });
                }
                Err(_) => self.rest(part, at),
            }
        }
    }

    /// Reports the errors of all strings in the value: compiling stopped at the first.
    fn report(&mut self, node: &Node, error: TemplateError) {
        let parts: Vec<&Node> = match &node.kind {
            NodeKind::Seq(items) => items.iter().collect(),
            NodeKind::Map(entries) => entries.iter().map(|(_, value)| value).collect(),
            _ => Vec::new(),
        };
        let mut known = false;
        for part in parts {
            if let Err(error) = Template::compile(&part.to_json()) {
                known = true;
                self.report(part, error);
            }
        }
        if known {
            return;
        }
        let alone = match &node.kind {
            NodeKind::Str(text) => each_alone(text),
            _ => Vec::new(),
        };
        let errors: Vec<TemplateError> = alone
            .into_iter()
            .filter_map(|text| Template::compile(&text.into()).err())
            .collect();
        let errors = if errors.is_empty() {
            vec![error]
        } else {
            errors
        };
        for error in errors {
            let span = place::of_error(self.text, node, &error);
            let code = match error.kind {
                ErrorKind::Secret => codes::SECRET,
                _ => codes::TEMPLATE,
            };
            self.sink.error_with(code, span, error.message, error.help);
        }
    }
}

/// A text with several expressions, once for each of them with the others blanked out, so that places
/// stay. Nothing where that cannot be done: with statements, which belong together.
fn each_alone(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find("{{").map(|at| from + at) {
        let Some(end) = text[start..].find("}}").map(|at| start + at + 2) else {
            return Vec::new();
        };
        parts.push(start..end);
        from = end;
    }
    if parts.len() < 2 || text.contains("{%") || text.contains("{#") || !text.is_ascii() {
        return Vec::new();
    }
    parts
        .iter()
        .map(|kept| {
            let blank = |at: usize, c: char| {
                let other = parts.iter().any(|part| part != kept && part.contains(&at));
                if other && c != '\n' { ' ' } else { c }
            };
            text.char_indices().map(|(at, c)| blank(at, c)).collect()
        })
        .collect()
}

/// `succeeded() and not (<those before>) and (<its own>)`.
fn branch(before: &[Node], own: Option<&Node>) -> String {
    let mut text = "succeeded()".to_owned();
    if !before.is_empty() {
        let parts: Vec<String> = before.iter().map(bracketed).collect();
        text.push_str(&format!(" and not ({})", any_of(&parts)));
    }
    if let Some(own) = own {
        text.push_str(&format!(" and {}", bracketed(own)));
    }
    text
}

fn bracketed(node: &Node) -> String {
    match &node.kind {
        NodeKind::Str(text) => format!("({})", expression(text)),
        _ => node.to_json().to_string(),
    }
}

/// How many parts stand in one row: each makes the expression one deeper.
const ROW: usize = 12;

/// All parts joined by `or`; many of them in groups, so that neither rows nor brackets get deep.
fn any_of(parts: &[String]) -> String {
    if parts.len() <= ROW {
        return parts.join(" or ");
    }
    let groups: Vec<String> = parts
        .chunks(ROW)
        .map(|group| format!("({})", group.join(" or ")))
        .collect();
    groups.join(" or ")
}

/// An expression without its braces.
pub(super) fn expression(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix("{{")
        .and_then(|rest| rest.strip_suffix("}}"))
        .map_or(text, |inner| {
            let inner = inner.strip_prefix('-').unwrap_or(inner);
            inner.strip_suffix('-').unwrap_or(inner).trim()
        })
}

/// Whether a text has anything to evaluate.
pub(super) fn has_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

/// Whether a value has anything to evaluate anywhere.
pub(super) fn any_template(value: &JsonValue) -> bool {
    match value {
        JsonValue::String(text) => has_template(text),
        JsonValue::Array(items) => items.iter().any(any_template),
        JsonValue::Object(map) => map.values().any(any_template),
        _ => false,
    }
}
