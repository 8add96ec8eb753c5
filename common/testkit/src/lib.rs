//! What tests stand on: stores in memory, a clock set by hand, and the contract suites that every
//! adapter of a port passes. A dev-dependency, never part of a service.

pub mod bus_contract;
pub mod clock;
pub mod contract;
pub mod flow;
pub mod memory;
pub mod naive;
pub mod simulator;
pub mod workload;

pub use clock::FakeClock;
pub use memory::MemoryStore;
