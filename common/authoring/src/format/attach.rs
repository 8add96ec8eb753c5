//! Which comment belongs to what.
//!
//! Owns the rules: a comment at the end of a line belongs to the entry on that line; one on a line of
//! its own to the entry below, or, where that stands further left, to the entry above it. Comments at
//! the top that a blank line sets apart are about the file. Never drops a comment.

use super::tree::{Notes, Remark};
use attune_pack::yaml::Comment;

/// Where an entry or item begins.
pub(super) struct Place {
    pub(super) offset: usize,
    pub(super) line: usize,
    pub(super) column: usize,
    /// Whether it stands within brackets or braces.
    pub(super) flow: bool,
    /// Whether it begins where the item that holds it begins.
    pub(super) nested: bool,
}

/// The comments about the file, and what stands around each of the places.
pub(super) fn attach(
    text: &str,
    comments: &[Comment],
    places: &[Place],
) -> (Vec<Remark>, Vec<Notes>) {
    let blank: Vec<bool> = text.lines().map(|line| line.trim().is_empty()).collect();
    // Lines count from 1; this asks for the one above.
    let gap = |line: usize| line >= 2 && blank.get(line - 2).copied().unwrap_or(false);
    let mut notes: Vec<Notes> = places
        .iter()
        .map(|place| Notes {
            gap: !place.nested && !place.flow && gap(place.line),
            ..Notes::default()
        })
        .collect();
    let mut ordered: Vec<usize> = (0..places.len()).filter(|at| !places[*at].flow).collect();
    // Stable: of two that begin together the outer one stays first.
    ordered.sort_by_key(|at| places[*at].offset);
    let mut homeless = Vec::new();
    for comment in comments {
        let remark = Remark {
            gap: comment.own_line && gap(comment.span.line),
            text: comment.text.clone(),
        };
        let split = ordered.partition_point(|at| places[*at].offset < comment.span.offset);
        let above = &ordered[..split];
        let below = ordered.get(split).copied();
        if comment.own_line {
            match home(comment, above, below, places) {
                Some(Home::Above(at)) => notes[at].foot.push(remark),
                Some(Home::Below(at)) => notes[at].lead.push(remark),
                None => homeless.push(remark),
            }
            continue;
        }
        match above.last().copied() {
            Some(at) if notes[at].tail.is_none() => notes[at].tail = Some(remark.text),
            Some(at) => notes[at].foot.push(remark),
            None => homeless.push(remark),
        }
    }
    let head = match ordered.first() {
        Some(first) => {
            let mut head = head(&mut notes[*first]);
            head.extend(homeless);
            head
        }
        None => homeless,
    };
    (head, notes)
}

enum Home {
    Above(usize),
    Below(usize),
}

fn home(
    comment: &Comment,
    above: &[usize],
    below: Option<usize>,
    places: &[Place],
) -> Option<Home> {
    let column = comment.span.column;
    if let Some(below) = below
        && places[below].column >= column
    {
        return Some(Home::Below(below));
    }
    let left = below.map_or(0, |below| places[below].column);
    let owner = above
        .iter()
        .rev()
        .copied()
        .find(|at| places[*at].column <= column && places[*at].column > left);
    owner.map(Home::Above).or(below.map(Home::Below))
}

/// Takes what is about the file from above its first entry.
fn head(first: &mut Notes) -> Vec<Remark> {
    let apart = |at: usize| match first.lead.get(at + 1) {
        Some(next) => next.gap,
        None => first.gap,
    };
    let editor = |at: usize| first.lead[at].text.starts_with("# yaml-language-server:");
    let ends = (0..first.lead.len())
        .rev()
        .find(|at| apart(*at) || editor(*at));
    let head = match ends {
        Some(last) => first.lead.drain(..=last).collect(),
        None => Vec::new(),
    };
    // The first entry has nothing above it now.
    if first.lead.is_empty() {
        first.gap = false;
    }
    head
}
