//! Applied sequences and offsets: how far handlers have come (`lua/9_progress.lua`).

use platform_contract::value::Timestamp;
use platform_ports::engine::{
    AppliedSequence, EngineError, Generation, OffsetAdvance, SequenceAdvance,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::codec::{from_signed, signed};
use super::connect::Connection;
use super::error::corrupt;
use super::rows::uuid;

/// A handler's generation.
pub(super) fn of(handler: &str, generation: Generation) -> String {
    format!("{generation}:{handler}")
}

/// An applied sequence's step, as the function takes it.
pub(super) fn applied(advance: &SequenceAdvance) -> Value {
    let from = advance.from;
    json!({
        "of": of(&advance.handler, advance.generation),
        "aggregate": advance.aggregate.to_string(),
        "from": from.map_or(Value::Bool(false), |from| from.to_string().into()),
        "sequence": advance.to.sequence.to_string(),
        "event": advance.to.event.map(|event| event.to_string()).unwrap_or_default(),
    })
}

/// An offset's step, as the function takes it.
pub(super) fn offset(advance: &OffsetAdvance) -> Value {
    let as_of = advance.as_of.map(|as_of| signed(as_of.as_microseconds()));
    json!({
        "of": of(&advance.handler, advance.generation),
        "partition": format!("{}\0{:010}", advance.topic, advance.partition),
        "topic_id": advance.topic_id,
        "next": signed(advance.next),
        "as_of": as_of.unwrap_or_default(),
    })
}

/// The applied sequences of a handler for these aggregates.
pub(super) async fn applied_sequences(
    connection: &Connection,
    handler: &str,
    generation: Generation,
    aggregates: &[Uuid],
) -> Result<Vec<(Uuid, AppliedSequence)>, EngineError> {
    let aggregates: Vec<String> = aggregates.iter().map(Uuid::to_string).collect();
    let asked = json!({ "of": of(handler, generation), "aggregates": aggregates });
    let found: Vec<(String, String)> = connection.read("applied_sequences", &asked).await?;
    found
        .iter()
        .map(|(aggregate, text)| {
            let (sequence, event) = text
                .split_once('\n')
                .ok_or_else(|| corrupt("an applied sequence"))?;
            let event = (!event.is_empty()).then(|| uuid(event));
            let applied = AppliedSequence {
                sequence: sequence
                    .parse()
                    .map_err(|_| corrupt("an applied sequence"))?,
                event: event.transpose()?,
            };
            Ok((uuid(aggregate)?, applied))
        })
        .collect()
}

/// How far a handler has read, by topic and partition.
pub(super) async fn offsets(
    connection: &Connection,
    handler: &str,
    generation: Generation,
) -> Result<Vec<OffsetAdvance>, EngineError> {
    let asked = json!({ "of": of(handler, generation) });
    let found: Vec<(String, String)> = connection.read("offsets", &asked).await?;
    let offsets = found.iter().map(|(place, text)| {
        let malformed = || corrupt("an offset");
        let (topic, partition) = place.split_once('\0').ok_or_else(malformed)?;
        let [topic_id, next, as_of]: [String; 3] =
            serde_json::from_str(text).map_err(|_| malformed())?;
        let as_of = match as_of.as_str() {
            "" => None,
            text => Some(Timestamp::from_microseconds(from_signed(text)?).ok_or_else(malformed)?),
        };
        Ok(OffsetAdvance {
            handler: handler.to_owned(),
            generation,
            topic: topic.to_owned(),
            partition: partition.parse().map_err(|_| malformed())?,
            topic_id,
            next: from_signed(&next)?,
            as_of,
        })
    });
    let mut offsets = offsets.collect::<Result<Vec<_>, EngineError>>()?;
    offsets.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
    Ok(offsets)
}
