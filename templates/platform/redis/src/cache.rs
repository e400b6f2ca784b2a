//! A cache in Redis, a server of its own or a cluster.
//!
//! A value is `<version>:<end>:<row>`: the version that is known, until when the row may be shown, by the
//! server's clock, and the row, or nothing, which is a mark. It stays for [`VERSION_TTL`] after its end, so
//! that a row that is read before a change and kept after it meets with the version of the change: keeping
//! is refused [`MAX_PUT_DELAY`] after the look, and a copy of the database that is asked is behind by less
//! than the rest. A server that evicts keys may forget a version before; an old row that gets in then lives no
//! longer than any.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use platform_contract::schema::Schema;
use platform_contract::value::Timestamp;
use platform_ports::cache::{
    Cache, CacheLookup, CacheOptions, CacheUnavailable, Driver, LookupTime,
};
use platform_ports::engine::{OpenError, Stored};
use platform_ports::outage::Outage;
use redis::{Cmd, FromRedisValue};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;
use uuid::Uuid;

use crate::address::Address;
use crate::connect::Connection;

/// How long the server has to answer, usually, before it is passed by.
const PATIENCE: Duration = Duration::from_millis(100);

/// How long it is passed by, at least, before it is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// How late a row may be kept.
const MAX_PUT_DELAY: Duration = Duration::from_secs(5);

/// How long a version is known at least.
const VERSION_TTL: Duration = Duration::from_secs(60);

/// What several scripts begin with.
const PRELUDE: &str = "local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local old = redis.call('GET', KEYS[1])
";

/// The time, and the row when it may be shown.
const GET_SCRIPT: &str = "if old then
    local till, row = string.match(old, '^%d+:(%d+):(.*)$')
    if row ~= '' and tonumber(till) > now then return {now, row} end
end
return {now, false}";

/// Keeps the row `ARGV[2]` of the version `ARGV[1]`.
const PUT_SCRIPT: &str = "local asked, late, lives, mark = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
if now - asked > tonumber(late) then return 0 end
if old and tonumber(string.match(old, '^%d+')) > tonumber(ARGV[1]) then return 0 end
local value = ARGV[1] .. ':' .. string.format('%.0f', now + lives) .. ':' .. ARGV[2]
redis.call('SET', KEYS[1], value, 'PX', string.format('%.0f', lives + mark))
return 1";

/// Leaves the mark of the version `ARGV[1]`.
const INVALIDATE_SCRIPT: &str =
    "if old and tonumber(string.match(old, '^%d+')) >= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. ':0:', 'PX', ARGV[2])
return 1";

/// A cache in Redis, as a service names it.
#[derive(Debug, Clone, Copy)]
pub struct CacheDriver;

impl Driver for CacheDriver {
    fn schemes(&self) -> &'static [&'static str] {
        &["redis", "rediss"]
    }

    fn example(&self) -> &'static str {
        "redis://host:6379/?prefix=system.context"
    }

    fn open(&self, options: &CacheOptions) -> Result<Arc<dyn Cache>, OpenError> {
        let outage = Arc::clone(&options.outage);
        let cache = RedisCache::open(options.at.secret(), options.time_to_live, PATIENCE, outage)?;
        Ok(Arc::new(cache))
    }
}

/// A cache in Redis.
pub struct RedisCache {
    shared: Arc<Shared>,
    time_to_live: Duration,
    /// Connects, again whenever the connection is lost.
    _connecting: JoinSet<()>,
}

struct Shared {
    url: String,
    prefix: String,
    patience: Duration,
    current: RwLock<Option<Arc<Connection>>>,
    lost: Notify,
    outage: Arc<Outage>,
}

/// A row as it is kept.
#[derive(Serialize, Deserialize)]
struct CachedRow {
    /// What the row is of: programs of several versions may share a cache.
    of: Uuid,
    version: u64,
    created_at: Timestamp,
    updated_at: Timestamp,
    members: Map<String, Value>,
}

impl RedisCache {
    /// The cache at `url`, whose entries live for so long, and which is passed by when it does not
    /// answer within `patience`. It need not be there yet; that it is out is noted with `outage`.
    ///
    /// # Errors
    /// When the URL makes no sense.
    pub fn open(
        url: &str,
        time_to_live: Duration,
        patience: Duration,
        outage: Arc<Outage>,
    ) -> Result<Self, OpenError> {
        let shared = Arc::new(Shared {
            prefix: Address::read(url)?.prefix,
            url: url.to_owned(),
            patience,
            current: RwLock::default(),
            lost: Notify::new(),
            outage,
        });
        Ok(Self {
            _connecting: JoinSet::from_iter([open(Arc::clone(&shared))]),
            shared,
            time_to_live,
        })
    }

    fn key(&self, schema: &Schema, id: Uuid) -> String {
        format!("{}:cache:{}:{id}", self.shared.prefix, schema.name)
    }
}

/// Connects, again whenever the connection is lost.
async fn open(shared: Arc<Shared>) {
    loop {
        shared.connect().await;
        shared.lost.notified().await;
        // One that is slow is not to be asked by every request.
        tokio::time::sleep(PAUSE).await;
    }
}

impl Shared {
    /// Connects, however often that has to be tried.
    async fn connect(&self) {
        loop {
            let opened = match Address::read(&self.url) {
                Ok(address) => Connection::open(address).await,
                Err(error) => Err(error),
            };
            match opened {
                Ok(connection) => {
                    self.set(Some(Arc::new(connection)));
                    self.outage.answered();
                    return;
                }
                Err(error) => self
                    .outage
                    .failed(&error, || tracing::warn!(%error, "the cache is passed by")),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn set(&self, connection: Option<Arc<Connection>>) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = connection;
    }

    fn connection(&self) -> Option<Arc<Connection>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.clone()
    }

    /// Asks the server; `None`: it is passed by.
    async fn ask<T: FromRedisValue>(&self, key: &str, command: Cmd) -> Option<T> {
        let connection = self.connection()?;
        let why = match timeout(self.patience, connection.query_at(key, &command)).await {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it does not answer in time".to_owned(),
        };
        self.lose(&connection, &why);
        None
    }

    /// Gives up a connection of which nobody knows what is still on it.
    fn lose(&self, connection: &Arc<Connection>, why: &str) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current
            .as_ref()
            .is_some_and(|it| Arc::ptr_eq(it, connection))
        {
            *current = None;
            self.outage
                .failed(why, || tracing::warn!(why, "the cache is passed by"));
            self.lost.notify_one();
        }
    }
}

/// A script over one key.
fn script(text: &str, key: &str) -> Cmd {
    let mut command = redis::cmd("EVAL");
    command.arg(format!("{PRELUDE}{text}")).arg(1).arg(key);
    command
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// What tells the rows of a schema from those of another version of it.
fn identity(schema: &Schema) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{schema:?}").as_bytes())
}

/// The row in a value, if it is one of this schema.
fn row(schema: &Schema, id: Uuid, text: &str) -> Option<Stored> {
    let kept: CachedRow = serde_json::from_str(text).ok()?;
    (kept.of == identity(schema)).then_some(Stored {
        id,
        version: kept.version,
        created_at: kept.created_at,
        updated_at: kept.updated_at,
        members: kept.members,
    })
}

#[async_trait]
impl Cache for RedisCache {
    fn time_to_live(&self) -> Duration {
        self.time_to_live
    }

    async fn get(&self, schema: &'static Schema, id: Uuid) -> CacheLookup {
        let key = self.key(schema, id);
        let answer: Option<(u64, Option<String>)> =
            self.shared.ask(&key, script(GET_SCRIPT, &key)).await;
        match answer {
            None => CacheLookup::Unavailable,
            Some((now, text)) => {
                let row = text.and_then(|text| row(schema, id, &text));
                row.map_or(CacheLookup::Miss(LookupTime::at(now)), CacheLookup::Hit)
            }
        }
    }

    async fn put(&self, schema: &'static Schema, row: &Stored, looked_up: LookupTime) {
        let kept = CachedRow {
            of: identity(schema),
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            members: row.members.clone(),
        };
        let Ok(text) = serde_json::to_string(&kept) else {
            return;
        };
        let key = self.key(schema, row.id);
        let mut command = script(PUT_SCRIPT, &key);
        command.arg(row.version).arg(text).arg(looked_up.millis());
        for time in [MAX_PUT_DELAY, self.time_to_live, VERSION_TTL] {
            command.arg(millis(time));
        }
        // What is not kept is asked for again.
        let _: Option<u8> = self.shared.ask(&key, command).await;
    }

    async fn invalidate(
        &self,
        schema: &'static Schema,
        id: Uuid,
        version: u64,
    ) -> Result<(), CacheUnavailable> {
        let key = self.key(schema, id);
        let mut command = script(INVALIDATE_SCRIPT, &key);
        command.arg(version).arg(millis(VERSION_TTL));
        let done: Option<u8> = self.shared.ask(&key, command).await;
        done.map(|_| ()).ok_or(CacheUnavailable)
    }
}
