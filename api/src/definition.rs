//! Definitions of workflows in requests: read, checked against the catalogue, and what is wrong told
//! by place.
//!
//! A body is the definition as YAML text, as a JSON object, or `{"definition": ...}` with one of
//! these two within. Lines and columns are those of the text as it was sent (of the object as
//! pretty-printed JSON where it was wrapped); pointers lead into the body where it is JSON. Nothing
//! is stored here. Used by the handlers of workflows and by starts of inline definitions.

use crate::app::App;
use crate::body::{Raw, parse, shape};
use crate::code;
use crate::refusal::{Answer, Refusal};
use attune_catalogue::Snapshot;
use attune_flow::check::{
    ActionLookup, Compiled, INLINE_PACK, compile, compile_inline_text, pointers_in,
};
use attune_flow::syntax::codes;
use attune_pack::{ActionDef, Diagnostic, Diagnostics, Schema, yaml};
use attune_rest::{FieldProblem, GivenDefinition};
use attune_types::{JsonValue, Ref};
use axum::extract::{FromRequest, Request};
use std::sync::Arc;

/// What stands for the file's name.
const FILE: &str = "definition";
/// The pack that is part of every build.
const CORE_PACK: &str = "core";

/// A definition as it came.
#[derive(Clone, Debug)]
pub(crate) struct Definition {
    /// YAML, or JSON, which is YAML too.
    pub(crate) text: String,
    /// Where it stands in a JSON body; none for a text that no pointer leads into.
    pointer: Option<&'static str>,
}

/// What a definition may leave out.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    /// Nothing; where the address names a workflow, it must be that one.
    Whole(Option<Ref>),
    /// What describes it: it is run once.
    Inline,
}

impl<S: Send + Sync> FromRequest<S> for Definition {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Answer<Self> {
        let raw = Raw::from_request(request, state).await?;
        let not_utf8 = |_| Refusal::new(&code::BAD_REQUEST, "the body is not UTF-8 text");
        if raw.is_yaml() {
            let text = String::from_utf8(raw.bytes.to_vec()).map_err(not_utf8)?;
            return Self::of_text(text, None);
        }
        if !raw.is_json() {
            return Err(Refusal::new(
                &code::UNSUPPORTED_MEDIA_TYPE,
                "the body must be `application/yaml` or `application/json`",
            ));
        }
        let value = parse(&raw.bytes)?;
        if value.get("definition").is_some() {
            let given: GivenDefinition = shape(value)?;
            return Self::of_value(given.definition);
        }
        // The text itself, so that lines are those that were sent and a key that stands twice is
        // found.
        let text = String::from_utf8(raw.bytes.to_vec()).map_err(not_utf8)?;
        Self::of_text(text, Some(""))
    }
}

impl Definition {
    /// A definition within JSON, under `/definition`: a text, or an object.
    pub(crate) fn of_value(definition: JsonValue) -> Answer<Self> {
        match definition {
            JsonValue::String(text) => Self::of_text(text, None),
            other => {
                let text = serde_json::to_string_pretty(&other).unwrap_or_default();
                Self::of_text(text, Some("/definition"))
            }
        }
    }

    fn of_text(text: String, pointer: Option<&'static str>) -> Answer<Self> {
        if text.contains('\0') {
            let message = "the definition holds a NUL character";
            return Err(Refusal::new(&code::NUL_CHARACTER, message));
        }
        Ok(Self { text, pointer })
    }

    /// What was found, by place.
    pub(crate) fn problems(&self, found: &[Diagnostic]) -> Vec<FieldProblem> {
        let pointers = match self.pointer {
            Some(_) => pointers_in(&self.text, found),
            None => Vec::new(),
        };
        let mut pointers = pointers.into_iter();
        found
            .iter()
            .map(|one| FieldProblem {
                pointer: match (self.pointer, pointers.next()) {
                    (Some(above), Some(inside)) => format!("{above}{inside}"),
                    _ => String::new(),
                },
                code: one.code.clone(),
                message: one.message.clone(),
                help: one.help.clone(),
                line: one.span.map(|span| span.line),
                column: one.span.map(|span| span.column),
                excerpt: one.excerpt(),
                ..FieldProblem::default()
            })
            .collect()
    }

    /// The refusal of a definition that is wrong, with all its errors.
    pub(crate) fn refusal(&self, found: &Diagnostics) -> Refusal {
        let errors: Vec<Diagnostic> = found.iter().filter(|one| one.is_error()).cloned().collect();
        let detail = format!(
            "the definition has {} error{}; nothing was stored",
            errors.len(),
            if errors.len() == 1 { "" } else { "s" }
        );
        Refusal::new(&code::INVALID_WORKFLOW, detail).with_errors(self.problems(&errors))
    }

    /// Checks it against the catalogue, on a thread that serves nobody else.
    pub(crate) async fn check(
        &self,
        app: &App,
        form: Form,
    ) -> Answer<Result<Compiled, Diagnostics>> {
        // Another replica may have registered what it calls a moment ago.
        let current = app.deps.directory.current();
        let catalogue = app.deps.directory.refresh().await.unwrap_or(current);
        let text = self.text.clone();
        tokio::task::spawn_blocking(move || checked(&text, &form, &catalogue))
            .await
            .map_err(|error| {
                tracing::error!(%error, "checking a definition broke");
                Refusal::new(&code::INTERNAL, "the definition could not be checked")
            })
    }
}

fn checked(text: &str, form: &Form, catalogue: &Arc<Snapshot>) -> Result<Compiled, Diagnostics> {
    match form {
        Form::Inline => compile_inline_text(text, &WithoutPack(catalogue)),
        Form::Whole(address) => {
            let name = misnamed(text, address.as_ref());
            match (compile(FILE, text, &**catalogue), name) {
                (Ok(compiled), None) => Ok(compiled),
                (Ok(_), Some(name)) => Err(name.into()),
                (Err(found), None) => Err(found),
                (Err(mut found), Some(name)) => {
                    found.push(name);
                    found.sort();
                    Err(found)
                }
            }
        }
    }
}

/// What is wrong with the name of a definition, apart from its form.
fn misnamed(text: &str, address: Option<&Ref>) -> Option<Diagnostic> {
    let root = yaml::parse_any_length(FILE, text).ok()?;
    let node = root.get("ref")?;
    let name = Ref::parse(node.as_str()?).ok()?;
    let (message, help) = match (name.pack(), address) {
        (pack @ (CORE_PACK | INLINE_PACK), _) => (
            format!("the pack `{pack}` takes no workflows over the API"),
            "put it into another pack; one that does not exist yet is made".to_owned(),
        ),
        (_, Some(address)) if name != *address => (
            format!("`ref` is `{name}`, but the address says `{address}`"),
            format!("write `ref: {address}`, or use the address of `{name}`"),
        ),
        _ => return None,
    };
    Some(
        Diagnostic::error(codes::REF_MISMATCH, FILE, message)
            .at(node.span, text)
            .help(help),
    )
}

/// The catalogue as an inline definition sees it: it belongs to no pack and has no configuration.
struct WithoutPack<'a>(&'a Snapshot);

impl ActionLookup for WithoutPack<'_> {
    fn action(&self, reference: &Ref) -> Option<ActionDef> {
        ActionLookup::action(self.0, reference)
    }

    fn references(&self) -> Vec<Ref> {
        self.0.references()
    }

    fn pack_config(&self, pack: &str) -> Option<Schema> {
        match pack {
            INLINE_PACK => Some(Schema::default()),
            other => self.0.pack_config(other),
        }
    }
}
