//! Reading a file behind its syntax errors.
//!
//! An error that lies within one value is reported, the value taken for a text of the same length (so
//! that every place stays right), and the file read again. Any other one ends the reading, with what
//! was found until then. Owns that loop; called by [`super::read`].

use super::Reading;
use super::build::{Once, once};
use crate::diagnostic::Diagnostics;
use std::collections::BTreeSet;

/// How many syntax errors of one file are looked behind.
const MOST_REPAIRS: usize = 20;

/// Reads the only document of `text`.
pub(super) fn document(file: &str, text: &str) -> Reading {
    let mut mended = text.to_owned();
    let mut told = Diagnostics::new();
    let mut silent = BTreeSet::new();
    for _ in 0..=MOST_REPAIRS {
        let Once {
            root,
            found,
            silent: mut lines,
            stop,
        } = once(file, text, &mended);
        let Some(stop) = stop else {
            silent.append(&mut lines);
            told.extend(found);
            return Reading {
                root,
                found: told,
                silent,
            };
        };
        let line = stop.diagnostic.span.map_or(0, |span| span.line);
        let new = silent.insert(line);
        // A second error of a line is not told, but gone behind all the same.
        let repair = stop
            .repair
            .filter(|range| mended.get(range.clone()).is_some());
        if new {
            told.push(stop.diagnostic);
        }
        let Some(range) = repair else {
            // Of the readings before, what was found is found again by the last one.
            told.extend(found);
            silent.append(&mut lines);
            return Reading {
                root,
                found: told,
                silent,
            };
        };
        mended.replace_range(range.clone(), &stand_in(range.len()));
    }
    Reading {
        root: None,
        found: told,
        silent,
    }
}

/// Text in quotes, of so many bytes.
fn stand_in(len: usize) -> String {
    match len {
        0 | 1 => "x".repeat(len),
        _ => format!("\"{}\"", "x".repeat(len - 2)),
    }
}
