//! What holds for every Program: nothing is left out of a drawing, and a difference has two sides.

use attune_draw::{Change, Difference, EdgeKind, Form, Graph, Kind};
use attune_flow::program::Program;
use attune_testkit::simulator::{Rng, random_program};
use proptest::prelude::*;
use serde_json::Value;

/// The Program of a seed: a failure is told by its seed.
fn of(seed: u64) -> Program {
    random_program(&mut Rng::new(seed))
}

/// Whether tags are closed in order and nothing stands in a text that may not.
pub(crate) fn is_xml(text: &str) {
    let mut open = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let content = &rest[..at];
        for entity in content.split('&').skip(1) {
            let name = entity.split(';').next().unwrap();
            assert!(
                ["amp", "lt", "gt", "quot", "#39"].contains(&name),
                "&{entity}"
            );
        }
        let end = rest[at..].find('>').expect("a tag that ends") + at;
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        assert!(!tag.contains('<'), "{tag}");
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        let name = tag
            .trim_start_matches('/')
            .split([' ', '/'])
            .next()
            .unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
    assert_eq!(rest.trim(), "");
}

fn mirrored(kind: Kind) -> Kind {
    match kind {
        Kind::Added => Kind::Removed,
        Kind::Removed => Kind::Added,
        same => same,
    }
}

/// A change as it is told from the other side.
fn other_side(change: &Change) -> (String, String, Option<Value>, Option<Value>) {
    let kind = format!("{:?}", mirrored(change.kind));
    (
        kind,
        format!("{:?}", change.area),
        change.to.clone(),
        change.from.clone(),
    )
}

fn own_side(change: &Change) -> (String, String, Option<Value>, Option<Value>) {
    let kind = format!("{:?}", change.kind);
    (
        kind,
        format!("{:?}", change.area),
        change.from.clone(),
        change.to.clone(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn every_node_and_edge_is_in_each_form(seed in any::<u64>()) {
        let program = of(seed);
        let graph = Graph::of(&program);
        for task in &program.tasks {
            prop_assert!(graph.nodes.iter().any(|node| node.id == task.name));
        }
        let ways: usize = program.tasks.iter().flat_map(|task| &task.next).map(|next| next.to.len().max(1)).sum();
        prop_assert_eq!(graph.edges.len(), ways);

        let starts = graph.nodes.iter().filter(|node| node.entry).count();
        let mermaid = graph.draw(Form::Mermaid);
        let arrows = mermaid.lines().filter(|line| line.contains(" -->") || line.contains(" -.->")).count();
        prop_assert_eq!(arrows, graph.edges.len() + starts);
        let opened = mermaid.lines().filter(|line| line.trim_start().starts_with("subgraph ")).count();
        let closed = mermaid.lines().filter(|line| line.trim() == "end").count();
        prop_assert_eq!(opened, closed);

        let dot = graph.draw(Form::Dot);
        prop_assert_eq!(dot.matches(" -> ").count(), graph.edges.len() + starts);
        prop_assert_eq!(dot.matches('{').count(), dot.matches('}').count());

        let svg = graph.draw(Form::Svg);
        is_xml(&svg);
        for node in &graph.nodes {
            let id = format!("data-id=\"{}\"", node.id);
            prop_assert_eq!(svg.matches(&id).count(), 1, "{}", id);
        }
        prop_assert_eq!(svg.matches("<g class=\"edge\"").count(), graph.edges.len());
        prop_assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn drawing_twice_gives_the_same(seed in any::<u64>()) {
        let program = of(seed);
        let again = Program::from_json(program.to_json()).unwrap();
        for form in Form::ALL {
            prop_assert_eq!(Graph::of(&program).draw(form), Graph::of(&again).draw(form));
        }
    }

    #[test]
    fn without_what_leads_back_there_is_no_cycle(seed in any::<u64>()) {
        let program = of(seed);
        let graph = Graph::of(&program);
        let mut left: Vec<(&str, &str)> = graph.edges.iter()
            .filter(|edge| !edge.back && edge.kind == EdgeKind::Next)
            .map(|edge| (edge.from.as_str(), edge.to.as_str()))
            .collect();
        loop {
            let before = left.len();
            let ends: Vec<&str> = left.iter().map(|(_, to)| *to).collect();
            left.retain(|(from, _)| ends.contains(from));
            if left.len() == before { break; }
        }
        prop_assert!(left.is_empty(), "{:?}", left);
    }

    #[test]
    fn a_program_does_not_differ_from_itself(seed in any::<u64>()) {
        let program = of(seed);
        let stored = Program::from_json(program.to_json()).unwrap();
        let found = Difference::between(&program, &stored);
        prop_assert!(found.same && !found.breaking && found.changes.is_empty(), "{:?}", found);
    }

    #[test]
    fn other_content_is_another_program_and_told(a in any::<u64>(), b in any::<u64>()) {
        let (a, b) = (of(a), of(b));
        let found = Difference::between(&a, &b);
        prop_assert_eq!(found.changes.is_empty(), a.hash == b.hash);
    }

    #[test]
    fn what_is_added_is_removed_the_other_way_round(a in any::<u64>(), b in any::<u64>()) {
        let (a, b) = (of(a), of(b));
        let (there, back) = (Difference::between(&a, &b).changes, Difference::between(&b, &a).changes);
        if there.iter().any(|change| change.kind == Kind::Renamed) {
            // Each side calls the task by its own name, in the values too.
            prop_assert_eq!(there.len(), back.len());
            return Ok(());
        }
        let mut there: Vec<_> = there.iter().map(own_side).collect();
        let mut back: Vec<_> = back.iter().map(other_side).collect();
        let by_text = |one: &(String, String, Option<Value>, Option<Value>)| format!("{one:?}");
        there.sort_by_key(by_text);
        back.sort_by_key(by_text);
        prop_assert_eq!(there, back);
    }

    #[test]
    fn one_part_that_changed_is_told(seed in any::<u64>(), part in any::<u64>()) {
        let program = of(seed);
        // Any value of the stored form that can be another one and still be a Program.
        let mut rng = Rng::new(part);
        let mut json = program.to_json();
        json.as_object_mut().unwrap().remove("hash");
        let mut places = Vec::new();
        leaves(&json, String::new(), &mut places);
        let place = rng.pick(&places).clone();
        let value = json.pointer_mut(&place).unwrap();
        *value = match value.clone() {
            Value::Bool(on) => (!on).into(),
            Value::Number(n) => n.as_u64().map_or_else(|| 0.5.into(), |n| (n + 1).into()),
            Value::String(text) => format!("{text} and 1").into(),
            other => other,
        };
        json["hash"] = Value::from("");
        // Words of a choice and the like are not free, nor is who is whose child.
        let structural = place.contains("/children/") || place.ends_with("/branch_of");
        if let Ok(changed) = Program::from_json(json) {
            prop_assert!(!structural, "{}", place);
            let changed = changed.seal();
            if changed.hash != program.hash {
                prop_assert!(!Difference::between(&program, &changed).changes.is_empty(), "{}", place);
            }
        }
    }
}

fn leaves(value: &Value, at: String, places: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let key = key.replace('~', "~0").replace('/', "~1");
                leaves(value, format!("{at}/{key}"), places);
            }
        }
        Value::Array(items) => {
            for (n, value) in items.iter().enumerate() {
                leaves(value, format!("{at}/{n}"), places);
            }
        }
        _ => places.push(at),
    }
}
