//! "Did you mean": the nearest known name by edit distance.
//!
//! Pure text. Called wherever a name is looked up and not found. Without a near name the answer is
//! `None`: a far-fetched suggestion is worse than none.

/// The candidate nearest to `name`, if one is near enough to be a likely slip of the keys.
pub fn suggest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = name.to_lowercase().chars().take(64).collect();
    let allowed = match wanted.len() {
        0..=2 => 1,
        3..=5 => 2,
        _ => 3,
    };
    candidates
        .into_iter()
        .filter(|candidate| *candidate != name)
        .map(|candidate| (distance(&wanted, candidate), candidate))
        .filter(|(cost, candidate)| {
            // A change of every letter is no slip.
            *cost <= allowed && *cost < candidate.chars().count().max(wanted.len())
        })
        .min_by_key(|(cost, _)| *cost)
        .map(|(_, candidate)| candidate)
}

/// Optimal string alignment: insertions, deletions, replacements and swaps of neighbours.
fn distance(a: &[char], b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().take(64).collect();
    let width = b.len() + 1;
    let mut before: Vec<usize> = vec![0; width];
    let mut last: Vec<usize> = (0..width).collect();
    for (i, from) in a.iter().enumerate() {
        let mut row = vec![i + 1; width];
        for (j, to) in b.iter().enumerate() {
            let replaced = last[j] + usize::from(from != to);
            let mut cost = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            let swapped = i > 0 && j > 0 && *from == b[j - 1] && a[i - 1] == *to;
            if swapped {
                cost = cost.min(before[j - 1] + 1);
            }
            row[j + 1] = cost;
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_refuses_the_far_fetched() {
        let known = ["name", "greeting", "entry_point", "runner"];
        assert_eq!(suggest("nmae", known), Some("name"));
        assert_eq!(suggest("runer", known), Some("runner"));
        assert_eq!(suggest("entrypoint", known), Some("entry_point"));
        assert_eq!(suggest("Name", known), Some("name"));
        assert_eq!(suggest("colour", known), None);
        assert_eq!(suggest("", known), None);
    }
}
