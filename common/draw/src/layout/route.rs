//! How the lines run, and how high everything stands.
//!
//! A line leaves at the bottom of a box and arrives at the top of one, and crosses layers between what
//! stands there. One that leads back runs around everything, on the nearer side, in a lane of its own.

use super::layers::Layers;
use super::{Layout, Link, Path, Point, Size};

/// Between two layers, at least and at most: the further lines run to the side, the more.
const GAP: f64 = 24.0;
const WIDEST_GAP: f64 = 64.0;
const GAP_PER_SIDE: f64 = 0.07;

/// From the boxes to the first lane, and from lane to lane.
const TO_LANES: f64 = 20.0;
const LANE: f64 = 12.0;

struct Router<'a> {
    layers: &'a Layers,
    sizes: &'a [Size],
    xs: &'a [f64],
    /// Top and bottom of each layer.
    bands: Vec<(f64, f64)>,
    /// How far each layer reaches to the left and to the right.
    sides: Vec<(f64, f64)>,
}

/// The side and lane of a link that leads back.
#[derive(Clone, Copy)]
struct Lane {
    left: bool,
    /// From 1, outwards.
    number: usize,
    /// How far to the side what it goes around stands.
    beside: f64,
}

impl Lane {
    fn x(&self) -> f64 {
        let out = TO_LANES + LANE * self.number as f64;
        self.beside + if self.left { -out } else { out }
    }
}

/// Everything in its place.
pub(super) fn routed(
    layers: &Layers,
    rows: &[Vec<usize>],
    xs: &[f64],
    sizes: &[Size],
    links: &[Link],
) -> Layout {
    let back = links.iter().any(|link| link.back);
    let router = Router {
        layers,
        sizes,
        xs,
        bands: bands(layers, rows, xs, sizes, back),
        sides: sides(rows, xs, sizes),
    };
    let lanes = router.lanes(links);
    let paths: Vec<Path> = links
        .iter()
        .zip(&lanes)
        .enumerate()
        .map(|(n, (link, lane))| match lane {
            None => router.down(n, link),
            Some(lane) => router.around(link, *lane),
        })
        .collect();
    let boxes = (0..sizes.len()).map(|n| router.middle(n)).collect();
    let margin = if back { GAP } else { 0.0 };
    let height = router.bands.last().map_or(0.0, |band| band.1) + margin;
    let reach = router.reach(0, layers.count);
    moved(boxes, paths, reach, height)
}

/// The same with nothing to the left of 0, and how wide it is.
fn moved(mut boxes: Vec<Point>, mut paths: Vec<Path>, reach: (f64, f64), height: f64) -> Layout {
    let points = paths.iter().flat_map(|path| &path.points);
    let (low, high) = points.fold(reach, |(low, high), point| {
        (low.min(point.x), high.max(point.x))
    });
    let lines = paths.iter_mut().flat_map(|path| &mut path.points);
    for point in boxes.iter_mut().chain(lines) {
        point.x -= low;
    }
    Layout {
        size: Size {
            width: high - low,
            height,
        },
        boxes,
        paths,
    }
}

/// How far each layer reaches to the left and to the right.
fn sides(rows: &[Vec<usize>], xs: &[f64], sizes: &[Size]) -> Vec<(f64, f64)> {
    rows.iter()
        .map(|row| {
            row.iter()
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), vertex| {
                    let half = sizes.get(*vertex).map_or(0.0, |size| size.width / 2.0);
                    (low.min(xs[*vertex] - half), high.max(xs[*vertex] + half))
                })
        })
        .collect()
}

/// Top and bottom of each layer. Where lines lead back, there is room above the first.
fn bands(
    layers: &Layers,
    rows: &[Vec<usize>],
    xs: &[f64],
    sizes: &[Size],
    margin: bool,
) -> Vec<(f64, f64)> {
    let mut bands = Vec::with_capacity(rows.len());
    let mut y = if margin { GAP } else { 0.0 };
    for row in rows {
        let height = |vertex: &usize| sizes.get(*vertex).map_or(0.0, |size| size.height);
        let tallest = row.iter().map(height).fold(0.0, f64::max);
        bands.push((y, y + tallest));
        let aside = row.iter().flat_map(|upper| {
            let below = layers.below[*upper].iter();
            below.map(|lower| (xs[*upper] - xs[*lower]).abs())
        });
        let aside = aside.fold(0.0, f64::max);
        // A layer of bends alone needs no room of its own.
        let gap = if tallest > 0.0 { GAP } else { GAP / 2.0 };
        y += tallest + (gap + aside * GAP_PER_SIDE).min(WIDEST_GAP);
    }
    bands
}

impl Router<'_> {
    /// How far those layers reach to the left and to the right; nowhere if there are none.
    fn reach(&self, first: usize, end: usize) -> (f64, f64) {
        let none = (f64::INFINITY, f64::NEG_INFINITY);
        let (low, high) = self.sides[first..end]
            .iter()
            .fold(none, |all, one| (all.0.min(one.0), all.1.max(one.1)));
        if low <= high { (low, high) } else { (0.0, 0.0) }
    }

    /// The lane of each link that leads back, on the side that is nearer. Links that pass the same
    /// layers have different lanes.
    fn lanes(&self, links: &[Link]) -> Vec<Option<Lane>> {
        let mut lanes = vec![None; links.len()];
        // The lowest layer at which each lane of a side is taken so far.
        let mut taken: [Vec<usize>; 2] = [Vec::new(), Vec::new()];
        let passed = |n: usize| {
            let layer = |vertex: usize| self.layers.layer[vertex];
            let (a, b) = (layer(links[n].from), layer(links[n].to));
            (a.min(b), a.max(b))
        };
        let mut back: Vec<usize> = (0..links.len()).filter(|n| links[*n].back).collect();
        back.sort_by_key(|n| (passed(*n), *n));
        for n in back {
            let (top, bottom) = passed(n);
            let (low, high) = self.reach(top, bottom + 1);
            let ends = self.xs[links[n].from] + self.xs[links[n].to];
            let left = ends < low + high - 1.0;
            let side = &mut taken[usize::from(!left)];
            let free = side.iter().position(|until| *until < top);
            let number = free.unwrap_or_else(|| {
                side.push(bottom);
                side.len() - 1
            });
            side[number] = bottom;
            lanes[n] = Some(Lane {
                left,
                number: number + 1,
                beside: if left { low } else { high },
            });
        }
        lanes
    }

    fn middle(&self, vertex: usize) -> Point {
        let (top, bottom) = self.bands[self.layers.layer[vertex]];
        Point {
            x: self.xs[vertex],
            y: (top + bottom) / 2.0,
        }
    }

    /// Out of the bottom of a box, to the end of its layer.
    fn out(&self, vertex: usize) -> [Point; 2] {
        let middle = self.middle(vertex);
        let (_, bottom) = self.bands[self.layers.layer[vertex]];
        let own = middle.y + self.sizes[vertex].height / 2.0;
        [
            Point { y: own, ..middle },
            Point {
                y: bottom,
                ..middle
            },
        ]
    }

    /// From the beginning of its layer into the top of a box.
    fn into(&self, vertex: usize) -> [Point; 2] {
        let middle = self.middle(vertex);
        let (top, _) = self.bands[self.layers.layer[vertex]];
        let own = middle.y - self.sizes[vertex].height / 2.0;
        [Point { y: top, ..middle }, Point { y: own, ..middle }]
    }

    fn down(&self, n: usize, link: &Link) -> Path {
        let way = &self.layers.ways[n];
        let mut points = self.out(link.from).to_vec();
        for bend in &way.bends {
            let (top, bottom) = self.bands[self.layers.layer[*bend]];
            let x = self.xs[*bend];
            points.push(Point { x, y: top });
            points.push(Point { x, y: bottom });
        }
        if way.arrives {
            points.extend(self.into(link.to));
        }
        points.dedup();
        Path {
            points,
            around: false,
            arrives: way.arrives,
        }
    }

    fn around(&self, link: &Link, lane: Lane) -> Path {
        let x = lane.x();
        let [start, out] = self.out(link.from);
        let [into, end] = self.into(link.to);
        // Lines beside each other turn at heights of their own.
        let aside = 8.0 + 3.0 * (lane.number % 4) as f64;
        let (low, high) = (out.y + aside.min(GAP - 6.0), into.y - aside.min(GAP - 6.0));
        let points = vec![
            start,
            Point { x: start.x, y: low },
            Point { x, y: low },
            Point { x, y: high },
            Point { x: end.x, y: high },
            end,
        ];
        Path {
            points,
            around: true,
            arrives: true,
        }
    }
}
