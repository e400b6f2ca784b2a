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
mod connect;
mod documents;
mod driver;
mod durable;
mod engine;
mod entries;
mod error;
mod find;
mod generations;
mod group_commit;
mod indexes;
mod library;
mod migrate;
mod outbox;
mod progress;
mod rows;
#[cfg(feature = "testing")]
mod test_server;
mod tls;
mod unreleased;
mod write;

pub use self::cache::{CacheDriver, RedisCache};
pub use self::driver::Redis;
pub use self::engine::RedisEngine;
pub use self::migrate::migrate;
