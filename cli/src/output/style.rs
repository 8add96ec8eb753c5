//! Colours, times and statuses for people.
//!
//! Owns when colours are used: on a terminal, unless `NO_COLOR` says no. Pure but for that question.

use attune_types::{ErrorInfo, ExecutionStatus, Timestamp};
use owo_colors::OwoColorize as _;
use std::borrow::Cow;
use std::io::IsTerminal;
use std::time::Duration;

/// Colours text, or leaves it as it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    /// Colours if `on`.
    pub(crate) const fn new(on: bool) -> Self {
        Self { on }
    }

    /// For what went wrong.
    pub(crate) fn red(self, text: &str) -> String {
        self.with(text, |text| text.red().to_string())
    }

    /// For what went well.
    pub(crate) fn green(self, text: &str) -> String {
        self.with(text, |text| text.green().to_string())
    }

    /// For what waits.
    pub(crate) fn yellow(self, text: &str) -> String {
        self.with(text, |text| text.yellow().to_string())
    }

    /// For what goes on.
    pub(crate) fn cyan(self, text: &str) -> String {
        self.with(text, |text| text.cyan().to_string())
    }

    /// For what is of less weight.
    pub(crate) fn dim(self, text: &str) -> String {
        self.with(text, |text| text.dimmed().to_string())
    }

    /// For headings.
    pub(crate) fn bold(self, text: &str) -> String {
        self.with(text, |text| text.bold().to_string())
    }

    fn with(self, text: &str, coloured: impl FnOnce(&str) -> String) -> String {
        if self.on {
            coloured(text)
        } else {
            text.to_owned()
        }
    }
}

/// Whether colours are wanted on a stream.
pub(crate) fn colours(stream: &impl IsTerminal) -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !refused && stream.is_terminal()
}

/// Colours for standard output.
pub(crate) fn paint_for_stdout() -> Paint {
    Paint::new(colours(&std::io::stdout()))
}

/// A status in its colour.
pub(crate) fn status(status: ExecutionStatus, paint: Paint) -> String {
    use ExecutionStatus as S;
    let text = status.as_str();
    match status {
        S::Succeeded => paint.green(text),
        S::Failed | S::TimedOut | S::Abandoned => paint.red(text),
        S::Cancelled | S::Canceling | S::Retrying | S::Waiting | S::Paused => paint.yellow(text),
        S::Compensating | S::Compensated => paint.yellow(text),
        S::Running => paint.cyan(text),
        S::Requested | S::Scheduled | S::Skipped => paint.dim(text),
    }
}

/// A length of time, short: `12 ms`, `3.4 s`, `2m05s`, `1h02m`.
pub(crate) fn took(duration: Duration) -> String {
    let ms = duration.as_millis();
    let seconds = duration.as_secs();
    if ms < 1_000 {
        format!("{ms} ms")
    } else if seconds < 60 {
        format!("{:.1} s", duration.as_secs_f64())
    } else if seconds < 3_600 {
        format!("{}m{:02}s", seconds / 60, seconds % 60)
    } else if seconds < 172_800 {
        format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60)
    } else {
        format!("{} days", seconds / 86_400)
    }
}

/// How long ago, or in how long.
pub(crate) fn ago(then: Timestamp, now: Timestamp) -> String {
    match Duration::try_from(now.duration_since(then)) {
        Ok(past) => format!("{} ago", took(past)),
        Err(_) => match Duration::try_from(then.duration_since(now)) {
            Ok(future) => format!("in {}", took(future)),
            Err(_) => "now".to_owned(),
        },
    }
}

/// What went wrong: its code, what it says, and of a run whose task it was.
pub(crate) fn failure(error: &ErrorInfo) -> String {
    let mut said = format!("{}: {}", error.code, tame(&error.message));
    if let Some(task) = &error.task {
        said.push_str(&format!(" (task `{task}`)"));
    }
    said
}

/// A text that somebody else wrote, as it may go to a terminal: what would steer the terminal (its
/// title, its clipboard, what stands on it already) is shown instead of obeyed.
pub(crate) fn tame(text: &str) -> Cow<'_, str> {
    let steers = |c: char| c.is_control() && c != '\t' && c != '\n';
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let shown = |c: char| match u32::from(c) {
        code @ 0..=31 => char::from_u32(0x2400 + code).unwrap_or('\u{fffd}'),
        _ => '\u{fffd}',
    };
    text.chars()
        .map(|c| if steers(c) { shown(c) } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_short() {
        let cases = [
            (12, "12 ms"),
            (3_400, "3.4 s"),
            (125_000, "2m05s"),
            (3_720_000, "1h02m"),
            (400_000_000, "4 days"),
        ];
        for (ms, text) in cases {
            assert_eq!(took(Duration::from_millis(ms)), text);
        }
    }

    #[test]
    fn past_and_future_are_told_apart() {
        let now: Timestamp = "2026-01-01T00:00:10Z".parse().unwrap();
        let before: Timestamp = "2026-01-01T00:00:05Z".parse().unwrap();
        assert_eq!(ago(before, now), "5.0 s ago");
        assert_eq!(ago(now, before), "in 5.0 s");
    }

    #[test]
    fn a_text_of_others_cannot_steer_the_terminal() {
        assert_eq!(tame("a\tb\n\u{e9}"), "a\tb\n\u{e9}");
        assert_eq!(
            tame("\u{1b}]0;x\u{7}\u{9b}2J"),
            "\u{241b}]0;x\u{2407}\u{fffd}2J"
        );
    }

    #[test]
    fn nothing_is_coloured_when_colours_are_off() {
        assert_eq!(status(ExecutionStatus::Failed, Paint::new(false)), "failed");
        assert_ne!(status(ExecutionStatus::Failed, Paint::new(true)), "failed");
    }
}
