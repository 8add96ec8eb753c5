//! A JSON value with templates in its strings, compiled once and evaluated often.

use crate::ast::{Node, Statement};
use crate::convert;
use crate::engine::Program;
use crate::error::{ErrorKind, Fault, TemplateError};
use crate::frame::Budget;
use crate::gives::{self, Gives};
use crate::guard;
use crate::lex::{self, Segment};
use crate::limits::Limits;
use crate::loops;
use crate::parse::Parser;
use crate::quick;
use crate::reference::{self, KeyUse, Reference};
use crate::resolve::type_name;
use crate::scope::Scope;
use crate::statement;
use attune_types::{JsonMap, JsonValue, pointer_escape};
use std::sync::Arc;

/// A JSON value with templates in its strings.
///
/// A string that is exactly one `{{ expression }}` (spaces around it aside) becomes the expression's
/// value with its JSON type; a string with other text or with tags becomes text; everything else
/// stays as it is, keys of maps included. A result is never looked at for templates again.
#[derive(Clone)]
pub struct Template {
    inner: Arc<Inner>,
}

struct Inner {
    source: JsonValue,
    part: Part,
    references: Vec<Reference>,
    gives: Gives,
}

impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Template").field(&self.inner.source).finish()
    }
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.inner.source == other.inner.source
    }
}

/// One value within the template.
enum Part {
    Literal(JsonValue),
    List(Vec<Part>),
    Map(Vec<(String, Part)>),
    String(Box<Compiled>),
}

/// One string with a template in it.
struct Compiled {
    text: String,
    pointer: String,
    work: Work,
    gives: Gives,
}

enum Work {
    /// A simple expression, evaluated without the engine.
    Quick(Node),
    /// Text and simple expressions.
    Join(Vec<Statement>),
    Engine(Box<Program>),
}

impl Template {
    /// Compiles a value.
    ///
    /// # Errors
    /// The first [`TemplateError`] in the order of the value.
    pub fn compile(value: &JsonValue) -> Result<Self, TemplateError> {
        let mut references = Vec::new();
        let part = part(value, "", 0, &mut references)?;
        Ok(Self::new(value, part, references))
    }

    /// Compiles a condition: an expression with or without `{{ }}`, or a literal boolean.
    ///
    /// # Errors
    /// A [`TemplateError`] when it is neither.
    pub fn condition(value: &JsonValue) -> Result<Self, TemplateError> {
        let text = match value {
            JsonValue::Bool(_) => {
                return Ok(Self::new(value, Part::Literal(value.clone()), Vec::new()));
            }
            JsonValue::String(text) => text,
            other => {
                return Err(Fault::wrong_type(format!(
                    "a condition is an expression or a boolean, this is {}",
                    type_name(other)
                ))
                .placed("", ""));
            }
        };
        let mut references = Vec::new();
        let compiled =
            compile_condition(text, &mut references).map_err(|fault| fault.placed(text, ""))?;
        Ok(Self::new(
            value,
            Part::String(Box::new(compiled)),
            references,
        ))
    }

    fn new(source: &JsonValue, part: Part, references: Vec<Reference>) -> Self {
        let gives = match &part {
            Part::String(compiled) => compiled.gives.clone(),
            _ => gives::literal(source),
        };
        Self {
            inner: Arc::new(Inner {
                source: source.clone(),
                part,
                references,
                gives,
            }),
        }
    }

    /// The value as it was written.
    pub fn source(&self) -> &JsonValue {
        &self.inner.source
    }

    /// Whether there is no template in it: evaluating gives [`Template::source`].
    pub fn is_literal(&self) -> bool {
        matches!(self.inner.part, Part::Literal(_))
    }

    /// What it uses, in the order of the value.
    pub fn references(&self) -> Vec<Reference> {
        let all = self.inner.references.iter();
        all.filter(|one| one.element.is_none()).cloned().collect()
    }

    /// The fields that it uses of elements of lists, by variables of loops.
    pub fn elements(&self) -> impl Iterator<Item = &Reference> {
        let all = self.inner.references.iter();
        all.filter(|one| one.element.is_some())
    }

    /// The keys that it names by literal texts.
    pub fn keys(&self) -> impl Iterator<Item = &KeyUse> {
        self.inner
            .references
            .iter()
            .filter_map(|reference| reference.key.as_ref())
    }

    /// What kind of value it makes, as far as that shows before it is evaluated.
    pub fn gives(&self) -> &Gives {
        &self.inner.gives
    }

    /// The value, with every template replaced by what it makes of the scope.
    ///
    /// # Errors
    /// The first [`TemplateError`] in the order of the value.
    pub fn evaluate(&self, scope: &dyn Scope) -> Result<JsonValue, TemplateError> {
        evaluate(&self.inner.part, scope, &mut Budget::new(scope.bounds()))
    }

    /// Whether the condition holds: its value must be a boolean; null is false. Anything else is an
    /// error, since a text or a list in a condition is nearly always a comparison left out.
    ///
    /// # Errors
    /// A [`TemplateError`] when it cannot be evaluated or is no boolean.
    pub fn test(&self, scope: &dyn Scope) -> Result<bool, TemplateError> {
        match self.evaluate(scope)? {
            JsonValue::Bool(held) => Ok(held),
            JsonValue::Null => Ok(false),
            other => {
                let text = self.inner.source.as_str().unwrap_or_default();
                Err(Fault::wrong_type(format!(
                    "a condition must be true or false, this is {}",
                    type_name(&other)
                ))
                .help("compare it (`x == ...`), or ask for its length (`x | length > 0`)")
                .placed(text, ""))
            }
        }
    }
}

fn part(
    value: &JsonValue,
    pointer: &str,
    depth: usize,
    references: &mut Vec<Reference>,
) -> Result<Part, TemplateError> {
    if depth > Limits::VALUE_DEPTH {
        return Err(Fault::limit(format!(
            "lists and maps may be nested {} deep",
            Limits::VALUE_DEPTH
        ))
        .placed("", pointer));
    }
    match value {
        JsonValue::String(text) if lex::has_markers(text) => compile(text, pointer, references)
            .map_err(|fault| fault.placed(text, pointer))
            .map(|compiled| Part::String(Box::new(compiled))),
        JsonValue::Array(items) => {
            let parts = items
                .iter()
                .enumerate()
                .map(|(n, item)| part(item, &format!("{pointer}/{n}"), depth + 1, references))
                .collect::<Result<Vec<_>, _>>()?;
            Ok(
                if parts.iter().all(|part| matches!(part, Part::Literal(_))) {
                    Part::Literal(value.clone())
                } else {
                    Part::List(parts)
                },
            )
        }
        JsonValue::Object(map) => {
            let parts = map
                .iter()
                .map(|(key, item)| {
                    let pointer = format!("{pointer}/{}", pointer_escape(key));
                    Ok((key.clone(), part(item, &pointer, depth + 1, references)?))
                })
                .collect::<Result<Vec<_>, TemplateError>>()?;
            let literal = parts
                .iter()
                .all(|(_, part)| matches!(part, Part::Literal(_)));
            Ok(if literal {
                Part::Literal(value.clone())
            } else {
                Part::Map(parts)
            })
        }
        literal => Ok(Part::Literal(literal.clone())),
    }
}

fn check_length(text: &str) -> Result<(), Fault> {
    if text.len() <= Limits::SOURCE_BYTES {
        return Ok(());
    }
    // The place is the whole string; nobody wants to read it in the message.
    Err(Fault::limit(format!(
        "a string with a template in it may have {} bytes, this one has {}",
        Limits::SOURCE_BYTES,
        text.len()
    ))
    .at(0..0))
}

fn compile(text: &str, pointer: &str, references: &mut Vec<Reference>) -> Result<Compiled, Fault> {
    check_length(text)?;
    let segments = lex::segments(text)?;
    let blank =
        |segment: &&Segment| !matches!(segment, Segment::Text(text) if text.trim().is_empty());
    let telling: Vec<&Segment> = segments.iter().filter(blank).collect();
    let (work, gives) = match &telling[..] {
        [Segment::Print(tokens, span)] => {
            let node = Parser::new(tokens, span.end, Vec::new()).whole()?;
            let gives = gives::expression(&node);
            (value_work(node, pointer, false, references)?, gives)
        }
        _ => {
            let statements = statement::statements(&segments)?;
            guard::check_statements(&statements)?;
            reference::of_statements(&statements, pointer, references);
            loops::elements(&statements, pointer, references);
            let work = if quick::can_join(&statements) {
                Work::Join(statements)
            } else {
                Work::Engine(Box::new(Program::text(&statements)?))
            };
            (work, gives::text())
        }
    };
    Ok(Compiled {
        text: text.to_owned(),
        pointer: pointer.to_owned(),
        work,
        gives,
    })
}

fn value_work(
    node: Node,
    pointer: &str,
    condition: bool,
    references: &mut Vec<Reference>,
) -> Result<Work, Fault> {
    guard::check(&node)?;
    reference::of_node(&node, pointer, condition, references);
    Ok(if quick::can(&node) {
        Work::Quick(node)
    } else {
        Work::Engine(Box::new(Program::value(&node)?))
    })
}

fn compile_condition(text: &str, references: &mut Vec<Reference>) -> Result<Compiled, Fault> {
    check_length(text)?;
    let node = if text.trim_start().starts_with("{{") {
        let segments = lex::segments(text)?;
        let mut prints = segments
            .iter()
            .filter(|part| !matches!(part, Segment::Text(text) if text.trim().is_empty()));
        match (prints.next(), prints.next()) {
            (Some(Segment::Print(tokens, span)), None) => {
                Parser::new(tokens, span.end, Vec::new()).whole()?
            }
            _ => {
                return Err(
                    Fault::new(ErrorKind::Syntax, "a condition is one expression")
                        .help("join conditions with `and` and `or` inside one pair of braces"),
                );
            }
        }
    } else {
        let tokens = lex::expression(text)?;
        Parser::new(&tokens, text.len(), Vec::new()).whole()?
    };
    guard::check_condition(&node)?;
    Ok(Compiled {
        text: text.to_owned(),
        pointer: String::new(),
        gives: gives::expression(&node),
        work: value_work(node, "", true, references)?,
    })
}

fn evaluate(
    part: &Part,
    scope: &dyn Scope,
    budget: &mut Budget,
) -> Result<JsonValue, TemplateError> {
    match part {
        Part::Literal(value) => Ok(value.clone()),
        Part::List(parts) => parts
            .iter()
            .map(|part| evaluate(part, scope, budget))
            .collect::<Result<Vec<_>, _>>()
            .map(JsonValue::Array),
        Part::Map(parts) => {
            let mut map = JsonMap::with_capacity(parts.len());
            for (key, part) in parts {
                map.insert(key.clone(), evaluate(part, scope, budget)?);
            }
            Ok(map.into())
        }
        Part::String(compiled) => compiled
            .run(scope, budget)
            .map_err(|fault| fault.placed(&compiled.text, &compiled.pointer)),
    }
}

impl Compiled {
    fn run(&self, scope: &dyn Scope, budget: &mut Budget) -> Result<JsonValue, Fault> {
        match &self.work {
            Work::Quick(node) => {
                let value = quick::eval(node, scope)?;
                budget.give_out(convert::json_size(&value, budget.output_left()))?;
                Ok(value.into_owned())
            }
            Work::Join(statements) => {
                let mut out = String::with_capacity(self.text.len() + 32);
                for statement in statements {
                    let before = out.len();
                    match statement {
                        Statement::Text(text) => out.push_str(text),
                        Statement::Print(node) => {
                            let value = quick::eval(node, scope)?;
                            if !value.is_string() {
                                let what = "writing a list or map as text";
                                guard::refuse(scope.keys(), &value, what)
                                    .map_err(|fault| fault.at(node.span.clone()))?;
                            }
                            quick::write_text(&value, &mut out);
                        }
                        _ => {}
                    }
                    budget.give_out(out.len() - before)?;
                }
                Ok(out.into())
            }
            Work::Engine(program) => {
                let seed = format!("{}\n{}", self.pointer, self.text);
                program.run(scope, budget, seed)
            }
        }
    }
}
