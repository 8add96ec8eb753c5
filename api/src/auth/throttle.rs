//! The brake on guessing passwords: failed logins per login and origin, and per origin.
//!
//! In memory of one replica: it makes guessing slow, it is no ban. The login alone is not counted,
//! or anybody could lock anybody out.

use attune_types::Timestamp;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};

/// Seconds after which failures are forgotten.
const WINDOW: i64 = 300;
/// Failures of one login from one origin.
const PER_LOGIN: u32 = 10;
/// Failures from one origin.
const PER_ORIGIN: u32 = 100;
/// Entries kept; the brake is not to become a hole in memory.
const MOST: usize = 50_000;

/// Counts attempts.
#[derive(Default)]
pub(crate) struct Throttle {
    counts: Mutex<HashMap<(String, String), Count>>,
}

#[derive(Clone, Copy)]
struct Count {
    since: i64,
    attempts: u32,
}

/// Where a request comes from, as far as guessing goes: an IPv6 customer has a whole /64.
pub(crate) fn origin_of(address: Option<SocketAddr>) -> String {
    match address.map(|address| address.ip()) {
        Some(IpAddr::V4(ip)) => ip.to_string(),
        Some(IpAddr::V6(ip)) => {
            let [a, b, c, d, ..] = ip.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).to_string()
        }
        None => "unknown".to_owned(),
    }
}

impl Throttle {
    /// Counts an attempt before it is looked at, so that many at once do not slip through. Refuses
    /// with the seconds to wait.
    pub(crate) fn attempt(&self, login: &str, origin: &str, now: Timestamp) -> Result<(), u64> {
        let now = now.as_second();
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= MOST {
            counts.retain(|_, count| now - count.since < WINDOW);
        }
        let keys = [
            ((login.to_owned(), origin.to_owned()), PER_LOGIN),
            ((String::new(), origin.to_owned()), PER_ORIGIN),
        ];
        for (key, limit) in &keys {
            if let Some(count) = counts.get(key)
                && now - count.since < WINDOW
                && count.attempts >= *limit
            {
                return Err(u64::try_from(WINDOW - (now - count.since)).unwrap_or(1));
            }
        }
        for (key, _) in keys {
            let count = counts.entry(key).or_insert(Count {
                since: now,
                attempts: 0,
            });
            if now - count.since >= WINDOW {
                *count = Count {
                    since: now,
                    attempts: 0,
                };
            }
            count.attempts += 1;
        }
        Ok(())
    }

    /// The attempt was good: it does not count, and the login's failures are forgotten.
    pub(crate) fn forgive(&self, login: &str, origin: &str) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.remove(&(login.to_owned(), origin.to_owned()));
        if let Some(count) = counts.get_mut(&(String::new(), origin.to_owned())) {
            count.attempts = count.attempts.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn stops_after_too_many_and_forgets_in_time() {
        let throttle = Throttle::default();
        for _ in 0..PER_LOGIN {
            assert_eq!(throttle.attempt("ada", "1.2.3.4", at(100)), Ok(()));
        }
        assert_eq!(throttle.attempt("ada", "1.2.3.4", at(101)), Err(299));
        assert_eq!(throttle.attempt("ada", "5.6.7.8", at(101)), Ok(()));
        assert_eq!(throttle.attempt("bob", "1.2.3.4", at(101)), Ok(()));
        assert_eq!(throttle.attempt("ada", "1.2.3.4", at(400)), Ok(()));
    }

    #[test]
    fn many_logins_from_one_origin_stop_too() {
        let throttle = Throttle::default();
        for n in 0..PER_ORIGIN {
            assert_eq!(throttle.attempt(&format!("u{n}"), "1.2.3.4", at(0)), Ok(()));
        }
        assert!(throttle.attempt("another", "1.2.3.4", at(1)).is_err());
    }

    #[test]
    fn a_good_login_does_not_count() {
        let throttle = Throttle::default();
        for _ in 0..PER_ORIGIN * 2 {
            assert_eq!(throttle.attempt("ada", "1.2.3.4", at(0)), Ok(()));
            throttle.forgive("ada", "1.2.3.4");
        }
    }

    #[test]
    fn an_ipv6_network_is_one_origin() {
        let of = |text: &str| origin_of(Some(text.parse().unwrap()));
        assert_eq!(of("[2001:db8::1]:80"), of("[2001:db8::2:3]:81"));
        assert_ne!(of("[2001:db8::1]:80"), of("[2001:db8:0:1::1]:80"));
        assert_eq!(of("10.0.0.1:5"), "10.0.0.1");
    }
}
