//! How a run is shown while it goes: redrawn on a terminal, a line for every change elsewhere, or not
//! at all.
//!
//! Owns the terminal's lines between two drawings. Never fetches anything.

use super::tree::{Tree, duration, name, render};
use crate::output::{self, Paint, paint_for_stdout, status, took};
use attune_rest::ExecutionView;
use attune_types::{ExecutionId, ExecutionStatus, Timestamp};
use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::process::{Command, Stdio};

/// Lines of a terminal whose size is not known.
const USUAL_HEIGHT: usize = 24;

/// One way of showing.
pub(crate) enum View {
    /// The tree, drawn again in place.
    Live {
        /// Lines of the last drawing.
        drawn: usize,
        /// Lines that the terminal has.
        height: usize,
        /// Colours.
        paint: Paint,
    },
    /// A line for every change.
    Plain {
        /// What was said of each execution.
        said: HashMap<ExecutionId, (ExecutionStatus, u32)>,
        /// Colours.
        paint: Paint,
    },
    /// Nothing: the result is all that matters.
    Silent,
}

impl View {
    /// What fits standard output.
    pub(crate) fn for_people() -> Self {
        let paint = paint_for_stdout();
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        if std::io::stdout().is_terminal() && !dumb {
            Self::Live {
                drawn: 0,
                height: height(),
                paint,
            }
        } else {
            Self::Plain {
                said: HashMap::new(),
                paint,
            }
        }
    }

    /// Whether it changes by time alone.
    pub(crate) fn moves(&self) -> bool {
        matches!(self, Self::Live { .. })
    }

    /// Shows how things stand.
    pub(crate) fn show(&mut self, tree: &Tree) {
        let now = Timestamp::now();
        match self {
            Self::Silent => {}
            Self::Live {
                drawn,
                height,
                paint,
            } => {
                let ended = tree.run.execution.status.is_terminal();
                let lines = fitting(render(tree, *paint, now), ended, *height);
                output::raw(&redrawn(*drawn, &lines));
                *drawn = lines.len();
            }
            Self::Plain { said, paint } => {
                for text in changes(said, tree, *paint, now) {
                    output::line(&text);
                }
            }
        }
    }

    /// Leaves the last drawing where it is.
    pub(crate) fn finish(&mut self) {
        if let Self::Live { drawn, .. } = self {
            *drawn = 0;
        }
    }
}

/// Moves up over what was drawn, and draws each line over the old one. Long lines are cut by the
/// terminal, not wrapped: a line stays a line.
fn redrawn(before: usize, lines: &[String]) -> String {
    let mut text = "\x1b[?7l".to_owned();
    if before > 0 {
        text.push_str(&format!("\x1b[{before}A\r"));
    }
    for line in lines {
        text.push_str(line);
        text.push_str("\x1b[K\n");
    }
    text.push_str("\x1b[J\x1b[?7h");
    text
}

/// While it goes, no more than the terminal has: what scrolled away cannot be drawn over. The last
/// drawing is whole.
fn fitting(lines: Vec<String>, ended: bool, height: usize) -> Vec<String> {
    if ended || lines.len() < height {
        return lines;
    }
    let most = height.saturating_sub(2).max(1);
    let hidden = lines.len() - most;
    let mut short: Vec<String> = lines.into_iter().take(most).collect();
    short.push(format!("  ... and {hidden} more"));
    short
}

/// Lines that the terminal has, as its own tool tells.
fn height() -> usize {
    let said = Command::new("stty")
        .arg("size")
        .stdin(Stdio::inherit())
        .stderr(Stdio::null())
        .output();
    said.ok()
        .and_then(|said| {
            let text = String::from_utf8(said.stdout).ok()?;
            text.split_whitespace().next()?.parse().ok()
        })
        .filter(|lines| *lines > 2)
        .unwrap_or(USUAL_HEIGHT)
}

/// A line for each execution that has changed since the last time.
fn changes(
    said: &mut HashMap<ExecutionId, (ExecutionStatus, u32)>,
    tree: &Tree,
    paint: Paint,
    now: Timestamp,
) -> Vec<String> {
    let run = &tree.run.execution;
    let began = run.created_at;
    let mut tasks: Vec<&ExecutionView> =
        tree.tasks.iter().filter(|task| task.id != run.id).collect();
    // What happened at the same moment stays in the order of the run.
    tasks.sort_by_key(|task| moment(task));
    // The run last, so that its end is the last line.
    tasks
        .into_iter()
        .chain([run])
        .filter_map(|execution| {
            let stands = (execution.status, execution.attempt);
            if said.insert(execution.id, stands) == Some(stands) {
                return None;
            }
            let since = moment(execution).duration_since(began);
            let since = std::time::Duration::try_from(since).unwrap_or_default();
            let mut text = format!(
                "{:>8}  {}  {}",
                format!("+{}", took(since)),
                alone(execution),
                status(execution.status, paint)
            );
            if execution.status.is_terminal()
                && let Some(length) = duration(execution, now)
            {
                text.push_str(&format!(" in {}", took(length)));
            }
            if execution.attempt > 1 {
                text.push_str(&format!(", attempt {}", execution.attempt));
            }
            if let Some(error) = &execution.error {
                text.push_str(&format!(": {}", output::failure(error)));
            }
            Some(text)
        })
        .collect()
}

/// How it is called where nothing stands above it: an item with its task.
fn alone(execution: &ExecutionView) -> String {
    match (&execution.task, execution.kind.as_str()) {
        (Some(task), "item") if execution.compensates.is_none() => {
            format!("{task}{}", name(execution))
        }
        _ => name(execution),
    }
}

/// When it came to stand as it does.
fn moment(execution: &ExecutionView) -> Timestamp {
    let at = execution.ended_at.or(execution.started_at);
    at.unwrap_or(execution.created_at)
}

#[cfg(test)]
mod tests {
    use super::super::tree::tests::example;
    use super::*;

    #[test]
    fn each_change_is_said_once() {
        let mut said = HashMap::new();
        let now = "2026-01-01T00:01:00Z".parse().unwrap();
        let paint = Paint::new(false);
        let first = changes(&mut said, &example("running"), paint, now);
        assert_eq!(first.len(), 4);
        assert!(first[0].contains("first  succeeded in 1.0 s"), "{first:?}");
        assert!(first[2].contains("second[4]  failed"), "{first:?}");
        assert!(changes(&mut said, &example("running"), paint, now).is_empty());
        let last = changes(&mut said, &example("failed"), paint, now);
        assert_eq!(last.len(), 1);
        assert!(last[0].contains("hello.twice  failed"), "{last:?}");
    }

    #[test]
    fn a_drawing_replaces_the_one_before() {
        let lines = ["a".to_owned(), "b".to_owned()];
        assert_eq!(
            redrawn(0, &lines),
            "\x1b[?7la\x1b[K\nb\x1b[K\n\x1b[J\x1b[?7h"
        );
        assert!(redrawn(3, &lines).starts_with("\x1b[?7l\x1b[3A\r"));
    }

    #[test]
    fn a_drawing_is_no_higher_than_the_terminal_until_the_end() {
        let lines: Vec<String> = (0..30).map(|n| n.to_string()).collect();
        assert_eq!(fitting(lines.clone(), true, 10).len(), 30);
        let short = fitting(lines.clone(), false, 10);
        assert_eq!(short.len(), 9);
        assert!(short[8].contains("22 more"), "{short:?}");
        assert_eq!(fitting(lines, false, 31).len(), 30);
    }
}
