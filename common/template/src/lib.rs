//! Templates and expressions: Tera behind a wall, with typed results.
//!
//! Owns the expression language of workflows and rules: what it means, which filters, tests and
//! functions it has, and how far one evaluation may go. It is the only crate that names Tera, and no
//! Tera type leaves it. It reads neither clock, environment, files nor network: time and randomness
//! come in with the [`Scope`]. Called by the workflow core and by the rules. Every failure is a
//! [`TemplateError`] that a person can act on; nothing here panics on what people write.
//!
//! A string goes through four stages: `lex` and `parse` read it into a small tree (`ast`),
//! with every name bound and every filter known; `quick` evaluates the simple trees at once;
//! `emit` writes the others as hardened Tera source, in which each operation that could cost more
//! than a constant goes through one of our own filters; `engine` lets Tera run that source while
//! `frame` counts what it uses.
//!
//! Keys (`kv`) come in with the scope too ([`Keys`]): what was not looked up yet is noted, so that the
//! caller can look it up and evaluate again. Secrets come in as tokens only.

mod ast;
mod convert;
mod element;
mod emit;
mod engine;
mod error;
mod filter;
mod frame;
mod gives;
mod guard;
mod key;
mod lex;
mod limits;
mod loops;
mod parse;
mod pattern;
mod quick;
mod reference;
mod resolve;
mod scope;
mod secret;
mod statement;
mod template;
mod vocabulary;

pub use error::{ErrorKind, TemplateError, did_you_mean};
pub use gives::{Gives, Kind};
pub use key::{KeyRef, KeySeen, KeySet, KeyValue, Keys};
pub use limits::{Bounds, Limits};
pub use loops::EACH;
pub use pattern::{Pattern, PatternError};
pub use reference::{KeyUse, Reference, Target};
pub use scope::{Ambient, MapScope, Outcome, Root, Scope};
pub use secret::{Nonce, mask_tokens};
pub use template::Template;
pub use vocabulary::{Word, WordKind, vocabulary};
