//! How long topics keep their messages: as the location says, from the next start on.

use std::time::Duration;

use platform_ports::broker::BrokerError;
use rdkafka::admin::{AlterConfig, ConfigSource, ResourceSpecifier};
use rdkafka::error::RDKafkaErrorCode as Code;

use super::topics::{Topics, options};

/// Where a topic's configuration says it.
pub const RETENTION: &str = "retention.ms";

/// The value of a topic's configuration.
pub fn millis(retention: Duration) -> String {
    retention.as_millis().to_string()
}

impl Topics {
    /// Changes how long a topic keeps messages, where that is not what is wanted.
    ///
    /// # Errors
    /// When the cluster fails or refuses.
    pub(super) async fn set_retention(
        &self,
        topic: &str,
        retention: Duration,
    ) -> Result<(), BrokerError> {
        let what = format!("the retention of the topic {topic}");
        let name = self.settings.full(topic);
        let asked = ResourceSpecifier::Topic(&name);
        let described = self.admin.describe_configs([&asked], &options()).await;
        let described = described.map_err(|error| self.health.error(&what, &error))?;
        let config = match described.into_iter().next() {
            Some(Ok(config)) => config,
            None => return Ok(()),
            Some(Err(code)) => return Err(self.health.failure(&what, code)),
        };
        let wanted = millis(retention);
        let kept = config.get(RETENTION).and_then(|kept| kept.value.as_deref());
        if kept == Some(wanted.as_str()) {
            return Ok(());
        }
        // All that is set has to be said again: what is not said is taken back.
        let mut change = AlterConfig::new(ResourceSpecifier::Topic(&name));
        for entry in &config.entries {
            if let (ConfigSource::DynamicTopic, Some(value)) = (&entry.source, &entry.value) {
                change = change.set(&entry.name, value);
            }
        }
        change = change.set(RETENTION, &wanted);
        let altered = self.admin.alter_configs([&change], &options()).await;
        let altered = altered.map_err(|error| self.health.error(&what, &error))?;
        for outcome in altered {
            match outcome {
                Ok(_) | Err((_, Code::UnknownTopicOrPartition)) => {}
                Err((_, code)) => return Err(self.health.failure(&what, code)),
            }
        }
        tracing::info!(
            topic = name,
            retention_ms = wanted,
            "a topic's retention is another now"
        );
        Ok(())
    }
}
