//! How far to the right each vertex stands.
//!
//! Each vertex wants to stand at the mean of those that it is linked to; the order within its layer and
//! the distances are kept. The best answer for one layer is found exactly, by joining neighbours that
//! push each other into blocks. Going through the layers some times up and down makes lines straight.

use super::Size;
use super::layers::Layers;

/// How often all layers are gone through.
const SWEEPS: usize = 24;

/// Between two boxes; between lines, or a line and a box.
const BOX_GAP: f64 = 30.0;
const LINE_GAP: f64 = 16.0;

/// The middle of each vertex.
pub(super) fn places(layers: &Layers, rows: &[Vec<usize>], sizes: &[Size]) -> Vec<f64> {
    let mut xs = vec![0.0; layers.layer.len()];
    for row in rows {
        let mut x = 0.0;
        for (n, vertex) in row.iter().enumerate() {
            if n > 0 {
                x += distance(layers, sizes, row[n - 1], *vertex);
            }
            xs[*vertex] = x;
        }
        // All layers begin around one line.
        row.iter().for_each(|vertex| xs[*vertex] -= x / 2.0);
    }
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        for step in 0..rows.len() {
            let at = if down { step } else { rows.len() - 1 - step };
            let both = sweep + 2 >= SWEEPS;
            settle(
                layers,
                &rows[at],
                sizes,
                (down || both, !down || both),
                &mut xs,
            );
        }
    }
    xs
}

fn distance(layers: &Layers, sizes: &[Size], left: usize, right: usize) -> f64 {
    let half = |vertex: usize| sizes.get(vertex).map_or(0.0, |size| size.width / 2.0);
    let lines = layers.is_bend(left) || layers.is_bend(right);
    half(left) + half(right) + if lines { LINE_GAP } else { BOX_GAP }
}

/// Neighbours that push each other, and so stand together.
struct Block {
    /// Where its first stands, if it had all to itself, times its weight.
    sum: f64,
    weight: f64,
    count: usize,
}

impl Block {
    fn at(&self) -> f64 {
        self.sum / self.weight
    }
}

/// Puts one layer where its vertices want to be. `sides` tells whether those above and those below
/// count.
fn settle(layers: &Layers, row: &[usize], sizes: &[Size], sides: (bool, bool), xs: &mut [f64]) {
    let mut blocks: Vec<Block> = Vec::new();
    let mut offsets = Vec::with_capacity(row.len());
    let mut offset = 0.0;
    for (n, vertex) in row.iter().enumerate() {
        if n > 0 {
            offset += distance(layers, sizes, row[n - 1], *vertex);
        }
        offsets.push(offset);
        let (want, weight) = wish(layers, *vertex, sides, xs);
        let mut block = Block {
            sum: (want - offset) * weight,
            weight,
            count: 1,
        };
        while let Some(last) = blocks.last().filter(|last| last.at() > block.at()) {
            block.sum += last.sum;
            block.weight += last.weight;
            block.count += last.count;
            blocks.pop();
        }
        blocks.push(block);
    }
    let mut n = 0;
    for block in blocks {
        for _ in 0..block.count {
            xs[row[n]] = block.at() + offsets[n];
            n += 1;
        }
    }
}

/// Where a vertex wants to be, and how much. Lines across layers are to be straight before all.
fn wish(layers: &Layers, vertex: usize, sides: (bool, bool), xs: &[f64]) -> (f64, f64) {
    let own_bend = layers.is_bend(vertex);
    let mut sum = 0.0;
    let mut weight = 0.0;
    let above = layers.above[vertex].iter().filter(|_| sides.0);
    let below = layers.below[vertex].iter().filter(|_| sides.1);
    for other in above.chain(below) {
        let part = match (own_bend, layers.is_bend(*other)) {
            (true, true) => 8.0,
            (false, false) => 1.0,
            _ => 2.0,
        };
        sum += xs[*other] * part;
        weight += part;
    }
    if weight == 0.0 {
        return (xs[vertex], 0.1);
    }
    (sum / weight, weight)
}
