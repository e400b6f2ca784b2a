//! How the metrics of handlers are made.

use prometheus::core::{Collector, MetricVec, MetricVecBuilder};
use prometheus::{GaugeVec, IntCounterVec, IntGaugeVec, Opts, default_registry};

use super::event_handler::HandlerDescriptor;
use super::maintenance::gauges;
use super::{batch, blocked_queue, dispatcher, effect_worker, failing, parked, positions, replica};

/// What all of them are divided by.
const LABELS: [&str; 1] = ["handler"];
/// The age of a replica that was never complete.
pub(super) const NEVER: f64 = -1.0;

/// A counter per handler, in the default registry.
pub(super) fn counter(name: &str, help: &str) -> IntCounterVec {
    registered(IntCounterVec::new(Opts::new(name, help), &LABELS))
}

/// A gauge per handler, in the default registry.
pub(super) fn gauge(name: &str, help: &str) -> IntGaugeVec {
    registered(IntGaugeVec::new(Opts::new(name, help), &LABELS))
}

/// A gauge of seconds per handler, in the default registry.
pub(super) fn seconds(name: &str, help: &str) -> GaugeVec {
    registered(GaugeVec::new(Opts::new(name, help), &LABELS))
}

fn registered<B: MetricVecBuilder + 'static>(made: prometheus::Result<MetricVec<B>>) -> MetricVec<B>
where
    MetricVec<B>: Collector,
{
    let metric = made.expect("names of metrics and labels are constants, and valid ones");
    // Only a second metric of the same name is turned away, and there is one static each.
    let _ = default_registry().register(Box::new(metric.clone()));
    metric
}

/// Lets all that is counted of a handler begin at 0: an alarm on a rise sees the first one, too.
pub(super) fn declare(descriptor: &HandlerDescriptor, is_effect: bool) {
    let handler = [descriptor.id];
    let mut counters = vec![
        &*batch::FORKS,
        &*parked::PARKED,
        &*positions::RESYNCHRONISED,
        &*blocked_queue::DEAD_LETTERS,
    ];
    let mut gauges = vec![&*gauges::LAG, &*gauges::WAITING, &*gauges::BLOCKED];
    if descriptor.projection.is_some() {
        gauges.push(&*gauges::FILLED);
        replica::AGE.with_label_values(&handler).set(NEVER);
    } else {
        counters.extend([
            &*dispatcher::EXECUTED,
            &*dispatcher::REFUSED,
            &*failing::FAILED,
        ]);
    }
    if is_effect {
        counters.extend([
            &*effect_worker::DONE,
            &*effect_worker::RETRIED,
            &*effect_worker::GAVE_UP,
        ]);
    }
    for counter in counters {
        counter.with_label_values(&handler);
    }
    for gauge in gauges {
        gauge.with_label_values(&handler);
    }
}
