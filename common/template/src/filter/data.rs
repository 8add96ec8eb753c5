//! Filters that read and write JSON and YAML, and that look into values by path.

use super::Signature;
use super::call::Call;
use super::jsonpath::Query;
use crate::error::Fault;
use crate::limits::Limits;
use attune_types::JsonValue;
use tera::Value;

/// The largest text that is parsed: parsing makes more than it reads.
const PARSED_BYTES: usize = 1024 * 1024;

pub(super) const FILTERS: &[Signature] = &[
    Signature::new("to_json", &["pretty"], 0, to_json),
    Signature::new("json_encode", &["pretty"], 0, to_json),
    Signature::new("from_json", &[], 0, |call| {
        let text = parsed_text(call)?;
        let value: JsonValue = serde_json::from_str(text).map_err(|error| {
            Fault::wrong_type(format!(
                "`from_json` was given a text that is not JSON (line {}, column {})",
                error.line(),
                error.column()
            ))
        })?;
        call.parsed(&value)
    }),
    Signature::new("to_yaml", &[], 0, |call| {
        let value = call.json()?;
        let text = serde_saphyr::to_string(&value)
            .map_err(|_| Fault::wrong_type("`to_yaml` cannot write this value"))?;
        call.made(text)
    }),
    Signature::new("from_yaml", &[], 0, |call| {
        let text = parsed_text(call)?;
        // Events of a YAML text cost far more than its bytes.
        call.step(80 + text.len() / 2)?;
        let value = yaml(text)?;
        call.parsed(&value)
    }),
    Signature::new("jsonpath", &["path", "default"], 1, |call| {
        let query = Query::parse(call.need_text("path")?)?;
        let value = call.json()?;
        let found = query.find(&value, &mut |steps| call.frame.budget.step(steps))?;
        match found {
            Some(found) => call.parsed(&found),
            None => Ok(call.arg("default").cloned().unwrap_or_else(Value::none)),
        }
    }),
];

fn to_json(call: &mut Call<'_>) -> Result<Value, Fault> {
    let pretty = call.flag("pretty")?;
    let value = call.json()?;
    let text = if pretty {
        serde_json::to_string_pretty(&value)
    } else {
        serde_json::to_string(&value)
    }
    .map_err(|_| Fault::wrong_type("this value cannot be written as JSON"))?;
    call.made(text)
}

fn parsed_text<'a>(call: &mut Call<'a>) -> Result<&'a str, Fault> {
    let text = call.text()?;
    if text.len() > PARSED_BYTES {
        return Err(Fault::limit(format!(
            "`{}` reads texts of at most 1 MiB",
            call.name
        )));
    }
    call.step(text.len() / 4)?;
    Ok(text)
}

fn yaml(text: &str) -> Result<JsonValue, Fault> {
    // `no` is a text, as in definitions.
    let options = serde_saphyr::options! {
        strict_booleans: true,
        budget: serde_saphyr::budget! {
            max_depth: Limits::VALUE_DEPTH,
            max_nodes: 100_000,
            max_aliases: 100,
            max_anchors: 100,
            max_documents: 1,
        },
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|_| {
        Fault::wrong_type("`from_yaml` was given a text that is not YAML, or too much of it")
    })
}
