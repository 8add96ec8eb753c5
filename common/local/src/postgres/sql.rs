//! Small SQL texts through `psql`.
//!
//! Owns connection addresses and the call of the client program, so that this crate needs no driver.
//! The password travels in the environment, which other users cannot read, never as an argument.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use crate::{LocalError, Result, error::IoContext};

/// Where a database is and who we are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Connection {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) database: String,
}

impl Connection {
    /// Reads `postgres://user:password@host:port/database`.
    pub(crate) fn parse(url: &str) -> Option<Self> {
        let rest = url
            .strip_prefix("postgres://")
            .or_else(|| url.strip_prefix("postgresql://"))?;
        let rest = rest.split(['?', '#']).next()?;
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, address) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let (host, port) = match address.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (address, 5432),
        };
        Some(Self {
            host: decode(host)?,
            port,
            user: decode(user)?,
            password: decode(password)?,
            database: decode(database)?,
        })
    }

    /// The same as one text.
    pub(crate) fn url(&self) -> String {
        let login = if self.password.is_empty() {
            encode(&self.user)
        } else {
            format!("{}:{}", encode(&self.user), encode(&self.password))
        };
        format!(
            "postgres://{login}@{}:{}/{}",
            encode(&self.host),
            self.port,
            encode(&self.database)
        )
    }

    /// Runs one SQL text.
    pub(crate) fn run(&self, psql: &Path, sql: &str) -> Result<String> {
        let database = if self.database.is_empty() {
            "postgres"
        } else {
            &self.database
        };
        let output = Command::new(psql)
            .args(["-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1"])
            .args([
                "-h",
                &self.host,
                "-p",
                &self.port.to_string(),
                "-U",
                &self.user,
            ])
            .args(["-d", database, "-c", sql])
            .env("PGPASSWORD", &self.password)
            .env("PGCONNECT_TIMEOUT", "10")
            .env("PGOPTIONS", "-c client_min_messages=warning")
            .current_dir("/")
            .stdin(Stdio::null())
            .output()
            .attempt(|| format!("running {}", psql.display()))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout)
                .trim_end()
                .to_owned());
        }
        Err(LocalError::Failed {
            what: format!("running SQL in the database {database}"),
            detail: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        })
    }
}

/// A name as an SQL identifier.
pub(crate) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Drops a database together with its connections.
pub(crate) fn drop_database_sql(name: &str) -> String {
    format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quote(name))
}

fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_round_trip() {
        let connection = Connection {
            host: "127.0.0.1".to_owned(),
            port: 12_345,
            user: "attune".to_owned(),
            password: "p@ss:w/rd%".to_owned(),
            database: "t_1".to_owned(),
        };
        assert_eq!(Connection::parse(&connection.url()), Some(connection));
    }

    #[test]
    fn reads_short_addresses() {
        let connection =
            Connection::parse("postgresql://me@db.example/app?sslmode=require").unwrap();
        assert_eq!(connection.url(), "postgres://me@db.example:5432/app");
        assert_eq!(Connection::parse("mysql://x"), None);
    }

    #[test]
    fn quotes_names() {
        assert_eq!(quote("a\"b"), "\"a\"\"b\"");
    }
}
