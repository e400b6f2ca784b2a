//! Pages of other origins. Browsers let any page send requests, with the rights of the machine it is
//! seen on, and say in `Sec-Fetch-Site` and `Origin` where it comes from.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::host;
use crate::http::Problem;

/// How the page that sends a request is related to the service (Fetch Metadata).
const SITE: &str = "sec-fetch-site";

/// The origin of a page (RFC 6454): scheme, host, and the port unless it is the scheme's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    scheme: String,
    host: String,
    port: Option<u16>,
}

/// What is no origin.
#[derive(Debug)]
pub struct NoOrigin;

impl FromStr for Origin {
    type Err = NoOrigin;

    fn from_str(text: &str) -> Result<Self, NoOrigin> {
        let uri: Uri = text.parse().map_err(|_| NoOrigin)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(NoOrigin);
        };
        let alone = text.len() == scheme.len() + "://".len() + authority.as_str().len();
        if !alone || authority.as_str().contains('@') {
            return Err(NoOrigin);
        }
        Ok(Self::of(scheme, authority))
    }
}

impl Origin {
    fn of(scheme: &str, authority: &Authority) -> Self {
        let scheme = scheme.to_ascii_lowercase();
        let own = match scheme.as_str() {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        };
        Self {
            host: authority.host().to_ascii_lowercase(),
            port: authority.port_u16().filter(|port| Some(*port) != own),
            scheme,
        }
    }

    /// Whether pages under this authority are of this origin. Nobody behind a proxy knows by which
    /// scheme it is called: the page's counts.
    fn is_at(&self, authority: &Authority) -> bool {
        Self::of(&self.scheme, authority) == *self
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// Lets requests pass that change nothing, or that no page of another origin has sent.
pub(super) async fn check(
    State(allowed): State<Arc<Vec<Origin>>>,
    request: Request,
    next: Next,
) -> Response {
    let safe = request.method().is_safe();
    if safe || admitted(&request, &allowed) {
        return next.run(request).await;
    }
    Problem::new(
        StatusCode::FORBIDDEN,
        "cross-origin",
        "a page of another origin sent this; `ALLOWED_ORIGINS` has to name those that may",
    )
    .into_response()
}

fn admitted(request: &Request, allowed: &[Origin]) -> bool {
    let headers = request.headers();
    let own = host::called(request).ok().flatten();
    let mut named = false;
    for origin in headers.get_all(header::ORIGIN) {
        let origin: Option<Origin> = origin.to_str().ok().and_then(|text| text.parse().ok());
        let Some(origin) = origin else {
            return false;
        };
        if allowed.contains(&origin) {
            named = true;
        } else if !own.as_ref().is_some_and(|own| origin.is_at(own)) {
            return false;
        }
    }
    named || is_near(headers)
}

/// Whether no page of another origin sent it, as far as the browser says.
fn is_near(headers: &HeaderMap) -> bool {
    let near = |value: &HeaderValue| value == "same-origin" || value == "none";
    headers.get_all(SITE).iter().all(near)
}

#[cfg(test)]
mod tests {
    use super::Origin;

    #[test]
    fn an_origin_has_one_form() {
        for (text, form) in [
            ("https://shop.example", "https://shop.example"),
            ("HTTPS://Shop.Example:443", "https://shop.example"),
            ("http://[::1]:8101", "http://[::1]:8101"),
            ("app://shop", "app://shop"),
        ] {
            let origin: Origin = text.parse().unwrap();
            assert_eq!(origin.to_string(), form);
        }
        for text in ["null", "*", "shop.example", "https://a/", "https://u@a", ""] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_service_s_own_pages_are_known_by_host_and_port() {
        let origin: Origin = "https://shop.example".parse().unwrap();
        for (authority, own) in [
            ("shop.example", true),
            ("shop.example:443", true),
            ("shop.example:8101", false),
            ("other.example", false),
        ] {
            assert_eq!(
                origin.is_at(&authority.parse().unwrap()),
                own,
                "{authority}"
            );
        }
    }
}
