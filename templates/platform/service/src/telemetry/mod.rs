//! What the service tells of itself: logs, traces, metrics.

mod export;
mod logs;
mod metrics;
mod tls;
mod trace;

pub use logs::{LogFormat, Telemetry, TelemetryError, UnknownFormat, start};
pub use metrics::metrics;
pub use tls::TlsError;
pub use trace::{follow, incoming, traceparent};
