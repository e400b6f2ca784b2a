//! The process of a service, from its start to a signal.

use tokio::signal::unix::{SignalKind, signal};

use super::{Failure, Service};
use crate::config::Config;
use crate::telemetry;

/// Serves until SIGINT or SIGTERM.
pub(super) async fn serve(service: Service, config: &Config) -> Result<(), Failure> {
    let telemetry = telemetry::start(service.context, config.log_format, config.traced)?;
    let served = until_signal(service, config).await;
    telemetry.shutdown().await;
    served
}

async fn until_signal(service: Service, config: &Config) -> Result<(), Failure> {
    // Before the start: a signal during it ends the service in order.
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::Threads)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::Threads)?;
    let context = service.context;
    let mut running = tokio::select! {
        started = service.start(config) => started?,
        // It may be waiting for a server; nothing has begun that would have to be finished.
        _ = terminate.recv() => return Ok(()),
        _ = interrupt.recv() => return Ok(()),
    };
    tracing::info!(
        context,
        url = running.url(),
        docs = format!("{}/docs", running.url()),
        "serving"
    );
    tracing::warn!("no `auth` is declared: whoever reaches this address may call everything");
    let ended = tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
        () = running.ended() => Err(Failure::Ended),
    };
    tracing::info!(context, "shutting down");
    tokio::select! {
        () = running.drain() => {}
        // Asked once more, it does not wait.
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    running.shutdown().await;
    ended
}
