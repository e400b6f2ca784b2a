//! Databases of one's own on the MongoDB that the environment names for tests.

use async_trait::async_trait;
use mongodb::Client;
use platform_ports::location::Location;
use platform_ports::test_server::{TestServer, TestServerError};

/// The MongoDB that tests use. Databases come about by being used.
#[derive(Debug)]
pub(crate) struct TestMongodb;

#[async_trait]
impl TestServer for TestMongodb {
    fn variable(&self) -> &'static str {
        "TEST_MONGODB_URL"
    }

    fn location(&self, server: &str, name: &str) -> Result<Location, TestServerError> {
        let (head, query) = server.split_once('?').unwrap_or((server, ""));
        let has_login = head.contains('@') && !query.contains("authSource");
        let login = if has_login { "authSource=admin&" } else { "" };
        let at = format!("{}/{name}?{login}{query}", head.trim_end_matches('/'));
        let at = at.trim_end_matches(['?', '&']).parse();
        at.map_err(|_| "TEST_MONGODB_URL is no URL".into())
    }

    async fn remove(&self, _: &str, at: &Location) -> Result<(), TestServerError> {
        let client = Client::with_uri_str(at.secret()).await?;
        match client.default_database() {
            Some(database) => Ok(database.drop().await?),
            None => Ok(()),
        }
    }
}
