//! Where a Redis is, and under which prefix a context's keys live.

use platform_ports::engine::OpenError;
use redis::{ConnectionInfo, IntoConnectionInfo, RedisError, TlsCertificates};

use super::error::{is_denied, is_untrusted, passes};
use super::tls;

/// The port of a Redis whose URL names none.
const PORT: u16 = 6379;

/// What the URL may say besides.
const PARAMETERS: [&str; 7] = [
    "ca_file",
    "certificate_file",
    "durability",
    "key_file",
    "node",
    "prefix",
    "protocol",
];

/// A Redis and the place in it, from a URL:
/// `redis://user:password@host:port/?prefix=fintech.wallet`.
pub(crate) struct Address {
    /// How to connect, to any of these.
    pub nodes: Vec<ConnectionInfo>,
    /// The prefix as the URL has it.
    pub prefix: String,
    /// What every key of an engine starts with. The braces are a hash tag: all keys are of one slot.
    pub base: String,
    /// What to trust and to show in TLS; `None` without it.
    pub tls: Option<TlsCertificates>,
    /// Whether a server that may lose what was answered is taken all the same.
    pub relaxed: bool,
    server: String,
}

impl Address {
    /// Reads a URL.
    ///
    /// # Errors
    /// When it is none, or lacks a prefix; the error has nothing of what gives access.
    pub(crate) fn read(url: &str) -> Result<Self, OpenError> {
        let unusable = |why: &str| OpenError::Unusable(why.to_owned());
        let parsed = redis::parse_redis_url(url)
            .ok_or_else(|| unusable("its URL is not of the form `redis://host:port/?prefix=…`"))?;
        let mut names = parsed.query_pairs().map(|(name, _)| name);
        if let Some(name) = names.find(|name| !PARAMETERS.contains(&&**name)) {
            return Err(OpenError::Unusable(format!(
                "its URL says `{name}`, which is none of {PARAMETERS:?}"
            )));
        }
        let asked = |name: &str| {
            let mut pairs = parsed.query_pairs();
            pairs.find_map(|(key, value)| (key == name).then(|| value.into_owned()))
        };
        let prefix = asked("prefix").filter(|prefix| is_prefix(prefix));
        let prefix = prefix.ok_or_else(|| {
            unusable("its URL has no prefix of letters, digits and dots; add `?prefix=<system>.<context>`")
        })?;
        let relaxed = match asked("durability").as_deref() {
            None | Some("strict") => false,
            Some("relaxed") => true,
            Some(_) => return Err(unusable("`durability` is either `strict` or `relaxed`")),
        };
        let tls = tls::certificates(parsed.scheme(), asked)?;
        let port = parsed.port().unwrap_or(PORT);
        let server = format!("{}:{port}", parsed.host_str().unwrap_or_default());
        let mut nodes = Vec::new();
        let others = parsed
            .query_pairs()
            .filter(|(key, _)| key == "node")
            .map(|(_, node)| with_host(parsed.as_str(), &node))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| unusable("a `node` of its URL is not of the form `host:port`"))?;
        for node in std::iter::once(url.to_owned()).chain(others) {
            let info = node.as_str().into_connection_info();
            nodes.push(info.map_err(|error| OpenError::Unusable(error.to_string()))?);
        }
        Ok(Self {
            nodes,
            base: format!("{{{prefix}}}:"),
            prefix,
            tls,
            relaxed,
            server,
        })
    }

    /// What it means that the server does not do what it is asked before anything is open.
    pub(super) fn refused(&self, error: &RedisError) -> OpenError {
        if is_untrusted(error) {
            return OpenError::Unusable(format!(
                "{}: {error}: who has signed its certificate is named by `ca_file` in the URL, and the certificate has to name the host as the URL does",
                self.server
            ));
        }
        if passes(error) && !is_denied(error) {
            OpenError::Unreachable {
                server: self.server.clone(),
                why: format!("{error}; start it, or correct host and port in the URL"),
            }
        } else {
            OpenError::Unusable(format!(
                "{}: {error}; check user, password and what the user may do",
                self.server
            ))
        }
    }
}

/// The same URL for another node of the cluster.
fn with_host(url: &str, node: &str) -> Option<String> {
    let (host, port) = node.rsplit_once(':')?;
    let port: u16 = port.parse().ok()?;
    let mut other = redis::parse_redis_url(url)?;
    other.set_host(Some(host)).ok()?;
    other.set_port(Some(port)).ok()?;
    Some(other.into())
}

fn is_prefix(prefix: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    !prefix.is_empty() && prefix.chars().all(known)
}
