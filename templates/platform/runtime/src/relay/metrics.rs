//! What operators see of outbox and relay.

use std::sync::LazyLock;

use prometheus::core::Collector;
use prometheus::{Gauge, IntCounter, IntGauge, default_registry};

use super::plan::BatchOutcome;
use platform_contract::value::Timestamp;
use platform_ports::engine::OutboxDepth;

/// `None` when another part of the program has metrics of these names.
static METRICS: LazyLock<Option<Metrics>> = LazyLock::new(|| Metrics::register().ok());

struct Metrics {
    depth: IntGauge,
    age: Gauge,
    waiting: IntGauge,
    published: IntCounter,
    refused: IntCounter,
    failed: IntCounter,
}

impl Metrics {
    fn register() -> prometheus::Result<Self> {
        Ok(Self {
            depth: registered(IntGauge::new(
                "microdb_outbox_messages",
                "Messages in the outbox, as of the relay's last look.",
            )?)?,
            age: registered(Gauge::new(
                "microdb_outbox_oldest_age_seconds",
                "How long the oldest message of the outbox has waited; 0 when it is empty.",
            )?)?,
            waiting: registered(IntGauge::new(
                "microdb_relay_waiting",
                "Messages that the relay's last pass found and could not get rid of.",
            )?)?,
            published: registered(IntCounter::new(
                "microdb_relay_published_total",
                "Messages that the broker has acknowledged.",
            )?)?,
            refused: registered(IntCounter::new(
                "microdb_relay_refused_total",
                "Messages that the broker refused for good; each blocks its key.",
            )?)?,
            failed: registered(IntCounter::new(
                "microdb_relay_failed_total",
                "Messages that the broker did not take this time.",
            )?)?,
        })
    }
}

fn registered<C: Collector + Clone + 'static>(metric: C) -> prometheus::Result<C> {
    default_registry().register(Box::new(metric.clone()))?;
    Ok(metric)
}

/// Lets all that is counted begin at 0.
pub fn declare() {
    LazyLock::force(&METRICS);
}

/// Counts what became of messages.
pub fn count(outcome: &BatchOutcome) {
    if let Some(metrics) = &*METRICS {
        metrics.published.inc_by(outcome.acknowledged.len() as u64);
        metrics.refused.inc_by(outcome.refused.len() as u64);
        metrics.failed.inc_by(outcome.failed.len() as u64);
    }
}

/// Notes how many messages a pass left behind.
pub fn waiting(messages: usize) {
    if let Some(metrics) = &*METRICS {
        metrics
            .waiting
            .set(i64::try_from(messages).unwrap_or(i64::MAX));
    }
}

/// Notes how much waits in the outbox.
pub fn depth(depth: OutboxDepth, now: Timestamp) {
    if let Some(metrics) = &*METRICS {
        let rows = i64::try_from(depth.rows).unwrap_or(i64::MAX);
        metrics.depth.set(rows);
        let age = depth.oldest.map_or(0, |oldest| now.millis_since(oldest));
        metrics
            .age
            .set(std::time::Duration::from_millis(age).as_secs_f64());
    }
}
