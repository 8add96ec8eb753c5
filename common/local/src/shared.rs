//! One PostgreSQL and one RabbitMQ for many tests.
//!
//! Owns the servers of this test process when nobody gave it any. The test command starts both once
//! and names them in `ATTUNE_TEST_POSTGRES_URL` and `ATTUNE_TEST_AMQP_URL`; a test that is run
//! without it gets a private server for its process, removed when the process ends. Tests keep apart
//! by a database each ([`database`]) and a name prefix each ([`prefix`]).

use std::sync::{Mutex, PoisonError};

use crate::{
    LocalError, Postgres, PostgresOptions, RabbitMq, RabbitMqOptions, Result,
    error::IoContext,
    postgres::{Connection, drop_database_sql, find_psql, quote},
};

/// Names the PostgreSQL server for tests: a URL whose user may make databases.
pub const POSTGRES_URL: &str = "ATTUNE_TEST_POSTGRES_URL";
/// Names the RabbitMQ server for tests: a URL whose user may declare anything.
pub const AMQP_URL: &str = "ATTUNE_TEST_AMQP_URL";

/// Live until the process ends: statics are not dropped, the guards do the cleaning.
static OWN_POSTGRES: Mutex<Option<Postgres>> = Mutex::new(None);
static OWN_RABBITMQ: Mutex<Option<RabbitMq>> = Mutex::new(None);

/// A PostgreSQL server for tests.
#[derive(Debug, Clone)]
pub struct SharedPostgres {
    url: String,
}

impl SharedPostgres {
    /// The address of its default database.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// A RabbitMQ server for tests.
#[derive(Debug, Clone)]
pub struct SharedRabbitMq {
    amqp_url: String,
}

impl SharedRabbitMq {
    /// The address of its default virtual host.
    #[must_use]
    pub fn amqp_url(&self) -> &str {
        &self.amqp_url
    }
}

/// The PostgreSQL server for tests, started if nobody named one.
///
/// # Errors
/// If it must be started and cannot be.
pub fn postgres() -> Result<SharedPostgres> {
    if let Ok(url) = std::env::var(POSTGRES_URL) {
        return Ok(SharedPostgres { url });
    }
    let mut own = OWN_POSTGRES.lock().unwrap_or_else(PoisonError::into_inner);
    let server = match own.take() {
        Some(server) => server,
        None => Postgres::start(
            &temporary("postgres")?,
            PostgresOptions::for_tests().ephemeral(),
        )?,
    };
    Ok(SharedPostgres {
        url: own.insert(server).url(),
    })
}

/// The RabbitMQ server for tests, started if nobody named one.
///
/// # Errors
/// If it must be started and cannot be.
pub fn rabbitmq() -> Result<SharedRabbitMq> {
    if let Ok(amqp_url) = std::env::var(AMQP_URL) {
        return Ok(SharedRabbitMq { amqp_url });
    }
    let mut own = OWN_RABBITMQ.lock().unwrap_or_else(PoisonError::into_inner);
    let server = match own.take() {
        Some(server) => server,
        None => RabbitMq::start(
            &temporary("rabbitmq")?,
            RabbitMqOptions::for_tests().ephemeral(),
        )?,
    };
    Ok(SharedRabbitMq {
        amqp_url: own.insert(server).amqp_url(),
    })
}

/// An empty database of its own for one test. Dropped with the value, as far as that is possible.
#[derive(Debug)]
pub struct TestDatabase {
    server: Connection,
    database: Connection,
}

impl TestDatabase {
    /// The address, with user and password.
    #[must_use]
    pub fn url(&self) -> String {
        self.database.url()
    }

    /// The name of the database.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.database.database
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // Best effort: the whole server goes away soon after.
        if let Ok(psql) = find_psql() {
            let _ = self.server.run(&psql, &drop_database_sql(self.name()));
        }
    }
}

/// A fresh, empty database.
///
/// # Errors
/// If there is no server or it refuses.
pub fn database() -> Result<TestDatabase> {
    make_database(None)
}

/// A fresh copy of another database of the same server, which nobody may be connected to.
///
/// # Errors
/// If there is no server or it refuses.
pub fn database_like(template: &str) -> Result<TestDatabase> {
    make_database(Some(template))
}

/// A text that no other test has, for queue, exchange and key names.
#[must_use]
pub fn prefix() -> String {
    format!("t{}", &uuid::Uuid::new_v4().simple().to_string()[..12])
}

fn make_database(template: Option<&str>) -> Result<TestDatabase> {
    let url = postgres()?.url;
    let server = Connection::parse(&url).ok_or_else(|| LocalError::Failed {
        what: format!("reading {POSTGRES_URL}"),
        detail: "it is not of the form postgres://user:password@host:port/database".to_owned(),
    })?;
    let database = Connection {
        database: prefix(),
        ..server.clone()
    };
    let source = template
        .map(|name| format!(" TEMPLATE {}", quote(name)))
        .unwrap_or_default();
    server.run(
        &find_psql()?,
        &format!("CREATE DATABASE {}{source}", quote(&database.database)),
    )?;
    Ok(TestDatabase { server, database })
}

fn temporary(name: &str) -> Result<std::path::PathBuf> {
    let closed = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    let dir = tempfile::Builder::new()
        .permissions(closed)
        .prefix(&format!("attune-{name}-"))
        .tempdir()
        .attempt(|| "making a temporary directory".to_owned())?;
    Ok(dir.keep())
}
