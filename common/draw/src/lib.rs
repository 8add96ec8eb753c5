//! A checked workflow as people look at it: its graph, and what changed between two versions.
//!
//! Owns the drawing of a Program as JSON, Mermaid, DOT and SVG, and the semantic difference of two
//! Programs. Pure: never runs a workflow and never reads files. Called by the API and the CLI.
