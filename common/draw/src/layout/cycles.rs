//! Which links close a cycle.
//!
//! There are many ways to take the cycles out of a graph. Two are tried: a walk in depth, for which a
//! link leads back if it leads to where the walk is still inside of; and the order of the nodes, which
//! is the order in which an author wrote them, for which a link of a cycle leads back if it leads
//! upwards. The smaller answer is taken, and with equal ones the author's order. Nothing here recurses,
//! since a graph may be deep.

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    Inside,
    Done,
}

/// The numbers of those links, rising; what is left has no cycle. The walk begins at `first`, in that
/// order.
pub(crate) fn closing(nodes: usize, links: &[(usize, usize)], first: &[usize]) -> Vec<usize> {
    let (walked, ended) = walk(nodes, links, first);
    if walked.is_empty() {
        return walked;
    }
    let cycle = cycles(nodes, links, &ended);
    let upwards: Vec<usize> = (0..links.len())
        .filter(|n| {
            let (from, to) = links[*n];
            to <= from && cycle[from] == cycle[to]
        })
        .collect();
    if upwards.len() <= walked.len() {
        upwards
    } else {
        walked
    }
}

/// The links that lead to where the walk is still inside of, and the nodes in the order in which it
/// came out of them.
fn walk(nodes: usize, links: &[(usize, usize)], first: &[usize]) -> (Vec<usize>, Vec<usize>) {
    let mut leaving: Vec<Vec<(usize, usize)>> = vec![Vec::new(); nodes];
    let mut entered = vec![false; nodes];
    for (n, (from, to)) in links.iter().enumerate() {
        leaving[*from].push((n, *to));
        entered[*to] = true;
    }
    let sources = (0..nodes).filter(|n| !entered[*n]);
    let starts: Vec<usize> = first
        .iter()
        .copied()
        .chain(sources)
        .chain(0..nodes)
        .collect();
    let mut state = vec![State::New; nodes];
    let (mut closing, mut ended) = (Vec::new(), Vec::new());
    for start in starts {
        if state[start] != State::New {
            continue;
        }
        state[start] = State::Inside;
        let mut path = vec![(start, 0)];
        while let Some((node, next)) = path.last_mut() {
            let Some((link, to)) = leaving[*node].get(*next).copied() else {
                state[*node] = State::Done;
                ended.push(*node);
                path.pop();
                continue;
            };
            *next += 1;
            match state[to] {
                State::New => {
                    state[to] = State::Inside;
                    path.push((to, 0));
                }
                State::Inside => closing.push(link),
                State::Done => {}
            }
        }
    }
    closing.sort_unstable();
    (closing, ended)
}

/// For each node a number that it shares with those it is on a cycle with: going against the links
/// from the node that a walk came out of last finds exactly those.
fn cycles(nodes: usize, links: &[(usize, usize)], ended: &[usize]) -> Vec<usize> {
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); nodes];
    for (from, to) in links {
        before[*to].push(*from);
    }
    let mut cycle = vec![usize::MAX; nodes];
    for root in ended.iter().rev() {
        let mut todo = vec![*root];
        while let Some(node) = todo.pop() {
            if cycle[node] == usize::MAX {
                cycle[node] = *root;
                todo.extend(&before[node]);
            }
        }
    }
    cycle
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_is_closed_by_its_last_link() {
        assert_eq!(closing(3, &[(0, 1), (1, 2), (2, 1)], &[]), [2]);
        assert_eq!(closing(2, &[(0, 0), (0, 1)], &[]), [0]);
        assert!(closing(4, &[(0, 1), (0, 2), (1, 3), (2, 3)], &[]).is_empty());
    }

    #[test]
    fn the_order_of_the_nodes_decides_between_equals() {
        // A walk comes to 3 by way of 1, 4 and 5, and would take the link from 3 to 4.
        let links = [(0, 1), (0, 3), (1, 4), (4, 5), (5, 3), (3, 4)];
        assert_eq!(closing(6, &links, &[0]), [4]);
    }

    #[test]
    fn an_order_against_all_links_is_not_followed() {
        let links = [(4, 3), (3, 2), (2, 1), (1, 4), (0, 4)];
        assert_eq!(closing(5, &links, &[0]), [3]);
    }
}
