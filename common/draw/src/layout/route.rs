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
    xs: Vec<f64>,
    /// Top and bottom of each layer.
    bands: Vec<(f64, f64)>,
}

/// Everything in its place.
pub(super) fn routed(
    layers: &Layers,
    rows: &[Vec<usize>],
    xs: &[f64],
    sizes: &[Size],
    links: &[Link],
) -> Layout {
    let (lanes, left, right) = lanes(layers, xs, sizes, links);
    let edge = |sign: f64| {
        let far = (0..sizes.len()).map(|n| sign * xs[n] + sizes[n].width / 2.0);
        let bends = xs.iter().skip(sizes.len()).map(|x| sign * x);
        far.chain(bends).fold(f64::NEG_INFINITY, f64::max)
    };
    let (mut low, mut high) = (-edge(-1.0), edge(1.0));
    if sizes.is_empty() {
        (low, high) = (0.0, 0.0);
    }
    let room = |count: usize| match count {
        0 => 0.0,
        some => TO_LANES + LANE * some as f64,
    };
    let shift = room(left) - low;
    let width = high - low + room(left) + room(right);
    let router = Router {
        layers,
        sizes,
        xs: xs.iter().map(|x| x + shift).collect(),
        bands: bands(layers, rows, xs, sizes, left + right > 0),
    };
    let (low, high) = (low + shift, high + shift);
    let paths = links
        .iter()
        .zip(&lanes)
        .enumerate()
        .map(|(n, (link, lane))| match lane {
            None => router.down(n, link),
            Some((true, lane)) => router.around(link, low - TO_LANES - LANE * *lane as f64, *lane),
            Some((false, lane)) => {
                router.around(link, high + TO_LANES + LANE * *lane as f64, *lane)
            }
        })
        .collect();
    let margin = if left + right > 0 { GAP } else { 0.0 };
    let height = router.bands.last().map_or(0.0, |band| band.1) + margin;
    Layout {
        size: Size { width, height },
        boxes: (0..sizes.len()).map(|n| router.middle(n)).collect(),
        paths,
    }
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

/// For each link that leads back its side (left?) and lane, from 1; and how many lanes each side has.
/// Links that pass the same layers have different lanes.
fn lanes(
    layers: &Layers,
    xs: &[f64],
    sizes: &[Size],
    links: &[Link],
) -> (Vec<Option<(bool, usize)>>, usize, usize) {
    let all = || (0..sizes.len()).map(|n| xs[n]);
    let middle =
        (all().fold(f64::INFINITY, f64::min) + all().fold(f64::NEG_INFINITY, f64::max)) / 2.0;
    let mut lanes = vec![None; links.len()];
    // The lowest layer at which each lane of a side is taken so far.
    let mut taken: [Vec<usize>; 2] = [Vec::new(), Vec::new()];
    let mut back: Vec<usize> = (0..links.len()).filter(|n| links[*n].back).collect();
    let reach = |n: usize| {
        let (a, b) = (layers.layer[links[n].from], layers.layer[links[n].to]);
        (a.min(b), a.max(b))
    };
    back.sort_by_key(|n| (reach(*n), *n));
    for n in back {
        let link = &links[n];
        let left = xs[link.from] + xs[link.to] < 2.0 * middle - 1.0;
        let side = &mut taken[usize::from(!left)];
        let (top, bottom) = reach(n);
        let lane = match side.iter().position(|until| *until < top) {
            Some(free) => {
                side[free] = bottom;
                free
            }
            None => {
                side.push(bottom);
                side.len() - 1
            }
        };
        lanes[n] = Some((left, lane + 1));
    }
    (lanes, taken[0].len(), taken[1].len())
}

impl Router<'_> {
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

    fn around(&self, link: &Link, x: f64, lane: usize) -> Path {
        let [start, out] = self.out(link.from);
        let [into, end] = self.into(link.to);
        // Lines beside each other turn at heights of their own.
        let aside = 8.0 + 3.0 * (lane % 4) as f64;
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
