//! What a URL says of TLS.

use std::fs;

use platform_ports::engine::OpenError;
use redis::{ClientTlsConfig, TlsCertificates};
use rustls::crypto::ring;

/// What to trust, and what to show who asks; `None` when the scheme is without TLS.
///
/// # Errors
/// When a file cannot be read, is named in vain, or lacks the one it goes with.
pub(super) fn certificates(
    scheme: &str,
    asked: impl Fn(&str) -> Option<String>,
) -> Result<Option<TlsCertificates>, OpenError> {
    let unusable = |why: &str| OpenError::Unusable(why.to_owned());
    let file = |name: &str| asked(name).map(|path| read(name, &path)).transpose();
    let ca = file("ca_file")?;
    let client_tls = match (file("certificate_file")?, file("key_file")?) {
        (None, None) => None,
        (Some(client_cert), Some(client_key)) => Some(ClientTlsConfig {
            client_cert,
            client_key,
        }),
        _ => return Err(unusable("`certificate_file` and `key_file` go together")),
    };
    if scheme != "rediss" {
        return match (ca, client_tls) {
            (None, None) => Ok(None),
            _ => Err(unusable(
                "its URL names certificates, but is without TLS: begin it with `rediss:`",
            )),
        };
    }
    // There may be one already: then that is what is used.
    let _ = ring::default_provider().install_default();
    Ok(Some(TlsCertificates {
        client_tls,
        root_cert: ca,
    }))
}

fn read(name: &str, path: &str) -> Result<Vec<u8>, OpenError> {
    fs::read(path)
        .map_err(|error| OpenError::Unusable(format!("the `{name}` of its URL, `{path}`: {error}")))
}
