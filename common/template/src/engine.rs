//! Lets Tera run emitted source, within the limits, and translates what goes wrong.

use crate::ast::{Node, Path, Statement};
use crate::convert;
use crate::emit::{self, Emitted};
use crate::error::{ErrorKind, Fault};
use crate::filter;
use crate::frame::{self, Budget, Frame};
use crate::limits::Bounds;
use crate::resolve;
use crate::scope::Scope;
use attune_types::JsonValue;
use std::io::{self, Write};
use std::sync::LazyLock;
use tera::{Context, Tera, Value};

/// An engine with our filters, from which those of templates are cloned.
static BASE: LazyLock<Tera> = LazyLock::new(|| {
    let mut tera = Tera::new();
    tera.autoescape_on(Vec::<&'static str>::new());
    filter::register(&mut tera);
    tera
});

const NAME: &str = "t";

/// One string, compiled for Tera.
pub(crate) struct Program {
    tera: Tera,
    emitted: Emitted,
    constants: Vec<(String, Value)>,
    names: Vec<String>,
    typed: bool,
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program")
            .field("source", &self.emitted.source)
            .finish_non_exhaustive()
    }
}

impl Program {
    /// Compiles an expression whose result keeps its type.
    pub(crate) fn value(node: &Node) -> Result<Self, Fault> {
        Self::new(emit::value(node)?, true)
    }

    /// Compiles statements whose result is text.
    pub(crate) fn text(statements: &[Statement]) -> Result<Self, Fault> {
        Self::new(emit::text(statements)?, false)
    }

    fn new(emitted: Emitted, typed: bool) -> Result<Self, Fault> {
        let mut tera = BASE.clone();
        tera.add_raw_template(NAME, &emitted.source)
            .map_err(|error| translate(&error, &emitted, None))?;
        // Constants are bounded by the length of the source.
        let mut budget = Budget::new(Bounds::default());
        let constants = emitted
            .constants
            .iter()
            .enumerate()
            .map(|(n, value)| Ok((format!("__c{n}"), convert::to_tera(value, &mut budget)?)))
            .collect::<Result<_, Fault>>()?;
        let names = (0..emitted.paths.len())
            .map(|n| format!("__p{n}"))
            .collect();
        Ok(Self {
            tera,
            emitted,
            constants,
            names,
            typed,
        })
    }

    /// Evaluates over a scope.
    pub(crate) fn run(
        &self,
        scope: &dyn Scope,
        budget: &mut Budget,
        seed: String,
    ) -> Result<JsonValue, Fault> {
        let mut context = Context::new();
        for (name, value) in &self.constants {
            context.insert_value(name.clone(), value.clone());
        }
        for (name, path) in self.names.iter().zip(&self.emitted.paths) {
            if let Some(value) = resolve::lookup(scope, path) {
                context.insert_value(name.clone(), convert::to_tera(&value, budget)?);
            }
        }
        let mut out = Bounded {
            bytes: Vec::new(),
            most: budget.output_left(),
            full: false,
        };
        let frame = Frame::new(budget.clone(), scope.ambient(), scope.keys().cloned(), seed);
        let (frame, result) =
            frame::within(frame, || self.tera.render_to(NAME, &context, &mut out));
        let Some(frame) = frame else {
            return Err(Fault::new(
                ErrorKind::Internal,
                "the evaluation lost its frame",
            ));
        };
        *budget = frame.budget;
        if let Err(error) = result {
            if out.full {
                return Err(budget.too_large());
            }
            let fault = frame.fault;
            return Err(self.explain(scope, fault, &error));
        }
        if self.typed {
            let value = frame.captured.unwrap_or_else(Value::none);
            let value = convert::to_json(&value)?;
            budget.give_out(convert::json_size(&value, budget.output_left()))?;
            return Ok(value);
        }
        budget.give_out(out.bytes.len())?;
        let text = String::from_utf8(out.bytes)
            .map_err(|_| Fault::new(ErrorKind::Internal, "the result is not UTF-8"))?;
        convert::no_nul(&text)?;
        Ok(JsonValue::String(text))
    }

    fn explain(&self, scope: &dyn Scope, fault: Option<Fault>, error: &tera::Error) -> Fault {
        let origin = position(error).and_then(|range| self.emitted.origin(range));
        let Some(fault) = fault else {
            return translate(error, &self.emitted, None);
        };
        match origin {
            Some((span, Some(path)))
                if fault.kind == ErrorKind::Undefined && fault.message.is_empty() =>
            {
                explain_path(scope, path).at(span)
            }
            Some((span, _)) => fault.at(span),
            None => fault,
        }
    }
}

fn explain_path(scope: &dyn Scope, path: &Path) -> Fault {
    resolve::explain(scope, path)
}

fn position(error: &tera::Error) -> Option<&tera::Span> {
    match error.kind() {
        tera::ErrorKind::RenderingError(report) | tera::ErrorKind::SyntaxError(report) => {
            Some(report.span())
        }
        _ => None,
    }
}

/// An error that Tera itself found.
fn translate(error: &tera::Error, emitted: &Emitted, kind: Option<ErrorKind>) -> Fault {
    let span = position(error)
        .and_then(|range| emitted.origin(range))
        .map(|(span, _)| span);
    let (kind, message) = match error.kind() {
        tera::ErrorKind::RenderingError(report) => {
            (kind.unwrap_or(ErrorKind::Type), report.message().to_owned())
        }
        tera::ErrorKind::SyntaxError(report) => (
            kind.unwrap_or(ErrorKind::Limit),
            report.message().to_owned(),
        ),
        other => (kind.unwrap_or(ErrorKind::Internal), other.to_string()),
    };
    let mut fault = Fault::new(kind, plain(&message));
    if message.contains("`+` requires") {
        fault = fault.help("join texts with `~`");
    }
    match span {
        Some(span) => fault.at(span),
        None => fault,
    }
}

/// Tera's words in ours.
fn plain(message: &str) -> String {
    let mut text = message.to_owned();
    for (theirs, ours) in [
        ("`i64`", "a number"),
        ("`u64`", "a number"),
        ("`f64`", "a number"),
        ("`i128`", "a number"),
        ("`string`", "a text"),
        ("`array`", "a list"),
        ("`map/struct`", "a map"),
        ("`none`", "null"),
        ("`bool`", "a boolean"),
    ] {
        text = text.replace(theirs, ours);
    }
    match text.strip_prefix("Math operations can only be done on numbers, found ") {
        Some(found) => format!("this calculation needs numbers, and one side is {found}"),
        None => text,
    }
}

/// A buffer that takes only so many bytes.
struct Bounded {
    bytes: Vec<u8>,
    most: usize,
    full: bool,
}

impl Write for Bounded {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + text.len() > self.most {
            self.full = true;
            return Err(io::Error::other("full"));
        }
        self.bytes.extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
