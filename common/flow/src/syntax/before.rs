//! Order that is said by the task that follows, as other systems have it.
//!
//! Owns what is made of `needs: a` and its like, each of which is reported as an unknown key: the way
//! that is meant is put into the tree, so that all that hangs on the order is not told as well. Used by
//! the reader of tasks.

use super::ast::{Condition, Spanned, Task, Transition};
use super::foreign;
use crate::program::Join;
use attune_pack::yaml::Node;
use std::collections::HashMap;

/// The names under such a key of a task.
pub(super) fn named(task: &Node) -> Vec<Spanned<String>> {
    let keys = foreign::TASK
        .iter()
        .filter(|(_, say)| *say == foreign::BEFORE);
    let Some((_, value)) = keys.filter_map(|(key, _)| task.entry(key)).next() else {
        return Vec::new();
    };
    let nodes = value.as_seq().unwrap_or(std::slice::from_ref(value));
    let text = |node: &Node| Some(Spanned::new(node.as_str()?.to_owned(), node.span));
    nodes.iter().filter_map(text).collect()
}

/// Leads from each task that is named so to the one that names it.
pub(super) fn link(tasks: &mut [Task]) {
    let wanted: Vec<(Spanned<String>, Vec<Spanned<String>>)> = tasks
        .iter_mut()
        .filter(|task| !task.after.is_empty())
        .map(|task| {
            if task.after.len() > 1 {
                let all = Spanned::new(Join::All, task.name.span);
                task.join.get_or_insert(all);
            }
            (task.name.clone(), task.after.clone())
        })
        .collect();
    if wanted.is_empty() {
        return;
    }
    let places: HashMap<String, usize> = (0..tasks.len())
        .map(|ix| (tasks[ix].name.value.clone(), ix))
        .collect();
    for (to, names) in wanted {
        for name in names {
            let Some(ix) = places.get(&name.value) else {
                continue;
            };
            tasks[*ix].next.push(Transition {
                when: Condition::Always,
                publish: Vec::new(),
                to: vec![to.clone()],
                span: name.span,
            });
        }
    }
}
