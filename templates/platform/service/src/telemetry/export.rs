//! Traces on their way to a collector: OTLP over HTTP, as JSON.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Bytes;
use axum::http::{Request, Response};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;

use crate::http::client::fetch;
use platform_ports::outage::Outage;

/// How long one delivery may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Sends over the service's runtime; the exporter has a thread of its own, which knows none. It says
/// nothing of failures itself.
#[derive(Debug)]
struct OnRuntime {
    runtime: Handle,
    collector: Arc<Outage>,
}

#[async_trait]
impl HttpClient for OnRuntime {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        // The clock of the runtime is asked for on the runtime, not on the exporter's thread.
        let sending = async { tokio::time::timeout(TIMEOUT, fetch(request)).await };
        let answer = match self.runtime.spawn(sending).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(late)) => Err(late.into()),
            Err(ended) => Err(ended.into()),
        };
        match &answer {
            Ok(response) if response.status().is_success() => self.collector.answered(),
            Ok(response) => self.failed(&response.status()),
            Err(error) => self.failed(error),
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

/// Where spans go, when `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector; its other variables are
/// those of the OpenTelemetry specification.
///
/// # Errors
/// When the endpoint is no URI.
pub(super) fn provider(
    service: &str,
    collector: &Arc<Outage>,
) -> Result<SdkTracerProvider, ExporterBuildError> {
    let client = OnRuntime {
        runtime: Handle::current(),
        collector: Arc::clone(collector),
    };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_protocol(Protocol::HttpJson)
        .build()?;
    let resource = Resource::builder().with_service_name(service.to_owned());
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource.build())
        .build())
}
