//! The bus against its contract: within one process, and on a real RabbitMQ.

mod in_process;
mod outage;
mod rabbit;
