//! Databases on the MongoDB that `TEST_MONGODB_URL` names, which come about by being used.

use mongodb::Client;

use super::{server, wait};

/// Where the database of this name is.
pub fn url(name: &str) -> String {
    let server = server("TEST_MONGODB_URL");
    let (head, query) = server.split_once('?').unwrap_or((&server, ""));
    let url = format!("{}/{name}?{query}", head.trim_end_matches('/'));
    url.trim_end_matches('?').to_owned()
}

/// Removes a database.
pub fn remove(name: &str) {
    let url = url(name);
    wait(async {
        // The test has its outcome already, and the server may be gone.
        if let Ok(client) = Client::with_uri_str(&url).await {
            let _ = client.database(name).drop().await;
        }
    });
}
