//! All that a database has, as its own client reads it: tables, collections, keys.

use mongodb::bson::{Document, doc};
use platform_ports::location::Location;
use redis::AsyncCommands;
use rusqlite::types::ValueRef;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};

/// The texts and bytes of everything, one after the other.
pub async fn dump(at: &Location) -> String {
    match at.scheme() {
        "sqlite" => sqlite(at.secret()),
        "postgres" => postgres(at.secret()).await,
        "mongodb" => mongodb(at.secret()).await,
        "redis" => redis(at.secret()).await,
        other => panic!("nobody here reads `{other}`"),
    }
}

fn sqlite(url: &str) -> String {
    let path = url.trim_start_matches("sqlite:");
    let database = rusqlite::Connection::open(path).unwrap();
    let mut found = String::new();
    let names = "SELECT name FROM sqlite_master WHERE type = 'table'";
    let mut names = database.prepare(names).unwrap();
    let names = names.query_map([], |row| row.get::<_, String>(0)).unwrap();
    for name in names {
        let all = format!("SELECT * FROM \"{}\"", name.unwrap());
        let mut all = database.prepare(&all).unwrap();
        let columns = all.column_count();
        let mut rows = all.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                if let ValueRef::Text(bytes) | ValueRef::Blob(bytes) = row.get_ref(column).unwrap()
                {
                    found.push_str(&String::from_utf8_lossy(bytes));
                }
            }
        }
    }
    found
}

async fn postgres(url: &str) -> String {
    let mut session = PgConnection::connect(url).await.unwrap();
    let mut found = String::new();
    let names = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'";
    for name in session.fetch_all(names).await.unwrap() {
        let name: String = name.get(0);
        let all = format!("SELECT t::text FROM \"{name}\" AS t");
        for row in session.fetch_all(AssertSqlSafe(all)).await.unwrap() {
            found.push_str(&row.get::<String, _>(0));
        }
    }
    found
}

async fn mongodb(url: &str) -> String {
    let client = mongodb::Client::with_uri_str(url).await.unwrap();
    let database = client.default_database().unwrap();
    let mut found = String::new();
    for name in database.list_collection_names().await.unwrap() {
        let collection = database.collection::<Document>(&name);
        let mut all = collection.find(doc! {}).await.unwrap();
        while all.advance().await.unwrap() {
            let bytes = all.current().as_bytes();
            found.push_str(&String::from_utf8_lossy(bytes));
        }
    }
    found
}

async fn redis(url: &str) -> String {
    let (server, parameters) = url.split_once('?').unwrap_or((url, ""));
    let mut parameters = parameters.split('&');
    let prefix = parameters.find_map(|one| one.strip_prefix("prefix="));
    let client = redis::Client::open(server).unwrap();
    let mut session = client.get_multiplexed_async_connection().await.unwrap();
    let pattern = format!("*{}*", prefix.unwrap_or_default());
    let keys: Vec<String> = session.keys(pattern).await.unwrap();
    assert!(!keys.is_empty(), "there is something at {url}");
    let mut found = String::new();
    for key in keys {
        let kind: String = redis::cmd("TYPE")
            .arg(&key)
            .query_async(&mut session)
            .await
            .unwrap();
        let texts: Vec<Vec<u8>> = match kind.as_str() {
            "hash" => redis::cmd("HGETALL")
                .arg(&key)
                .query_async(&mut session)
                .await
                .unwrap(),
            "zset" => session.zrange(&key, 0, -1).await.unwrap(),
            "string" => vec![session.get(&key).await.unwrap()],
            // It has gone meanwhile.
            "none" => Vec::new(),
            other => panic!("`{key}` is a {other}"),
        };
        for text in texts {
            found.push_str(&String::from_utf8_lossy(&text));
        }
    }
    found
}
