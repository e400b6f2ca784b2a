//! What operators do about the database as a whole: bring it up to date, look at it, begin it anew.

use super::{Service, ServiceError};
use crate::config::Config;

/// Applies the migrations that have not been.
pub(super) async fn migrate(service: &Service, config: &Config) -> Result<(), ServiceError> {
    let applied = service.migrate(config).await?;
    for name in &applied {
        println!("applied {name}");
    }
    if applied.is_empty() {
        println!("nothing to do: the database is up to date");
    }
    Ok(())
}

/// Says which have not been.
pub(super) async fn status(service: &Service, config: &Config) -> Result<(), ServiceError> {
    let pending = service.pending(config).await?;
    for name in &pending {
        println!("not applied yet: {name}");
    }
    if pending.is_empty() {
        println!("the database is up to date");
    }
    Ok(())
}

/// Empties database and topics, and makes them again.
pub(super) async fn reset(service: &Service, config: &Config) -> Result<(), ServiceError> {
    match service.reset(config).await? {
        true => println!("emptied the database {}", config.database),
        false => println!("nothing to empty: the database {} is new", config.database),
    }
    for topic in service.reset_topics(config).await? {
        println!("emptied the topic {topic}");
    }
    println!("what other services have copied or done stays with them: reset these too");
    migrate(service, config).await
}
