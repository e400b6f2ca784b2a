//! Topics of one's own on the Kafka that the environment names for tests.

use async_trait::async_trait;
use platform_ports::location::Location;
use platform_ports::test_server::{TestServer, TestServerError};

/// The Kafka that tests use. Its topics stay: whoever ran it for tests throws it away.
#[derive(Debug)]
pub(crate) struct TestKafka;

#[async_trait]
impl TestServer for TestKafka {
    fn variable(&self) -> &'static str {
        "TEST_KAFKA_BROKERS"
    }

    fn location(&self, server: &str, name: &str) -> Result<Location, TestServerError> {
        let at = format!("kafka://{server}/?prefix={name}.").parse();
        at.map_err(|_| "TEST_KAFKA_BROKERS names no brokers".into())
    }
}
