//! Which edges of a graph close a cycle: found once, and shown in every form.

use super::{EdgeKind, Graph};
use crate::layout::cycles;
use std::collections::HashMap;

/// Marks them.
pub(super) fn mark(graph: &mut Graph) {
    let number: HashMap<&str, usize> = graph
        .nodes
        .iter()
        .enumerate()
        .map(|(n, node)| (node.id.as_str(), n))
        .collect();
    let mut links = Vec::new();
    let mut edges = Vec::new();
    for (n, edge) in graph.edges.iter().enumerate() {
        if edge.kind != EdgeKind::Retry
            && let (Some(from), Some(to)) =
                (number.get(edge.from.as_str()), number.get(edge.to.as_str()))
        {
            links.push((*from, *to));
            edges.push(n);
        }
    }
    let entries: Vec<usize> = (0..graph.nodes.len())
        .filter(|n| graph.nodes[*n].entry)
        .collect();
    for link in cycles::closing(graph.nodes.len(), &links, &entries) {
        graph.edges[edges[link]].back = true;
    }
}
