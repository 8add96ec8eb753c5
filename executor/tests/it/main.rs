//! The executor on stores in memory and the bus within one process.

mod runs;
mod world;
