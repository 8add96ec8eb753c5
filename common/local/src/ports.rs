//! Free TCP ports on the loopback interface.
//!
//! Owns the choice. Ports are taken from *below* the range the kernel uses for outgoing connections:
//! inside it a client that reconnects to a server that is down can be given the server's own port as
//! its source, connect to itself, and keep the server from coming back. Another process may still
//! take a port between the choice and its use, so whoever starts a server tries again.

use std::{
    collections::HashSet,
    net::{Ipv4Addr, TcpListener},
    ops::Range,
    sync::{LazyLock, Mutex, PoisonError},
};

use crate::{LocalError, Result, error::IoContext};

/// Given out by this process before; not given out again.
static GIVEN: LazyLock<Mutex<HashSet<u16>>> = LazyLock::new(Mutex::default);

/// A port on 127.0.0.1 that nothing listens on and that this process has not been given before.
///
/// # Errors
/// If hardly any port is free.
pub fn free_port() -> Result<u16> {
    let range = range();
    let width = u32::from(range.end - range.start);
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    for _ in 0..2_000 {
        let random = uuid::Uuid::new_v4().as_u128() as u32 % width;
        let Ok(offset) = u16::try_from(random) else {
            continue;
        };
        let port = range.start + offset;
        if is_free(port) && given.insert(port) {
            return Ok(port);
        }
    }
    // A machine with an unusual port range: let the kernel choose.
    let socket =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).attempt(|| "finding a free port".to_owned())?;
    let address = socket
        .local_addr()
        .attempt(|| "finding a free port".to_owned())?;
    Ok(address.port())
}

/// Whether nothing listens on the port.
pub(crate) fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// The port that was used last time if it is free, else another one.
pub(crate) fn prefer(port: Option<u16>) -> Result<u16> {
    match port {
        Some(port) if is_free(port) => Ok(port),
        _ => free_port(),
    }
}

/// Waits until a port that a server had before is free again.
pub(crate) fn wait_free(port: u16) -> Result<()> {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(15);
    while !is_free(port) {
        if std::time::Instant::now() > deadline {
            return Err(LocalError::Timeout {
                what: format!("port {port} becoming free"),
                seconds: 15,
                detail: "another process holds it".to_owned(),
            });
        }
        std::thread::sleep(crate::guard::POLL);
    }
    Ok(())
}

fn range() -> Range<u16> {
    let ephemeral = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range")
        .ok()
        .and_then(|text| text.split_whitespace().next()?.parse::<u16>().ok())
        .unwrap_or(32_768);
    if ephemeral > 12_000 {
        10_000..ephemeral
    } else {
        40_000..65_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_distinct_free_ports() {
        let ports: HashSet<u16> = (0..200).map(|_| free_port().unwrap()).collect();
        assert_eq!(ports.len(), 200);
        let held = TcpListener::bind((Ipv4Addr::LOCALHOST, free_port().unwrap())).unwrap();
        let taken = held.local_addr().unwrap().port();
        assert!(!is_free(taken));
        assert_ne!(prefer(Some(taken)).unwrap(), taken);
    }
}
