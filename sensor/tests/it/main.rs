//! The sensor service on stores in memory and the bus within one process: timers tick once however
//! many replicas there are, process sensors are started again from where they were.

mod processes;
mod timers;
mod world;
