//! What is kept of a file: values, order, places.

use super::*;
use serde_json::json;

fn read(text: &str) -> Node {
    parse("a.yaml", text).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn keeps_order_and_places() {
    let node = read("b: 1\na:\n  - x\n  - {k: \"v\"}\non: yes\n");
    assert_eq!(
        node.to_json(),
        json!({"b": 1, "a": ["x", {"k": "v"}], "on": "yes"})
    );
    let keys: Vec<&str> = node
        .as_map()
        .unwrap()
        .iter()
        .map(|(key, _)| key.text.as_str())
        .collect();
    assert_eq!(keys, ["b", "a", "on"]);
    let place = |pointer: &str| {
        let span = node.span_at(pointer);
        (span.line, span.column, span.len)
    };
    assert_eq!(place("/b"), (1, 4, 1));
    assert_eq!(place("/a"), (2, 1, 1));
    assert_eq!(place("/a/0"), (3, 5, 1));
    assert_eq!(place("/a/1/k"), (4, 9, 3));
    assert_eq!(place("/a/7/none"), (2, 1, 1));
    assert_eq!(place("/on"), (5, 5, 3));
}

#[test]
fn places_count_characters_and_bytes() {
    let node = read("ä: é\n\"ö\": x\n");
    assert_eq!(
        node.get("ä").unwrap().span,
        Span {
            offset: 4,
            len: 2,
            line: 1,
            column: 4
        }
    );
    let (key, value) = node.entry("ö").unwrap();
    assert_eq!((key.span.line, key.span.column), (2, 1));
    assert_eq!(value.span.column, 6);
}

#[test]
fn reads_json_with_all_its_escapes() {
    let text =
        "{\n\t\"a\": \"\\u00e9\\ud83d\\ude00 \\/ \\t\",\n\t\"b\": [1, 2.5e3, null, true]\n}\n";
    let wanted: JsonValue = serde_json::from_str(text).unwrap();
    assert_eq!(read(text).to_json(), wanted);
}

#[test]
fn reads_windows_line_ends_and_a_byte_order_mark() {
    assert_eq!(
        read("\u{feff}a: 1\r\nb: |\r\n  x\r\n  y\r\n").to_json(),
        json!({"a": 1, "b": "x\ny\n"})
    );
}

#[test]
fn block_scalars_keep_their_lines() {
    assert_eq!(
        read("a: |\n  one\n  two\nb: >\n  one\n  two\n").to_json(),
        json!({"a": "one\ntwo\n", "b": "one two\n"})
    );
}

#[test]
fn quoted_scalars_are_text_and_tags_of_the_core_schema_work() {
    assert_eq!(
        read("a: \"1\"\nb: 'true'\nc: !!str 1\nd: !!int \"7\"\ne: ! 5\n").to_json(),
        json!({"a": "1", "b": "true", "c": "1", "d": 7, "e": "5"})
    );
}

#[test]
fn aliases_and_merge_keys_are_resolved() {
    let node =
        read("base: &b {x: 1, y: 2}\nmine: {<<: *b, y: 3}\nlist: [*b]\nmany: {<<: [*b, {z: 4}]}\n");
    assert_eq!(
        node.to_json(),
        json!({
            "base": {"x": 1, "y": 2},
            "mine": {"y": 3, "x": 1},
            "list": [{"x": 1, "y": 2}],
            "many": {"x": 1, "y": 2, "z": 4},
        })
    );
}

#[test]
fn an_alias_inside_of_itself_is_refused() {
    assert!(parse("a.yaml", "a: &a [*a]\n").is_err());
}

#[test]
fn keys_keep_their_text() {
    assert_eq!(
        read("1: a\n\"<<\": b\ntrue: c\n").to_json(),
        json!({"1": "a", "<<": "b", "true": "c"})
    );
}

#[test]
fn a_long_key_of_one_line_is_fine() {
    let key = "k".repeat(900);
    assert!(read(&format!("{key}: 1\n")).get(&key).is_some());
}

#[test]
fn nothing_and_only_comments_are_no_definition() {
    for text in ["", "\n\n", "# nothing\n"] {
        assert!(parse("a.yaml", text).is_err(), "{text:?}");
    }
}
