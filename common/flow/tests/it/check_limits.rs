//! Limits that an installation sets: what is told where a definition goes beyond them.

/// The catalogue of an installation that allows little.
struct Tight(crate::check_support::Catalogue);

impl attune_flow::check::ActionLookup for Tight {
    fn action(&self, reference: &attune_types::Ref) -> Option<attune_pack::ActionDef> {
        self.0.action(reference)
    }

    fn references(&self) -> Vec<attune_types::Ref> {
        self.0.references()
    }

    fn limits(&self) -> attune_flow::program::DefinitionLimits {
        attune_flow::program::DefinitionLimits {
            bytes: 400,
            tasks: 2,
        }
    }
}

#[test]
fn an_installation_sets_the_limits_of_definitions() {
    let tight = Tight(crate::check_support::catalogue());
    let checked = |tasks: usize, note: usize| {
        let mut text = "ref: ci.flow\nlabel: Flow\nversion: 1.0.0\ntasks:\n".to_owned();
        for n in 0..tasks {
            text.push_str(&format!("  - {{name: t{n}, action: core.noop}}\n"));
        }
        text.push_str(&format!("description: {}\n", "x".repeat(note)));
        attune_flow::check::compile("workflows/flow.yaml", &text, &tight)
            .map(|_| ())
            .map_err(|found| found.to_string())
    };
    assert_eq!(checked(2, 10), Ok(()));
    let tasks = checked(3, 10).unwrap_err();
    assert!(
        tasks.contains("FLOW016") && tasks.contains("3 tasks; at most 2"),
        "{tasks}"
    );
    assert!(tasks.contains("limits.tasks"), "{tasks}");
    let long = checked(2, 400).unwrap_err();
    assert!(
        long.contains("FLOW016") && long.contains("at most 400"),
        "{long}"
    );
    assert!(long.contains("limits.definition"), "{long}");
}
