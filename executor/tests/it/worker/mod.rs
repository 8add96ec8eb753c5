//! The worker pool: real processes, a bus within this process, and a store that the tests steer.

mod bench;
mod ending;
mod parameters;
mod reporting;
mod secrets;
mod selecting;
mod serving;
mod together;
