//! On which layer each box stands, and the bends of the links that cross layers.
//!
//! A box stands as far up as its links allow. A link that crosses layers gets a bend on each of them,
//! which takes part in the later steps like a box without a size; links to one box share their bends.

use super::Link;
use std::collections::HashMap;

/// More bends than this make a drawing neither better nor readable: links that would need them run
/// straight.
const MOST_BENDS: usize = 40_000;

/// Boxes and bends on their layers. A vertex is a box (`0..boxes`) or a bend (after those).
#[derive(Debug)]
pub(super) struct Layers {
    /// How many boxes there are.
    pub(super) boxes: usize,
    /// The layer of each vertex.
    pub(super) layer: Vec<usize>,
    /// How many layers there are.
    pub(super) count: usize,
    /// The vertices that it is linked to on the layer above, and on the one below.
    pub(super) above: Vec<Vec<usize>>,
    pub(super) below: Vec<Vec<usize>>,
    /// For each link its bends, from the top to the bottom; none for one that leads back. The last
    /// may be shared: then the link arrives by the line of another.
    pub(super) ways: Vec<Way>,
}

/// How a link crosses layers.
#[derive(Clone, Debug, Default)]
pub(super) struct Way {
    /// The bends on its way.
    pub(super) bends: Vec<usize>,
    /// Whether it is drawn up to its box, and not only to the line of another link.
    pub(super) arrives: bool,
}

impl Layers {
    /// The layers of these boxes. Links that do not lead back have no cycle.
    pub(super) fn of(boxes: usize, links: &[Link]) -> Self {
        let mut layers = Self {
            boxes,
            layer: depths(boxes, links),
            count: 0,
            above: vec![Vec::new(); boxes],
            below: vec![Vec::new(); boxes],
            ways: Vec::with_capacity(links.len()),
        };
        let mut shared = HashMap::new();
        for link in links {
            let way = if link.back {
                Way {
                    bends: Vec::new(),
                    arrives: true,
                }
            } else {
                layers.bend(link, &mut shared)
            };
            layers.ways.push(way);
        }
        layers.count = layers.layer.iter().max().map_or(0, |most| most + 1);
        layers
    }

    fn bend(&mut self, link: &Link, shared: &mut HashMap<(usize, usize), usize>) -> Way {
        let (first, last) = (self.layer[link.from] + 1, self.layer[link.to]);
        let mut way = Way::default();
        let mut previous = link.from;
        for layer in first..last {
            if let Some(known) = shared.get(&(link.to, layer)) {
                self.join(previous, *known);
                way.bends.push(*known);
                return way;
            }
            if self.layer.len() - self.boxes >= MOST_BENDS {
                way.arrives = true;
                return way;
            }
            let bend = self.layer.len();
            self.layer.push(layer);
            self.above.push(Vec::new());
            self.below.push(Vec::new());
            shared.insert((link.to, layer), bend);
            self.join(previous, bend);
            way.bends.push(bend);
            previous = bend;
        }
        self.join(previous, link.to);
        way.arrives = true;
        way
    }

    fn join(&mut self, upper: usize, lower: usize) {
        self.below[upper].push(lower);
        self.above[lower].push(upper);
    }

    /// Whether a vertex is a bend.
    pub(super) fn is_bend(&self, vertex: usize) -> bool {
        vertex >= self.boxes
    }
}

/// The longest way to each box from one that nothing leads to.
fn depths(boxes: usize, links: &[Link]) -> Vec<usize> {
    let forward = || links.iter().filter(|link| !link.back);
    let mut open = vec![0_usize; boxes];
    let mut leaving: Vec<Vec<&Link>> = vec![Vec::new(); boxes];
    for link in forward() {
        open[link.to] += 1;
        leaving[link.from].push(link);
    }
    let mut depth = vec![0; boxes];
    let mut ready: Vec<usize> = (0..boxes).filter(|n| open[*n] == 0).collect();
    while let Some(at) = ready.pop() {
        for link in &leaving[at] {
            depth[link.to] = depth[link.to].max(depth[at] + link.span);
            open[link.to] -= 1;
            if open[link.to] == 0 {
                ready.push(link.to);
            }
        }
    }
    depth
}
