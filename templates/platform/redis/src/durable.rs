//! Whether a server keeps what it has answered.

use std::collections::HashMap;

use platform_ports::engine::OpenError;
use redis::RedisResult;

use super::connect::Connection;
use super::error::{is_denied, passes};

/// What has to be set, and to what.
const ASKED: [(&str, &str); 3] = [
    ("appendonly", "yes"),
    ("appendfsync", "always"),
    ("maxmemory-policy", "noeviction"),
];

/// Refuses a server that may lose what it has answered.
pub(super) async fn check(connection: &Connection) -> Result<(), OpenError> {
    let mut set = HashMap::new();
    for (name, _) in ASKED {
        let mut command = redis::cmd("CONFIG");
        command.arg("GET").arg(name);
        let answer: RedisResult<HashMap<String, String>> = connection.query(&command).await;
        match answer {
            Ok(values) => set.extend(values),
            // Who offers Redis as a service often forbids this, or has no such command.
            Err(error) if is_denied(&error) || !passes(&error) => return by_info(connection).await,
            Err(error) => return Err(connection.address().refused(&error)),
        }
    }
    for (name, value) in ASKED {
        compare(name, value, set.get(name).map(String::as_str))?;
    }
    Ok(())
}

/// What the server tells everybody: all but `appendfsync`.
async fn by_info(connection: &Connection) -> Result<(), OpenError> {
    let mut told = String::new();
    for section in ["persistence", "memory"] {
        let mut command = redis::cmd("INFO");
        command.arg(section);
        let info: RedisResult<String> = connection.query(&command).await;
        told += &info.map_err(|error| connection.address().refused(&error))?;
    }
    let told: HashMap<&str, &str> = told
        .lines()
        .filter_map(|line| line.trim().split_once(':'))
        .collect();
    let append = told.get("aof_enabled").map(|on| match *on {
        "1" => "yes",
        _ => "no",
    });
    compare("appendonly", "yes", append)?;
    let policy = told.get("maxmemory_policy").copied();
    compare("maxmemory-policy", "noeviction", policy)?;
    tracing::warn!(
        "the server does not tell `appendfsync`: unless it is `always`, up to a second of what was answered may be lost"
    );
    Ok(())
}

fn compare(name: &str, asked: &str, set: Option<&str>) -> Result<(), OpenError> {
    if set == Some(asked) {
        return Ok(());
    }
    let set = set.unwrap_or("unknown");
    Err(OpenError::NotDurable(format!(
        "its `{name}` is `{set}`, where `{asked}` is needed to keep what was answered; set it, or take the risk with `durability=relaxed` in the URL"
    )))
}
