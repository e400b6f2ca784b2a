//! Databases of one's own on MongoDB, where they come about by being used.

use mongodb::Client;

use super::{name, server};
use crate::location::Location;
use crate::testing::failures::Step;

/// A new database.
pub(super) fn place() -> Step<Option<Location>> {
    let Some(url) = server("TEST_MONGODB_URL")? else {
        return Ok(None);
    };
    let (head, query) = url.split_once('?').unwrap_or((&url, ""));
    let has_login = head.contains('@') && !query.contains("authSource");
    let login = if has_login { "authSource=admin&" } else { "" };
    let (server, name) = (head.trim_end_matches('/'), name());
    let at = format!("{server}/{name}?{login}{query}");
    let at = at.trim_end_matches(['?', '&']);
    Ok(Some(at.parse().map_err(|_| "TEST_MONGODB_URL is no URL")?))
}

/// Drops a database.
pub(super) async fn remove(at: &Location) -> Step {
    let client = Client::with_uri_str(at.secret()).await?;
    match client.default_database() {
        Some(database) => Ok(database.drop().await?),
        None => Ok(()),
    }
}
