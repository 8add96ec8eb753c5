//! In which order the vertices of a layer stand, so that few lines cross.
//!
//! Begins with the order of a walk in depth, then moves each vertex to the mean place of those that it
//! is linked to, layer by layer, downwards and upwards in turn, and keeps the best order seen.

use super::layers::Layers;

/// How often all layers are gone through, at most.
const SWEEPS: usize = 12;

/// How many sweeps without a better order end it.
const PATIENCE: usize = 4;

/// The vertices of each layer, from the left to the right.
pub(super) fn rows(layers: &Layers) -> Vec<Vec<usize>> {
    let mut rows = walked(layers);
    let mut place = vec![0; layers.layer.len()];
    number(&rows, &mut place);
    let mut best = (crossings(&rows, &place, layers), rows.clone());
    let mut worse = 0;
    for sweep in 0..SWEEPS {
        if best.0 == 0 || worse >= PATIENCE {
            break;
        }
        let down = sweep % 2 == 0;
        let linked = if down { &layers.above } else { &layers.below };
        for step in 0..rows.len() {
            let at = if down { step } else { rows.len() - 1 - step };
            sort(&mut rows[at], linked, &place);
            for (n, vertex) in rows[at].iter().enumerate() {
                place[*vertex] = n;
            }
        }
        let found = crossings(&rows, &place, layers);
        if found < best.0 {
            best = (found, rows.clone());
            worse = 0;
        } else {
            worse += 1;
        }
    }
    best.1
}

/// The order in which a walk in depth comes by.
fn walked(layers: &Layers) -> Vec<Vec<usize>> {
    let mut rows = vec![Vec::new(); layers.count];
    let mut seen = vec![false; layers.layer.len()];
    for start in 0..layers.boxes {
        if seen[start] || !layers.above[start].is_empty() {
            continue;
        }
        seen[start] = true;
        rows[layers.layer[start]].push(start);
        let mut path = vec![(start, 0)];
        while let Some((at, next)) = path.last_mut() {
            let Some(to) = layers.below[*at].get(*next).copied() else {
                path.pop();
                continue;
            };
            *next += 1;
            if !std::mem::replace(&mut seen[to], true) {
                rows[layers.layer[to]].push(to);
                path.push((to, 0));
            }
        }
    }
    rows
}

fn number(rows: &[Vec<usize>], place: &mut [usize]) {
    for row in rows {
        for (n, vertex) in row.iter().enumerate() {
            place[*vertex] = n;
        }
    }
}

/// By the mean place of what each is linked to; one that is linked to nothing stays about where it is.
fn sort(row: &mut [usize], linked: &[Vec<usize>], place: &[usize]) {
    let mean = |vertex: usize| {
        let others = &linked[vertex];
        if others.is_empty() {
            return place[vertex] as f64;
        }
        let sum: usize = others.iter().map(|other| place[*other]).sum();
        sum as f64 / others.len() as f64
    };
    row.sort_by(|a, b| mean(*a).total_cmp(&mean(*b)));
}

/// How many pairs of lines cross.
fn crossings(rows: &[Vec<usize>], place: &[usize], layers: &Layers) -> u64 {
    let mut sum = 0;
    for (upper, lower) in rows.iter().zip(rows.iter().skip(1)) {
        let mut ends = Vec::new();
        for vertex in upper {
            let from = ends.len();
            ends.extend(layers.below[*vertex].iter().map(|to| place[*to]));
            ends[from..].sort_unstable();
        }
        sum += inversions(&ends, lower.len());
    }
    sum
}

/// How many pairs stand the wrong way round, by a tree of counts.
fn inversions(values: &[usize], bound: usize) -> u64 {
    let mut counts = vec![0_u64; bound + 1];
    let mut sum = 0;
    for (seen, value) in (0_u64..).zip(values) {
        let mut not_greater = 0;
        let mut at = value + 1;
        while at > 0 {
            not_greater += counts[at];
            at &= at - 1;
        }
        sum += seen - not_greater;
        let mut at = value + 1;
        while at <= bound {
            counts[at] += 1;
            at += at & at.wrapping_neg();
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Link;

    #[test]
    fn pairs_the_wrong_way_round_are_counted() {
        assert_eq!(inversions(&[0, 1, 2], 3), 0);
        assert_eq!(inversions(&[2, 1, 0], 3), 3);
        assert_eq!(inversions(&[1, 1, 0], 2), 2);
    }

    #[test]
    fn lines_that_need_not_cross_do_not() {
        // Two roots, whose children were named crosswise.
        let link = |from, to| Link {
            from,
            to,
            span: 1,
            back: false,
        };
        let layers = Layers::of(4, &[link(0, 3), link(1, 2), link(1, 3)]);
        let rows = rows(&layers);
        let mut place = vec![0; 4];
        number(&rows, &mut place);
        assert_eq!(crossings(&rows, &place, &layers), 0, "{rows:?}");
    }
}
