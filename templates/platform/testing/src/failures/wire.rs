//! Messages that come as they should not: twice, out of order, all over again.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::examples::one_of_each_topic;
use super::peers::{Message, PeerAggregate, Peers};
use super::world::{World, until};
use super::{Subject, TestResult};
use platform_contract::envelope::Envelope;
use platform_runtime::handler::HandlerStatus;

/// What decides the order in which messages come that come out of order.
const SEED: u64 = 0x5eed_0f0d_d0de_5ca1;

impl Subject {
    /// Every message comes twice, then once more after all others, and once more to another process.
    /// Requests are repeated.
    ///
    /// # Panics
    /// When that makes a difference.
    pub fn hears_everything_twice(self) {
        self.survives(async |world| {
            world.start().await?;
            for phase in world.peers.phases() {
                world.hear(phase, twice).await?;
            }
            world.send_all_requests().await?;
            world.peers.publish(world.peers.all_messages()).await?;
            world.send_all_requests().await?;
            world.until_settled().await?;
            world.stop_all().await?;
            world.start().await?;
            world.send_all_requests().await?;
            world.peers.publish(world.peers.all_messages()).await
        });
    }

    /// Messages come in any order, and one of each topic does not come at all until it is asked for.
    ///
    /// # Panics
    /// When that makes a difference.
    pub fn hears_everything_out_of_order(self) {
        self.survives(async |world| {
            world.start().await?;
            for phase in world.peers.phases() {
                let examples = &world.subject.examples;
                let withheld = one_of_each_topic(examples.histories(phase));
                let withheld: BTreeSet<Uuid> = withheld.iter().map(|one| one.id).collect();
                let tell = async |peers: &Peers, mut messages: Vec<Message>| {
                    messages.retain(|(_, event)| {
                        event.sequence != 1 || !withheld.contains(&event.subject)
                    });
                    shuffle(&mut messages);
                    peers.publish(messages).await
                };
                world.hear(phase, tell).await?;
            }
            world.send_all_requests().await
        });
    }

    /// Topics are lost and made anew with all messages in them; replicas are filled anew; policies
    /// and effects refuse to do again what they have done.
    ///
    /// # Panics
    /// When that makes a difference.
    pub fn hears_everything_again(self) {
        self.survives(async |world| {
            world.start().await?;
            world.hear_all().await?;
            world.send_all_requests().await?;
            world.until_settled().await?;
            world.stop_all().await?;
            world.peers.make_topics_anew().await?;
            world.peers.publish(world.peers.all_messages()).await?;
            world.start().await?;
            world.until_settled().await?;
            replay(world).await
        });
    }

    /// The last event of an aggregate in each topic comes as another one: its owner has lost commits,
    /// and went on without them.
    ///
    /// # Panics
    /// When nobody notices, or it makes another difference.
    pub fn hears_a_fork(self) {
        self.survives(async |world| {
            world.start().await?;
            world.hear_all().await?;
            world.send_all_requests().await?;
            world.until_settled().await?;
            let mut forked = Vec::new();
            for history in one_of_each_topic(world.subject.examples.histories.iter()) {
                let mut aggregates = world.peers.aggregates().await;
                if let Some(event) = aggregates.get_mut(&history.id).and_then(fork) {
                    forked.push((history.topic.clone(), event));
                }
            }
            for (topic, event) in &forked {
                let original = Uuid::new_v5(&event.subject, &event.sequence.to_be_bytes());
                world.renamed.insert(event.id, original);
                let message = (topic.clone(), event.clone());
                world.peers.publish(vec![message]).await?;
            }
            until("the fork is noticed", async || {
                noticed(world, &forked).await
            })
            .await
        });
    }
}

/// Publishes each message twice.
async fn twice(peers: &Peers, messages: Vec<Message>) -> TestResult {
    let doubled = messages.iter().flat_map(|one| [one.clone(), one.clone()]);
    peers.publish(doubled.collect()).await
}

/// Rebuilds every replica; everything else has to refuse.
async fn replay(world: &mut World) -> TestResult {
    let before = world.status().await?.unwrap_or_default();
    for handler in &before {
        let replayed = world.command(&["replay", handler.handler]).await?;
        if replayed.status.success() != handler.projection.is_some() {
            let said = String::from_utf8_lossy(&replayed.stderr).into_owned();
            return Err(format!("`replay {}` said: {said}", handler.handler).into());
        }
    }
    let generations = |statuses: &[HandlerStatus]| -> BTreeMap<_, _> {
        let numbers = statuses.iter().map(|one| (one.handler, one.generation));
        numbers.collect()
    };
    let old = generations(&before);
    until("replicas are filled anew", async || {
        let now = generations(&world.status().await?.unwrap_or_default());
        let renewed = before.iter().all(|handler| {
            let anew = now.get(handler.handler) != old.get(handler.handler);
            anew == handler.projection.is_some()
        });
        Ok(renewed.then_some(()))
    })
    .await
}

/// Lets the last event of an aggregate be another one, which says the same.
fn fork(aggregate: &mut PeerAggregate) -> Option<Envelope> {
    let last = aggregate.events.last_mut()?;
    last.id = Uuid::new_v5(&last.subject, b"another commit");
    Some(last.clone())
}

/// Whether every handler of these events' topics has counted a fork, and replicas have got the state
/// that goes with it.
async fn noticed(world: &World, forked: &[(String, Envelope)]) -> TestResult<Option<()>> {
    let program = world.programs.last().ok_or("no instance runs")?;
    let metrics = program.client.get("/metrics").await?.text();
    for handler in world.status().await?.unwrap_or_default() {
        let fork = forked.iter().find(|(topic, _)| topic == handler.topic);
        let Some((_, event)) = fork else { continue };
        let counter = format!("microdb_forks_total{{handler=\"{}\"}} ", handler.handler);
        // It is there from the start, with nothing counted.
        let count = metrics.lines().find_map(|line| line.strip_prefix(&counter));
        let counted = count.is_some_and(|count| count != "0");
        let applied_sequences = world
            .applied_sequences(&handler, [event.subject].iter())
            .await?;
        let applied = applied_sequences
            .get(&event.subject)
            .and_then(|applied| applied.event);
        let follows = handler.projection.is_some();
        if !counted || (applied == Some(event.id)) != follows {
            return Ok(None);
        }
    }
    Ok(Some(()))
}

/// Brings messages into another order: Fisher and Yates, with the numbers of [`Random`].
fn shuffle<T>(messages: &mut [T]) {
    let mut random = Random(SEED);
    for index in (1..messages.len()).rev() {
        let bound = u64::try_from(index + 1).unwrap_or(1);
        let other = usize::try_from(random.below(bound)).unwrap_or(0);
        messages.swap(index, other);
    }
}

/// Numbers that look random: xorshift64 by G. Marsaglia.
pub(super) struct Random(pub u64);

impl Random {
    /// The next number, below a bound.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.checked_rem(bound).unwrap_or(0)
    }
}
