//! Where boxes and lines of a drawing stand: a layered layout, from the top to the bottom.
//!
//! Owns the steps of it, one file each: which links lead back ([`cycles`]), on which layer a box stands
//! ([`layers`]), in which order within its layer ([`order`]), how far to the right ([`place`]), and how
//! the lines run ([`route`]). Knows nothing of workflows: it is given sizes and links. The same input
//! gives the same layout, and the cost grows with boxes, links and the layers that links cross.
//!
//! Links to one box share their way: those that come from above meet in one line. That keeps a drawing
//! readable where a hundred tasks lead to one that tells of the failure, and keeps it small.

pub(crate) mod cycles;
mod layers;
mod order;
mod place;
mod route;

/// How large a box is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// A line from one box to another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// How many layers the second is below the first, at least.
    pub(crate) span: usize,
    /// Whether it leads against the direction of reading.
    pub(crate) back: bool,
}

/// A place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// How a line runs.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    /// The places that it goes through.
    pub(crate) points: Vec<Point>,
    /// Whether it runs in right angles, around everything.
    pub(crate) around: bool,
    /// Whether it ends at its box; otherwise it meets the line of another link that does.
    pub(crate) arrives: bool,
}

/// Boxes and lines in their places, all within `width` and `height`.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) size: Size,
    /// The middle of each box.
    pub(crate) boxes: Vec<Point>,
    /// The way of each link.
    pub(crate) paths: Vec<Path>,
}

/// Puts everything in its place.
pub(crate) fn lay_out(sizes: &[Size], links: &[Link]) -> Layout {
    let pairs: Vec<(usize, usize)> = links.iter().map(|link| (link.from, link.to)).collect();
    let forward: Vec<usize> = (0..links.len()).filter(|n| !links[*n].back).collect();
    let wanted: Vec<(usize, usize)> = forward.iter().map(|n| pairs[*n]).collect();
    let mut links = links.to_vec();
    for n in cycles::closing(sizes.len(), &wanted, &[]) {
        links[forward[n]].back = true;
    }
    let layers = layers::Layers::of(sizes.len(), &links);
    let rows = order::rows(&layers);
    let xs = place::places(&layers, &rows, sizes);
    route::routed(&layers, &rows, &xs, sizes, &links)
}
