//! Logs for people or machines, and traces beside them.

use std::io::IsTerminal;
use std::str::FromStr;
use std::sync::Arc;

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::ExporterBuildError;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Layer};

use super::export;
use super::tls::TlsError;
use crate::config::Config;
use platform_ports::outage::Outage;

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Pretty,
    /// A JSON object a line.
    Json,
}

/// A text that names no form of the log.
#[derive(Debug, thiserror::Error)]
#[error("it is none of pretty and json")]
pub struct UnknownFormat;

impl FromStr for LogFormat {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "pretty" => Ok(Self::Pretty),
            "json" => Ok(Self::Json),
            _ => Err(UnknownFormat),
        }
    }
}

/// Why telemetry cannot start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `RUST_LOG` makes no sense.
    #[error("`RUST_LOG` is malformed: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The collector's address makes no sense.
    #[error("`OTEL_EXPORTER_OTLP_ENDPOINT` is malformed: {0}")]
    Endpoint(#[from] ExporterBuildError),
    /// The collector's certificates make no sense.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Somebody else has started it.
    #[error(transparent)]
    Started(#[from] TryInitError),
}

/// Logs and traces under way.
#[derive(Debug)]
pub struct Telemetry(Option<SdkTracerProvider>);

/// Starts logging on standard error, as `service`, and tracing where there is a collector, whose outages
/// are `outage`. To be called once, on a runtime.
///
/// # Errors
/// When the environment asks for something that makes no sense.
pub fn start(
    service: &str,
    config: &Config,
    outage: &Arc<Outage>,
) -> Result<Telemetry, TelemetryError> {
    let filter = EnvFilter::try_new(&config.log_filter)?;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        // A line that nobody reads any more is said to nobody: complaining would be a panic.
        .log_internal_errors(false)
        .with_ansi(coloured());
    let lines = match config.log_format {
        LogFormat::Pretty => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let endpoint = config.collector.as_deref();
    let provider = endpoint.map(|endpoint| export::provider(service, endpoint, outage));
    let provider = provider.transpose()?;
    let spans = provider
        .as_ref()
        .map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("microdb")));
    tracing_subscriber::registry()
        .with(lines)
        .with(spans)
        .with(filter)
        .try_init()?;
    Ok(Telemetry(provider))
}

/// Whether lines are coloured: on a terminal, or where whoever forwards them to one asks for it.
fn coloured() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !set("NO_COLOR") && (set("CLICOLOR_FORCE") || std::io::stderr().is_terminal())
}

impl Telemetry {
    /// Sends what is left.
    pub async fn shutdown(self) {
        let Some(provider) = self.0 else {
            return;
        };
        // It blocks until the collector has answered.
        let shutdown = tokio::task::spawn_blocking(move || provider.shutdown());
        if let Ok(Err(error)) = shutdown.await {
            tracing::warn!(%error, "the last traces were not delivered");
        }
    }
}
