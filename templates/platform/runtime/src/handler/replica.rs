//! Replicas: local read-only copies of what other contexts own.

use std::marker::PhantomData;
use std::sync::LazyLock;
use std::time::Duration;

use async_trait::async_trait;
use prometheus::GaugeVec;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::event_handler::{EventHandler, HandlerContext, HandlerDescriptor, HandlerWrites};
use super::handler_error::HandlerError;
use super::handler_state::HandlerState;
use super::key_state::version;
use super::parked::waiting_since;
use super::upcaster::upcast;
use super::{Aged, Replica, Replicated, blocked_queue, metrics};
use crate::clock;
use crate::decision::Reads;
use platform_contract::envelope::{Change, Envelope, emptied, is_personal, partition_of};
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
pub(super) struct ReplicaHandler<R>(PhantomData<fn() -> R>);

impl<R> ReplicaHandler<R> {
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

#[async_trait]
impl<R: Replicated> EventHandler for ReplicaHandler<R> {
    fn descriptor(&self) -> HandlerDescriptor {
        HandlerDescriptor {
            id: R::HANDLER,
            topic: R::Of::TOPIC,
            owner: R::Of::CONTEXT,
            aggregate_type: R::Of::NAME,
            projection: Some(R::SCHEMA),
            personal: is_personal::<R::Of>(),
            emptied: emptied::<R::Of>,
            before_commit: "replica.before-commit",
        }
    }

    async fn handle(
        &self,
        _: &HandlerContext,
        envelope: &Envelope,
        row: &Found,
        _: &Peek,
    ) -> Result<HandlerWrites, HandlerError> {
        let to = if envelope.change == Change::Deleted {
            SaveTo::Deleted {
                id: envelope.subject,
                version: envelope.sequence,
            }
        } else {
            SaveTo::Live(copy::<R>(envelope, row)?)
        };
        Ok(HandlerWrites {
            row: Some(to),
            ..HandlerWrites::default()
        })
    }
}

/// The row after a message: its members, as far as the replica has them, over those of before. A
/// snapshot has all members there are, so nothing of before stays.
fn copy<R: Replicated>(envelope: &Envelope, row: &Found) -> Result<Stored, HandlerError> {
    let kind = (envelope.kind.as_str(), envelope.version);
    let data = upcast(R::UPCASTERS, kind, envelope.data.clone()).map_err(|error| match error {
        UpcastError::UnknownVersion(_) => HandlerError::NewerVersion(error.to_string()),
        UpcastError::Malformed(error) => HandlerError::Poison(R::SCHEMA.unfit(&error)),
    })?;
    let Value::Object(mut data) = data else {
        return Err(HandlerError::Poison(
            "the data is no JSON object".to_owned(),
        ));
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
    restore::<R>(&members).map_err(|error| HandlerError::Poison(R::SCHEMA.unfit(&error)))?;
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
    Ok(look_up::<R>(engine, id.into()).await?.1)
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
        let (row, replica) = look_up::<R>(self.engine, id).await?;
        self.checks.push(Check::Version {
            schema: R::SCHEMA,
            generation: row.generation,
            id,
            version: row.version,
        });
        Ok(replica)
    }

    /// The same, where the reference to its source may be absent.
    ///
    /// # Errors
    /// When the engine cannot answer.
    pub async fn optional_replica<R: Replicated>(
        &mut self,
        id: Option<<R::Of as AggregateType>::Id>,
    ) -> Result<Option<Replica<R>>, EngineError> {
        match id {
            Some(id) => self.replica(id).await.map(Some),
            None => Ok(None),
        }
    }
}

/// The version of the row that was read, in its generation.
struct RowVersion {
    generation: Generation,
    version: u64,
}

async fn look_up<R: Replicated>(
    engine: &dyn Engine,
    id: Uuid,
) -> Result<(RowVersion, Replica<R>), EngineError> {
    let Some((state, _)) = HandlerState::load(engine, R::HANDLER).await? else {
        let row_version = RowVersion {
            generation: 0,
            version: 0,
        };
        return Ok((row_version, Replica::Unknown));
    };
    // The age first: what is read after it is at least as fresh.
    let age_ms = age(engine, &state, R::HANDLER, id).await?;
    let found = engine.load(R::SCHEMA, state.active, id).await?;
    let row_version = RowVersion {
        generation: state.active,
        version: version(&found),
    };
    let replica = match found {
        Found::Nothing => Replica::Unknown,
        Found::Deleted(_) => Replica::Deleted,
        Found::Live(row) => Replica::Known(Aged {
            value: restore(&row.members).map_err(|error| {
                let (table, why) = (R::SCHEMA.table, R::SCHEMA.unfit(&error));
                EngineError::Corrupt(format!("{table} {id}: {why}"))
            })?,
            age_ms: clock::told_age(age_ms),
            stale_after_ms: R::STALE_AFTER_MS,
        }),
    };
    Ok((row_version, replica))
}

/// How old the copy of an aggregate may be: since its partition was known to be complete, or since
/// a message of its own has been waiting.
async fn age(
    engine: &dyn Engine,
    state: &HandlerState,
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
    let blocked_key = blocked_queue::blocked_key(engine, &group).await?;
    let blocked = blocked_key.map(|(key, _)| key.since);
    let since = [parked, blocked]
        .into_iter()
        .flatten()
        .fold(as_of, Timestamp::min);
    let now = engine.now().await?;
    Ok(now.millis_since(since).saturating_add(CLOCK_TOLERANCE_MS))
}

/// Sets the gauge of a replica's age.
pub(super) async fn measure_age(context: &HandlerContext) -> Result<(), EngineError> {
    let (engine, handler) = (&context.runtime.engine, context.descriptor.id);
    let offsets = engine.offsets(handler, context.generation).await?;
    let now = engine.now().await?;
    let known = |offset: &OffsetAdvance| offset.as_of;
    let as_of = offsets
        .iter()
        .map(known)
        .collect::<Option<Vec<_>>>()
        .filter(|all| all.len() >= context.runtime.partitions as usize)
        .and_then(|all| all.into_iter().min());
    let age = as_of.map_or(metrics::NEVER, |as_of| {
        Duration::from_millis(now.millis_since(as_of)).as_secs_f64()
    });
    AGE.with_label_values(&[handler]).set(age);
    Ok(())
}
