//! A small catalogue for the tests of the checker, and ways to call it.

use attune_flow::check::{ActionLookup, Compiled, Layered, compile};
use attune_pack::{ActionDef, Diagnostics, Schema, core_pack, from_files};
use attune_types::Ref;
use std::collections::BTreeMap;

/// The actions of `core` and of a pack `ci`, and the configuration of pack `ci`.
pub(crate) struct Catalogue {
    pub(crate) actions: BTreeMap<Ref, ActionDef>,
    config: Schema,
}

impl ActionLookup for Catalogue {
    fn action(&self, reference: &Ref) -> Option<ActionDef> {
        self.actions.get(reference).cloned()
    }

    fn references(&self) -> Vec<Ref> {
        self.actions.keys().cloned().collect()
    }

    fn pack_config(&self, pack: &str) -> Option<Schema> {
        (pack == "ci").then(|| self.config.clone())
    }
}

/// Made anew for each test.
pub(crate) fn catalogue() -> Catalogue {
    let pack = from_files([
        (
            "pack.yaml",
            "ref: ci\nlabel: CI\nversion: 1.0.0\nconfig:\n  registry: {type: string}\n  pass: {type: string, secret: true}\n",
        ),
        (
            "actions/build.yaml",
            "ref: ci.build\nlabel: Build\nrunner: shell\nentry_point: run.sh\noutput_format: json\n\
             timeout: 90\nretry: {count: 1, delay: 2}\nidempotent: true\n\
             parameters:\n  app: {type: string, required: true}\n  tag: {type: string, default: latest}\n  \
             replicas: {type: integer, minimum: 1}\n\
             output:\n  image_uri: {type: string}\n  size: {type: integer}\n",
        ),
        (
            "actions/test.yaml",
            "ref: ci.test\nlabel: Test\nrunner: python\nentry_point: run.py\noutput_format: json\n\
             parameters:\n  level: {type: string, enum: [unit, full]}\n",
        ),
        ("run.sh", "true\n"),
        ("run.py", "pass\n"),
        ("actions/run.sh", "true\n"),
        ("actions/run.py", "pass\n"),
    ])
    .unwrap();
    let actions = core_pack()
        .unwrap()
        .actions
        .iter()
        .chain(&pack.actions)
        .map(|action| (action.reference.clone(), action.clone()))
        .collect();
    Catalogue {
        actions,
        config: pack.def.config,
    }
}

/// The actions of `core` and of the pack `ci` among the fixtures.
pub(crate) fn fixtures() -> Catalogue {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ci");
    let pack = attune_pack::load_folder(&folder).unwrap();
    let actions = core_pack()
        .unwrap()
        .actions
        .iter()
        .chain(&pack.actions)
        .map(|action| (action.reference.clone(), action.clone()))
        .collect();
    Catalogue {
        actions,
        config: pack.def.config,
    }
}

/// Checks a whole file; `graph` is what follows after `ref`, `label` and `version`.
pub(crate) fn check(graph: &str) -> Result<Compiled, Diagnostics> {
    let text = format!("ref: ci.flow\nlabel: Flow\nversion: 1.0.0\n{graph}");
    compile("workflows/flow.yaml", &text, &catalogue())
}

/// What is wrong with it, as text.
pub(crate) fn errors(graph: &str) -> String {
    match check(graph) {
        Ok(compiled) => panic!("accepted, with warnings {:?}", compiled.warnings),
        Err(found) => found.to_string(),
    }
}

/// What is accepted with a warning, as text.
pub(crate) fn warnings(graph: &str) -> String {
    match check(graph) {
        Ok(compiled) => Diagnostics(compiled.warnings).to_string(),
        Err(found) => panic!("{found}"),
    }
}

/// The catalogue below a map of more actions.
pub(crate) fn layered<'a>(first: &'a BTreeMap<Ref, ActionDef>, then: &'a Catalogue) -> Layered<'a> {
    Layered { first, then }
}
