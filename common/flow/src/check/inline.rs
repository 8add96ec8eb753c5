//! Definitions that come in a request, as JSON.
//!
//! Owns what may be left out there and how an error's place in the text becomes a JSON pointer. The
//! text is the definition pretty-printed, so that line and column mean something to its sender.

use super::{ActionLookup, Compiled, check, described};
use crate::syntax::{self, Form, ast};
use attune_pack::yaml::{self, Node, NodeKind};
use attune_pack::{Diagnostic, Diagnostics};
use attune_types::{JsonValue, Ref, pointer_escape};

/// What stands for the file's name.
const FILE: &str = "definition";

/// The pack that stands in the reference of every definition in a request: such a run belongs to no
/// pack, and so reads no pack's configuration and no pack's keys, whatever name it gives itself.
pub const INLINE_PACK: &str = "inline";

/// Checks a definition that came in a request as JSON. What describes it may be left out.
///
/// # Errors
/// All that is wrong with it, each with its place in the definition as pretty-printed JSON;
/// [`pointer_of`] gives the JSON pointer.
pub fn compile_inline(
    definition: &JsonValue,
    actions: &dyn ActionLookup,
) -> Result<Compiled, Diagnostics> {
    compile_inline_text(&as_text(definition), actions)
}

/// As [`compile_inline`], for a definition that is a text: YAML, or JSON as it was sent.
///
/// # Errors
/// All that is wrong with it, each with its place in the text; [`pointers_in`] gives JSON pointers.
pub fn compile_inline_text(
    text: &str,
    actions: &dyn ActionLookup,
) -> Result<Compiled, Diagnostics> {
    let mut parsed = syntax::parse_within(FILE, text, Form::Inline, actions.limits())?;
    let workflow = &mut parsed.workflow;
    workflow.version.get_or_insert_with(|| "0.0.0".to_owned());
    workflow.label.get_or_insert_with(|| "Inline".to_owned());
    let (name, span) = match &workflow.reference {
        Some(own) => (own.value.name(), own.span),
        None => ("workflow", parsed.root.span),
    };
    let reference = Ref::parse(&format!("{INLINE_PACK}.{name}")).ok();
    workflow.reference = reference.map(|reference| ast::Spanned::new(reference, span));
    let action = described(&parsed.workflow);
    check(parsed, action, text, actions)
}

/// The JSON pointer to what a diagnostic of [`compile_inline`] is about; empty for the whole.
pub fn pointer_of(definition: &JsonValue, diagnostic: &Diagnostic) -> String {
    let mut pointers = pointers_in(&as_text(definition), std::slice::from_ref(diagnostic));
    pointers.pop().unwrap_or_default()
}

/// The JSON pointer to what each of these is about, in the order given; empty for the whole of the
/// text.
pub fn pointers_in(text: &str, found: &[Diagnostic]) -> Vec<String> {
    let root = yaml::parse_any_length(FILE, text).ok();
    found
        .iter()
        .map(|diagnostic| {
            let mut pointer = String::new();
            if let (Some(span), Some(root)) = (diagnostic.span, &root) {
                descend(root, span.offset, &mut pointer);
            }
            pointer
        })
        .collect()
}

fn as_text(definition: &JsonValue) -> String {
    serde_json::to_string_pretty(definition).unwrap_or_default()
}

/// Goes into the last entry or item that begins at or before the offset.
fn descend(node: &Node, offset: usize, pointer: &mut String) {
    let next = match &node.kind {
        NodeKind::Map(entries) => entries
            .iter()
            .rfind(|(key, _)| key.span.offset <= offset)
            .map(|(key, value)| (pointer_escape(&key.text), value)),
        NodeKind::Seq(items) => items
            .iter()
            .enumerate()
            .rfind(|(_, item)| item.span.offset <= offset)
            .map(|(at, item)| (at.to_string(), item)),
        _ => None,
    };
    if let Some((step, value)) = next {
        pointer.push('/');
        pointer.push_str(&step);
        // On the key itself the key's value is meant, not something inside of it.
        if value.span.offset <= offset {
            descend(value, offset, pointer);
        }
    }
}
