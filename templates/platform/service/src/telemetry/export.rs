//! Traces on their way to a collector: OTLP over HTTP, as JSON.

use std::error::Error;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Bytes;
use axum::http::{Request, Response};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, Protocol, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;

use super::TelemetryError;
use super::tls;
use platform_ports::outage::Outage;

/// How long one delivery may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Sends over the service's runtime; the exporter has a thread of its own, which knows none. It says
/// nothing of failures itself.
#[derive(Debug)]
struct OnRuntime {
    client: HyperClient<HttpsConnector<HttpConnector>>,
    runtime: Handle,
    collector: Arc<Outage>,
}

#[async_trait]
impl HttpClient for OnRuntime {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sending = async move { client.send_bytes(request).await };
        let sent = self.runtime.spawn(sending).await;
        let answer = sent.unwrap_or_else(|ended| Err(ended.into()));
        match &answer {
            Ok(response) if response.status().is_success() => self.collector.answered(),
            Ok(response) => self.failed(&response.status()),
            Err(error) => self.failed(&with_causes(&**error)),
        }
        answer
    }
}

impl OnRuntime {
    fn failed(&self, why: &dyn Display) {
        let line = || tracing::warn!(error = %why, "traces do not reach the collector");
        self.collector.failed(why, line);
    }
}

/// An error, and what is behind it: alone, it says that there is no connection, and not why.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    let all = std::iter::successors(Some(error), |&error| error.source());
    all.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Where spans go, when there is a collector: to its `endpoint`, unless the variable of traces alone names
/// another one. The other variables of the OpenTelemetry specification hold as they do elsewhere.
///
/// # Errors
/// When the endpoint is no URI, or a certificate is none.
pub(super) fn provider(
    service: &str,
    endpoint: &str,
    collector: &Arc<Outage>,
) -> Result<SdkTracerProvider, TelemetryError> {
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls::from_env()?)
        .https_or_http()
        .enable_http1()
        .build();
    let client = OnRuntime {
        client: HyperClient::new(connector, TIMEOUT, None),
        runtime: Handle::current(),
        collector: Arc::clone(collector),
    };
    let mut exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_protocol(Protocol::HttpJson);
    let own = std::env::var_os(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT);
    if own.is_none_or(|own| own.is_empty()) {
        let endpoint = endpoint.trim_end_matches('/');
        exporter = exporter.with_endpoint(format!("{endpoint}/v1/traces"));
    }
    let exporter = exporter.build()?;
    let resource = Resource::builder().with_service_name(service.to_owned());
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource.build())
        .build())
}
