//! (being written)

pub mod bus_contract;
