//! Workflows to draw and to compare.

use attune_flow::check::compile;
use attune_flow::program::Program;
use attune_pack::{ActionDef, core_pack, from_files};
use attune_types::Ref;
use std::collections::BTreeMap;

/// The file of an action that builds, with what may be changed about it.
pub(crate) const BUILD: &str = "ref: ci.build\nlabel: Build\nrunner: shell\nentry_point: build.sh\noutput_format: json\n\
    parameters:\n  app: {type: string, required: true}\n\
    output:\n  image: {type: string}\n";

/// The actions of `core` and of a pack with `ci.build` as that text says, and `ci.check`.
pub(crate) fn catalogue(build: &str) -> BTreeMap<Ref, ActionDef> {
    let pack = from_files([
        ("pack.yaml", "ref: ci\nlabel: CI\nversion: 1.0.0\n"),
        ("actions/build.yaml", build),
        (
            "actions/check.yaml",
            "ref: ci.check\nlabel: Check\nrunner: shell\nentry_point: build.sh\noutput_format: json\n\
             parameters:\n  level: {type: string}\n  app: {type: string}\n",
        ),
        ("build.sh", "true\n"),
        ("other.sh", "true\n"),
        ("actions/build.sh", "true\n"),
        ("actions/other.sh", "true\n"),
    ])
    .unwrap();
    let core = core_pack().unwrap();
    core.actions
        .into_iter()
        .chain(pack.actions)
        .map(|action| (action.reference.clone(), action))
        .collect()
}

/// The Program of a workflow; `graph` is what follows after `ref`, `label` and `version`.
pub(crate) fn program(graph: &str) -> Program {
    program_with(BUILD, graph)
}

/// The same, where `ci.build` is as that text says.
pub(crate) fn program_with(build: &str, graph: &str) -> Program {
    let text = format!("ref: ci.flow\nlabel: Flow\nversion: 1.0.0\n{graph}");
    match compile("workflows/flow.yaml", &text, &catalogue(build)) {
        Ok(compiled) => compiled.program,
        Err(found) => panic!("{found}"),
    }
}

/// A workflow with about everything that can be seen.
pub(crate) const RELEASE: &str = r#"
parameters:
  app: {type: string, required: true}
  regions: {type: array, items: {type: string}, default: [eu, us]}
vars:
  - laps: 0
tasks:
  - name: build
    action: ci.build
    input: {app: "{{ parameters.app }}"}
    retry: {count: 2, delay: 1}
    timeout: 10m
    next:
      - when: "{{ succeeded() }}"
        publish: [{image: "{{ result().image }}"}]
        do: [checks, wait]
      - when: "{{ timed_out() }}"
        do: retry
      - when: "{{ failed() and error.code != \"lost\" }}"
        do: [tell, fail]
      - when: "{{ error.code == 'lost' }}"
        do: noop
  - name: checks
    type: parallel
    fail_fast: true
    tasks:
      - name: unit
        action: ci.check
      - name: end
        action: ci.check
        when: "{{ parameters.app == 'web' }}"
    on_success: gate
  - name: wait
    action: core.sleep
    delay: 30
    input: {seconds: 1}
    on_success: gate
  - name: gate
    join: all
    action: core.noop
    decision:
      - when: "{{ vars.laps < 3 and parameters.app | length > 1 }}"
        next: again
      - default: regions
  - name: again
    action: core.noop
    next:
      - publish: [{laps: "{{ vars.laps + 1 }}"}]
        do: wait
  - name: regions
    action: ci.flow
    with_items: "{{ parameters.regions }}"
    input: {app: "{{ item }}"}
    compensate: {action: core.noop}
    next:
      - when: "{{ failed() }}"
        do: continue
      - when: "{{ succeeded() }}"
        publish: [{done: true}]
  - name: tell
    action: core.notify
    input: {channel: ops, text: "no"}
output_map:
  image: "{{ vars.image | default(value='') }}"
"#;
