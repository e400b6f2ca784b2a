//! What operators see of outages.

use std::sync::LazyLock;

use prometheus::{IntCounterVec, IntGaugeVec, register_int_counter_vec, register_int_gauge_vec};

use super::Dependency;

/// `None` when another part of the program has a metric of this name.
static OUT: LazyLock<Option<IntGaugeVec>> = LazyLock::new(|| {
    register_int_gauge_vec!(
        "microdb_outage",
        "1 while what the service stands on is out (`database`, `broker`, `cache`, `collector`)",
        &["dependency"]
    )
    .ok()
});

static FAILURES: LazyLock<Option<IntCounterVec>> = LazyLock::new(|| {
    register_int_counter_vec!(
        "microdb_outage_failures_total",
        "Failures because what the service stands on was out; the log has the first of each outage",
        &["dependency"]
    )
    .ok()
});

/// Lets the metrics of a dependency be there before anything has failed.
pub(super) fn prepare(of: Dependency) {
    set(of, 0);
    if let Some(failures) = &*FAILURES {
        failures.with_label_values(&[of.name()]).inc_by(0);
    }
}

/// Counts a failure.
pub(super) fn failed(of: Dependency) {
    set(of, 1);
    if let Some(failures) = &*FAILURES {
        failures.with_label_values(&[of.name()]).inc();
    }
}

/// Notes that an outage is over.
pub(super) fn over(of: Dependency) {
    set(of, 0);
}

fn set(of: Dependency, value: i64) {
    if let Some(out) = &*OUT {
        out.with_label_values(&[of.name()]).set(value);
    }
}
