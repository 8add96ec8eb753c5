//! The branches of a `decision`, in fewer words than the conditions that they became.
//!
//! Owns the way back from `succeeded() and not (<those before>) and (<its own>)` to the branch's own
//! condition, and to `otherwise` for the default. A condition that is not exactly of that form is
//! shown as it is: there is nothing to be wrong about.

use super::build::written;
use attune_flow::program::Transition;

/// How many conditions the checker puts into one row.
const ROW: usize = 12;

/// A label for each transition that came from a branch of a decision of at least two.
pub(super) fn labels(transitions: &[Transition]) -> Vec<Option<String>> {
    let conditions: Vec<Option<String>> = transitions
        .iter()
        .map(|transition| transition.when.as_ref().map(written))
        .collect();
    let mut before: Vec<String> = Vec::new();
    let mut labels = vec![None; conditions.len()];
    let mut branches = 0;
    for (condition, label) in conditions.iter().zip(&mut labels) {
        let Some(rest) = condition.as_deref().and_then(|text| after(text, &before)) else {
            continue;
        };
        if rest.is_empty() && !before.is_empty() {
            *label = Some("otherwise".to_owned());
            branches += 1;
        } else if let Some(own) = rest.strip_prefix(" and ").filter(|own| is_bracketed(own)) {
            *label = Some(own[1..own.len() - 1].to_owned());
            before.push(own.to_owned());
            branches += 1;
        }
    }
    // A single condition of that form may be somebody's own.
    if branches < 2 {
        labels.fill(None);
    }
    labels
}

/// What follows in a branch's condition after what it says of those before.
fn after<'a>(text: &'a str, before: &[String]) -> Option<&'a str> {
    let rest = text.strip_prefix("succeeded()")?;
    if before.is_empty() {
        return Some(rest);
    }
    rest.strip_prefix(&format!(" and not ({})", any_of(before)))
}

/// The conditions joined as the checker joins them.
fn any_of(parts: &[String]) -> String {
    if parts.len() <= ROW {
        return parts.join(" or ");
    }
    let groups: Vec<String> = parts
        .chunks(ROW)
        .map(|group| format!("({})", group.join(" or ")))
        .collect();
    groups.join(" or ")
}

/// Whether the bracket that it begins with is the one that it ends with.
fn is_bracketed(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1 == text.len() && text.starts_with('(');
                }
            }
            _ => {}
        }
        if depth == 0 {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_are_told_apart() {
        assert!(is_bracketed("(a)"));
        assert!(is_bracketed("((a) or (b))"));
        assert!(is_bracketed("(a == ')')"));
        assert!(!is_bracketed("(a) or (b)"));
        assert!(!is_bracketed("a"));
        assert!(!is_bracketed("(a"));
    }
}
