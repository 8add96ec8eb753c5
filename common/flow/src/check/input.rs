//! The input of a task against the parameters of its action, as far as it is known before a run.
//!
//! Owns missing and unknown names and literals of the wrong type. Values with templates are looked
//! at when they are rendered. Called once for each call of an action.

use super::lookup::{ActionLookup, known_action};
use super::template::any_template;
use crate::syntax::codes;
use attune_pack::yaml::Node;
use attune_pack::{ActionDef, FieldError, Sink, Span};
use attune_types::{JsonMap, Ref};

/// Checks `input` (none: nothing is given) of a call that is written at `place`.
pub(super) fn check(input: Option<&Node>, place: Span, action: &ActionDef, sink: &mut Sink) {
    let empty = Vec::new();
    let entries = match input {
        None => &empty[..],
        Some(node) => match (node.as_map(), node.as_str()) {
            (Some(entries), _) => entries,
            // A whole map from a template: seen when it is rendered.
            (None, Some(text)) if super::template::has_template(text) => return,
            _ => {
                let message = format!("`input` must be a map, not {}", node.type_name());
                sink.error(codes::READ.wrong_type, node.span, message);
                return;
            }
        },
    };
    let schema = &action.parameters;
    let names = schema.names();
    let given: Vec<&str> = entries.iter().map(|(key, _)| key.text.as_str()).collect();
    let mut literals = JsonMap::new();
    let mut meant = Vec::new();
    for (key, value) in entries {
        if schema.is_closed() && !names.contains(&key.text.as_str()) {
            meant.extend(unknown(&key.text, key.span, action, &given, sink));
            continue;
        }
        let value = value.to_json();
        if !any_template(&value) {
            literals.insert(key.text.clone(), value);
        }
    }
    for name in schema.required() {
        if !given.contains(&name) && !meant.contains(&name) {
            let message = format!("`{}` needs the input `{name}`", action.reference);
            sink.error(codes::MISSING_INPUT, place, message).help = Some(described(action, name));
        }
    }
    let all_known = literals.len() == entries.len();
    let at = |pointer: &str, key: bool| match input {
        Some(node) if !pointer.is_empty() && key => node.key_span_at(pointer),
        Some(node) if !pointer.is_empty() => node.span_at(pointer),
        _ => place,
    };
    wrong_literals(at, &literals, all_known, action, sink);
}

/// Reports it; gives the parameter that was probably meant.
fn unknown<'a>(
    name: &str,
    span: Span,
    action: &'a ActionDef,
    given: &[&str],
    sink: &mut Sink,
) -> Option<&'a str> {
    let names = action.parameters.names();
    let free = names.iter().copied().filter(|known| !given.contains(known));
    let near = attune_pack::suggest(name, free);
    let help = near.map_or_else(
        || match names.is_empty() {
            true => "it takes no input".to_owned(),
            false => format!("it takes: {}", names.join(", ")),
        },
        |near| format!("did you mean `{near}`?"),
    );
    let message = format!("`{}` has no parameter `{name}`", action.reference);
    sink.error(codes::UNKNOWN_INPUT, span, message).help = Some(help);
    near
}

/// The action that runs another one named by its input.
const RUN_WORKFLOW: &str = "core.run_workflow";

/// Where `core.run_workflow` names what it starts: that must exist, and take its parameters.
pub(super) fn check_started(
    input: Option<&Node>,
    action: &ActionDef,
    actions: &dyn ActionLookup,
    sink: &mut Sink,
) {
    if action.reference.as_str() != RUN_WORKFLOW {
        return;
    }
    let Some(name) = input.and_then(|input| input.get("ref")) else {
        return;
    };
    let Some(text) = name
        .as_str()
        .filter(|text| !super::template::has_template(text))
    else {
        return;
    };
    match Ref::parse(text) {
        Ok(reference) => {
            if let Some(started) = known_action(&reference, name.span, actions, sink) {
                let parameters = input.and_then(|input| input.get("parameters"));
                check(parameters, name.span, &started, sink);
            }
        }
        Err(error) => {
            sink.error(codes::READ.bad_value, name.span, error.to_string());
        }
    }
}

/// Errors about the map as a whole count only where all of it is known.
fn wrong_literals(
    at: impl Fn(&str, bool) -> Span,
    literals: &JsonMap,
    all_known: bool,
    action: &ActionDef,
    sink: &mut Sink,
) {
    let Err(errors) = action.parameters.validate(literals) else {
        return;
    };
    for error in &errors {
        if is_slip(error, &errors) {
            continue;
        }
        let top = error.pointer.split('/').nth(1).unwrap_or_default();
        let top = top.replace("~1", "/").replace("~0", "~");
        let whole = error.pointer.is_empty() && all_known;
        // What is not among the literals is given by a template, or was reported as missing.
        if !whole && !literals.contains_key(&top) {
            continue;
        }
        let span = at(&error.pointer, error.code == "unknown");
        let field = error.pointer.trim_start_matches('/').replace('/', ".");
        let what = if whole {
            "this input".to_owned()
        } else {
            format!("this for `{field}`")
        };
        let message = format!(
            "`{}` does not take {what}: {}",
            action.reference, error.message
        );
        sink.error(codes::WRONG_INPUT, span, message);
    }
}

/// Whether what is missing stands there under a name that is a slip of it.
fn is_slip(missing: &FieldError, all: &[FieldError]) -> bool {
    let Some((parent, name)) = missing.pointer.rsplit_once('/') else {
        return false;
    };
    let meant = format!("did you mean `{name}`?");
    missing.code == "required"
        && all.iter().any(|error| {
            let beside = error
                .pointer
                .rsplit_once('/')
                .is_some_and(|(at, _)| at == parent);
            error.code == "unknown" && beside && error.message.ends_with(&meant)
        })
}

/// What a parameter is, for the help line.
fn described(action: &ActionDef, name: &str) -> String {
    let pointer = format!("/properties/{}", attune_types::pointer_escape(name));
    let field = action.parameters.json_schema().pointer(&pointer);
    let text = |key: &str| {
        field
            .and_then(|field| field.get(key))
            .and_then(|value| value.as_str())
    };
    let kind = text("type").map_or_else(String::new, |kind| format!(" ({kind})"));
    let about = text("description").map_or_else(String::new, |about| format!(": {about}"));
    format!("add `{name}` under `input`{kind}{about}")
}
