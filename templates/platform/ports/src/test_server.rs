//! Servers that tests use when the environment names them.

use std::error::Error;
use std::fmt::Debug;

use async_trait::async_trait;

use crate::location::Location;

/// What can go wrong with a place for tests.
pub type TestServerError = Box<dyn Error + Send + Sync>;

/// A kind of server on which tests get places of their own: databases, prefixes of keys or topics.
#[async_trait]
pub trait TestServer: Debug + Send + Sync {
    /// The environment variable that names a server for tests: `TEST_POSTGRES_URL`.
    fn variable(&self) -> &'static str;

    /// Where a place of this name is on a server, which need not be there yet.
    ///
    /// # Errors
    /// When the server's URL is none.
    fn place(&self, server: &str, name: &str) -> Result<Location, TestServerError>;

    /// Makes an empty place, where it does not come about by being used.
    ///
    /// # Errors
    /// When the server refuses.
    async fn make(&self, server: &str, at: &Location) -> Result<(), TestServerError> {
        let _ = (server, at);
        Ok(())
    }

    /// Removes a place with all that is in it, whoever still uses it.
    ///
    /// # Errors
    /// When the server refuses.
    async fn remove(&self, server: &str, at: &Location) -> Result<(), TestServerError> {
        let _ = (server, at);
        Ok(())
    }
}
