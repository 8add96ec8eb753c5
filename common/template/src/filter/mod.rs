//! The filters, tests and functions of the language, each bounded.
//!
//! A signature says how one is called and holds the function that does it; the parser checks calls
//! against it, so that a wrong argument is found before anything runs. Every function here pays for
//! what it looks at and for what it makes ([`Call`]). None of Tera's own filters can be reached.

mod call;
mod data;
mod encode;
mod function;
mod internal;
pub(crate) use internal::no_item;
mod jsonpath;
mod key;
mod list;
mod map;
mod number;
mod pattern;
mod test;
mod text;
mod time;

pub(crate) use call::Call;

use crate::ast::{Args, Span};
use crate::error::{ErrorKind, Fault, did_you_mean, list_names};
use crate::frame;
use std::collections::HashMap;
use std::sync::LazyLock;
use tera::{Kwargs, State, Tera, TeraResult, Value};

/// What does the work.
pub(crate) type Run = fn(&mut Call<'_>) -> Result<Value, Fault>;

/// A filter, test or function.
#[derive(Debug)]
pub(crate) struct Signature {
    pub(crate) name: &'static str,
    /// The parameters, in the order in which they may be given without a name.
    pub(crate) params: &'static [&'static str],
    /// How many of them must be given.
    pub(crate) required: usize,
    /// Whether its input may be missing.
    pub(crate) lenient: bool,
    pub(crate) run: Run,
}

impl Signature {
    const fn new(
        name: &'static str,
        params: &'static [&'static str],
        required: usize,
        run: Run,
    ) -> Self {
        Self {
            name,
            params,
            required,
            lenient: false,
            run,
        }
    }

    const fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }

    /// The parameter of that name.
    pub(crate) fn parameter(&self, name: &str, span: &Span) -> Result<&'static str, Fault> {
        self.params
            .iter()
            .copied()
            .find(|known| *known == name)
            .ok_or_else(|| {
                let fault = Fault::new(
                    ErrorKind::Unknown,
                    format!("`{}` has no argument `{name}`", self.name),
                )
                .at(span.clone());
                match did_you_mean(name, self.params) {
                    Some(near) => fault.help(format!("did you mean `{near}`?")),
                    None if self.params.is_empty() => fault.help("it takes none"),
                    None => fault.help(format!("it takes {}", list_names(self.params))),
                }
            })
    }

    /// The parameter at that place.
    pub(crate) fn nth(&self, place: usize, span: &Span) -> Result<&'static str, Fault> {
        self.params.get(place).copied().ok_or_else(|| {
            Fault::new(
                ErrorKind::Unknown,
                format!("`{}` takes {} arguments", self.name, self.params.len()),
            )
            .at(span.clone())
        })
    }

    /// Fails when a required argument is missing.
    pub(crate) fn check(&self, args: &Args, span: &Span) -> Result<(), Fault> {
        for name in &self.params[..self.required] {
            if !args.iter().any(|(given, _)| given == name) {
                return Err(Fault::new(
                    ErrorKind::Unknown,
                    format!("`{}` needs the argument `{name}`", self.name),
                )
                .at(span.clone()));
            }
        }
        Ok(())
    }
}

const FILTERS: [&[Signature]; 9] = [
    text::FILTERS,
    encode::FILTERS,
    number::FILTERS,
    list::FILTERS,
    map::FILTERS,
    pattern::FILTERS,
    data::FILTERS,
    time::FILTERS,
    function::FILTERS,
];

type Table = HashMap<&'static str, &'static Signature>;

static FILTER_TABLE: LazyLock<Table> = LazyLock::new(|| {
    FILTERS
        .iter()
        .flat_map(|group| group.iter())
        .map(|signature| (signature.name, signature))
        .collect()
});

fn find(table: &'static [Signature], name: &str) -> Option<&'static Signature> {
    table.iter().find(|signature| signature.name == name)
}

/// The filter of that name.
pub(crate) fn filter(name: &str) -> Option<&'static Signature> {
    FILTER_TABLE.get(name).copied()
}

/// The test of that name.
pub(crate) fn test(name: &str) -> Option<&'static Signature> {
    find(test::TESTS, name)
}

/// The function of that name; methods of `kv` stand as `kv.get`.
pub(crate) fn function(name: &str) -> Option<&'static Signature> {
    find(function::FUNCTIONS, name)
}

/// Whether a text is a JSONPath.
pub(crate) fn check_jsonpath(text: &str) -> Result<(), String> {
    jsonpath::Query::parse(text)
        .map(|_| ())
        .map_err(|fault| fault.message)
}

/// All filters.
pub(crate) fn filter_names() -> Vec<&'static str> {
    let mut names: Vec<_> = FILTER_TABLE.keys().copied().collect();
    names.sort_unstable();
    names
}

/// All tests.
pub(crate) fn test_names() -> Vec<&'static str> {
    test::TESTS.iter().map(|test| test.name).collect()
}

/// All functions.
pub(crate) fn function_names() -> Vec<&'static str> {
    function::FUNCTIONS
        .iter()
        .map(|function| function.name)
        .collect()
}

/// Makes them known to Tera, under names that only emitted source uses.
pub(crate) fn register(tera: &mut Tera) {
    for (prefix, group) in FILTERS
        .iter()
        .map(|group| ("f_", *group))
        .chain([("t_", test::TESTS), ("", internal::FILTERS)])
    {
        for signature in group {
            let run = move |input: Value, args: Kwargs, _: &State<'_>| -> TeraResult<Value> {
                dispatch(signature, prefix == "t_", &input, &args)
            };
            tera.register_filter(format!("{prefix}{}", signature.name), run);
        }
    }
    for (prefix, group) in [("c_", function::FUNCTIONS), ("", internal::FUNCTIONS)] {
        for signature in group {
            let run = move |args: Kwargs, _: &State<'_>| -> TeraResult<Value> {
                dispatch(signature, false, &Value::undefined(), &args)
            };
            tera.register_function(format!("{prefix}{}", signature.name), run);
        }
    }
}

/// Runs one; a failure is kept in the frame, where the engine finds it.
fn dispatch(
    signature: &'static Signature,
    test: bool,
    input: &Value,
    args: &Kwargs,
) -> TeraResult<Value> {
    frame::current(|frame| {
        let paid = frame.budget.step(4);
        let seen = paid.and_then(|()| key::guard(signature.name, test, input, args, frame));
        let result = seen.and_then(|()| {
            (signature.run)(&mut Call {
                name: signature.name,
                input,
                args,
                frame,
            })
        });
        result.map_err(|fault| {
            frame.fault.get_or_insert(fault);
            tera::Error::message("stopped")
        })
    })
    .unwrap_or_else(|| Err(tera::Error::message("no evaluation is running")))
}
