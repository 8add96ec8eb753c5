//! A walk as people read it: a line for each task with its time, and below it what went in and out.
//!
//! Pure text.

use crate::output::{Paint, paint_for_stdout, status, tame, yaml};
use attune_tryout::{Chapter, Path, Story};
use attune_types::{JsonMap, JsonValue};

/// Items of one iteration that are shown one by one.
const MOST_ITEMS: u32 = 20;
/// Activations of one task that are shown one by one.
const MOST_ACTIVATIONS: u32 = 30;
/// The longest value on a line.
const LONGEST: usize = 160;

/// The story as text.
pub(super) fn people(story: &Story) -> String {
    let paint = paint_for_stdout();
    let mut text = format!(
        "{}  {}\n",
        paint.bold(story.workflow.as_str()),
        paint.dim(&format!("starts at {}", story.started_at))
    );
    for chapter in &story.chapters {
        let most = MOST_ACTIVATIONS + 1;
        match (chapter.index, chapter.activation) {
            (Some(MOST_ITEMS), _) => text.push_str("          ... and further items\n"),
            (Some(index), _) if index > MOST_ITEMS => {}
            (None, lap) if lap == most => {
                let name = &chapter.place;
                text.push_str(&format!("          ... and further laps of {name}\n"));
            }
            (_, lap) if lap > MOST_ACTIVATIONS => {}
            _ => text.push_str(&told(chapter, paint)),
        }
    }
    text.push_str(&end(story, paint));
    text
}

fn told(chapter: &Chapter, paint: Paint) -> String {
    let mut name = match chapter.undoes {
        true => format!("undo {}", chapter.place),
        false => chapter.place.clone(),
    };
    if chapter.activation > 1 {
        name.push_str(&format!(" #{}", chapter.activation));
    }
    let action = chapter.action.as_ref().map(ToString::to_string);
    let mut text = format!(
        "{:>9} {}  {}{}  {}\n",
        offset(chapter.reached_after),
        paint.bold(&name),
        status(chapter.status, paint),
        if chapter.handled { " (handled)" } else { "" },
        paint.dim(&action.unwrap_or_default()),
    );
    let mut line = |label: &str, value: &str| {
        let label = paint.dim(&format!("{label:<7}"));
        text.push_str(&format!("          {label} {}\n", tame(value)));
    };
    if let Some(item) = &chapter.item {
        line("item", &short(item));
    }
    if let Some(input) = chapter.input.as_ref().filter(|input| !input.is_empty()) {
        line("input", &short(&JsonValue::Object(input.clone())));
    }
    for retried in &chapter.retried {
        let again = offset(retried.again_after);
        let error = &retried.error;
        let said = format!("{}: {}; again at {again}", error.code, error.message);
        line(&format!("try {}", retried.attempt), &said);
    }
    // What an item gave back stands in the list of the whole task.
    if let Some(result) = given(&chapter.result).filter(|_| chapter.index.is_none()) {
        line("result", &result);
    }
    if let Some(error) = &chapter.error {
        line("error", &format!("{}: {}", error.code, error.message));
    }
    if let Some(ended) = chapter.ended_after
        && ended > chapter.reached_after
    {
        line("ended", &offset(ended));
    }
    for path in &chapter.fired {
        text.push_str(&format!("          {}\n", way(path, &paint.green("->"))));
    }
    for path in &chapter.not_fired {
        text.push_str(&format!("          {}\n", way(path, &paint.dim("x "))));
    }
    text
}

/// A result in one line; of a process its data, with the exit code if that tells something.
fn given(result: &JsonValue) -> Option<String> {
    let of_process = ["exit_code", "stdout", "stderr", "duration_ms"]
        .iter()
        .all(|key| result.get(key).is_some());
    match (of_process, result.get("data")) {
        (true, Some(data)) => {
            let exit = result.get("exit_code").filter(|code| **code != 0);
            let exit = exit.map(|code| format!("exit code {code}"));
            let data = (!data.is_null()).then(|| short(data));
            let parts: Vec<String> = exit.into_iter().chain(data).collect();
            (!parts.is_empty()).then(|| parts.join(", "))
        }
        _ => (!result.is_null()).then(|| short(result)),
    }
}

fn way(path: &Path, mark: &str) -> String {
    let mut text = if path.to.is_empty() {
        "nothing".to_owned()
    } else {
        path.to.join(", ")
    };
    if let Some(when) = &path.when {
        text.push_str(&format!("  when {when}"));
    }
    let pairs = |map: &JsonMap| {
        let pairs = map
            .iter()
            .map(|(name, value)| format!("{name} = {}", short(value)));
        pairs.collect::<Vec<_>>().join(", ")
    };
    if !path.saw.is_empty() {
        text.push_str(&format!("  ({})", pairs(&path.saw)));
    }
    if !path.published.is_empty() {
        text.push_str(&format!("  published {}", pairs(&path.published)));
    }
    format!("{mark} {}", tame(&text))
}

fn end(story: &Story, paint: Paint) -> String {
    let mut text = format!(
        "{:>9} {}  {}\n",
        offset(story.seconds),
        paint.bold("end"),
        status(story.status, paint)
    );
    if let Some(error) = &story.error {
        let task = error.task.as_ref().map(|task| format!(" (task `{task}`)"));
        let said = format!(
            "{}: {}{}",
            error.code,
            error.message,
            task.unwrap_or_default()
        );
        text.push_str(&format!("          {}\n", paint.red(&tame(&said))));
    }
    let mut block = |title: &str, value: &JsonValue| {
        let lines = yaml(value).unwrap_or_else(|_| value.to_string());
        text.push_str(&format!("{}\n", paint.dim(title)));
        for line in tame(lines.trim_end()).lines() {
            text.push_str(&format!("  {line}\n"));
        }
    };
    if !story.vars.is_empty() {
        block("vars", &JsonValue::Object(story.vars.clone()));
    }
    if !story.labels.is_empty() {
        block("labels", &JsonValue::Object(story.labels.clone()));
    }
    if !story.output.is_null() {
        block("output", &story.output);
    }
    text
}

/// Seconds from the start: `+0s`, `+2m05s`.
fn offset(seconds: f64) -> String {
    let whole = std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default();
    if whole.is_zero() {
        "+0s".to_owned()
    } else {
        format!("+{}", attune_types::format_duration(whole))
    }
}

fn short(value: &JsonValue) -> String {
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_count_from_the_start() {
        assert_eq!(offset(0.0), "+0s");
        assert_eq!(offset(0.2), "+200ms");
        assert_eq!(offset(65.0), "+1m05s");
    }
}
