//! Replicas: local read-only copies of what other contexts own.

use std::marker::PhantomData;
use std::sync::LazyLock;
use std::time::Duration;

use async_trait::async_trait;
use prometheus::GaugeVec;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::generations::State;
use super::key::version;
use super::parked::waiting_since;
use super::reactor::{About, Failure, Reaction, Reactor, Scope};
use super::upcaster::upcast;
use super::{Aged, Replica, Replicated, metrics, queue};
use crate::clock;
use crate::decision::Reads;
use platform_contract::envelope::{Change, Envelope, partition_of};
use platform_contract::value::Timestamp;
use platform_contract::{AggregateType, UpcastError};
use platform_ports::engine::{
    Check, Engine, EngineError, Found, Generation, OffsetAdvance, Peek, SaveTo, Stored,
};

/// By how much the clocks of two databases may differ, in milliseconds; a copy counts as that much
/// older.
pub const CLOCK_TOLERANCE_MS: u64 = 250;

pub(super) static AGE: LazyLock<GaugeVec> = LazyLock::new(|| {
    metrics::seconds(
        "microdb_replica_age_seconds",
        "How long ago the oldest partition of the replica was known to be complete; -1: never yet.",
    )
});

/// A replica as the consumer sees it.
pub(super) struct ReplicaReactor<R>(PhantomData<fn() -> R>);

impl<R> ReplicaReactor<R> {
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

#[async_trait]
impl<R: Replicated> Reactor for ReplicaReactor<R> {
    fn about(&self) -> About {
        About {
            handler: R::HANDLER,
            topic: R::Of::TOPIC,
            owner: R::Of::CONTEXT,
            aggregate_type: R::Of::NAME,
            projection: Some(R::SCHEMA),
            before_commit: "replica.before-commit",
        }
    }

    async fn react(
        &self,
        _: &Scope,
        envelope: &Envelope,
        row: &Found,
        _: &Peek,
    ) -> Result<Reaction, Failure> {
        let to = if envelope.change == Change::Deleted {
            SaveTo::Deleted {
                id: envelope.subject,
                version: envelope.sequence,
            }
        } else {
            SaveTo::Live(copy::<R>(envelope, row)?)
        };
        Ok(Reaction {
            row: Some(to),
            ..Reaction::default()
        })
    }
}

/// The row after a message: its members, as far as the replica has them, over those of before. A
/// snapshot has all members there are, so nothing of before stays.
fn copy<R: Replicated>(envelope: &Envelope, row: &Found) -> Result<Stored, Failure> {
    let kind = (envelope.kind.as_str(), envelope.version);
    let data = upcast(R::UPCASTERS, kind, envelope.data.clone()).map_err(|error| match error {
        UpcastError::UnknownVersion(_) => Failure::Newer(error.to_string()),
        UpcastError::Malformed(_) => Failure::Poison(error.to_string()),
    })?;
    let Value::Object(mut data) = data else {
        return Err(Failure::Poison("the data is no JSON object".to_owned()));
    };
    let (created_at, mut members) = match row {
        Found::Live(row) if envelope.is_snapshot() => (row.created_at, Map::new()),
        Found::Live(row) => (row.created_at, row.members.clone()),
        Found::Nothing | Found::Deleted(_) => (envelope.time, Map::new()),
    };
    let columns = R::SCHEMA.columns.iter().map(|column| column.name);
    let collections = R::SCHEMA.collections.iter().map(|inner| inner.member);
    for member in columns.chain(collections) {
        if let Some(value) = data.remove(member) {
            members.insert(member.to_owned(), value);
        }
    }
    // Found out here, a bad copy is this message's fault; found out by a reader, it is nobody's.
    restore::<R>(&members).map_err(|error| Failure::Poison(error.to_string()))?;
    Ok(Stored {
        id: envelope.subject,
        version: envelope.sequence,
        created_at,
        updated_at: envelope.time,
        members,
    })
}

fn restore<R: Replicated>(members: &Map<String, Value>) -> Result<R, serde_json::Error> {
    serde_json::from_value(Value::Object(members.clone()))
}

/// The copy of an aggregate, with its age.
///
/// # Errors
/// When the engine cannot answer.
pub async fn read<R: Replicated>(
    engine: &dyn Engine,
    id: <R::Of as AggregateType>::Id,
) -> Result<Replica<R>, EngineError> {
    Ok(look::<R>(engine, id.into()).await?.1)
}

impl Reads<'_> {
    /// The copy of another context's aggregate that a decision looks at; part of the read set.
    ///
    /// # Errors
    /// When the engine cannot answer.
    pub async fn replica<R: Replicated>(
        &mut self,
        id: <R::Of as AggregateType>::Id,
    ) -> Result<Replica<R>, EngineError> {
        let id: Uuid = id.into();
        let (seen, replica) = look::<R>(self.engine, id).await?;
        self.checks.push(Check::Version {
            schema: R::SCHEMA,
            generation: seen.generation,
            id,
            version: seen.version,
        });
        Ok(replica)
    }
}

/// Which row was looked at.
struct Seen {
    generation: Generation,
    version: u64,
}

async fn look<R: Replicated>(
    engine: &dyn Engine,
    id: Uuid,
) -> Result<(Seen, Replica<R>), EngineError> {
    let Some((state, _)) = State::load(engine, R::HANDLER).await? else {
        let seen = Seen {
            generation: 0,
            version: 0,
        };
        return Ok((seen, Replica::Unknown));
    };
    // The age first: what is read after it is at least as fresh.
    let age_ms = age(engine, &state, R::HANDLER, id).await?;
    let found = engine.load(R::SCHEMA, state.active, id).await?;
    let seen = Seen {
        generation: state.active,
        version: version(&found),
    };
    let replica = match found {
        Found::Nothing => Replica::Unknown,
        Found::Deleted(_) => Replica::Deleted,
        Found::Live(row) => Replica::Known(Aged {
            value: restore(&row.members).map_err(|error| {
                EngineError::Corrupt(format!("{} {id}: {error}", R::SCHEMA.table))
            })?,
            age_ms: clock::told_age(age_ms),
            stale_after_ms: R::STALE_AFTER_MS,
        }),
    };
    Ok((seen, replica))
}

/// How old the copy of an aggregate may be: since its partition was known to be complete, or since
/// a message of its own has been waiting.
async fn age(
    engine: &dyn Engine,
    state: &State,
    handler: &str,
    id: Uuid,
) -> Result<u64, EngineError> {
    let partition = partition_of(id, state.partitions);
    let offsets = engine.offsets(handler, state.active).await?;
    let offset = offsets.iter().find(|one| one.partition == partition);
    let Some(as_of) = offset.and_then(|offset| offset.as_of) else {
        return Ok(u64::MAX);
    };
    let group = format!("{handler}/{}/{id}", state.active);
    let parked = waiting_since(engine, &group).await?;
    let block = queue::block(engine, &group).await?;
    let blocked = block.map(|(block, _)| block.since);
    let since = [parked, blocked]
        .into_iter()
        .flatten()
        .fold(as_of, Timestamp::min);
    let now = engine.now().await?;
    Ok(now.millis_since(since).saturating_add(CLOCK_TOLERANCE_MS))
}

/// Sets the gauge of a replica's age.
pub(super) async fn measure_age(scope: &Scope) -> Result<(), EngineError> {
    let (engine, handler) = (&scope.runtime.engine, scope.about.handler);
    let offsets = engine.offsets(handler, scope.generation).await?;
    let now = engine.now().await?;
    let known = |offset: &OffsetAdvance| offset.as_of;
    let as_of = offsets
        .iter()
        .map(known)
        .collect::<Option<Vec<_>>>()
        .filter(|all| all.len() >= scope.runtime.partitions as usize)
        .and_then(|all| all.into_iter().min());
    let age = as_of.map_or(metrics::NEVER, |as_of| {
        Duration::from_millis(now.millis_since(as_of)).as_secs_f64()
    });
    AGE.with_label_values(&[handler]).set(age);
    Ok(())
}
