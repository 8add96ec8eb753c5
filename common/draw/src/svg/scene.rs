//! Everything of a drawing in its place: tasks, what is in parallel tasks, ends, and the ways between.
//!
//! Owns the nesting: what is in a parallel task is laid out first, then its frame is one box of the
//! level above. What is said on a way stands in a chip of its own between two layers, and a transition
//! to several tasks is one chip from which several lines go on.

use super::lines::line;
use super::number;
use super::shapes::{Frame, Shape};
use crate::graph::{Edge, EdgeKind, Graph, Node, NodeKind};
use crate::layout::{self, Layout, Link, Point, Size};
use std::collections::HashMap;
use std::fmt::Write as _;

/// Around what is in a frame, and between parts in it that no line joins.
const INSIDE: f64 = 14.0;
const APART: f64 = 16.0;

/// A drawing, or what is in one parallel task.
pub(super) struct Scene<'a> {
    size: Size,
    parts: Vec<Part<'a>>,
}

/// A part whose boxes are joined by lines.
struct Part<'a> {
    corner: Point,
    layout: Layout,
    things: Vec<Thing<'a>>,
    /// The edge of each link, if it stands for one.
    edges: Vec<Option<&'a Edge>>,
    /// Whether each link ends at what it leads to, and not at what is said on the way.
    arrives: Vec<bool>,
}

/// What one box of the layout is.
enum Thing<'a> {
    Shape(Shape<'a>),
    Frame(Frame<'a>, Scene<'a>),
}

/// The nodes and edges of a graph by their level.
struct Levels<'a> {
    nodes: HashMap<Option<&'a str>, Vec<&'a Node>>,
    edges: HashMap<Option<&'a str>, Vec<Way<'a>>>,
}

/// An edge between two boxes of one level.
struct Way<'a> {
    from: &'a str,
    to: &'a str,
    edge: &'a Edge,
}

impl<'a> Scene<'a> {
    /// The whole graph.
    pub(super) fn of(graph: &'a Graph) -> Self {
        Self::level(None, &Levels::of(graph))
    }

    fn level(parent: Option<&'a str>, levels: &Levels<'a>) -> Self {
        let mut sketch = Sketch::new();
        for node in levels.nodes.get(&parent).into_iter().flatten() {
            sketch.node(node, levels);
        }
        if parent.is_none() {
            sketch.start(levels);
        }
        let ways = levels.edges.get(&parent).map_or(&[][..], Vec::as_slice);
        sketch.ways(ways);
        packed(sketch.parts())
    }

    pub(super) fn width(&self) -> f64 {
        self.size.width
    }

    pub(super) fn height(&self) -> f64 {
        self.size.height
    }

    /// Writes it: lines first, so that boxes stand on them.
    pub(super) fn write(&self, out: &mut String) {
        for part in &self.parts {
            let moved = part.corner.x != 0.0 || part.corner.y != 0.0;
            if moved {
                let (x, y) = (number(part.corner.x), number(part.corner.y));
                let _ = writeln!(out, "<g transform=\"translate({x} {y})\">");
            }
            part.write(out);
            if moved {
                out.push_str("</g>\n");
            }
        }
    }
}

impl<'a> Levels<'a> {
    fn of(graph: &'a Graph) -> Self {
        let mut levels = Self {
            nodes: HashMap::new(),
            edges: HashMap::new(),
        };
        let mut parents: HashMap<&str, Option<&str>> = HashMap::new();
        for node in &graph.nodes {
            let parent = node.parent.as_deref();
            levels.nodes.entry(parent).or_default().push(node);
            parents.insert(node.id.as_str(), parent);
        }
        for edge in &graph.edges {
            let (from, to) = (edge.from.as_str(), edge.to.as_str());
            let (Some(a), Some(b)) = (parents.get(from), parents.get(to)) else {
                continue;
            };
            if a == b {
                let ways = levels.edges.entry(*a).or_default();
                ways.push(Way { from, to, edge });
            } else if let Some((level, from, to)) = lifted(from, to, &parents) {
                levels
                    .edges
                    .entry(level)
                    .or_default()
                    .push(Way { from, to, edge });
            }
        }
        levels
    }
}

/// The level that two nodes of different levels share, and what they are parts of there. None where
/// one is a part of the other.
fn lifted<'a>(
    from: &'a str,
    to: &'a str,
    parents: &HashMap<&'a str, Option<&'a str>>,
) -> Option<(Option<&'a str>, &'a str, &'a str)> {
    let path = |mut id: &'a str| {
        let mut path = vec![id];
        while let Some(Some(parent)) = parents.get(id).copied() {
            path.push(parent);
            id = parent;
        }
        path.reverse();
        path
    };
    let (from, to) = (path(from), path(to));
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let level = shared.checked_sub(1).map(|last| from[last]);
    Some((level, from.get(shared)?, to.get(shared)?))
}

/// Boxes and links before they are laid out.
struct Sketch<'a> {
    things: Vec<Thing<'a>>,
    sizes: Vec<Size>,
    number: HashMap<&'a str, usize>,
    links: Vec<(Link, Option<&'a Edge>, bool)>,
}

impl<'a> Sketch<'a> {
    fn new() -> Self {
        Self {
            things: Vec::new(),
            sizes: Vec::new(),
            number: HashMap::new(),
            links: Vec::new(),
        }
    }

    fn add(&mut self, thing: Thing<'a>, size: Size) -> usize {
        self.things.push(thing);
        self.sizes.push(size);
        self.things.len() - 1
    }

    fn shape(&mut self, shape: Shape<'a>) -> usize {
        let size = shape.size();
        self.add(Thing::Shape(shape), size)
    }

    fn node(&mut self, node: &'a Node, levels: &Levels<'a>) {
        let own = Some(node.id.as_str());
        let at = if !node.kind.is_task() {
            self.shape(Shape::End(node))
        } else if node.kind == NodeKind::Parallel && levels.nodes.contains_key(&own) {
            let inside = Scene::level(own, levels);
            let frame = Frame(node);
            let head = frame.head();
            let size = Size {
                width: head.width.max(inside.size.width + 2.0 * INSIDE + 4.0),
                height: head.height + inside.size.height + INSIDE,
            };
            self.add(Thing::Frame(frame, inside), size)
        } else {
            self.shape(Shape::Task(node))
        };
        self.number.insert(node.id.as_str(), at);
    }

    /// Where runs begin.
    fn start(&mut self, levels: &Levels<'a>) {
        let nodes = levels.nodes.get(&None).map_or(&[][..], Vec::as_slice);
        let entries: Vec<usize> = nodes
            .iter()
            .filter(|node| node.entry)
            .filter_map(|node| self.number.get(node.id.as_str()).copied())
            .collect();
        if entries.is_empty() {
            return;
        }
        let start = self.shape(Shape::Start);
        for to in entries {
            self.link(start, to, 1, false, None, true);
        }
    }

    fn ways(&mut self, ways: &[Way<'a>]) {
        // One chip for all that a transition leads to.
        let mut chips: HashMap<(usize, u32), usize> = HashMap::new();
        for way in ways {
            let (Some(from), Some(to)) = (
                self.number.get(way.from).copied(),
                self.number.get(way.to).copied(),
            ) else {
                continue;
            };
            let edge = way.edge;
            let back = edge.back;
            if edge.says().is_empty() {
                self.link(from, to, 2, back, Some(edge), true);
                continue;
            }
            // `retry` says so, whatever else the transition leads to.
            let shared = edge.transition.filter(|_| edge.kind == EdgeKind::Next);
            let known = shared.and_then(|number| chips.get(&(from, number)).copied());
            let chip = known.unwrap_or_else(|| {
                let chip = self.shape(Shape::Chip(edge));
                if let Some(number) = shared {
                    chips.insert((from, number), chip);
                }
                self.link(from, chip, 1, false, Some(edge), false);
                chip
            });
            self.link(chip, to, 1, back, Some(edge), true);
        }
    }

    fn link(
        &mut self,
        from: usize,
        to: usize,
        span: usize,
        back: bool,
        edge: Option<&'a Edge>,
        arrives: bool,
    ) {
        let link = Link {
            from,
            to,
            span,
            back,
        };
        self.links.push((link, edge, arrives));
    }

    /// What is joined by links, laid out each by itself.
    fn parts(self) -> Vec<Part<'a>> {
        let part_of = joined(self.things.len(), &self.links);
        let mut numbers: HashMap<usize, usize> = HashMap::new();
        let mut sketches: Vec<Sketch<'a>> = Vec::new();
        let mut place = Vec::with_capacity(part_of.len());
        for ((thing, size), part) in self.things.into_iter().zip(self.sizes).zip(&part_of) {
            let number = *numbers.entry(*part).or_insert_with(|| {
                sketches.push(Sketch::new());
                sketches.len() - 1
            });
            place.push((number, sketches[number].add(thing, size)));
        }
        for (link, edge, arrives) in self.links {
            let (number, from) = place[link.from];
            let (_, to) = place[link.to];
            sketches[number]
                .links
                .push((Link { from, to, ..link }, edge, arrives));
        }
        sketches.into_iter().map(Sketch::laid_out).collect()
    }

    fn laid_out(self) -> Part<'a> {
        let links: Vec<Link> = self.links.iter().map(|(link, _, _)| *link).collect();
        Part {
            corner: Point { x: 0.0, y: 0.0 },
            layout: layout::lay_out(&self.sizes, &links),
            things: self.things,
            edges: self.links.iter().map(|(_, edge, _)| *edge).collect(),
            arrives: self.links.iter().map(|(_, _, arrives)| *arrives).collect(),
        }
    }
}

/// For each box the smallest number among those that links join it with.
fn joined(boxes: usize, links: &[(Link, Option<&Edge>, bool)]) -> Vec<usize> {
    fn root(of: &mut [usize], mut at: usize) -> usize {
        while of[at] != at {
            of[at] = of[of[at]];
            at = of[at];
        }
        at
    }
    let mut of: Vec<usize> = (0..boxes).collect();
    for (link, _, _) in links {
        let (a, b) = (root(&mut of, link.from), root(&mut of, link.to));
        of[a.max(b)] = a.min(b);
    }
    (0..boxes).map(|n| root(&mut of, n)).collect()
}

/// Parts beside and below each other, about as wide as high times two.
fn packed(mut parts: Vec<Part<'_>>) -> Scene<'_> {
    let size = |part: &Part<'_>| part.layout.size;
    let area: f64 = parts
        .iter()
        .map(|part| (size(part).width + APART) * (size(part).height + APART))
        .sum();
    let widest = parts
        .iter()
        .map(|part| size(part).width)
        .fold(0.0, f64::max);
    let most = widest.max((area * 2.5).sqrt()).max(560.0);
    let (mut x, mut y, mut row) = (0.0_f64, 0.0_f64, 0.0_f64);
    let mut whole = Size {
        width: 0.0,
        height: 0.0,
    };
    for part in &mut parts {
        let own = part.layout.size;
        if x > 0.0 && x + own.width > most {
            x = 0.0;
            y += row + APART;
            row = 0.0;
        }
        part.corner = Point { x, y };
        whole.width = whole.width.max(x + own.width);
        whole.height = whole.height.max(y + own.height);
        row = row.max(own.height);
        x += own.width + APART;
    }
    Scene { size: whole, parts }
}

impl Part<'_> {
    fn write(&self, out: &mut String) {
        for ((path, edge), arrives) in self.layout.paths.iter().zip(&self.edges).zip(&self.arrives)
        {
            line(path, *edge, *arrives, out);
        }
        for (thing, middle) in self.things.iter().zip(&self.layout.boxes) {
            match thing {
                Thing::Shape(shape) => shape.write(*middle, out),
                Thing::Frame(frame, inside) => framed(frame, inside, *middle, out),
            }
        }
    }
}

fn framed(frame: &Frame<'_>, inside: &Scene<'_>, middle: Point, out: &mut String) {
    let head = frame.head();
    let size = Size {
        width: head.width.max(inside.size.width + 2.0 * INSIDE + 4.0),
        height: head.height + inside.size.height + INSIDE,
    };
    let corner = Point {
        x: middle.x - size.width / 2.0,
        y: middle.y - size.height / 2.0,
    };
    frame.write(corner, size, out);
    let x = corner.x + (size.width + 4.0 - inside.size.width) / 2.0;
    let y = corner.y + head.height;
    let _ = writeln!(
        out,
        "<g transform=\"translate({} {})\">",
        number(x),
        number(y)
    );
    inside.write(out);
    out.push_str("</g>\n");
}
