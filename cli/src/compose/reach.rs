//! Whether anything listens at an address, before a pool or a client hides the reason in a timeout.

use reqwest::Url;
use std::time::Duration;
use tokio::net::TcpStream;

/// How long a connection may take.
const LIMIT: Duration = Duration::from_secs(3);

/// Tries to connect to the host of a URL. An address without a host (a socket file) is not tried.
///
/// # Errors
/// Why nothing answers there, without any password of the address.
pub(crate) async fn reach(address: &str, usual_port: u16) -> Result<(), String> {
    let Ok(url) = Url::parse(address) else {
        return Ok(());
    };
    let host = match url.host_str() {
        Some(host) if !host.is_empty() && !host.contains('%') => host.to_owned(),
        _ => return Ok(()),
    };
    let port = url.port().unwrap_or(usual_port);
    let plain = host.trim_start_matches('[').trim_end_matches(']');
    match tokio::time::timeout(LIMIT, TcpStream::connect((plain, port))).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(format!("{host}:{port}: {error}")),
        Err(_) => Err(format!(
            "{host}:{port} does not answer within {} s",
            LIMIT.as_secs()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn says_why_nothing_answers() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let address = format!("postgres://me:tiger@127.0.0.1:{port}/x");
        reach(&address, 5432).await.unwrap();
        drop(listener);
        let said = reach(&address, 5432).await.unwrap_err();
        assert!(
            said.contains("refused") && !said.contains("tiger"),
            "{said}"
        );
    }

    #[tokio::test]
    async fn what_has_no_host_is_not_tried() {
        for address in ["postgres:///x", "postgres://%2Fvar%2Frun/x", "no address"] {
            reach(address, 1).await.unwrap();
        }
    }
}
