//! Each form of a graph, as a whole and where a text could break out of it.

use crate::support::{RELEASE, program};
use attune_draw::{Form, Graph, NodeKind};
use attune_flow::program::{InlineAction, Program};
use attune_testkit::flow::{ProgramBuilder, inline, worker};
use attune_types::ExecutionStatus;
use serde_json::json;
use std::collections::BTreeMap;

fn release(form: Form) -> String {
    Graph::of(&program(RELEASE)).draw(form)
}

#[test]
fn mermaid() {
    insta::assert_snapshot!(release(Form::Mermaid));
}

#[test]
fn dot() {
    insta::assert_snapshot!(release(Form::Dot));
}

#[test]
fn json_form() {
    let graph = Graph::of(&program(RELEASE));
    let drawn = graph.draw(Form::Json);
    insta::assert_snapshot!(drawn.replace(&graph.hash.0, "[hash]"));
}

#[test]
fn svg() {
    let drawn = release(Form::Svg);
    let style = drawn.find("<style>").unwrap()..drawn.find("</style>").unwrap();
    insta::assert_snapshot!(drawn.replace(&drawn[style], "<style>"));
}

#[test]
fn json_is_read_back_as_it_was() {
    let graph = Graph::of(&program(RELEASE));
    let read: Graph = serde_json::from_str(&graph.draw(Form::Json)).unwrap();
    assert_eq!(read, graph);
}

#[test]
fn the_guide_names_every_field() {
    let guide =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/graph-and-diff.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let statuses = BTreeMap::from([("build".to_owned(), ExecutionStatus::Running)]);
    let graph = Graph::of(&program(RELEASE)).with_statuses(&statuses);
    let json = serde_json::to_value(&graph).unwrap();
    let parts = json["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .chain(json["edges"].as_array().unwrap());
    for part in parts.chain([&json]) {
        for key in part.as_object().unwrap().keys() {
            assert!(guide.contains(&format!("`{key}`")), "{key}");
        }
    }
}

#[test]
fn a_form_has_one_name_and_others_are_refused() {
    for form in Form::ALL {
        assert_eq!(form.as_str().parse(), Ok(form));
    }
    let refused = "png".parse::<Form>().unwrap_err().to_string();
    for form in Form::ALL {
        assert!(refused.contains(form.as_str()), "{refused}");
    }
}

/// Names and conditions that mean something in one form or another.
fn hostile() -> Program {
    let names = [
        "end",
        "a\"b",
        "a]b",
        "}}",
        "<script>alert(1)</script>",
        "a&amp;b",
        "subgraph",
        "1. one",
        "- dash",
        "\u{65e5}\u{672c}\u{8a9e}",
        "a\\",
        "%%{init: {}}%%",
        "n0",
        "#quot;",
        "`tick`",
        "$$x$$",
        "a\u{202e}b",
        "line\nbreak",
        "\u{1}",
    ];
    let mut tasks = Vec::new();
    for (n, name) in names.iter().enumerate() {
        let task = worker(name).input(json!({}));
        let text = format!(
            "vars.x == \"|{}]--> \\\\ <b>&\"",
            name.replace(['"', '\\', '{', '}', '%'], "")
        );
        tasks.push(match names.get(n + 1) {
            Some(next) => task.on(&text, &[next]),
            None => task,
        });
    }
    ProgramBuilder::new(tasks).var("x", json!(1)).build()
}

#[test]
fn no_text_breaks_out_of_mermaid() {
    let drawn = Graph::of(&hostile()).draw(Form::Mermaid);
    for line in drawn.lines().skip(2) {
        let quotes = line.matches('"').count();
        assert!(quotes == 0 || quotes == 2, "{line}");
        let text = line.split('"').nth(1).unwrap_or_default();
        let text = text.replace("<br/>", "");
        assert!(
            !text.contains(['<', '>', '`', '%', '\\', '&']) && !text.contains("$$"),
            "{line}"
        );
    }
    insta::assert_snapshot!(drawn);
}

#[test]
fn no_text_breaks_out_of_dot() {
    let drawn = Graph::of(&hostile()).draw(Form::Dot);
    for line in drawn.lines() {
        // What is left of a line without its strings is made here.
        let mut outside = String::new();
        let (mut inside, mut escape) = (false, false);
        for c in line.chars() {
            match c {
                _ if escape => escape = false,
                '\\' if inside => escape = true,
                '"' => inside = !inside,
                c if !inside => outside.push(c),
                _ => {}
            }
        }
        assert!(!inside && !escape, "{line}");
        assert!(
            outside.is_ascii() && !outside.contains(['<', '&', '\\']),
            "{line}"
        );
    }
}

#[test]
fn no_text_breaks_out_of_svg() {
    let drawn = Graph::of(&hostile()).draw(Form::Svg);
    assert!(
        !drawn.contains("<script") && !drawn.contains("<b>"),
        "{drawn}"
    );
    assert!(!drawn.contains(['\u{1}', '\u{202e}']));
    crate::properties::is_xml(&drawn);
}

#[test]
fn what_loops_leads_back() {
    let graph = Graph::of(&program(RELEASE));
    let back: Vec<(&str, &str)> = graph
        .edges
        .iter()
        .filter(|edge| edge.back)
        .map(|edge| (edge.from.as_str(), edge.to.as_str()))
        .collect();
    assert_eq!(back, [("build", "build"), ("again", "wait")]);
}

#[test]
fn a_decision_is_told_by_its_own_conditions() {
    let graph = Graph::of(&program(RELEASE));
    let labels: Vec<&str> = graph
        .edges
        .iter()
        .filter(|edge| edge.from == "gate")
        .filter_map(|edge| edge.label.as_deref())
        .collect();
    assert_eq!(
        labels,
        ["vars.laps < 3 and parameters.app | length > 1", "otherwise"]
    );
}

#[test]
fn a_run_shows_how_its_tasks_stand() {
    let statuses = BTreeMap::from([
        ("build".to_owned(), ExecutionStatus::Succeeded),
        ("checks".to_owned(), ExecutionStatus::Running),
        ("unit".to_owned(), ExecutionStatus::TimedOut),
        ("fail".to_owned(), ExecutionStatus::Failed),
    ]);
    let graph = Graph::of(&program(RELEASE)).with_statuses(&statuses);
    let status = |id: &str| {
        graph
            .nodes
            .iter()
            .find(|node| node.id == id)
            .unwrap()
            .status
    };
    assert_eq!(status("build"), Some(ExecutionStatus::Succeeded));
    assert_eq!(status("gate"), None);
    // Ends are no tasks, whatever they are called.
    assert!(
        graph
            .nodes
            .iter()
            .all(|node| node.kind != NodeKind::Fail || node.status.is_none())
    );
    assert!(graph.draw(Form::Mermaid).contains(":::succeeded"));
    assert!(graph.draw(Form::Svg).contains("class=\"box busy\""));
    assert!(graph.draw(Form::Dot).contains("#dafbe1"));
}

/// A row of tasks, each of which may fail into the last; every tenth may go back ten.
fn long(count: usize) -> Program {
    let names: Vec<String> = (0..count).map(|n| format!("step_{n}")).collect();
    let last = names.last().unwrap().as_str();
    let tasks = (0..count).map(|n| {
        let mut task = inline(&names[n], InlineAction::Noop);
        if n + 1 < count {
            task = task
                .on("succeeded()", &[names[n + 1].as_str()])
                .on("failed()", &[last]);
        }
        if n % 10 == 0 && n >= 10 {
            task = task.on("vars.x < 3", &[names[n - 10].as_str()]);
        }
        task
    });
    ProgramBuilder::new(tasks.collect())
        .var("x", json!(1))
        .build()
}

#[test]
fn a_thousand_tasks_take_ten_times_the_room_of_a_hundred() {
    let size = |count| Graph::of(&long(count)).draw(Form::Svg).len();
    let (hundred, thousand) = (size(100), size(1_000));
    assert!(thousand < 12 * hundred, "{hundred} bytes, then {thousand}");
}
