//! `worker_selector`: the labels that a worker must have to run a task.

use super::ast::Spanned;
use super::codes;
use attune_pack::MapReader;
use attune_pack::yaml::NodeKind;
use attune_types::{Labels, is_label};

/// Labels of one selector.
const MOST: usize = 16;

/// Reads `worker_selector`, if it is there.
pub(super) fn selector_at(reader: &mut MapReader<'_, '_>) -> Option<Spanned<Labels>> {
    let node = reader.node("worker_selector")?;
    let Some(entries) = node.as_map() else {
        let message = format!(
            "`worker_selector` must be a map of labels such as `gpu: a100`, not {}",
            node.type_name()
        );
        let span = node.span;
        reader.sink().error(codes::READ.wrong_type, span, message);
        return None;
    };
    let help = "names and values have up to 63 letters, digits, `.`, `_`, `-` or `/`; templates \
                cannot stand here";
    let mut labels = Labels::new();
    let mut good = true;
    for (key, value) in entries {
        let text = match &value.kind {
            NodeKind::Str(text) => Some(text.clone()),
            NodeKind::Bool(_) | NodeKind::Int(_) => Some(value.to_json().to_string()),
            _ => None,
        };
        let Some(text) = text else {
            let message = format!(
                "the label `{}` must be text, not {}",
                key.text,
                value.type_name()
            );
            let span = value.span;
            reader.sink().error(codes::READ.wrong_type, span, message);
            good = false;
            continue;
        };
        for (part, span) in [(&key.text, key.span), (&text, value.span)] {
            if !is_label(part) {
                let message = format!("`{part}` cannot stand in a label");
                reader.bad_value(span, message, Some(help.to_owned()));
                good = false;
            }
        }
        labels.insert(key.text.clone(), text);
    }
    if labels.len() > MOST {
        let message = format!("{} labels; at most {MOST} are accepted", labels.len());
        let span = node.span;
        reader.sink().error(codes::LIMIT, span, message);
        good = false;
    }
    good.then(|| Spanned::new(labels, node.span))
}
