//! The stores on a real PostgreSQL.

mod adapter;
mod contract;
mod throughput;
