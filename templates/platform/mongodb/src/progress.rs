//! Applied sequences and offsets: how far handlers have come.

use mongodb::bson::{Document, doc};
use platform_contract::value::Timestamp;
use platform_ports::engine::{
    AppliedSequence, EngineError, Generation, OffsetAdvance, SequenceAdvance,
};
use uuid::Uuid;

use super::error::{Error, corrupt, number, signed, text, unsigned};
use super::fields::{APPLIED_SEQUENCES, ID, LIVE, OFFSETS};
use super::rows::is_live;
use super::search::Search;
use super::store::Store;

/// The key of an applied sequence.
pub(super) fn sequence_key(handler: &str, generation: Generation, aggregate: Uuid) -> String {
    format!("{handler}/{generation}/{aggregate}")
}

/// The key of an offset.
pub(super) fn offset_key(offset: &OffsetAdvance) -> String {
    let OffsetAdvance {
        handler,
        generation,
        topic,
        partition,
        ..
    } = offset;
    format!("{handler}/{generation}/{topic}/{partition}")
}

/// The applied sequence after its step; `None`: it is not where the step begins.
pub(super) fn advanced_sequence(
    advance: &SequenceAdvance,
    now: Option<&Document>,
) -> Result<Option<Document>, EngineError> {
    let at = now
        .map(|applied| unsigned(applied, "sequence"))
        .transpose()?;
    if at != advance.from {
        return Ok(None);
    }
    Ok(Some(doc! {
        LIVE: true,
        "handler": &advance.handler,
        "generation": i64::from(advance.generation),
        "aggregate": advance.aggregate.to_string(),
        "sequence": signed(advance.to.sequence)?,
        "event": advance.to.event.map(|event| event.to_string()),
    }))
}

/// The offset moved forward, or to its place in a topic that was made anew.
pub(super) fn advanced_offset(offset: &OffsetAdvance, now: Option<&Document>) -> Document {
    let as_of = offset.as_of.map(Timestamp::as_microseconds);
    let of_topic = |now: &&Document| {
        let topic_id = now.get_str("topic_id");
        topic_id.is_ok_and(|topic_id| topic_id == offset.topic_id)
    };
    let same = now.filter(of_topic);
    let before = same.map(|now| (number(now, "next"), number(now, "as_of")));
    let (next, as_of) = match before {
        Some((next, before)) => (next.max(Some(offset.next)), before.max(as_of)),
        None => (Some(offset.next), as_of),
    };
    doc! {
        LIVE: true,
        "handler": &offset.handler,
        "generation": i64::from(offset.generation),
        "topic": &offset.topic,
        "partition": i64::from(offset.partition),
        "topic_id": &offset.topic_id,
        "next": next,
        "as_of": as_of,
    }
}

impl Store {
    /// The applied sequences of a handler for these aggregates.
    pub(super) async fn applied_sequences(
        &self,
        handler: &str,
        generation: Generation,
        aggregates: &[Uuid],
    ) -> Result<Vec<(Uuid, AppliedSequence)>, Error> {
        let keys = aggregates
            .iter()
            .map(|aggregate| sequence_key(handler, generation, *aggregate));
        let filter = doc! { ID: { "$in": keys.collect::<Vec<_>>() } };
        let found = self.read(APPLIED_SEQUENCES, &Search::all(filter)).await?;
        let applied_sequences = found.iter().filter(|applied| is_live(applied)).map(applied);
        Ok(applied_sequences.collect::<Result<_, _>>()?)
    }

    /// How far a handler has read.
    pub(super) async fn offsets(
        &self,
        handler: &str,
        generation: Generation,
    ) -> Result<Vec<OffsetAdvance>, Error> {
        self.roll_forward_in(OFFSETS).await?;
        let filter = doc! { "handler": handler, "generation": i64::from(generation), LIVE: true };
        let search = Search {
            sort: doc! { "topic": 1, "partition": 1 },
            ..Search::all(filter)
        };
        let found = self.read(OFFSETS, &search).await?;
        Ok(found.iter().map(offset).collect::<Result<_, _>>()?)
    }
}

fn applied(stored: &Document) -> Result<(Uuid, AppliedSequence), EngineError> {
    let event = match stored.get_str("event") {
        Ok(event) => Some(uuid(event)?),
        Err(_) => None,
    };
    let applied = AppliedSequence {
        sequence: unsigned(stored, "sequence")?,
        event,
    };
    Ok((uuid(text(stored, "aggregate")?)?, applied))
}

fn offset(stored: &Document) -> Result<OffsetAdvance, EngineError> {
    let small = |name: &str| {
        let number = number(stored, name).and_then(|number| u32::try_from(number).ok());
        number.ok_or_else(|| corrupt(name))
    };
    Ok(OffsetAdvance {
        handler: text(stored, "handler")?.to_owned(),
        generation: small("generation")?,
        topic: text(stored, "topic")?.to_owned(),
        partition: small("partition")?,
        topic_id: text(stored, "topic_id")?.to_owned(),
        next: number(stored, "next").ok_or_else(|| corrupt("next"))?,
        as_of: number(stored, "as_of").and_then(Timestamp::from_microseconds),
    })
}

fn uuid(text: &str) -> Result<Uuid, EngineError> {
    Uuid::try_parse(text).map_err(|_| EngineError::Corrupt(format!("`{text}` is no UUID")))
}
