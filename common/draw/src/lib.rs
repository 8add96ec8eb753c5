//! A checked workflow as people look at it: its graph, and what changed between two versions.
//!
//! Owns [`Graph`], which is what there is to see of a Program, its drawing as JSON, Mermaid, DOT and
//! SVG ([`Form`]), and the [`Difference`] of two Programs in the terms of the language. Pure: never
//! runs a workflow and never reads files. Called by the API and the CLI, which show the same. Every
//! Program can be drawn and compared; only a form's name that nobody knows is an error.

mod diff;
mod dot;
mod form;
mod graph;
mod layout;
mod mermaid;
mod svg;
mod text;

pub use diff::{Area, Change, Difference, Kind, Side};
pub use form::{Form, UnknownForm};
pub use graph::{Edge, EdgeKind, Graph, Node, NodeKind};
