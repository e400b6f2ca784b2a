//! What is different each time, and has to be replaced before two ends are compared:
//! the time, ids that are made anew, and ids that are derived from those.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use uuid::Uuid;

use super::TestResult;
use super::world::World;
use platform_contract::value::{Date, Timestamp};
use platform_ports::engine::OutboxEvent;

/// Within how many milliseconds of now a time is the test's own: a day.
const NEAR_MS: u64 = 24 * 60 * 60 * 1_000;
/// How many elements of an event, and new entities of a command, are told from each other.
const ELEMENTS: u32 = 4;
/// How long a chain of events may be in which each makes the next aggregate.
const CHAIN: usize = 2;

impl World {
    /// Names for ids that are derived from the ids of the service's own events, which are new each
    /// time: those of commands that its handlers send because of them, and of what these create.
    pub async fn derived_ids(&self) -> TestResult<BTreeMap<Uuid, String>> {
        let mut derived = BTreeMap::new();
        let context = self.subject.service.context;
        let statuses = self.status().await?.unwrap_or_default().into_iter();
        let own: Vec<_> = statuses.filter(|one| one.owner == context).collect();
        if own.is_empty() {
            return Ok(derived);
        }
        let mut logs = BTreeMap::new();
        for owned in &self.subject.service.owned {
            logs.insert(owned.name, self.log(owned.name).await?);
        }
        let events = logs.values().flatten();
        let aggregates: BTreeSet<Uuid> = events.map(|event| event.aggregate_id).collect();
        let none = BTreeSet::new();
        // What is new first, by which all else is named then.
        for targets in std::iter::repeat_n(&none, CHAIN).chain([&aggregates]) {
            for handler in &own {
                for event in logs.get(handler.aggregate_type).into_iter().flatten() {
                    name(&mut derived, handler.handler, event, targets);
                }
            }
        }
        Ok(derived)
    }
}

/// Names what a handler does because of an event, to something new and to these aggregates; effects have
/// a job in between.
fn name(
    derived: &mut BTreeMap<Uuid, String>,
    handler: &str,
    event: &OutboxEvent,
    aggregates: &BTreeSet<Uuid>,
) {
    let id = event.aggregate_id;
    let of = derived.get(&id).cloned().unwrap_or_else(|| id.to_string());
    let job = Uuid::new_v5(&event.id, handler.as_bytes());
    let others = aggregates.iter().map(Uuid::to_string);
    for target in std::iter::once("new".to_owned()).chain(others) {
        for (cause, element) in causes(event.id, job) {
            let command = Uuid::new_v5(&cause, format!("{handler}/{target}/{element}").as_bytes());
            let name = format!(
                "{handler} on {target} after {of} {} {element}",
                event.sequence
            );
            if target == "new" {
                derived.insert(
                    Uuid::new_v5(&command, b"created"),
                    format!("{name} created"),
                );
            }
            if target == "new" || target == id.to_string() {
                for number in 0..ELEMENTS {
                    let inner = Uuid::new_v5(&command, &u64::from(number).to_be_bytes());
                    derived.insert(inner, format!("{name} entity {number}"));
                }
            }
            derived.insert(command, name);
        }
    }
}

fn causes(event: Uuid, job: Uuid) -> impl Iterator<Item = (Uuid, u32)> {
    let elements = (0..ELEMENTS).map(move |element| (event, element));
    elements.chain(std::iter::once((job, 0)))
}

/// Replaces what is different each time.
pub(super) struct Normalizer<'a> {
    now: Timestamp,
    renamed: &'a BTreeMap<Uuid, Uuid>,
    derived: &'a BTreeMap<Uuid, String>,
}

impl<'a> Normalizer<'a> {
    /// With ids that have other names in the reference.
    pub fn new(renamed: &'a BTreeMap<Uuid, Uuid>, derived: &'a BTreeMap<Uuid, String>) -> Self {
        Self {
            now: Timestamp::now(),
            renamed,
            derived,
        }
    }

    /// Replaces times and ids, in the names of members too.
    pub fn normalize(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Some(other) = self.instead_of(text) {
                    *text = other;
                }
            }
            Value::Array(elements) => elements.iter_mut().for_each(|one| self.normalize(one)),
            Value::Object(members) => {
                let old = std::mem::take(members);
                let new = old.into_iter().map(|(name, mut value)| {
                    self.normalize(&mut value);
                    (self.instead_of(&name).unwrap_or(name), value)
                });
                *members = new.collect::<Map<_, _>>();
            }
            _ => {}
        }
    }

    fn instead_of(&self, text: &str) -> Option<String> {
        if let Ok(id) = text.parse::<Uuid>() {
            let other = self.renamed.get(&id).map(Uuid::to_string);
            let derived = other.or_else(|| self.derived.get(&id).cloned());
            return derived.or_else(|| self.is_new(id).then(|| "a new id".to_owned()));
        }
        if let Ok(time) = text.parse::<Timestamp>() {
            return self.is_near(time).then(|| "now".to_owned());
        }
        let date: Date = text.parse().ok()?;
        let around = [yesterday(self.now), self.now.date(), tomorrow(self.now)];
        around.contains(&date).then(|| "today".to_owned())
    }

    /// Whether an id has the time of this test in it.
    fn is_new(&self, id: Uuid) -> bool {
        let seconds = id.get_timestamp().map(|time| time.to_unix().0);
        let seconds = seconds.and_then(|seconds| i64::try_from(seconds).ok());
        let time = seconds.and_then(|seconds| seconds.checked_mul(1_000_000));
        let time = time.and_then(Timestamp::from_microseconds);
        time.is_some_and(|time| self.is_near(time))
    }

    fn is_near(&self, time: Timestamp) -> bool {
        self.now.millis_since(time).max(time.millis_since(self.now)) < NEAR_MS
    }
}

fn yesterday(now: Timestamp) -> Date {
    let day = i64::try_from(NEAR_MS).unwrap_or(0) * 1_000;
    Timestamp::from_microseconds(now.as_microseconds() - day).map_or(now.date(), Timestamp::date)
}

fn tomorrow(now: Timestamp) -> Date {
    now.plus_millis(NEAR_MS).date()
}
