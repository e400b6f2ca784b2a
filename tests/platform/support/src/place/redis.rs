//! Places in the Redis that `TEST_REDIS_URL` names, which come about by being used.

use redis::{AsyncCommands, RedisResult};

use super::{server, wait};

/// Where the keys with this prefix are.
pub fn url(name: &str) -> String {
    let server = server("TEST_REDIS_URL");
    format!("{}/?prefix={name}", server.trim_end_matches('/'))
}

/// Removes all keys with a prefix.
pub fn remove(name: &str) {
    // The test has its outcome already, and the server may be gone.
    let _ = wait(async {
        let client = redis::Client::open(server("TEST_REDIS_URL"))?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        let keys: Vec<String> = connection.keys(format!("{{{name}}}:*")).await?;
        for some in keys.chunks(500) {
            let () = connection.unlink(some).await?;
        }
        RedisResult::Ok(())
    });
}
