//! SARIF 2.1.0, the form in which code scanning takes what was found.
//!
//! Owns the document: one run of one tool, a rule for each code that was met, with the page of that
//! code in it, and a result for each thing found. Columns count characters.

use super::end_column;
use super::pages::page;
use attune_pack::{Diagnostic, Severity};
use attune_types::JsonValue;
use serde_json::json;
use std::path::Path;

/// The whole document.
pub(in crate::command::workflow) fn sarif(found: &[Diagnostic]) -> JsonValue {
    let mut codes: Vec<&str> = found.iter().map(|one| one.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    let rules: Vec<JsonValue> = codes.iter().map(|code| rule(code)).collect();
    let results: Vec<JsonValue> = found.iter().map(|one| result(one, &codes)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "attune",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: &str) -> JsonValue {
    let mut rule = json!({
        "id": code,
        // The page has a name of its own; its text is in `help`.
        "helpUri": format!("urn:attune:errors:{code}"),
    });
    if let Some(page) = page(code) {
        rule["shortDescription"] = json!({"text": page.title});
        rule["fullDescription"] = json!({"text": page.meaning});
        rule["help"] = json!({"text": page.text, "markdown": page.text});
    }
    rule
}

fn result(found: &Diagnostic, codes: &[&str]) -> JsonValue {
    let level = match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let message = match &found.help {
        Some(help) => format!("{}\nhelp: {help}", found.message),
        None => found.message.clone(),
    };
    let mut place = json!({"artifactLocation": {"uri": uri(&found.file)}});
    if let Some(span) = found.span {
        let mut region = json!({"startLine": span.line, "startColumn": span.column});
        if let Some(end) = end_column(found) {
            region["endColumn"] = end.into();
        }
        if let Some(line) = &found.line_text {
            region["snippet"] = json!({"text": line});
        }
        place["region"] = region;
    }
    json!({
        "ruleId": found.code,
        "ruleIndex": codes.binary_search(&found.code.as_str()).ok(),
        "level": level,
        "message": {"text": message},
        "locations": [{"physicalLocation": place}],
    })
}

/// A path as a URI: relative to where the command ran, or that of a file.
fn uri(file: &str) -> String {
    let escaped: String = file
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect();
    if Path::new(file).is_absolute() {
        format!("file://{escaped}")
    } else {
        escaped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use attune_pack::Span;

    fn found() -> Vec<Diagnostic> {
        let text = "a: b\nc: {\u{e9}\u{e9}: 1}\n";
        let span = Span {
            offset: 9,
            len: 4,
            line: 2,
            column: 5,
        };
        vec![
            Diagnostic::error("FLOW013", "packs/a b/w.yaml", "too large")
                .at(span, text)
                .help("less"),
            Diagnostic::error("FLOW001", "packs/a b/w.yaml", "unknown")
                .at(span, text)
                .warning(),
            Diagnostic::error("XYZ001", "/elsewhere/w.yaml", "no page, no place"),
        ]
    }

    #[test]
    fn a_document() {
        let mut document = sarif(&found());
        document["runs"][0]["tool"]["driver"]["semanticVersion"] = "[version]".into();
        for rule in document["runs"][0]["tool"]["driver"]["rules"]
            .as_array_mut()
            .unwrap()
        {
            // The pages change by themselves; that they are there is enough.
            for key in ["shortDescription", "fullDescription", "help"] {
                if let Some(text) = rule.get_mut(key) {
                    assert!(!text["text"].as_str().unwrap().is_empty());
                    *text = format!("[{key}]").into();
                }
            }
        }
        insta::assert_json_snapshot!(document);
    }

    #[test]
    fn every_result_has_its_rule_and_a_message() {
        let document = sarif(&found());
        let run = &document["runs"][0];
        for result in run["results"].as_array().unwrap() {
            let at = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(run["tool"]["driver"]["rules"][at]["id"], result["ruleId"]);
            assert!(!result["message"]["text"].as_str().unwrap().is_empty());
            let region = &result["locations"][0]["physicalLocation"]["region"];
            if !region.is_null() {
                assert!(region["endColumn"].as_u64() > region["startColumn"].as_u64());
            }
        }
    }

    #[test]
    fn nothing_found_is_a_document_too() {
        let document = sarif(&[]);
        assert_eq!(document["runs"][0]["results"], json!([]));
        assert_eq!(document["version"], "2.1.0");
    }
}
