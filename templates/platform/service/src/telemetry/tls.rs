//! TLS with a collector of traces: whom it is trusted by, and what it is shown.

use std::path::PathBuf;
use std::sync::Arc;

use hyper_rustls::ConfigBuilderExt;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

/// Variables of the OpenTelemetry specification, each with the one that holds for traces alone before it.
type Variable = [&'static str; 2];

/// The authorities that are trusted, instead of those that browsers trust.
const AUTHORITIES: Variable = [
    "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_CERTIFICATE",
];
/// What is shown to a collector that asks who sends.
const CLIENT: Variable = [
    "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
];
/// The key of that.
const CLIENT_KEY: Variable = [
    "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY",
    "OTEL_EXPORTER_OTLP_CLIENT_KEY",
];

/// Why there can be no TLS with the collector.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// What a variable names is no such file.
    #[error("`{variable}` names `{}`, which does not serve: {why}", path.display())]
    File {
        /// The variable.
        variable: &'static str,
        /// Its value.
        path: PathBuf,
        /// What is wrong with it.
        why: pem::Error,
    },
    /// A certificate without its key, or the other way round.
    #[error("`{}` and `{}` go together", CLIENT[1], CLIENT_KEY[1])]
    Half,
    /// The files say something that TLS has no use for.
    #[error("the certificates for the collector of traces: {0}")]
    Unusable(#[from] rustls::Error),
}

/// TLS as the environment asks for it.
///
/// # Errors
/// When a file that it names does not serve.
pub(super) fn from_env() -> Result<ClientConfig, TlsError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?;
    let builder = match certificates(&AUTHORITIES)? {
        Some(authorities) => {
            let mut roots = RootCertStore::empty();
            for authority in authorities {
                roots.add(authority)?;
            }
            builder.with_root_certificates(roots)
        }
        None => builder.with_webpki_roots(),
    };
    let key = read(&CLIENT_KEY, |path| PrivateKeyDer::from_pem_file(path))?;
    match (certificates(&CLIENT)?, key) {
        (None, None) => Ok(builder.with_no_client_auth()),
        (Some(chain), Some(key)) => Ok(builder.with_client_auth_cert(chain, key)?),
        _ => Err(TlsError::Half),
    }
}

fn certificates(variable: &Variable) -> Result<Option<Vec<CertificateDer<'static>>>, TlsError> {
    read(variable, |path| {
        let all: Vec<_> = CertificateDer::pem_file_iter(path)?.collect::<Result<_, _>>()?;
        // A file without any would trust nobody.
        (!all.is_empty())
            .then_some(all)
            .ok_or(pem::Error::NoItemsFound)
    })
}

/// What is in the file that a variable names, if it names one.
fn read<T>(
    variable: &Variable,
    file: impl FnOnce(&PathBuf) -> Result<T, pem::Error>,
) -> Result<Option<T>, TlsError> {
    let named = variable.iter().find_map(|name| {
        let value = std::env::var_os(name).filter(|value| !value.is_empty())?;
        Some((*name, PathBuf::from(value)))
    });
    let Some((variable, path)) = named else {
        return Ok(None);
    };
    match file(&path) {
        Ok(read) => Ok(Some(read)),
        Err(why) => Err(TlsError::File {
            variable,
            path,
            why,
        }),
    }
}
