//! Filters on texts.

use super::Signature;
use super::call::Call;
use crate::error::Fault;
use tera::Value;

pub(super) const FILTERS: &[Signature] = &[
    Signature::new("upper", &[], 0, |call| {
        let text = call.text()?.to_uppercase();
        call.made(text)
    }),
    Signature::new("lower", &[], 0, |call| {
        let text = call.text()?.to_lowercase();
        call.made(text)
    }),
    Signature::new("capitalize", &[], 0, |call| {
        let mut chars = call.text()?.chars();
        let first: String = chars
            .next()
            .into_iter()
            .flat_map(char::to_uppercase)
            .collect();
        let text = first + &chars.as_str().to_lowercase();
        call.made(text)
    }),
    Signature::new("title", &[], 0, title),
    Signature::new("trim", &["pat"], 0, |call| trim(call, true, true)),
    Signature::new("trim_start", &["pat"], 0, |call| trim(call, true, false)),
    Signature::new("trim_end", &["pat"], 0, |call| trim(call, false, true)),
    Signature::new("truncate", &["length", "end"], 1, truncate),
    Signature::new("replace", &["from", "to"], 2, replace),
    Signature::new(
        "indent",
        &["width", "first", "blank", "indentation"],
        0,
        indent,
    ),
    Signature::new("split", &["pat"], 1, split),
    Signature::new("lines", &[], 0, |call| {
        let parts: Vec<&str> = call.text()?.lines().collect();
        pieces(call, &parts)
    }),
    Signature::new("wordcount", &[], 0, |call| {
        Ok(call.text()?.split_whitespace().count().into())
    }),
    Signature::new("newlines_to_br", &[], 0, |call| {
        let text = call.text()?.replace("\r\n", "\n");
        let breaks = text.matches(['\n', '\r']).count();
        call.room(text.len() + breaks * 4)?;
        Ok(Value::from(text.replace(['\n', '\r'], "<br>")))
    }),
    Signature::new("pluralize", &["singular", "plural"], 0, |call| {
        let number = call
            .input
            .as_i64()
            .ok_or_else(|| call.wrong("whole numbers"))?;
        let singular = call.text_arg("singular")?.unwrap_or("");
        let plural = call.text_arg("plural")?.unwrap_or("s");
        Ok(Value::from(if number.unsigned_abs() == 1 {
            singular
        } else {
            plural
        }))
    }),
    Signature::new("str", &[], 0, as_text),
    Signature::new("string", &[], 0, as_text),
    // Nothing is escaped by itself here, so there is nothing to mark.
    Signature::new("safe", &[], 0, |call| Ok(call.input.clone())),
];

fn as_text(call: &mut Call<'_>) -> Result<Value, Fault> {
    let text = call.any_text()?;
    call.made(text)
}

fn title(call: &mut Call<'_>) -> Result<Value, Fault> {
    let text = call.text()?;
    let mut out = String::with_capacity(text.len());
    let mut start = true;
    for c in text.chars() {
        if c.is_whitespace() || (c.is_ascii_punctuation() && c != '\'') {
            start = true;
            out.push(c);
        } else if std::mem::take(&mut start) {
            out.extend(c.to_uppercase());
        } else {
            out.extend(c.to_lowercase());
        }
    }
    call.made(out)
}

fn trim(call: &mut Call<'_>, start: bool, end: bool) -> Result<Value, Fault> {
    let mut text = call.text()?;
    match call.text_arg("pat")? {
        Some("") => {}
        Some(pattern) => {
            if start {
                text = text.trim_start_matches(pattern);
            }
            if end {
                text = text.trim_end_matches(pattern);
            }
        }
        None => {
            if start {
                text = text.trim_start();
            }
            if end {
                text = text.trim_end();
            }
        }
    }
    call.made(text.to_owned())
}

fn truncate(call: &mut Call<'_>) -> Result<Value, Fault> {
    let length = call.size_arg("length")?.unwrap_or(usize::MAX);
    let end = call.text_arg("end")?.unwrap_or("…");
    let text = call.text()?;
    let cut = match text.char_indices().nth(length) {
        Some((at, _)) => format!("{}{end}", &text[..at]),
        None => text.to_owned(),
    };
    call.made(cut)
}

fn replace(call: &mut Call<'_>) -> Result<Value, Fault> {
    let from = call.need_text("from")?;
    let to = call.need_text("to")?;
    let text = call.text()?;
    let count = text.matches(from).count();
    call.room(text.len() + count.saturating_mul(to.len()))?;
    Ok(Value::from(text.replace(from, to)))
}

fn indent(call: &mut Call<'_>) -> Result<Value, Fault> {
    let width = call.size_arg("width")?.unwrap_or(4).min(200);
    let (first, blank) = (call.flag("first")?, call.flag("blank")?);
    let unit = call.text_arg("indentation")?.unwrap_or(" ");
    if unit.chars().count() != 1 {
        return Err(Fault::wrong_type(
            "the argument `indentation` of `indent` must be one character",
        ));
    }
    let text = call.text()?;
    let lines = text.lines().count();
    call.room(text.len() + lines * width * unit.len())?;
    let margin = unit.repeat(width);
    let mut out = String::with_capacity(text.len() + lines * margin.len());
    for (n, line) in text.lines().enumerate() {
        if n > 0 {
            out.push('\n');
        }
        if (n > 0 || first) && (blank || !line.is_empty()) {
            out.push_str(&margin);
        }
        out.push_str(line);
    }
    if text.ends_with('\n') {
        out.push('\n');
    }
    Ok(Value::from(out))
}

fn split(call: &mut Call<'_>) -> Result<Value, Fault> {
    let pattern = call.need_text("pat")?;
    if pattern.is_empty() {
        return Err(Fault::wrong_type("`split` cannot split at an empty text"));
    }
    let parts: Vec<&str> = call.text()?.split(pattern).collect();
    pieces(call, &parts)
}

/// A list of parts of the input.
pub(super) fn pieces(call: &mut Call<'_>, parts: &[&str]) -> Result<Value, Fault> {
    call.step(parts.len())?;
    let bytes: usize = parts.iter().map(|part| part.len() + 32).sum();
    call.frame.budget.allocate(bytes)?;
    Ok(Value::from(
        parts
            .iter()
            .map(|part| Value::from(*part))
            .collect::<Vec<_>>(),
    ))
}
