//! Messages that cannot be handled: rubbish, and versions that are not known yet.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::examples::{History, Phase, one_of_each_topic};
use super::peers::Message;
use super::world::{World, until};
use super::{Subject, TestResult};
use platform_contract::envelope::{Envelope, Headers, Wire};
use platform_ports::engine::Documents;
use platform_runtime::handler::HandlerStatus;

/// A version that no program has been built for.
const NEWER: u32 = 9_999;

impl Subject {
    /// Rubbish comes under one key of each topic, between two events: the key waits until an operator
    /// discards it, the others do not.
    ///
    /// # Panics
    /// When that makes a difference.
    pub fn is_poisoned(self) {
        self.survives(async |world| {
            world.start().await?;
            // A replica that is filled only now would be told the end of the poisoned history.
            world.until_ready().await?;
            for phase in world.peers.phases() {
                world.peers.commit(phase).await;
                poison(world, phase).await?;
                world.until_settled().await?;
            }
            world.send_all_requests().await
        });
    }

    /// An event comes in a version that the program is too old for, and after a while in one that it
    /// knows: the key waits for it, the others do not.
    ///
    /// # Panics
    /// When that makes a difference.
    pub fn hears_a_newer_version(self) {
        self.survives(async |world| {
            world.start().await?;
            for phase in world.peers.phases() {
                world
                    .hear(phase, async |peers, messages| match phase {
                        Phase::Replicas => peers.publish(messages).await,
                        Phase::Triggers => newer_first(world, messages).await,
                    })
                    .await?;
            }
            world.send_all_requests().await
        });
    }
}

/// Publishes the messages of a phase with rubbish under one key of each topic, and gives the rubbish up.
async fn poison(world: &World, phase: Phase) -> TestResult {
    let poisoned = one_of_each_topic(world.subject.examples.histories(phase)).into_iter();
    let poisoned: BTreeMap<Uuid, &str> = poisoned
        .map(|history| (history.id, history.topic.as_str()))
        .collect();
    let messages = world.peers.messages(phase).into_iter();
    let (first, rest): (Vec<_>, Vec<_>) = messages.partition(|(_, event)| event.sequence == 1);
    world.peers.publish(first).await?;
    for (key, topic) in &poisoned {
        world.peers.publish_wire(topic, *key, rubbish()).await?;
    }
    world.peers.publish(rest).await?;
    let keys: BTreeSet<Uuid> = poisoned.keys().copied().collect();
    world.until_settled_but(&keys).await?;
    for (key, topic) in &poisoned {
        for handler in hearers(world, topic).await? {
            discard(world, &handler, *key).await?;
        }
    }
    Ok(())
}

/// Publishes messages, some of them in a newer version first, and in the known one when those that
/// have to wait for it do.
async fn newer_first(world: &World, known: Vec<Message>) -> TestResult {
    let newer = newer(&world.subject.examples.histories);
    let is_newer = |event: &Envelope| {
        let one = newer.get(&event.subject);
        one.is_some_and(|one| one.at == event.sequence)
    };
    let mut messages = known.clone();
    for (_, event) in messages.iter_mut().filter(|(_, event)| is_newer(event)) {
        event.version = NEWER;
    }
    world.peers.publish(messages).await?;
    let keys: BTreeSet<Uuid> = newer.keys().copied().collect();
    world.until_settled_but(&keys).await?;
    let waiting: u64 = newer.values().map(|one| one.waiting).sum();
    until("those of the key wait", async || {
        let parked = world.engine.count(Documents::Parked).await?;
        // Replicas of the same aggregate wait with it too.
        Ok((parked >= waiting).then_some(()))
    })
    .await?;
    let known = known.into_iter().filter(|(_, event)| is_newer(event));
    world.peers.publish(known.collect()).await
}

/// A message that is none.
fn rubbish() -> Wire {
    Wire {
        headers: Headers::default(),
        payload: vec![0xff, 0x00, b'?'],
    }
}

/// The handlers that read a topic.
async fn hearers(world: &World, topic: &str) -> TestResult<Vec<HandlerStatus>> {
    let all = world.status().await?.unwrap_or_default().into_iter();
    Ok(all.filter(|handler| handler.topic == topic).collect())
}

/// Sees that a key waits behind rubbish, that trying again does not help, and gives the rubbish up.
async fn discard(world: &World, handler: &HandlerStatus, key: Uuid) -> TestResult {
    let (id, text) = (handler.handler, key.to_string());
    let applied_sequences = world.applied_sequences(handler, [key].iter()).await?;
    let reached = applied_sequences.get(&key).map(|applied| applied.sequence);
    if reached != Some(1) {
        return Err(format!("`{id}` has come to {reached:?} with the poisoned key").into());
    }
    for (command, says) in [("retry", "still failing"), ("discard", "the key is free")] {
        let output = world.command(&["dead-letters", command, id, &text]).await?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() || !said.contains(says) {
            return Err(format!("`dead-letters {command} {id} {text}` said: {said}").into());
        }
    }
    Ok(())
}

/// Where a newer version comes, and how many messages have to wait for it.
struct Newer {
    at: u64,
    waiting: u64,
}

/// For the first aggregate of each policy and effect, the first event that sets it off. It waits for
/// every handler that such events set off.
fn newer(histories: &[History]) -> BTreeMap<Uuid, Newer> {
    let hearers = |heard: &str| {
        let all = histories
            .iter()
            .filter(|one| one.heard.as_deref() == Some(heard));
        all.map(|one| one.handler.as_str())
            .collect::<BTreeSet<_>>()
            .len()
    };
    let mut seen = BTreeSet::new();
    let mut newer = BTreeMap::new();
    for history in histories {
        let Some(heard) = &history.heard else {
            continue;
        };
        let index = history.events.iter().position(|event| event.kind == *heard);
        if let Some(index) = index.filter(|_| seen.insert(history.handler.as_str())) {
            let at = index + 1;
            let waiting = (history.events.len() - index) * hearers(heard);
            let one = Newer {
                at: u64::try_from(at).unwrap_or_default(),
                waiting: u64::try_from(waiting).unwrap_or_default(),
            };
            newer.insert(history.id, one);
        }
    }
    newer
}
