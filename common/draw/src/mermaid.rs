//! The graph as a Mermaid flowchart.
//!
//! Owns Mermaid's escapes: ids are made here and never come from a workflow, and every text stands in
//! quotes with all that could end it or mean something written as a character code. So a task may be
//! named `end`, and a condition may hold quotes and brackets.

use crate::graph::{Edge, EdgeKind, Graph, Node, NodeKind};
use crate::text::short;
use attune_types::ExecutionStatus;
use std::collections::HashMap;
use std::fmt::Write as _;

/// The longest text beside an edge or below a name.
const MOST: usize = 60;

/// The flowchart.
pub(crate) fn draw(graph: &Graph) -> String {
    let ids: HashMap<&str, String> = graph
        .nodes
        .iter()
        .enumerate()
        .map(|(n, node)| (node.id.as_str(), format!("n{n}")))
        .collect();
    let mut children: HashMap<Option<&str>, Vec<&Node>> = HashMap::new();
    for node in &graph.nodes {
        children
            .entry(node.parent.as_deref())
            .or_default()
            .push(node);
    }
    let mut out = format!(
        "%% {} {}\nflowchart TD\n",
        graph.workflow,
        short(&graph.version, MOST)
    );
    let drawing = Drawing { ids, children };
    if graph.nodes.iter().any(|node| node.entry) {
        out.push_str("    start((\" \")):::start\n");
    }
    drawing.nodes(None, 1, &mut out);
    for node in graph.nodes.iter().filter(|node| node.entry) {
        let _ = writeln!(out, "    start --> {}", drawing.id(&node.id));
    }
    for edge in &graph.edges {
        drawing.edge(edge, &mut out);
    }
    out.push_str(CLASSES);
    for status in ExecutionStatus::ALL {
        if graph.nodes.iter().any(|node| node.status == Some(status)) {
            let (fill, line) = colours(status);
            let _ = writeln!(
                out,
                "    classDef {status} fill:{fill},stroke:{line},color:#1f2328"
            );
        }
    }
    out
}

const CLASSES: &str = "    classDef start fill:#57606a,stroke:#57606a
    classDef over fill:#eaeef2,stroke:#8c959f,color:#1f2328
    classDef bad fill:#ffebe9,stroke:#cf222e,color:#1f2328
";

struct Drawing<'a> {
    ids: HashMap<&'a str, String>,
    children: HashMap<Option<&'a str>, Vec<&'a Node>>,
}

impl Drawing<'_> {
    fn id(&self, id: &str) -> &str {
        self.ids.get(id).map_or("start", String::as_str)
    }

    fn nodes(&self, parent: Option<&str>, depth: usize, out: &mut String) {
        let lead = "    ".repeat(depth);
        for node in self.children.get(&parent).into_iter().flatten() {
            let id = self.id(&node.id);
            let own = Some(node.id.as_str());
            if node.kind == NodeKind::Parallel && self.children.contains_key(&own) {
                let _ = writeln!(out, "{lead}subgraph {id}[\"{}\"]", label(node));
                self.nodes(own, depth + 1, out);
                let _ = writeln!(out, "{lead}end");
                if let Some(status) = node.status {
                    let _ = writeln!(out, "{lead}class {id} {status}");
                }
                continue;
            }
            let (open, close) = match node.kind {
                NodeKind::Action | NodeKind::Parallel => ("[", "]"),
                NodeKind::Workflow => ("[[", "]]"),
                NodeKind::Join => ("{{", "}}"),
                NodeKind::Noop | NodeKind::Fail | NodeKind::Continue => ("([", "])"),
                NodeKind::End => ("((", "))"),
            };
            let class = match (node.kind, node.status) {
                (NodeKind::Fail, _) => ":::bad".to_owned(),
                (NodeKind::Noop | NodeKind::Continue | NodeKind::End, _) => ":::over".to_owned(),
                (_, Some(status)) => format!(":::{status}"),
                (_, None) => String::new(),
            };
            let _ = writeln!(out, "{lead}{id}{open}\"{}\"{close}{class}", label(node));
        }
    }

    fn edge(&self, edge: &Edge, out: &mut String) {
        let line = match edge.kind {
            EdgeKind::Next if !edge.back => "-->",
            _ => "-.->",
        };
        let says: Vec<String> = edge.says().iter().map(|text| quoted(text)).collect();
        let says = match says.as_slice() {
            [] => String::new(),
            lines => format!("|\"{}\"|", lines.join("<br/>")),
        };
        let (from, to) = (self.id(&edge.from), self.id(&edge.to));
        let _ = writeln!(out, "    {from} {line}{says} {to}");
    }
}

fn label(node: &Node) -> String {
    let mut lines = vec![quoted(&node.name)];
    // A barrier is all that such a node is.
    let action = node
        .action
        .as_deref()
        .filter(|_| node.kind != NodeKind::Join);
    lines.extend(action.map(quoted));
    lines.extend(node.badges().iter().map(|text| quoted(text)));
    lines.join("<br/>")
}

/// A text inside of quotes: letters, digits and harmless signs as they are, all else by its code.
/// What would begin a list (`- a`, `1. a`) is not harmless where a line begins.
fn quoted(text: &str) -> String {
    let mut out = String::new();
    let mut begins = true;
    for c in short(text, MOST).chars() {
        let harmless = if begins {
            "_(['"
        } else {
            " _-+*/=.,:!?()[]{}'|@^~\u{2026}"
        };
        if c.is_alphanumeric() || harmless.contains(c) {
            out.push(c);
        } else {
            let _ = write!(out, "#{};", u32::from(c));
        }
        begins &= c.is_ascii_digit();
    }
    out
}

/// Fill and line of a status.
fn colours(status: ExecutionStatus) -> (&'static str, &'static str) {
    use ExecutionStatus as S;
    match status {
        S::Succeeded => ("#dafbe1", "#1a7f37"),
        S::Failed | S::TimedOut | S::Abandoned => ("#ffebe9", "#cf222e"),
        S::Running => ("#ddf4ff", "#0969da"),
        S::Requested | S::Scheduled | S::Skipped => ("#f6f8fa", "#8c959f"),
        S::Waiting | S::Retrying | S::Paused | S::Canceling | S::Cancelled => {
            ("#fff8c5", "#9a6700")
        }
        S::Compensating | S::Compensated => ("#fbefff", "#8250df"),
    }
}
