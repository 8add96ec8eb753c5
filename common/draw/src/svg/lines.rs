//! The lines of a drawing: curves downwards, right angles around everything for those that lead back.
//!
//! Owns their look. Where they run is found by the layout.

use super::{escaped, number};
use crate::graph::{Edge, EdgeKind};
use crate::layout::{Path, Point};
use std::fmt::Write as _;

/// A line, with a tip where it arrives at a task or an end.
pub(super) fn line(path: &Path, edge: Option<&Edge>, arrives: bool, out: &mut String) {
    let class = match edge {
        Some(edge) if edge.kind == EdgeKind::Undo => " undo",
        _ if path.around => " back",
        _ => "",
    };
    if let Some(edge) = edge.filter(|_| arrives) {
        let (from, to) = (escaped(&edge.from), escaped(&edge.to));
        let _ = write!(
            out,
            "<g class=\"edge\" data-from=\"{from}\" data-to=\"{to}\">"
        );
    }
    let tip = path.points.last().filter(|_| arrives && path.arrives);
    let _ = write!(
        out,
        "<path class=\"line{class}\" d=\"{}\"/>",
        way(path, tip.is_some())
    );
    if let Some(Point { x, y }) = tip {
        let tip_class = if class == " undo" { class } else { "" };
        let (x, y) = (*x, *y);
        let _ = write!(
            out,
            "<path class=\"tip{tip_class}\" d=\"M{} {}l-4.5 -8h9z\"/>",
            number(x),
            number(y)
        );
    }
    if edge.is_some() && arrives {
        out.push_str("</g>");
    }
    out.push('\n');
}

/// The drawing commands of a line. Below a tip the line ends a little earlier.
fn way(path: &Path, tipped: bool) -> String {
    let mut points = path.points.clone();
    if let Some(last) = points.last_mut().filter(|_| tipped) {
        last.y -= 6.0;
    }
    let mut out = String::new();
    let Some(first) = points.first() else {
        return out;
    };
    let _ = write!(out, "M{} {}", number(first.x), number(first.y));
    if path.around {
        rounded(&points, &mut out);
        return out;
    }
    for pair in points.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let (x, y) = (number(b.x), number(b.y));
        if (a.x - b.x).abs() < 0.5 {
            let _ = write!(out, "L{x} {y}");
        } else {
            let middle = number((a.y + b.y) / 2.0);
            let _ = write!(out, "C{} {middle} {x} {middle} {x} {y}", number(a.x));
        }
    }
    out
}

/// Right angles with round corners.
fn rounded(points: &[Point], out: &mut String) {
    const RADIUS: f64 = 7.0;
    for three in points.windows(3) {
        let (a, b, c) = (three[0], three[1], three[2]);
        let toward = |to: Point| {
            let (dx, dy) = (to.x - b.x, to.y - b.y);
            let length = dx.hypot(dy).max(0.001);
            let part = RADIUS.min(length / 2.0) / length;
            Point {
                x: b.x + dx * part,
                y: b.y + dy * part,
            }
        };
        let (before, after) = (toward(a), toward(c));
        let _ = write!(
            out,
            "L{} {}Q{} {} {} {}",
            number(before.x),
            number(before.y),
            number(b.x),
            number(b.y),
            number(after.x),
            number(after.y)
        );
    }
    if let Some(last) = points.last() {
        let _ = write!(out, "L{} {}", number(last.x), number(last.y));
    }
}
