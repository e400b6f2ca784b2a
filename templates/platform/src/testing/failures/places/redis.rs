//! Keys of one's own in a Redis, where they come about by being used.

use redis::AsyncCommands;

use super::{name, server};
use crate::location::Location;
use crate::testing::failures::Step;

/// A prefix that nobody else has.
pub(super) fn place() -> Step<Option<Location>> {
    let Some(url) = server("TEST_REDIS_URL")? else {
        return Ok(None);
    };
    let at = format!("{}/?prefix={}", url.trim_end_matches('/'), name());
    Ok(Some(at.parse().map_err(|_| "TEST_REDIS_URL is no URL")?))
}

/// Deletes all keys under the prefix.
pub(super) async fn remove(at: &Location) -> Step {
    let (server, prefix) = at
        .secret()
        .split_once("/?prefix=")
        .ok_or("the location has no prefix")?;
    let client = redis::Client::open(server)?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    let keys: Vec<String> = connection.keys(format!("{{{prefix}}}:*")).await?;
    for some in keys.chunks(500) {
        let () = connection.unlink(some).await?;
    }
    Ok(())
}
