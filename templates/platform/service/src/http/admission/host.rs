//! The name a service is called by. A page of `evil.example` whose name suddenly means 127.0.0.1 (DNS
//! rebinding) is of the service's own origin for the browser; only `Host` still tells.

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::http::Problem;

/// The name of one's own machine.
const LOCALHOST: &str = "localhost";

/// A name or an address by which a service may be called, without a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostName(String);

/// What is no name of a host.
#[derive(Debug)]
pub struct NoHostName;

impl FromStr for HostName {
    type Err = NoHostName;

    fn from_str(text: &str) -> Result<Self, NoHostName> {
        let authority: Authority = text.parse().map_err(|_| NoHostName)?;
        let alone = authority.host().len() == text.len() && !text.is_empty();
        let host = alone.then(|| Self::of(&authority));
        host.ok_or(NoHostName)
    }
}

impl HostName {
    /// Names are the same in capitals, and with the dot of the root at their end.
    fn of(authority: &Authority) -> Self {
        let host = authority.host().trim_end_matches('.');
        Self(host.to_ascii_lowercase())
    }

    fn address(&self) -> Option<IpAddr> {
        let address = self.0.trim_matches(['[', ']']).parse::<IpAddr>();
        address.ok().map(|address| address.to_canonical())
    }
}

/// The names a service answers to.
#[derive(Debug)]
pub(super) struct Hosts {
    /// Whether only this machine reaches it.
    local: bool,
    allowed: Vec<HostName>,
}

impl Hosts {
    pub fn new(address: IpAddr, allowed: &[HostName]) -> Self {
        Self {
            local: address.is_loopback(),
            allowed: allowed.to_vec(),
        }
    }

    /// Whether it is called by one of them. A service that others reach, and that is told no names, does
    /// not know how they call it.
    fn admit(&self, host: &HostName) -> bool {
        let unknown = !self.local && self.allowed.is_empty();
        if unknown || host.0 == LOCALHOST || self.allowed.contains(host) {
            return true;
        }
        // An address is nobody's to let mean another machine.
        let address = host.address();
        address.is_some_and(|address| address.is_loopback() || !self.local)
    }
}

/// Lets requests pass that name the service by a name of its own. Others are misdirected (RFC 9110,
/// sections 7.4 and 15.5.20): it is not the service they are meant for.
pub(super) async fn check(
    State(hosts): State<Arc<Hosts>>,
    request: Request,
    next: Next,
) -> Response {
    match called(&request) {
        Ok(Some(authority)) if !hosts.admit(&HostName::of(&authority)) => misdirected(&authority),
        Ok(_) => return next.run(request).await,
        Err(problem) => problem,
    }
    .into_response()
}

/// Whom the request is meant for; HTTP/1.0 need not say.
///
/// # Errors
/// 400 when it does not say, or says it twice, as RFC 9112, section 3.2, demands.
pub(super) fn called(request: &Request) -> Result<Option<Authority>, Problem> {
    // What stands in the target goes before the header.
    if let Some(authority) = request.uri().authority() {
        return Ok(Some(authority.clone()));
    }
    let mut given = request.headers().get_all(header::HOST).iter();
    match (given.next(), given.next()) {
        (Some(host), None) => {
            let authority = Authority::try_from(host.as_bytes());
            authority.map(Some).map_err(|_| bad_host())
        }
        (None, _) if request.version() < Version::HTTP_11 => Ok(None),
        _ => Err(bad_host()),
    }
}

fn bad_host() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "bad-header",
        "one `Host` has to say whom the request is meant for",
    )
}

fn misdirected(authority: &Authority) -> Problem {
    Problem::new(
        StatusCode::MISDIRECTED_REQUEST,
        "misdirected",
        format!(
            "this service is not called `{}`; where it should be, `ALLOWED_HOSTS` has to say so",
            authority.host()
        ),
    )
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{HostName, Hosts};

    fn admits(address: &str, allowed: &[&str], host: &str) -> bool {
        let address: IpAddr = address.parse().unwrap();
        let allowed: Vec<HostName> = allowed.iter().map(|name| name.parse().unwrap()).collect();
        Hosts::new(address, &allowed).admit(&host.parse().unwrap())
    }

    #[test]
    fn on_this_machine_only_its_own_names_count() {
        for own in ["localhost", "LOCALHOST.", "127.0.0.1", "127.8.8.8", "[::1]"] {
            assert!(admits("127.0.0.1", &[], own), "{own}");
        }
        for other in ["evil.example", "localhost.evil.example", "192.0.2.1"] {
            assert!(!admits("127.0.0.1", &[], other), "{other}");
            assert!(admits("127.0.0.1", &[other], other), "{other}");
        }
    }

    #[test]
    fn whoever_others_reach_answers_to_every_name_until_it_is_told_its_own() {
        assert!(admits("0.0.0.0", &[], "shop.example"));
        assert!(admits("0.0.0.0", &["shop.example"], "Shop.Example"));
        assert!(admits("0.0.0.0", &["shop.example"], "192.0.2.1"));
        assert!(!admits("0.0.0.0", &["shop.example"], "evil.example"));
    }

    #[test]
    fn what_is_no_name_is_none() {
        for text in ["", "a:80", "http://a", "a/b", "user@a"] {
            assert!(text.parse::<HostName>().is_err(), "{text}");
        }
    }
}
