//! The process of a service, from its start to its end.

use super::stop_signals::StopSignals;
use super::{Service, ServiceError};
use crate::config::Config;
use crate::telemetry;
use platform_ports::outage::Dependency;

/// Serves until SIGINT or SIGTERM; with `until_stdin_closes` until standard input ends as well.
pub(super) async fn serve(
    service: Service,
    config: &Config,
    until_stdin_closes: bool,
) -> Result<(), ServiceError> {
    // Before the start: who wants it to end during that ends it in order.
    let mut stop = StopSignals::watch(until_stdin_closes).map_err(ServiceError::Threads)?;
    let outage = service.outages.of(Dependency::Collector);
    let telemetry = telemetry::start(service.context, config, outage)?;
    let served = until_asked(service, config, &mut stop).await;
    telemetry.shutdown().await;
    served
}

async fn until_asked(
    service: Service,
    config: &Config,
    stop: &mut StopSignals,
) -> Result<(), ServiceError> {
    let context = service.context;
    let mut running = tokio::select! {
        started = service.start(config) => started?,
        // It may be waiting for a server; nothing has begun that would have to be finished.
        () = stop.received() => return Ok(()),
    };
    tracing::info!(
        context,
        url = running.url(),
        docs = format!("{}/docs", running.url()),
        "serving"
    );
    tracing::warn!("no `auth` is declared: whoever reaches this address may call everything");
    let ended = tokio::select! {
        () = stop.received() => Ok(()),
        () = running.ended() => Err(ServiceError::Ended),
    };
    tracing::info!(context, "shutting down");
    tokio::select! {
        () = running.drain() => {}
        // Asked once more, it does not wait.
        () = stop.received() => {}
    }
    running.shutdown().await;
    ended
}
