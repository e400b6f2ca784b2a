//! Servers that tests use when the environment names them.

use std::error::Error;
use std::fmt::Debug;

use async_trait::async_trait;

use crate::location::Location;

/// What can go wrong with a server for tests.
pub type TestServerError = Box<dyn Error + Send + Sync>;

/// The server that a variable of the environment names for tests; `None`: it names none.
///
/// # Errors
/// When it names none, and `TEST_SERVERS` is `required`.
pub fn named(variable: &str) -> Result<Option<String>, TestServerError> {
    let server = std::env::var(variable).ok().filter(|url| !url.is_empty());
    let required = std::env::var("TEST_SERVERS").is_ok_and(|servers| servers == "required");
    match server {
        None if required => {
            Err(format!("{variable} names no server, and TEST_SERVERS=required").into())
        }
        server => Ok(server),
    }
}

/// A kind of server on which each test gets something of its own: a database, a prefix of keys, or one
/// of topics.
#[async_trait]
pub trait TestServer: Debug + Send + Sync {
    /// The environment variable that names a server for tests: `TEST_POSTGRES_URL`.
    fn variable(&self) -> &'static str;

    /// The location of a test's own database or prefix of this name, which need not be there yet.
    ///
    /// # Errors
    /// When the server's URL is none.
    fn location(&self, server: &str, name: &str) -> Result<Location, TestServerError>;

    /// Makes it, empty, where it does not come about by being used.
    ///
    /// # Errors
    /// When the server refuses.
    async fn make(&self, server: &str, at: &Location) -> Result<(), TestServerError> {
        let _ = (server, at);
        Ok(())
    }

    /// Removes it with all that is in it, whoever still uses it.
    ///
    /// # Errors
    /// When the server refuses.
    async fn remove(&self, server: &str, at: &Location) -> Result<(), TestServerError> {
        let _ = (server, at);
        Ok(())
    }
}
