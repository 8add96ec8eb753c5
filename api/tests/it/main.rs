//! The API seen from outside: requests in, answers out, on stores in memory and a bus in process.

mod auth;
mod control;
mod documents;
mod drawing;
mod event;
mod inline;
mod key;
mod list;
mod pack;
mod refusal;
mod rerun;
mod retrying;
mod role;
mod start;
mod stream;
mod version;
mod wait;
mod workflow;
mod world;
