//! The key `mocks`: a map from a task or an action to its answers.

use crate::codes;
use crate::mock::{Answer, Ending, Mock, Mocks};
use attune_flow::check::place_of_error;
use attune_pack::yaml::{Node, NodeKind};
use attune_pack::{MapReader, Sink};
use attune_template::{Template, TemplateError};
use attune_types::{ErrorInfo, JsonValue, code};

/// The keys of one answer.
const KEYS: [&str; 11] = [
    "when",
    "result",
    "auto",
    "error",
    "status",
    "takes",
    "exit_code",
    "stdout",
    "stderr",
    "cost_usd",
    "labels",
];
const HELP: &str = "if this is what the task gives back, write `result: ...` before it";

/// All mocks of a map.
pub(super) fn mocks(node: &Node, sink: &mut Sink) -> Mocks {
    let mut mocks = Mocks::new();
    let Some(entries) = node.as_map() else {
        let message = format!("`mocks` must be a map, not {}", node.type_name());
        sink.error(codes::READ.wrong_type, node.span, message).help =
            Some("write `task: {result: ...}`".to_owned());
        return mocks;
    };
    for (key, value) in entries {
        let mut mock = mock(value, sink);
        mock.span = key.span;
        mocks.insert(key.text.clone(), mock);
    }
    mocks
}

fn mock(node: &Node, sink: &mut Sink) -> Mock {
    if node.get("items").is_none() && node.get("default").is_none() {
        return answers(node, sink).into();
    }
    let mut mock = Mock::default();
    let Some(mut reader) = MapReader::new(node, "a mock by items", sink) else {
        return mock;
    };
    for (key, value) in reader.opt_map("items").unwrap_or_default() {
        let answers = answers(value, reader.sink());
        mock.items.push((key.text.clone(), answers));
    }
    if let Some(default) = reader.raw("default") {
        mock.answers = answers(default, reader.sink());
    }
    reader.finish();
    mock
}

/// One answer or a list of them.
fn answers(node: &Node, sink: &mut Sink) -> Vec<Answer> {
    match node.as_seq() {
        None => answer(node, sink).into_iter().collect(),
        Some([]) => {
            sink.error(
                codes::READ.bad_value,
                node.span,
                "a mock needs at least one answer",
            );
            Vec::new()
        }
        Some(items) => items.iter().filter_map(|item| answer(item, sink)).collect(),
    }
}

fn answer(node: &Node, sink: &mut Sink) -> Option<Answer> {
    let plain = Answer {
        span: node.span,
        ..Answer::default()
    };
    match &node.kind {
        NodeKind::Null => return Some(plain),
        NodeKind::Str(word) if word == "auto" => {
            return Some(Answer {
                auto: true,
                ..plain
            });
        }
        NodeKind::Map(entries) => {
            let strange = |text: &str| !KEYS.contains(&text);
            if let Some((first, _)) = entries.first()
                && entries.iter().all(|(key, _)| strange(&key.text))
            {
                let near = attune_pack::suggest(&first.text, KEYS);
                let help = near.map_or(HELP.to_owned(), |near| format!("did you mean `{near}`?"));
                let message = format!(
                    "`{}` is no key of a mock; these are: {}",
                    first.text,
                    KEYS.join(", ")
                );
                sink.error(codes::READ.unknown_key, first.span, message)
                    .help = Some(help);
                return None;
            }
        }
        _ => {
            let message = format!(
                "a mock must be a map, a list of them or `auto`, not {}",
                node.type_name()
            );
            sink.error(codes::READ.wrong_type, node.span, message).help = Some(HELP.to_owned());
            return None;
        }
    }
    let mut reader = MapReader::new(node, "a mock", sink)?;
    let when = reader
        .node("when")
        .map(|node| (node, Template::condition(&node.to_json())));
    let when = when.and_then(|(node, made)| compiled(node, made, reader.sink()));
    let result = reader
        .raw("result")
        .map(|node| (node, Template::compile(&node.to_json())));
    let result = result.and_then(|(node, made)| compiled(node, made, reader.sink()));
    let exit_code = reader
        .opt_u32("exit_code")
        .and_then(|code| i32::try_from(code).ok());
    let error = reader
        .node("error")
        .and_then(|node| error(node, reader.sink()));
    let ending = ending(&mut reader, error.is_some(), exit_code);
    let error = error.or_else(|| match exit_code {
        Some(1..) => Some(failure(None, None, exit_code)),
        _ => None,
    });
    let labels = reader.opt_json_map("labels").unwrap_or_default();
    let answer = Answer {
        when,
        ending,
        result,
        auto: reader.opt_bool("auto").unwrap_or(false),
        error,
        takes: reader.opt_duration("takes").unwrap_or_default(),
        exit_code,
        stdout: reader.opt_str("stdout"),
        stderr: reader.opt_str("stderr"),
        cost_usd: reader.opt_f64("cost_usd"),
        labels: labels
            .into_iter()
            .map(|(name, value)| match value {
                JsonValue::String(text) => (name, text),
                other => (name, other.to_string()),
            })
            .collect(),
        span: node.span,
    };
    reader.finish();
    Some(answer)
}

/// How the attempt ends: as `status` says, else badly if there is an error.
fn ending(reader: &mut MapReader<'_, '_>, fails: bool, exit_code: Option<i32>) -> Ending {
    let bad = fails || exit_code.is_some_and(|code| code != 0);
    let Some(word) = reader.opt_str("status") else {
        return if bad {
            Ending::Failed
        } else {
            Ending::Succeeded
        };
    };
    let span = reader
        .map()
        .get("status")
        .map_or(reader.map().span, |node| node.span);
    match word.as_str() {
        "succeeded" if bad => {
            let message = "a mock that succeeded has neither an error nor an exit code but 0";
            reader.bad_value(span, message.to_owned(), None);
            Ending::Failed
        }
        "succeeded" => Ending::Succeeded,
        "failed" => Ending::Failed,
        "timed_out" => Ending::TimedOut,
        "lost" => Ending::Lost,
        other => {
            let words = ["succeeded", "failed", "timed_out", "lost"];
            let help = attune_pack::did_you_mean(other, words)
                .unwrap_or_else(|| format!("use one of: {}", words.join(", ")));
            reader.bad_value(span, format!("a mock cannot end `{other}`"), Some(help));
            Ending::Succeeded
        }
    }
}

/// A code, a message, or a map of both.
fn error(node: &Node, sink: &mut Sink) -> Option<ErrorInfo> {
    if let Some(text) = node.as_str() {
        let is_code = text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        return Some(if is_code {
            failure(Some(text.to_owned()), None, None)
        } else {
            failure(None, Some(text.to_owned()), None)
        });
    }
    let mut reader = MapReader::new(node, "an error", sink)?;
    let code = reader.opt_str("code");
    let message = reader.opt_str("message");
    let exit_code = reader
        .opt_u32("exit_code")
        .and_then(|code| i32::try_from(code).ok());
    let details = reader.opt_json("details").unwrap_or_default();
    reader.finish();
    Some(failure(code, message, exit_code).with_details(details))
}

fn failure(code: Option<String>, message: Option<String>, exit_code: Option<i32>) -> ErrorInfo {
    let code = code.unwrap_or_else(|| match exit_code {
        Some(_) => code::EXIT_STATUS.to_owned(),
        None => code::FAILED.to_owned(),
    });
    let message = message.unwrap_or_else(|| match exit_code {
        Some(exit) => format!("the process ended with exit code {exit}"),
        None => format!("mocked to fail with `{code}`"),
    });
    let mut error = ErrorInfo::new(&code, message);
    error.exit_code = exit_code;
    error
}

/// A template that was compiled; one that cannot be read is reported.
fn compiled(
    node: &Node,
    made: Result<Template, TemplateError>,
    sink: &mut Sink,
) -> Option<Template> {
    match made {
        Ok(template) => Some(template),
        Err(error) => {
            let span = place_of_error(sink.text(), node, &error);
            let help = error.help.clone();
            sink.error_with(codes::TEMPLATE, span, error.message, help);
            None
        }
    }
}
