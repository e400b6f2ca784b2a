//! Keys of one's own in the Redis that the environment names for tests.

use async_trait::async_trait;
use platform_ports::location::Location;
use platform_ports::test_server::{TestServer, TestServerError};
use redis::AsyncCommands;

/// How many keys are removed in one go.
const AT_ONCE: usize = 500;

/// The Redis that tests use. Keys come about by being used.
#[derive(Debug)]
pub(crate) struct TestRedis;

#[async_trait]
impl TestServer for TestRedis {
    fn variable(&self) -> &'static str {
        "TEST_REDIS_URL"
    }

    fn location(&self, server: &str, name: &str) -> Result<Location, TestServerError> {
        let at = format!("{}/?prefix={name}", server.trim_end_matches('/')).parse();
        at.map_err(|_| "TEST_REDIS_URL is no URL".into())
    }

    async fn remove(&self, server: &str, at: &Location) -> Result<(), TestServerError> {
        let prefix = at.secret().split_once("prefix=");
        let (_, prefix) = prefix.ok_or("the location has no prefix")?;
        let client = redis::Client::open(server)?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        let keys: Vec<String> = connection.keys(format!("{{{prefix}}}:*")).await?;
        for some in keys.chunks(AT_ONCE) {
            let () = connection.unlink(some).await?;
        }
        Ok(())
    }
}
