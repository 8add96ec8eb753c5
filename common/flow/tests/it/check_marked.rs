//! Files of hostile and of unusual authors, with marks where something is to be said, and nowhere else.
//!
//! In `fixtures/marked/*.txt` a case begins with `=== name`; `«FLOW001|text»` marks the place of an error
//! and its code, `«w:FLOW034|text»` that of a warning, `+` joins several at one place. The text of a case
//! follows `ref`, `label` and `version`, unless it begins with `#RAW`. All cases of a file lie in one
//! pack, which also shows that they do not disturb each other.

use attune_flow::check::check_pack;
use attune_pack::{ActionDef, core_pack, read_files};
use attune_types::Ref;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Code, offset and length; a warning begins with `w:`.
type Mark = (String, usize, usize);

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/marked")
}

/// The text without its marks.
fn unmarked(text: &str) -> (String, Vec<Mark>) {
    let (mut out, mut marks) = (String::new(), Vec::new());
    let mut rest = text;
    while let Some(at) = rest.find('«') {
        out.push_str(&rest[..at]);
        let (mark, after) = rest[at + '«'.len_utf8()..].split_once('»').unwrap();
        let (codes, body) = mark.split_once('|').unwrap();
        for code in codes.split('+') {
            marks.push((code.to_owned(), out.len(), body.len()));
        }
        out.push_str(body);
        rest = after;
    }
    out.push_str(rest);
    (out, marks)
}

fn files_of(folder: &Path, below: &str, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{below}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            files_of(&path, &format!("{name}/"), found);
        } else {
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

/// What was said otherwise than marked.
fn differences(file: &str) -> Vec<String> {
    let mut files = Vec::new();
    files_of(&folder().join("lab"), "", &mut files);
    let cases = fs::read_to_string(folder().join(file)).unwrap();
    let mut expected: BTreeMap<String, Vec<Mark>> = BTreeMap::new();
    for case in cases.split("=== ").skip(1) {
        let (name, text) = case.split_once('\n').unwrap();
        let head = match text.starts_with("#RAW") {
            true => String::new(),
            false => format!("ref: lab.{name}\nlabel: L\nversion: 1.0.0\n"),
        };
        let (text, mut marks) = unmarked(&format!("{head}{text}"));
        marks.sort();
        let path = format!("workflows/{name}.yaml");
        files.push((path.clone(), text));
        assert!(expected.insert(path, marks).is_none(), "{name} twice");
    }
    assert!(expected.len() >= 40, "{file}");
    let core: BTreeMap<Ref, ActionDef> = core_pack()
        .unwrap()
        .actions
        .into_iter()
        .map(|action| (action.reference.clone(), action))
        .collect();
    let found = check_pack(&read_files(files), &core).found;
    let mut said: BTreeMap<String, Vec<Mark>> = BTreeMap::new();
    for one in found.iter() {
        let code = match one.is_error() {
            true => one.code.clone(),
            false => format!("w:{}", one.code),
        };
        let span = one
            .span
            .as_ref()
            .map_or((0, 0), |span| (span.offset, span.len));
        let marks = said.entry(one.file.clone()).or_default();
        marks.push((code, span.0, span.1));
    }
    let mut differences = Vec::new();
    for (path, marks) in &expected {
        let mut said = said.remove(path).unwrap_or_default();
        said.sort();
        if said != *marks {
            differences.push(format!("{path}: expected {marks:?}, said {said:?}"));
        }
    }
    differences.extend(said.into_iter().map(|other| format!("{other:?}")));
    differences
}

#[test]
fn keys_and_values() {
    let differences = differences("keys.txt");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn graphs_names_and_data() {
    let differences = differences("data.txt");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn what_is_right_is_left_alone() {
    let differences = differences("right.txt");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn one_slip_is_one_error() {
    let differences = differences("slips.txt");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn odd_files() {
    let differences = differences("odd.txt");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
