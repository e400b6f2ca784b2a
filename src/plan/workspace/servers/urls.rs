//! Where a service finds the servers that it stands on.

use crate::model::{Broker, Context, Database, System};

use super::{
    CACHE_NAME, KAFKA, KAFKA_NAME, MONGODB, MONGODB_NAME, POSTGRES, POSTGRES_NAME, REDIS,
    ServerDatabase, cache_port, database, database_name, redis_name, replicas,
};

/// From where a server is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// The developer's machine, on which the servers' ports are open.
    Machine,
    /// A container beside the server's.
    Container,
}

/// Where a service finds its cache, where it has one.
pub fn cache_url(system: &System, context: &Context, from: From) -> Option<String> {
    context.scale.cache_millis?;
    let host = match from {
        From::Machine => format!("127.0.0.1:{}", cache_port(system)?),
        From::Container => format!("{CACHE_NAME}:{REDIS}"),
    };
    Some(format!(
        "redis://{host}/?prefix={}.{}",
        system.name, context.name
    ))
}

/// Where a service finds its database, when that is on a server.
pub fn database_url(system: &System, context: &Context, from: From) -> Option<String> {
    let ServerDatabase {
        context: owner,
        name,
        port,
    } = database(system, context)?;
    let host = |container: &str, usual: u16| match from {
        From::Machine => format!("127.0.0.1:{port}"),
        From::Container => format!("{container}:{usual}"),
    };
    Some(match context.database {
        Database::Sqlite => return None,
        Database::Postgres => {
            format!(
                "postgres://{name}:{name}@{}/{name}",
                host(POSTGRES_NAME, POSTGRES)
            )
        }
        Database::Mongodb => {
            format!(
                "mongodb://{name}:{name}@{}/{name}",
                host(MONGODB_NAME, MONGODB)
            )
        }
        Database::Redis => format!(
            "redis://{}/?prefix={}.{owner}",
            host(&redis_name(&owner), REDIS),
            system.name
        ),
    })
}

/// Where a service finds the read replicas of its database, where it has any.
pub fn replica_urls(system: &System, context: &Context, from: From) -> Option<String> {
    let name = database_name(system, context);
    let urls = replicas(context).into_iter().map(|replica| {
        let host = match from {
            From::Machine => format!("127.0.0.1:{}", replica.port),
            From::Container => format!("{}:{POSTGRES}", replica.name),
        };
        format!("postgres://{name}:{name}@{host}/{name}")
    });
    let urls: Vec<String> = urls.collect();
    (!urls.is_empty()).then(|| urls.join(","))
}

/// Where services find the broker, when that is on a server.
pub fn broker_url(system: &System, from: From) -> Option<String> {
    (system.broker == Broker::Kafka).then(|| match from {
        From::Machine => format!("kafka://127.0.0.1:{KAFKA}"),
        From::Container => format!("kafka://{KAFKA_NAME}:19092"),
    })
}
