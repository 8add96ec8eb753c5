//! Long lists of tasks in the words of people.
//!
//! Pure text: a loop of ten thousand laps is told by its first laps, its last, and how many there are.

/// Names that are told one by one before the rest is counted.
const FIRST: usize = 30;
/// Names that are told at the end.
const LAST: usize = 5;

/// Names with a separator between them. What is repeated at once is counted, and of many only the first
/// and the last ones are told.
pub fn told(names: &[String], between: &str) -> String {
    let mut groups: Vec<(&str, usize)> = Vec::new();
    for name in names {
        match groups.last_mut() {
            Some((last, count)) if *last == name => *count += 1,
            _ => groups.push((name, 1)),
        }
    }
    let text = |(name, count): &(&str, usize)| match count {
        1 => vec![(*name).to_owned()],
        2 => vec![(*name).to_owned(); 2],
        many => vec![format!("{name} ({many} times)")],
    };
    if groups.len() <= FIRST + LAST {
        let all: Vec<String> = groups.iter().flat_map(text).collect();
        return all.join(between);
    }
    let (first, rest) = groups.split_at(FIRST);
    let (left_out, last) = rest.split_at(rest.len() - LAST);
    let count: usize = left_out.iter().map(|(_, count)| count).sum();
    let mut all: Vec<String> = first.iter().flat_map(text).collect();
    all.push(format!("... {count} more ..."));
    all.extend(last.iter().flat_map(text));
    all.join(between)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_few_are_told_whole_and_repetitions_are_counted() {
        assert_eq!(told(&[], ", "), "");
        assert_eq!(told(&names("a b b c"), " -> "), "a -> b -> b -> c");
        assert_eq!(told(&names("a b b b c"), ", "), "a, b (3 times), c");
    }

    #[test]
    fn of_many_the_first_and_the_last_are_told() {
        let laps: Vec<String> = (0..10_000)
            .map(|n| if n % 2 == 0 { "a" } else { "b" }.to_owned())
            .collect();
        let text = told(&laps, ", ");
        assert!(text.starts_with("a, b, a, b, "), "{text}");
        assert!(
            text.ends_with(", ... 9965 more ..., b, a, b, a, b"),
            "{text}"
        );
    }
}
