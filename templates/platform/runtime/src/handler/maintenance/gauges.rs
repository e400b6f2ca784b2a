//! What is measured of a handler.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use prometheus::IntGaugeVec;

use super::Maintenance;
use crate::handler::event_handler::HandlerContext;
use crate::handler::handler_state::HandlerState;
use crate::handler::partition::Partition;
use crate::handler::{metrics, replica};
use platform_ports::engine::EngineError;

pub(in crate::handler) static WAITING: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    metrics::gauge(
        "microdb_parked_keys",
        "Aggregates with messages that wait, for one before them or for an upgrade.",
    )
});
pub(in crate::handler) static BLOCKED: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    metrics::gauge(
        "microdb_blocked_keys",
        "Aggregates blocked by a message that could not be handled.",
    )
});
pub(in crate::handler) static LAG: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    metrics::gauge(
        "microdb_consumer_lag",
        "Messages but heartbeats that the handler has not handled for a second or longer, of the partitions that this process reads.",
    )
});
pub(in crate::handler) static FILLED: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    metrics::gauge(
        "microdb_projection_filled",
        "1 when the projection has got all it has to show.",
    )
});

impl Maintenance {
    /// Sets the handler's gauges, when this is the generation that counts.
    pub(super) async fn measure(
        &mut self,
        context: &HandlerContext,
        partitions: &BTreeMap<u32, Partition>,
    ) -> Result<(), EngineError> {
        let (engine, handler) = (&context.runtime.engine, context.descriptor.id);
        let Some((state, _)) = HandlerState::load(&**engine, handler).await? else {
            return Ok(());
        };
        let Some(generation_state) = state
            .generation(context.generation)
            .filter(|_| state.active == context.generation)
        else {
            return Ok(());
        };
        if context.descriptor.projection.is_some() {
            FILLED
                .with_label_values(&[handler])
                .set(generation_state.is_complete().into());
            replica::measure_age(context).await?;
        }
        match context
            .runtime
            .broker
            .partitions(&generation_state.topic)
            .await
        {
            Ok(now) => {
                let lag = self.ends.lag(partitions, now);
                LAG.with_label_values(&[handler]).set(lag);
                self.moves |= lag > 0;
            }
            Err(error) => tracing::debug!(handler, %error, "the lag could not be measured"),
        }
        Ok(())
    }
}
