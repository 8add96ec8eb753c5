//! A private Postgres and a private RabbitMQ for one run of a command.
//!
//! Owns both servers and their files, which go when it does. Never touches a server that was there before.
//! Called by the commands that need real parts. A server that does not start is an error that quotes its log.

use std::path::Path;
use std::thread;

use anyhow::{Context, Result, anyhow};
use attune_local::{Postgres, PostgresOptions, RabbitMq, RabbitMqOptions};

/// Both servers. They stop when this is dropped.
#[derive(Debug)]
pub(crate) struct Servers {
    pub(crate) postgres: Postgres,
    pub(crate) rabbitmq: RabbitMq,
}

impl Servers {
    /// Starts both side by side, with their files in `dir`.
    ///
    /// # Errors
    /// When one does not start; the other is stopped again.
    pub(crate) fn start(dir: &Path, postgres: PostgresOptions) -> Result<Self> {
        thread::scope(|scope| {
            let rabbitmq = scope.spawn(|| {
                RabbitMq::start(
                    &dir.join("rabbitmq"),
                    RabbitMqOptions::for_tests().ephemeral(),
                )
            });
            let postgres = Postgres::start(&dir.join("postgres"), postgres.ephemeral());
            let rabbitmq = rabbitmq
                .join()
                .map_err(|_| anyhow!("the thread that starts RabbitMQ broke"))?;
            Ok(Self {
                postgres: postgres.context("cannot start a private Postgres")?,
                rabbitmq: rabbitmq.context("cannot start a private RabbitMQ")?,
            })
        })
    }

    /// The processes of both, for the check that none is left behind.
    pub(crate) fn pids(&self) -> Vec<u32> {
        [
            self.postgres.pid(),
            self.rabbitmq.pid(),
            self.rabbitmq.port_mapper_pid(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
