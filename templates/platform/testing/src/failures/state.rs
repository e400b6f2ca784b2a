//! What has become of a service: all that can be told from outside, without what is different each
//! time (the time, and ids that are made anew).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::TestResult;
use super::normalize::Normalizer;
use super::world::World;
use crate::consuming::Reader;
use platform_contract::envelope::{Control, Envelope};
use platform_contract::schema::Schema;
use platform_ports::engine::{Find, Generation};
use platform_runtime::handler::dead_letters;

/// How many rows are read at a time.
const PAGE: u32 = 500;

impl World {
    /// The rows, applied sequences, dead letters and recorded events of the service.
    pub async fn state(&self) -> TestResult<Value> {
        let mut rows = Map::new();
        let mut events = Map::new();
        for owned in &self.subject.service.owned {
            if self.is_racing(owned.name) {
                continue;
            }
            let name = owned.name.to_owned();
            rows.insert(name.clone(), self.rows(owned.schema, 0).await?);
            events.insert(name, self.recorded(owned.name).await?);
        }
        let mut applied_sequences = Map::new();
        for handler in self.status().await?.unwrap_or_default() {
            let id = handler.handler.to_owned();
            if let Some(schema) = handler.projection {
                let replicas = self.rows(schema, handler.generation).await?;
                rows.insert(id.clone(), replicas);
            }
            let own = handler.owner == self.subject.service.context;
            if own && self.is_racing(handler.aggregate_type) {
                continue;
            }
            let lasts = self.lasts(&handler).await?;
            let reached = self
                .applied_sequences(&handler, lasts.keys())
                .await?
                .into_iter();
            let reached =
                reached.filter(|(id, applied)| !(applied.sequence == 1 && self.is_origin(*id)));
            let reached = reached.map(|(id, applied)| {
                let applied = json!([applied.sequence, applied.event]);
                (id.to_string(), applied)
            });
            applied_sequences.insert(id, Value::Object(reached.collect()));
        }
        let mut state = json!({
            "rows": rows,
            "events": events,
            "applied_sequences": applied_sequences,
            "dead letters": self.dead_letters().await?,
        });
        let derived = self.derived_ids().await?;
        Normalizer::new(&self.renamed, &derived).normalize(&mut state);
        Ok(state)
    }

    /// The same, once what was published is held against what was recorded.
    pub async fn whole(&self) -> TestResult<Value> {
        for owned in &self.subject.service.owned {
            let recorded = self.log(owned.name).await?;
            let recorded: BTreeMap<_, _> = recorded
                .iter()
                .map(|event| ((event.aggregate_id, event.sequence), event.id))
                .collect();
            let published = self.published(owned.topic).await?;
            if published != recorded {
                return Err(format!(
                    "what was published in `{}` is not what was recorded:\n{published:?}\n{recorded:?}",
                    owned.topic
                )
                .into());
            }
        }
        self.state().await
    }

    fn is_racing(&self, kind: &str) -> bool {
        self.subject.examples.racing.iter().any(|one| one == kind)
    }

    /// All rows of a table, and what deleted ones have left behind.
    async fn rows(&self, schema: &'static Schema, generation: Generation) -> TestResult<Value> {
        let mut rows = Map::new();
        let mut find = Find {
            schema,
            generation,
            equals: Vec::new(),
            range: None,
            order: &[],
            after: None,
            limit: PAGE,
        };
        loop {
            let page = self.engine.find(&find).await?;
            for row in page.rows {
                let value = json!({ "version": row.version, "members": row.members });
                rows.insert(row.id.to_string(), value);
            }
            match page.next {
                Some(next) => find.after = Some(next),
                None => break,
            }
        }
        for (id, version) in self.engine.deleted(schema, generation, None, PAGE).await? {
            rows.insert(id.to_string(), json!({ "deleted at": version }));
        }
        Ok(Value::Object(rows))
    }

    /// The events that the service has recorded of a kind of aggregate, by aggregate.
    async fn recorded(&self, kind: &str) -> TestResult<Value> {
        let mut histories: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for event in self.log(kind).await? {
            let envelope = Envelope::from_wire(&event.wire)?;
            let history = histories.entry(event.aggregate_id.to_string()).or_default();
            history.push(json!({
                "sequence": event.sequence,
                "type": event.kind,
                "change": envelope.change.as_str(),
                "data": envelope.data,
            }));
        }
        Ok(json!(histories))
    }

    /// The dead letters; none where they depend on who is first.
    async fn dead_letters(&self) -> TestResult<Value> {
        let mut shown = Map::new();
        if self.subject.examples.racing.is_empty() {
            for letter in dead_letters::list(&*self.engine, None).await? {
                let of_handler = shown.entry(letter.handler).or_insert_with(|| json!({}));
                let of_key = &mut of_handler[letter.key.to_string()];
                of_key[letter.position.to_string()] = json!([letter.kind, letter.failure]);
            }
        }
        Ok(Value::Object(shown))
    }

    /// The ids of the events in one of the service's own topics, by aggregate and sequence. Each may
    /// be there several times, but the same, and the first time in its place.
    async fn published(&self, topic: &str) -> TestResult<BTreeMap<(Uuid, u64), Uuid>> {
        let ends = self.broker.partitions(topic).await?;
        let group = Uuid::now_v7().to_string();
        let mut reader = Reader::join(&*self.broker, &group, &[topic]).await?;
        let deliveries = reader
            .until(|_, came| {
                ends.iter().filter(|end| end.end > end.start).all(|end| {
                    let mut came = came.iter().filter(|one| one.partition == end.partition);
                    came.any(|one| one.offset >= end.end - 1)
                })
            })
            .await?;
        let mut published: BTreeMap<(Uuid, u64), Envelope> = BTreeMap::new();
        for delivery in deliveries.iter().filter(|one| !Control::is(&one.wire)) {
            let event = Envelope::from_wire(&delivery.wire)?;
            if event.is_snapshot() {
                continue;
            }
            let position = (event.subject, event.sequence);
            match published.get(&position) {
                Some(before) if *before == event => continue,
                Some(before) => {
                    return Err(format!("two events in one place: {before:?}\n{event:?}").into());
                }
                None => {}
            }
            let before = (event.subject, event.sequence.saturating_sub(1));
            if event.sequence > 1 && !published.contains_key(&before) {
                return Err(format!("published before the one before it: {event:?}").into());
            }
            published.insert(position, event);
        }
        let ids = published
            .into_iter()
            .map(|(position, event)| (position, event.id));
        Ok(ids.collect())
    }
}
