//! Looks after outages while there are any: asks whether they are over, and says what is to be said.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use platform_ports::outage::{Dependency, Outage, Outages};

use crate::Runtime;
use crate::recovery_request::commands_topic;

/// How often it is looked.
const INTERVAL: Duration = Duration::from_secs(1);

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// The lease that is taken to see whether the database takes writes, and for how long, in milliseconds.
const LEASE: (&str, u64) = ("outage", 1);

/// Looks after the outages of a service until it shuts down.
pub async fn watch(runtime: Arc<Runtime>) {
    let mut shutdown = runtime.shutdown.clone();
    tokio::select! {
        () = look(&runtime) => {}
        _ = shutdown.wait_for(|down| *down) => {}
    }
}

async fn look(runtime: &Runtime) {
    let outages = &*runtime.outages;
    loop {
        if outages.any() {
            ask(runtime, outages).await;
            outages.report();
            sleep(INTERVAL).await;
        } else {
            outages.begins().await;
        }
    }
}

/// Asks what is out and can be asked. Cache and collector are used, or not, by themselves.
async fn ask(runtime: &Runtime, outages: &Outages) {
    let (lease, millis) = LEASE;
    let topic = commands_topic(runtime.system, runtime.context);
    tokio::join!(
        answers(
            outages.of(Dependency::Database),
            // A database that can only be read is of little use.
            runtime.engine.lease(lease, runtime.instance, millis)
        ),
        answers(
            outages.of(Dependency::Broker),
            runtime.broker.partitions(&topic)
        ),
    );
}

/// Notes whether what is out answers.
async fn answers<T, E>(outage: &Outage, answer: impl Future<Output = Result<T, E>>) {
    if !outage.is_out() {
        return;
    }
    match timeout(PATIENCE, answer).await {
        Ok(Ok(_)) => outage.answered(),
        _ => outage.still_out(),
    }
}
