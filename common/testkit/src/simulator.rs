//! A seeded world around one run: workers, timers, child runs, people, messages that are repeated,
//! reordered or lost, and crashes at any boundary; and the checks that must hold all the same.
//!
//! The same seed gives the same story. Grows by adding faults to [`world`] and checks to [`check`].

mod again;
mod beside;
mod check;
mod fate;
mod programs;
mod rng;
mod shapes;
mod works;
mod world;

pub use again::{Reruns, simulate_rerun};
pub use programs::random_program;
pub use rng::Rng;
pub use world::{Report, simulate, simulate_program, simulate_retry, simulate_undo};
