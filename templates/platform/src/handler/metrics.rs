//! How the metrics of handlers are made.

use prometheus::{IntCounterVec, IntGaugeVec, Opts, default_registry};

/// A counter per handler, in the default registry.
pub(super) fn counter(name: &str, help: &str) -> IntCounterVec {
    let counter = IntCounterVec::new(Opts::new(name, help), &["handler"])
        .expect("names of metrics and labels are constants, and valid ones");
    // Only a second metric of the same name is turned away, and there is one static each.
    let _ = default_registry().register(Box::new(counter.clone()));
    counter
}

/// A gauge per handler, in the default registry.
pub(super) fn gauge(name: &str, help: &str) -> IntGaugeVec {
    let gauge = IntGaugeVec::new(Opts::new(name, help), &["handler"])
        .expect("names of metrics and labels are constants, and valid ones");
    let _ = default_registry().register(Box::new(gauge.clone()));
    gauge
}
