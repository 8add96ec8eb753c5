//! Labels of workers and the selectors of tasks: what may stand in them, and when they match.

use std::collections::BTreeMap;

/// Names and values: `gpu: a100`.
pub type Labels = BTreeMap<String, String>;

/// The longest name or value in bytes.
const MOST: usize = 63;

/// Whether a text may be the name or the value of a label: up to 63 letters, digits, `.`, `_`, `-`
/// and `/`.
pub fn is_label(text: &str) -> bool {
    (1..=MOST).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte))
}

/// Whether a worker with these labels is one that the selector asks for: it has all of them.
pub fn selects(selector: &Labels, labels: &Labels) -> bool {
    selector
        .iter()
        .all(|(name, value)| labels.get(name) == Some(value))
}

/// Labels as people write them: `gpu=a100, region=eu`.
pub fn labels_text(labels: &Labels) -> String {
    let all: Vec<String> = labels
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn a_selector_needs_all_of_its_labels() {
        let worker = labels(&[("gpu", "a100"), ("zone", "eu")]);
        assert!(selects(&labels(&[]), &worker));
        assert!(selects(&labels(&[("gpu", "a100")]), &worker));
        assert!(!selects(&labels(&[("gpu", "h100")]), &worker));
        assert!(!selects(
            &labels(&[("gpu", "a100"), ("disk", "ssd")]),
            &worker
        ));
        assert!(!selects(&labels(&[("gpu", "a100")]), &labels(&[])));
        assert_eq!(labels_text(&worker), "gpu=a100, zone=eu");
    }

    #[test]
    fn what_may_stand_in_a_label() {
        for good in ["gpu", "a100", "node.io/zone", "1", "a_b-c"] {
            assert!(is_label(good), "{good}");
        }
        let long = "x".repeat(64);
        for bad in ["", "a b", "a=b", "a,b", "ä", "{{ x }}", long.as_str()] {
            assert!(!is_label(bad), "{bad}");
        }
    }
}
