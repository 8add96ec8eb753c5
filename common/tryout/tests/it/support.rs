//! A pack to try things on.

use attune_flow::check::compile_pack;
use attune_pack::{ActionDef, PackSource, core_pack, from_files};
use attune_tryout::{Coverage, Library, Setup, Walk, parse_mocks, run_tests, walk};
use attune_types::{JsonValue, Ref};
use std::collections::BTreeMap;

const PACK: &str =
    "ref: ci\nlabel: CI\nversion: 1.0.0\nconfig:\n  registry: {type: string, default: hub}\n";
const BUILD: &str = "ref: ci.build\nlabel: Build\nrunner: shell\nentry_point: run.sh\noutput_format: json\n\
    parameters:\n  app: {type: string}\n  region: {type: string}\n\
    output:\n  image: {type: string, required: true}\n  size: {type: integer}\n";
const TEST: &str = "ref: ci.test\nlabel: Test\nrunner: shell\nentry_point: run.sh\noutput_format: json\nidempotent: true\n\
    parameters: {type: object}\n";

/// A pack with actions `ci.build` (gives `image`, `size`) and `ci.test` (takes and gives anything), and
/// these workflows: what follows after `ref`, `label` and `version`.
pub(crate) fn pack(workflows: &[(&str, &str)]) -> (PackSource, Library) {
    let mut files = vec![
        ("pack.yaml".to_owned(), PACK.to_owned()),
        ("actions/build.yaml".to_owned(), BUILD.to_owned()),
        ("actions/test.yaml".to_owned(), TEST.to_owned()),
        ("run.sh".to_owned(), "true\n".to_owned()),
    ];
    for (name, text) in workflows {
        files.push((
            format!("workflows/{name}.yaml"),
            format!("ref: ci.{name}\nlabel: L\nversion: 1.0.0\n{text}"),
        ));
    }
    let source = from_files(files).unwrap_or_else(|found| panic!("{found}"));
    let core = core_pack().unwrap().actions;
    let actions: BTreeMap<Ref, ActionDef> = core
        .iter()
        .map(|action| (action.reference.clone(), action.clone()))
        .collect();
    let compiled = compile_pack(&source, &actions).unwrap_or_else(|found| panic!("{found}"));
    let mut library = Library::new();
    library.add_actions(core);
    library.add_pack(&source, compiled);
    (source, library)
}

/// Walks `ci.flow` of that pack with these parameters and mocks (YAML).
pub(crate) fn walked(library: &Library, parameters: &JsonValue, mocks: &str) -> Walk {
    let program = library.workflow(&"ci.flow".parse().unwrap()).unwrap();
    let mut setup = Setup::with_parameters(parameters.as_object().unwrap().clone());
    setup.explain = true;
    if !mocks.is_empty() {
        setup.mocks = parse_mocks("mocks.yaml", mocks, &program, library)
            .unwrap_or_else(|found| panic!("{found}"));
    }
    walk(library, &program, &setup).unwrap()
}

/// Walks a single workflow.
pub(crate) fn tried(workflow: &str, parameters: &JsonValue, mocks: &str) -> Walk {
    let (_, library) = pack(&[("flow", workflow)]);
    walked(&library, parameters, mocks)
}

/// Runs the tests of a pack, all of which have to pass without a warning and cover its workflows whole.
/// Gives their number.
pub(crate) fn all_pass(library: &Library, source: &PackSource) -> usize {
    let mut coverage = Coverage::default();
    for program in library.workflows() {
        coverage.include(program);
    }
    let report = run_tests(library, &source.tests, coverage, |_| true);
    for file in &report.files {
        assert!(!file.found.has_errors(), "{}", file.found);
    }
    for case in report.cases() {
        let name = format!("{}: {}", case.file, case.name);
        assert!(
            case.passed(),
            "{name}: {:?} {:#?}",
            case.path,
            case.failures
        );
        assert!(case.warnings.is_empty(), "{name}: {:#?}", case.warnings);
    }
    for workflow in report.coverage.workflows() {
        assert!(workflow.percent > 99.0, "{workflow:#?}");
    }
    report.passed()
}
