//! From a definition to a checked Program, or to everything that is wrong with it.
//!
//! Owns the order of the checks and the entry points: [`compile`] for a whole file,
//! [`compile_graph`] for a graph whose metadata stand in an action file, [`compile_inline`] for a
//! definition in a request, [`compile_pack`] for all of a pack at once, and [`outline`] for the
//! catalogue entry alone. Never reads files and never changes the catalogue. Called by the API (when
//! a pack is registered), the CLI (offline) and tests. All errors come at once.

mod aligned;
mod dead;
mod elsewhere;
mod ending;
mod fate;
mod fields;
mod graph;
mod inline;
mod input;
mod lookup;
mod lower;
mod names;
mod output;
mod pack;
mod place;
mod published;
mod race;
mod scopes;
mod sure;
mod template;
mod types;
mod undo;
mod unsupported;
mod ways;

pub use inline::{INLINE_PACK, compile_inline, compile_inline_text, pointer_of, pointers_in};
pub use lookup::{ActionLookup, Layered};
pub use pack::{CheckedPack, CompiledPack, check_pack, compile_pack, known_actions, outlines};
pub use place::of_error as place_of_error;

use crate::program::{Concurrency, DefinitionLimits, Program, ProgramKind, RunLimits};
use crate::syntax::{self, Form, Parsed, ast, codes};
use attune_pack::{
    ActionDef, Delivery, Diagnostic, Diagnostics, LimitsDef, OutputFormat, Runner, Sink,
};
use attune_template::Template;
use attune_types::{ProgramHash, Ref};
use std::collections::BTreeMap;
use template::{At, Templates};

/// A checked definition.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// Ready to be run.
    pub program: Program,
    /// The same as an entry of the catalogue.
    pub action: ActionDef,
    /// What is accepted but probably not meant.
    pub warnings: Vec<Diagnostic>,
}

/// Checks a file that holds metadata and graph together.
///
/// # Errors
/// All that is wrong with it, each with its place.
pub fn compile(
    file: &str,
    text: &str,
    actions: &dyn ActionLookup,
) -> Result<Compiled, Diagnostics> {
    let mut parsed = syntax::parse_within(file, text, Form::Whole, actions.limits())?;
    matches_file(&parsed.workflow, file, &mut parsed.sink);
    let action = described(&parsed.workflow);
    check(parsed, action, text, actions)
}

/// Checks a graph file whose metadata stand in the file of `action`. `version` is taken where neither
/// names one.
///
/// # Errors
/// All that is wrong with it, each with its place.
pub fn compile_graph(
    action: &ActionDef,
    version: &str,
    file: &str,
    text: &str,
    actions: &dyn ActionLookup,
) -> Result<Compiled, Diagnostics> {
    let mut parsed = syntax::parse_within(file, text, Form::Graph, actions.limits())?;
    if let Some(own) = &parsed.workflow.reference
        && own.value != action.reference
    {
        let message = format!("this is the graph of `{}`", action.reference);
        let span = own.span;
        parsed.sink.error(codes::REF_MISMATCH, span, message);
    }
    parsed
        .workflow
        .version
        .get_or_insert_with(|| action.version.as_deref().unwrap_or(version).to_owned());
    let mut whole = action.clone();
    if let Some(parameters) = parsed.workflow.parameters.clone() {
        whole.parameters = parameters;
    }
    whole.output = parsed.workflow.output.clone().or(whole.output);
    check(parsed, Some(whole), text, actions)
}

/// The catalogue entry of a workflow, without looking at its tasks' actions: so that the catalogue
/// can be built first and workflows may call each other.
///
/// # Errors
/// What is wrong with its form.
pub fn outline(file: &str, text: &str) -> Result<ActionDef, Diagnostics> {
    let mut parsed = syntax::parse_within(file, text, Form::Whole, DefinitionLimits::NONE)?;
    matches_file(&parsed.workflow, file, &mut parsed.sink);
    let action = described(&parsed.workflow);
    let found = parsed.sink.into_diagnostics();
    match action {
        Some(action) if !found.has_errors() => Ok(action),
        _ => Err(found),
    }
}

/// The action that a workflow is. Where name or label are missing, which was reported, others stand
/// in for them so that all else can be checked.
fn described(workflow: &ast::Workflow) -> Option<ActionDef> {
    let named = workflow.reference.as_ref().map(|own| own.value.clone());
    Some(ActionDef {
        reference: named.or_else(|| Ref::parse("unnamed.workflow").ok())?,
        label: workflow.label.clone().unwrap_or_default(),
        description: workflow.description.clone(),
        runner: Runner::Workflow,
        entry_point: None,
        workflow_file: None,
        version: None,
        parameters: workflow.parameters.clone().unwrap_or_default(),
        output: workflow.output.clone(),
        output_format: OutputFormat::Json,
        parameter_delivery: Delivery::Stdin,
        timeout: None,
        retry: None,
        idempotent: false,
        pool: None,
        limits: LimitsDef::default(),
        env: Default::default(),
    })
}

/// `workflows/<name>.yaml` holds `<pack>.<name>`.
fn matches_file(workflow: &ast::Workflow, file: &str, sink: &mut Sink) {
    let Some(reference) = &workflow.reference else {
        return;
    };
    let mut parts = file.rsplit(['/', '\\']);
    let name = parts.next().unwrap_or_default();
    if parts.next() != Some("workflows") {
        return;
    }
    let stem = name
        .strip_suffix(".yaml")
        .or_else(|| name.strip_suffix(".yml"))
        .or_else(|| name.strip_suffix(".json"))
        .unwrap_or(name);
    let stem = stem.strip_suffix(".workflow").unwrap_or(stem);
    if reference.value.name() != stem {
        let message = format!(
            "`ref` is `{}`, but the file is named `{stem}`",
            reference.value
        );
        sink.error(codes::REF_MISMATCH, reference.span, message)
            .help = Some(format!(
            "write `ref: {}.{stem}`, or rename the file",
            reference.value.pack()
        ));
    }
}

/// All checks, and the Program where they find no error.
fn check(
    parsed: Parsed,
    action: Option<ActionDef>,
    text: &str,
    actions: &dyn ActionLookup,
) -> Result<Compiled, Diagnostics> {
    let Parsed {
        workflow, mut sink, ..
    } = parsed;
    // A workflow may call itself, before the catalogue knows it; one in a request has no name to be
    // called by.
    let own: BTreeMap<Ref, ActionDef> = action
        .iter()
        .filter(|action| action.reference.pack() != INLINE_PACK)
        .map(|action| (action.reference.clone(), action.clone()))
        .collect();
    let actions = Layered {
        first: &own,
        then: actions,
    };
    let program = program(&workflow, action.as_ref(), text, &actions, &mut sink);
    let mut found = sink.into_diagnostics();
    found.sort();
    match (program, action) {
        (Some(program), Some(action)) if !found.has_errors() => Ok(Compiled {
            program,
            action,
            warnings: found.0,
        }),
        _ => {
            // Every part that is left out has been reported; this is said if one was not.
            if !found.has_errors() {
                let message = "the definition could not be read whole";
                found.push(Diagnostic::error(codes::READ.bad_value, "", message));
            }
            Err(found)
        }
    }
}

fn program(
    workflow: &ast::Workflow,
    action: Option<&ActionDef>,
    text: &str,
    actions: &dyn ActionLookup,
    sink: &mut Sink,
) -> Option<Program> {
    let flat = graph::Flat::of(&workflow.tasks);
    let most = actions.limits().tasks;
    if flat.tasks.len() > most {
        let message = format!("{} tasks; at most {most} are accepted", flat.tasks.len());
        sink.error(codes::LIMIT, workflow.span, message).help = Some(
            "move a part into a workflow of its own, or raise the setting `limits.tasks`"
                .to_owned(),
        );
        return None;
    }
    let mut templates = Templates {
        text,
        sink,
        uses: Vec::new(),
    };
    let vars: Vec<Option<(String, Template)>> = workflow
        .vars
        .iter()
        .enumerate()
        .map(|(number, entry)| {
            let template = templates.value(&entry.value, At::Start(number))?;
            Some((entry.name.value.clone(), template))
        })
        .collect();
    let all_vars = At::Start(workflow.vars.len());
    let timeout = optional(&workflow.timeout, |node| templates.timeout(node, all_vars));
    let trace_tag = optional(&workflow.trace_tag, |node| templates.text(node, all_vars));
    let concurrency = concurrency(workflow, &mut templates, all_vars);
    let mut lowering =
        lower::Lowering::new(&flat, actions, &mut templates, workflow.retry.as_ref());
    let labels = lowering.entries(&workflow.labels, all_vars);
    let tasks = lowering.tasks();
    let output_map = match &workflow.output_map {
        Some(entries) => lowering.entries(entries, At::End).map(Some),
        None => Some(None),
    };
    let found = std::mem::take(&mut lowering.found);
    let uses = std::mem::take(&mut templates.uses);

    let shape = graph::Shape::of(&flat);
    graph::check(&flat, &shape, sink);
    undo::check(&flat, &shape, sink);
    race::check(&flat, &shape, sink);
    dead::check(&flat, sink);
    let reference = &action?.reference;
    let config = actions.pack_config(reference.pack());
    let parameters = &action?.parameters;
    let world = names::World {
        text,
        workflow,
        parameters,
        config: config.as_ref(),
        flat: &flat,
        shape: &shape,
        actions: &found,
        vars: variables(workflow, &flat),
        sources: types::sources(workflow, &flat.tasks),
        sure: sure::Sure::of(&flat, &shape),
        published: published::Published::of(&flat, &shape),
        ending: ending::Ending::of(&flat),
    };
    names::check(&world, &uses, sink);
    ways::check(&world, &uses, sink);
    fields::input_types(&world, sink);
    output::check(&world, sink);

    let program = Program {
        hash: ProgramHash(String::new()),
        reference: reference.clone(),
        version: workflow.version.clone().unwrap_or_default(),
        kind: ProgramKind::Workflow,
        parameters: parameters.clone(),
        output: action?.output.clone(),
        vars: vars.into_iter().collect::<Option<Vec<_>>>()?,
        tasks: tasks?,
        output_map: output_map?,
        timeout: timeout?,
        on_failure: workflow.on_failure,
        cancellation: workflow.cancellation,
        concurrency: concurrency?,
        labels: labels?,
        trace_tag: trace_tag?,
        limits: RunLimits::default(),
        graph: Default::default(),
    };
    Some(program.seal())
}

/// `Some(None)` for what is not given, `None` for what has errors.
fn concurrency(
    workflow: &ast::Workflow,
    templates: &mut Templates<'_>,
    at: At,
) -> Option<Option<Concurrency>> {
    let Some(written) = &workflow.concurrency else {
        return Some(None);
    };
    Some(Some(Concurrency {
        limit: written.limit,
        key: optional(&written.key, |node| templates.value(node, at))?,
        on_limit: written.on_limit,
    }))
}

/// `Some(None)` for what is not given, `None` for what has errors.
fn optional(
    node: &Option<attune_pack::yaml::Node>,
    compile: impl FnOnce(&attune_pack::yaml::Node) -> Option<Template>,
) -> Option<Option<Template>> {
    match node {
        None => Some(None),
        Some(node) => compile(node).map(Some),
    }
}

/// All names that are ever set or published.
fn variables<'a>(workflow: &'a ast::Workflow, flat: &graph::Flat<'a>) -> Vec<&'a str> {
    let published = flat
        .tasks
        .iter()
        .flat_map(|task| &task.next)
        .flat_map(|next| &next.publish);
    let mut names: Vec<&str> = workflow
        .vars
        .iter()
        .chain(published)
        .map(|entry| entry.name.value.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}
