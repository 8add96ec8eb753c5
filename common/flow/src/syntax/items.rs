//! `with_items`, in its short and its long form.
//!
//! Owns what an iteration takes. `concurrency` and `batch_size` stand inside of the long form or
//! beside either; both at once is an error.

use super::ast::Items;
use super::braces;
use super::codes;
use super::entries::kept;
use crate::program::Tolerate;
use attune_pack::yaml::{Key, Node, NodeKind};
use attune_pack::{MapReader, Sink};
use attune_types::is_identifier;

/// Names of scopes and of what every iteration has.
const TAKEN: [&str; 10] = [
    "task",
    "vars",
    "parameters",
    "pack",
    "system",
    "kv",
    "event",
    "inquiry",
    "index",
    "error",
];

/// Reads the iteration of a task, if it has one.
pub(super) fn items(task: &mut MapReader<'_, '_>) -> Option<Items> {
    let node = task.node("with_items");
    let beside_concurrency = kept(task, "concurrency");
    let beside_batch = kept(task, "batch_size");
    let Some(node) = node else {
        for (key, value) in [
            ("concurrency", &beside_concurrency),
            ("batch_size", &beside_batch),
        ] {
            if value.is_some() {
                let span = task.key_span(key);
                let message = format!("`{key}` means something only beside `with_items`");
                task.sink().error(codes::CONFLICT, span, message);
            }
        }
        return None;
    };
    let mut items = match &node.kind {
        NodeKind::Map(entries) if is_bare_map(entries) => {
            let message = "a map to go over stands under `items`";
            task.sink()
                .error(codes::READ.missing_key, node.span, message)
                .help = Some("write `with_items: {items: {...}}`".to_owned());
            plain(node)
        }
        NodeKind::Map(_) => long(node, task.sink())?,
        NodeKind::Str(_) | NodeKind::Seq(_) | NodeKind::Int(_) => plain(node),
        _ => {
            let message = format!(
                "`with_items` must be a list, a template or a number, not {}",
                match node.type_name() {
                    "a number" => "a fraction",
                    other => other,
                }
            );
            task.sink()
                .error(codes::READ.wrong_type, node.span, message);
            return None;
        }
    };
    iterable(&items.over, task.sink());
    for (key, beside, inside) in [
        ("concurrency", beside_concurrency, &mut items.concurrency),
        ("batch_size", beside_batch, &mut items.batch_size),
    ] {
        if beside.is_some() && inside.is_some() {
            let span = task.key_span(key);
            let message = format!("`{key}` is given inside of `with_items` and beside it");
            task.sink().error(codes::CONFLICT, span, message);
        }
        *inside = inside.take().or(beside);
    }
    for (key, value) in [
        ("concurrency", &items.concurrency),
        ("batch_size", &items.batch_size),
    ] {
        positive(key, value.as_ref(), task.sink());
    }
    Some(items)
}

/// The keys of the long form.
const KEYS: [&str; 6] = [
    "items",
    "as",
    "concurrency",
    "batch_size",
    "fail_fast",
    "tolerate",
];

/// Whether a map is meant as what to go over: it has nothing of the long form.
fn is_bare_map(entries: &[(Key, Node)]) -> bool {
    !entries.is_empty()
        && entries.iter().all(|(key, _)| {
            !KEYS.contains(&key.text.as_str())
                && attune_pack::suggest(&key.text, ["items"]).is_none()
        })
}

fn plain(over: &Node) -> Items {
    Items {
        over: over.clone(),
        name: "item".to_owned(),
        concurrency: None,
        batch_size: None,
        fail_fast: false,
        tolerate: Tolerate::default(),
    }
}

fn long(node: &Node, sink: &mut Sink) -> Option<Items> {
    let mut reader = MapReader::new(node, "with_items", sink)?;
    let over = reader.required_node("items").cloned();
    let name = reader.opt_str("as");
    if let Some(bad) = name
        .as_ref()
        .filter(|name| !is_identifier(name) || name.contains('-'))
    {
        let span = node.get("as").map_or(node.span, |name| name.span);
        let message = format!("`as` must be a name that expressions can use, `{bad}` is none");
        let help = "a letter or `_`, then letters, digits or `_`".to_owned();
        reader.bad_value(span, message, Some(help));
    }
    if let Some(taken) = name.as_ref().filter(|name| TAKEN.contains(&name.as_str())) {
        let span = node.get("as").map_or(node.span, |name| name.span);
        let message = format!("`as: {taken}` would hide what `{taken}` means in expressions");
        let sink = reader.sink();
        sink.error(codes::RESERVED, span, message).help = Some("choose another name".to_owned());
    }
    let concurrency = kept(&mut reader, "concurrency");
    let batch_size = kept(&mut reader, "batch_size");
    let fail_fast = reader.opt_bool("fail_fast").unwrap_or(false);
    let tolerate = tolerate(&mut reader);
    reader.finish();
    Some(Items {
        over: over?,
        name: name.unwrap_or_else(|| "item".to_owned()),
        concurrency,
        batch_size,
        fail_fast,
        tolerate,
    })
}

/// A number of items, or a share of them such as `20%`.
fn tolerate(reader: &mut MapReader<'_, '_>) -> Tolerate {
    let Some(node) = reader.node("tolerate") else {
        return Tolerate::default();
    };
    let found = match &node.kind {
        NodeKind::Int(count) => u32::try_from(*count).ok().map(Tolerate::Count),
        NodeKind::Str(text) => text
            .trim()
            .strip_suffix('%')
            .and_then(|number| number.trim().parse::<f64>().ok())
            .filter(|share| (0.0..=100.0).contains(share))
            .map(Tolerate::Percent),
        _ => None,
    };
    found.unwrap_or_else(|| {
        let help = Some("write a number of items (`2`) or a share (`20%`)".to_owned());
        let message = "`tolerate` says how many items may fail".to_owned();
        reader.bad_value(node.span, message, help);
        Tolerate::default()
    })
}

/// A literal that no run could go through is told at once; a template is looked at when the run has
/// its value.
fn iterable(node: &Node, sink: &mut Sink) {
    let help =
        match &node.kind {
            NodeKind::Seq(_) | NodeKind::Map(_) => return,
            NodeKind::Int(count) if *count >= 0 => return,
            NodeKind::Str(text) if text.contains("{{") || text.contains("{%") => return,
            NodeKind::Str(text) => Some(braces::help(text).unwrap_or_else(|| {
                format!("if `{text}` is an expression, write `{{{{ {text} }}}}`")
            })),
            _ => None,
        };
    let message = "`with_items` goes through a list, a map or a number from 0";
    sink.error(codes::READ.bad_value, node.span, message).help = help;
}

/// A literal must be a whole number from 1; a template is looked at when the run has its value.
fn positive(key: &str, node: Option<&Node>, sink: &mut Sink) {
    let Some(node) = node else { return };
    let fits = match &node.kind {
        NodeKind::Int(number) => *number >= 1,
        NodeKind::Str(text) => text.contains("{{"),
        _ => false,
    };
    if !fits {
        let message = format!("`{key}` must be a whole number, 1 or more, or a template");
        sink.error(codes::READ.bad_value, node.span, message);
    }
}
