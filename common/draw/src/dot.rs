//! The graph in the language of Graphviz.
//!
//! Owns DOT's escapes: ids are made here, and texts stand in quotes. A parallel task is a cluster with
//! an unseen point in it, since an edge of DOT cannot end at a cluster.

use crate::graph::{Edge, EdgeKind, Graph, Node, NodeKind};
use crate::text::short;
use attune_types::ExecutionStatus;
use std::collections::HashMap;
use std::fmt::Write as _;

/// The longest text beside an edge or below a name.
const MOST: usize = 60;

/// The digraph.
pub(crate) fn draw(graph: &Graph) -> String {
    let mut drawing = Drawing {
        numbers: HashMap::new(),
        groups: HashMap::new(),
        children: HashMap::new(),
    };
    for (n, node) in graph.nodes.iter().enumerate() {
        drawing.numbers.insert(node.id.as_str(), n);
        let parent = node.parent.as_deref();
        drawing.children.entry(parent).or_default().push(node);
    }
    for node in &graph.nodes {
        let own = Some(node.id.as_str());
        if node.kind == NodeKind::Parallel && drawing.children.contains_key(&own) {
            drawing.groups.insert(node.id.as_str(), ());
        }
    }
    let title = format!("{} {}", graph.workflow, graph.version);
    let mut out = format!("digraph {} {{\n", quoted(&[title]));
    out.push_str(SETTINGS);
    drawing.nodes(None, 1, &mut out);
    let entries: Vec<&Node> = graph.nodes.iter().filter(|node| node.entry).collect();
    if !entries.is_empty() {
        out.push_str("    start [shape=circle, label=\"\", width=0.2, style=filled, fillcolor=\"#57606a\", color=\"#57606a\"];\n");
    }
    for node in entries {
        drawing.line("start", None, &node.id, &[], &mut out);
    }
    for edge in &graph.edges {
        drawing.edge(edge, &mut out);
    }
    out.push_str("}\n");
    out
}

const SETTINGS: &str = "    graph [rankdir=TB, compound=true, fontname=\"Helvetica\", fontsize=11];
    node [shape=box, style=\"rounded,filled\", fillcolor=\"#ffffff\", color=\"#57606a\", fontname=\"Helvetica\", fontsize=11];
    edge [color=\"#57606a\", fontname=\"Helvetica\", fontsize=9];
";

struct Drawing<'a> {
    numbers: HashMap<&'a str, usize>,
    groups: HashMap<&'a str, ()>,
    children: HashMap<Option<&'a str>, Vec<&'a Node>>,
}

impl Drawing<'_> {
    fn id(&self, id: &str) -> String {
        let number = self.numbers.get(id).copied().unwrap_or_default();
        format!("n{number}")
    }

    fn nodes(&self, parent: Option<&str>, depth: usize, out: &mut String) {
        let lead = "    ".repeat(depth);
        for node in self.children.get(&parent).into_iter().flatten() {
            let id = self.id(&node.id);
            let text = quoted(&lines(node));
            let fill = node.status.map(colour);
            if self.groups.contains_key(node.id.as_str()) {
                let _ = writeln!(out, "{lead}subgraph cluster_{id} {{");
                let fill = fill.unwrap_or("#f6f8fa");
                let _ = writeln!(
                    out,
                    "{lead}    label={text}; style=\"rounded,filled\"; fillcolor=\"{fill}\"; color=\"#8c959f\";"
                );
                let _ = writeln!(
                    out,
                    "{lead}    {id} [shape=point, style=invis, label=\"\"];"
                );
                self.nodes(Some(node.id.as_str()), depth + 1, out);
                let _ = writeln!(out, "{lead}}}");
                continue;
            }
            let look = match node.kind {
                NodeKind::Action | NodeKind::Parallel => "",
                NodeKind::Workflow => ", peripheries=2",
                NodeKind::Join => ", shape=hexagon, style=filled, fillcolor=\"#fff8c5\"",
                NodeKind::Noop | NodeKind::Continue => {
                    ", shape=oval, style=filled, fillcolor=\"#eaeef2\""
                }
                NodeKind::Fail => {
                    ", shape=oval, style=filled, fillcolor=\"#ffebe9\", color=\"#cf222e\""
                }
                NodeKind::End => ", shape=circle, width=0.2, fixedsize=true, fontsize=1",
            };
            let fill = fill.map_or_else(String::new, |fill| format!(", fillcolor=\"{fill}\""));
            let _ = writeln!(out, "{lead}{id} [label={text}{look}{fill}];");
        }
    }

    fn edge(&self, edge: &Edge, out: &mut String) {
        let mut settings = Vec::new();
        let says = edge.says();
        if !says.is_empty() {
            settings.push(format!("label={}", quoted(&says)));
        }
        if edge.kind != EdgeKind::Next || edge.back {
            settings.push("style=dashed".to_owned());
        }
        if edge.back || edge.kind == EdgeKind::Undo {
            settings.push("constraint=false".to_owned());
        }
        let from = self.id(&edge.from);
        self.line(&from, Some(&edge.from), &edge.to, &settings, out);
    }

    /// An edge; one that leaves or enters a cluster ends at its border.
    fn line(
        &self,
        from: &str,
        from_group: Option<&str>,
        to: &str,
        settings: &[String],
        out: &mut String,
    ) {
        let mut settings = settings.to_vec();
        if let Some(group) = from_group.filter(|group| self.groups.contains_key(group)) {
            settings.push(format!("ltail=cluster_{}", self.id(group)));
        }
        if self.groups.contains_key(to) {
            settings.push(format!("lhead=cluster_{}", self.id(to)));
        }
        let settings = match settings.as_slice() {
            [] => String::new(),
            some => format!(" [{}]", some.join(", ")),
        };
        let _ = writeln!(out, "    {from} -> {}{settings};", self.id(to));
    }
}

fn lines(node: &Node) -> Vec<String> {
    let mut lines = vec![node.name.clone()];
    // A barrier is all that such a node is.
    lines.extend(node.action.clone().filter(|_| node.kind != NodeKind::Join));
    lines.extend(node.badges());
    lines
}

/// Lines of text as a quoted string of DOT. An ampersand would begin an entity, a backslash an escape.
fn quoted(lines: &[String]) -> String {
    let lines: Vec<String> = lines
        .iter()
        .map(|line| {
            short(line, MOST)
                .replace('\\', "\\\\")
                .replace('&', "&amp;")
                .replace('"', "\\\"")
        })
        .collect();
    format!("\"{}\"", lines.join("\\n"))
}

/// The fill of a status.
fn colour(status: ExecutionStatus) -> &'static str {
    use ExecutionStatus as S;
    match status {
        S::Succeeded => "#dafbe1",
        S::Failed | S::TimedOut | S::Abandoned => "#ffebe9",
        S::Running => "#ddf4ff",
        S::Requested | S::Scheduled | S::Skipped => "#f6f8fa",
        S::Waiting | S::Retrying | S::Paused | S::Canceling | S::Cancelled => "#fff8c5",
        S::Compensating | S::Compensated => "#fbefff",
    }
}
