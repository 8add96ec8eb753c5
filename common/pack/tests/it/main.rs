//! Packs as they lie on disk: what loads, and what the diagnostics of broken ones look like.

mod acceptance;
mod broken;
mod folder;
mod fuzz;
mod shipped;
