//! What stands in a drawing: boxes of tasks, ends, and what is said on lines; their sizes and marks.
//!
//! Owns the look of each single thing. Where it stands is told by the scene.

use super::look::{self, DETAIL, NAME, SMALL};
use super::{escaped, number};
use crate::graph::{Edge, Node, NodeKind};
use crate::layout::{Point, Size};
use crate::text::{short, wrapped};
use std::fmt::Write as _;

/// The most characters of a line of text, and the most lines of what is said on a way.
const MOST: usize = 44;
const MOST_LINES: usize = 4;

/// Heights of lines of text.
const NAME_LINE: f64 = 20.0;
const DETAIL_LINE: f64 = 16.0;
const SMALL_LINE: f64 = 15.0;

/// Around the text of a box and of a chip.
const PAD: f64 = 12.0;
const CHIP_PAD: f64 = 9.0;

const LEAST_WIDTH: f64 = 132.0;

/// One thing in a drawing.
pub(super) enum Shape<'a> {
    /// Where runs begin.
    Start,
    /// A task, or the head of a parallel one.
    Task(&'a Node),
    /// An end.
    End(&'a Node),
    /// What is said on a way.
    Chip(&'a Edge),
}

impl Shape<'_> {
    /// How large it is.
    pub(super) fn size(&self) -> Size {
        match self {
            Self::Start => square(16.0),
            Self::End(node) if node.kind == NodeKind::End => square(14.0),
            Self::End(node) => Size {
                width: look::width(&node.name, DETAIL) + 2.0 * PAD + 4.0,
                height: 24.0,
            },
            Self::Chip(edge) => {
                let lines = said(edge);
                Size {
                    width: widest(&lines, SMALL) + 2.0 * CHIP_PAD,
                    height: SMALL_LINE * lines.len() as f64 + 7.0,
                }
            }
            Self::Task(node) => {
                let lines = Lines::of(node);
                let name = look::width(&lines.name, NAME) * 1.06;
                let detail = lines
                    .detail
                    .as_deref()
                    .map_or(0.0, |text| look::width(text, DETAIL));
                let widest = widest(&lines.small, SMALL).max(name).max(detail);
                Size {
                    width: (widest + 2.0 * PAD + 6.0).max(LEAST_WIDTH),
                    height: lines.height() + 2.0 * (PAD - 3.0),
                }
            }
        }
    }

    /// Writes it with its middle there.
    pub(super) fn write(&self, middle: Point, out: &mut String) {
        let size = self.size();
        let (x, y) = (middle.x - size.width / 2.0, middle.y - size.height / 2.0);
        match self {
            Self::Start => circle("start", middle, 7.0, out),
            Self::End(node) => {
                let _ = write!(out, "<g class=\"node\" data-id=\"{}\">", escaped(&node.id));
                end(node, middle, size, out);
                out.push_str("</g>\n");
            }
            Self::Chip(edge) => chip(edge, middle, size, out),
            Self::Task(node) => {
                open(node, out);
                let class = node.status.map_or("", look::class);
                let box_class = format!("box {class}");
                rect(box_class.trim_end(), Point { x, y }, size, 6.0, out);
                if node.kind == NodeKind::Workflow {
                    let inner = Size {
                        width: size.width - 6.0,
                        height: size.height - 6.0,
                    };
                    rect(
                        "inner",
                        Point {
                            x: x + 3.0,
                            y: y + 3.0,
                        },
                        inner,
                        4.0,
                        out,
                    );
                }
                bar(node.kind, Point { x, y }, size.height, out);
                Lines::of(node).write(
                    Point {
                        x: x + PAD + 4.0,
                        y: y + PAD - 3.0,
                    },
                    out,
                );
                out.push_str("</g>\n");
            }
        }
    }
}

/// The frame of a parallel task, with its name and what is said of it at the top. What is in it is
/// written by the scene.
pub(super) struct Frame<'a>(pub(super) &'a Node);

impl Frame<'_> {
    /// The room that its own text takes.
    pub(super) fn head(&self) -> Size {
        Shape::Task(self.0).size()
    }

    /// Writes it.
    pub(super) fn write(&self, corner: Point, size: Size, out: &mut String) {
        open(self.0, out);
        let class = self.0.status.map_or("", look::class);
        let class = if class.is_empty() {
            "group".to_owned()
        } else {
            format!("box {class}")
        };
        rect(&class, corner, size, 8.0, out);
        bar(self.0.kind, corner, size.height, out);
        let Point { x, y } = corner;
        Lines::of(self.0).write(
            Point {
                x: x + PAD + 4.0,
                y: y + PAD - 3.0,
            },
            out,
        );
        out.push_str("</g>\n");
    }
}

/// The text of a task's box.
struct Lines {
    name: String,
    detail: Option<String>,
    small: Vec<String>,
}

impl Lines {
    fn of(node: &Node) -> Self {
        let detail = match node.kind {
            NodeKind::Parallel => Some("parallel".to_owned()),
            // A barrier is all that such a node is.
            NodeKind::Join => None,
            _ => node.action.as_deref().map(|action| short(action, MOST)),
        };
        let status = node.status.map(|status| status.as_str().replace('_', " "));
        let badges = node.badges().into_iter().chain(status);
        Self {
            name: short(&node.name, MOST),
            detail,
            small: badges.map(|text| short(&text, MOST)).collect(),
        }
    }

    fn height(&self) -> f64 {
        let detail = if self.detail.is_some() {
            DETAIL_LINE
        } else {
            0.0
        };
        NAME_LINE + detail + SMALL_LINE * self.small.len() as f64
    }

    fn write(&self, corner: Point, out: &mut String) {
        let mut y = corner.y + NAME_LINE - 5.0;
        text("name", corner.x, y, &self.name, out);
        if let Some(detail) = &self.detail {
            y += DETAIL_LINE;
            text("detail", corner.x, y, detail, out);
        }
        for line in &self.small {
            y += SMALL_LINE;
            text("small", corner.x, y, line, out);
        }
    }
}

/// What is said on a way, line by line.
fn said(edge: &Edge) -> Vec<String> {
    let says = edge.says();
    says.iter()
        .flat_map(|text| wrapped(text, MOST, MOST_LINES))
        .collect()
}

fn widest(lines: &[String], size: f64) -> f64 {
    let widths = lines.iter().map(|line| look::width(line, size));
    widths.fold(0.0, f64::max)
}

fn square(side: f64) -> Size {
    Size {
        width: side,
        height: side,
    }
}

/// Begins a node; the whole text of what is shortened is its title.
fn open(node: &Node, out: &mut String) {
    let mut whole = vec![node.name.clone()];
    whole.extend(node.action.clone());
    whole.extend(node.badges());
    let _ = write!(
        out,
        "<g class=\"node\" data-id=\"{}\"><title>{}</title>",
        escaped(&node.id),
        escaped(&whole.join(" \u{b7} "))
    );
}

fn end(node: &Node, middle: Point, size: Size, out: &mut String) {
    if node.kind == NodeKind::End {
        circle("end", middle, 6.0, out);
        circle("dot", middle, 2.5, out);
        return;
    }
    let corner = Point {
        x: middle.x - size.width / 2.0,
        y: middle.y - size.height / 2.0,
    };
    let class = if node.kind == NodeKind::Fail {
        "box bad"
    } else {
        "chip"
    };
    rect(class, corner, size, size.height / 2.0, out);
    centred("detail", middle, DETAIL, &node.name, out);
}

fn chip(edge: &Edge, middle: Point, size: Size, out: &mut String) {
    let condition = edge.when.as_deref().unwrap_or_default();
    let class = match condition {
        "succeeded()" => "chip good",
        text if is_about_failure(text) => "chip bad",
        _ => "chip",
    };
    let corner = Point {
        x: middle.x - size.width / 2.0,
        y: middle.y - size.height / 2.0,
    };
    let _ = write!(
        out,
        "<g class=\"says\"><title>{}</title>",
        escaped(&edge.says().join(" \u{b7} "))
    );
    rect(class, corner, size, 9.0, out);
    let lines = said(edge);
    for (n, line) in lines.iter().enumerate() {
        let y = corner.y + 3.5 + SMALL_LINE * (n as f64 + 0.5);
        centred("said", Point { x: middle.x, y }, SMALL, line, out);
    }
    out.push_str("</g>\n");
}

/// Whether a condition asks for a failure, as far as its text tells.
fn is_about_failure(condition: &str) -> bool {
    let asks = condition.contains("failed()") || condition.contains("timed_out()");
    asks && !condition.contains("succeeded()") && !condition.contains("not ")
}

fn bar(kind: NodeKind, corner: Point, height: f64, out: &mut String) {
    let class = match kind {
        NodeKind::Workflow => "bar workflow",
        NodeKind::Join => "bar join",
        NodeKind::Parallel => "bar parallel",
        _ => "bar",
    };
    let size = Size {
        width: 3.0,
        height: height - 16.0,
    };
    let Point { x, y } = corner;
    rect(
        class,
        Point {
            x: x + 6.0,
            y: y + 8.0,
        },
        size,
        1.5,
        out,
    );
}

fn rect(class: &str, corner: Point, size: Size, radius: f64, out: &mut String) {
    let _ = write!(
        out,
        "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{}\"/>",
        number(corner.x),
        number(corner.y),
        number(size.width),
        number(size.height),
        number(radius)
    );
}

fn circle(class: &str, middle: Point, radius: f64, out: &mut String) {
    let _ = write!(
        out,
        "<circle class=\"{class}\" cx=\"{}\" cy=\"{}\" r=\"{}\"/>",
        number(middle.x),
        number(middle.y),
        number(radius)
    );
}

fn text(class: &str, x: f64, y: f64, text: &str, out: &mut String) {
    let _ = write!(
        out,
        "<text class=\"{class}\" x=\"{}\" y=\"{}\">{}</text>",
        number(x),
        number(y),
        escaped(text)
    );
}

fn centred(class: &str, middle: Point, size: f64, text: &str, out: &mut String) {
    let _ = write!(
        out,
        "<text class=\"{class}\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
        number(middle.x),
        number(middle.y + size * 0.36),
        escaped(text)
    );
}
