//! Redis, a server of its own or a cluster.
//!
//! # The URL
//! `redis://user:password@host:port/?prefix=fintech.wallet`. All keys of a context are of one hash slot:
//! each starts with the prefix as a hash tag, `{fintech.wallet}:`. So every write set is one call of one
//! function, which looks whether all conditions hold before it writes anything. More nodes of a cluster,
//! from which the others are found, are `node=host:port` each.
//!
//! `rediss://` is the same with TLS. In the place of whom browsers trust, `ca_file=/path` names whom to
//! trust; `certificate_file` and `key_file` are for a server that asks who comes; all are PEM. The nodes
//! of a cluster are called by what they announce, an address or `cluster-announce-hostname`: that is what
//! their certificates have to name.
//!
//! # One slot
//! A cluster has many contexts on many nodes, and each context on one. To divide a context into buckets,
//! `{context:bucket}:`, with rows, messages, applied sequences and timers of their own, every write set would have to
//! keep to a bucket. Those that do not: a batch of a handler, which advances applied sequences of many aggregates and
//! the offset they came by; the applied sequence of an event and the command to another aggregate that follows from it;
//! a command waiting for its target, which goes in the target's unit of work; a reference, whose row has to
//! be there, and a deletion, for which none may be; a search's answer that is to hold still; a unique value.
//! So the runtime would have to say a write set's bucket, divide batches by it, move offsets after the
//! applied sequences and not with them, hand commands over to the bucket of their target by way of the outbox and
//! remember there which it has had, and merge the buckets of every list; and references, unique values and
//! searches in decisions could not be beyond a bucket. A context that needs more than a node is described
//! with another database; `shard_by` is refused with Redis.
//!
//! # What is kept
//! An answer comes after what it answers for is on the disk: the server has to have `appendonly yes`,
//! `appendfsync always` and `maxmemory-policy noeviction`, and is refused otherwise, unless the URL says
//! `durability=relaxed`. Replicas of Redis follow with a delay: a failover to one may lose what was
//! answered just before, which no setting of Redis 7 prevents. While a cluster moves the slot of a
//! context to another node, the context is not available.
//!
//! # Migrations
//! A migration is the body of a function in Lua, with the start of all keys in `KEYS[1]`. It runs once,
//! and that it did is noted in the same instant; other instances wait meanwhile. An error after a write
//! rolls nothing back, so it has to look before it writes. A `Schema` needs none: keys come about by
//! themselves, unique constraints and references are those of the `Schema`. A unique constraint that is
//! added later needs one, which enters the values of the rows there are into `unique:<table>:<constraint>`
//! and `entries:<table>:0`; the forms are in `migrations/` and `codec.rs`.
//!
//! # Searches
//! An id, all members of a unique constraint, or a reference lead to the rows at once, and pages in the
//! order of ids start where they have to. Other searches need an index to do so. Migrations declare those
//! of a table, all at once; a hyphen says that the greatest come first:
//! ```lua
//! redis.call('HSET', KEYS[1] .. 'indexes', '<table>:0', 'owner,-created_at status')
//! ```
//! Every write keeps them up in the call that it is. `migrate` enters the rows that are there already, in
//! steps between which the server does what else it has to do; searches use an index when all are in it.
//! One that has what is asked for as equal, then the order, whose first member may lie between bounds,
//! answers with a page for the page's own rows. Where the order is another one than that of the bounds,
//! what lies between these is ordered for each page. A search without an index looks at all rows of its
//! table, in the server, which does nothing else meanwhile: good for some ten thousand rows. Value objects,
//! JSON and lists are not searched by.

mod address;
mod cache;
mod codec;
mod documents;
mod driver;
mod durable;
mod entries;
mod error;
mod find;
mod group;
mod indexes;
mod library;
mod link;
mod migrate;
mod outbox;
mod progress;
mod rows;
#[cfg(feature = "testing")]
mod test_server;
mod tls;
mod write;

use std::sync::Arc;

use async_trait::async_trait;
use platform_contract::schema::Schema;
use platform_contract::value::Timestamp;
use platform_ports::engine::{
    AppliedSequence, CommitError, Document, Documents, DocumentsQuery, Engine, EngineError, Find,
    Found, Generation, Migration, OffsetAdvance, OpenError, Options, OutboxDepth, OutboxEvent,
    OutboxRow, Page, WriteSet,
};
use serde_json::json;
use uuid::Uuid;

pub use self::cache::{CacheDriver, RedisCache};
pub use self::driver::Redis;
use self::error::{corrupt, failure};
use self::group::Group;
use self::link::Link;
pub use self::migrate::migrate;
use self::write::Prepared;

/// How many events are deleted in one call when many are.
const SWEEP: u32 = 1_000;

/// A place in a Redis.
pub struct RedisEngine {
    link: Arc<Link>,
    group: Group,
    options: Options,
}

impl RedisEngine {
    /// Opens the place that `url` names, to which [`migrate`] has applied all of `migrations`.
    ///
    /// # Errors
    /// When the server does not answer, would not keep what is committed, or has not had just these
    /// migrations.
    pub async fn open(
        url: &str,
        migrations: &[Migration],
        options: Options,
    ) -> Result<Self, OpenError> {
        let link = migrate::connect(url).await?;
        migrate::check_complete(&link, migrations).await?;
        let loaded = link.load_library().await;
        loaded.map_err(|error| link.address().refused(&error))?;
        let link = Arc::new(link);
        Ok(Self {
            group: Group::start(Arc::clone(&link), options.outbox_limit),
            link,
            options: Options {
                shards: options.shards.max(1),
                ..options
            },
        })
    }
}

#[async_trait]
impl Engine for RedisEngine {
    async fn now(&self) -> Result<Timestamp, EngineError> {
        let now: String = self.link.read("now", &json!({})).await?;
        rows::instant(&now)
    }

    async fn load_each(
        &self,
        schema: &'static Schema,
        generation: Generation,
        ids: &[Uuid],
    ) -> Result<Vec<Found>, EngineError> {
        rows::load_each(&self.link, schema, generation, ids).await
    }

    async fn find(&self, find: &Find) -> Result<Page, EngineError> {
        find::page(&self.link, find).await
    }

    async fn deleted(
        &self,
        schema: &'static Schema,
        generation: Generation,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<(Uuid, u64)>, EngineError> {
        rows::tombstones(&self.link, schema, generation, after, limit).await
    }

    async fn commit(&self, write: WriteSet) -> Result<(), CommitError> {
        let mut write = Prepared::new(&write)?;
        let text = std::mem::take(&mut write.text);
        write.outcome(&self.group.commit(text).await?)
    }

    async fn commit_all(&self, writes: Vec<WriteSet>) -> Result<(), (usize, CommitError)> {
        let mut prepared = Vec::with_capacity(writes.len());
        for (at, write) in writes.iter().enumerate() {
            prepared.push(Prepared::new(write).map_err(|error| (at, error.into()))?);
        }
        let texts = prepared.iter().map(|write| write.text.clone());
        let limit = std::iter::once(self.options.outbox_limit.to_string());
        let arguments: Vec<String> = limit.chain(texts).collect();
        let answer: Vec<String> = match self.link.call("all", &arguments).await {
            Ok(answer) => answer,
            Err(error) => return Err((0, failure(error).into())),
        };
        let malformed = || (0, corrupt("an answer").into());
        let [at, why] = match answer.as_slice() {
            [] => return Ok(()),
            [at, why] => [at, why],
            _ => return Err(malformed()),
        };
        let at: usize = at.parse().map_err(|_| malformed())?;
        let failed = prepared.get(at).ok_or_else(malformed)?;
        failed.outcome(why).map_err(|error| (at, error))
    }

    fn shards(&self) -> u32 {
        self.options.shards
    }

    async fn outbox(&self, shard: u32, limit: u32) -> Result<Vec<OutboxRow>, EngineError> {
        outbox::oldest(&self.link, self.options.shards, shard, limit).await
    }

    async fn acknowledge(&self, ids: &[Uuid]) -> Result<(), EngineError> {
        outbox::acknowledge(&self.link, ids).await
    }

    async fn refused(&self, limit: u32) -> Result<Vec<OutboxRow>, EngineError> {
        outbox::refused(&self.link, limit).await
    }

    async fn refuse(&self, id: Uuid, why: Option<&str>) -> Result<(), EngineError> {
        outbox::refuse(&self.link, id, why).await
    }

    async fn outbox_depth(&self) -> Result<OutboxDepth, EngineError> {
        outbox::depth(&self.link).await
    }

    async fn event_log(
        &self,
        aggregate_type: &str,
        after: Option<(Uuid, u64)>,
        limit: u32,
    ) -> Result<Vec<OutboxEvent>, EngineError> {
        outbox::log(&self.link, aggregate_type, after, limit).await
    }

    async fn trim_event_log(&self, before: Timestamp) -> Result<u64, EngineError> {
        let mut all = 0;
        loop {
            let deleted = outbox::trim(&self.link, before, SWEEP).await?;
            if deleted == 0 {
                return Ok(all);
            }
            all += deleted;
        }
    }

    async fn applied_sequences(
        &self,
        handler: &str,
        generation: Generation,
        aggregates: &[Uuid],
    ) -> Result<Vec<(Uuid, AppliedSequence)>, EngineError> {
        progress::applied_sequences(&self.link, handler, generation, aggregates).await
    }

    async fn offsets(
        &self,
        handler: &str,
        generation: Generation,
    ) -> Result<Vec<OffsetAdvance>, EngineError> {
        progress::offsets(&self.link, handler, generation).await
    }

    async fn drop_generation(
        &self,
        schema: Option<&'static Schema>,
        handler: &str,
        generation: Generation,
    ) -> Result<(), EngineError> {
        progress::drop_generation(&self.link, schema, handler, generation).await
    }

    async fn document(
        &self,
        collection: Documents,
        key: &str,
    ) -> Result<Option<Document>, EngineError> {
        documents::get(&self.link, collection, key).await
    }

    async fn documents(&self, query: &DocumentsQuery) -> Result<Vec<Document>, EngineError> {
        documents::list(&self.link, query).await
    }

    async fn count(&self, collection: Documents) -> Result<u64, EngineError> {
        documents::count(&self.link, collection).await
    }

    async fn lease(&self, name: &str, owner: Uuid, millis: u64) -> Result<bool, EngineError> {
        documents::lease(&self.link, name, owner, millis).await
    }
}
