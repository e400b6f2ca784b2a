//! A member of a group.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use platform_ports::broker::{Assignment, BrokerError, Delivery, Polled, Subscription};
use platform_sqlite_file::{FileError, Notify};
use rusqlite::Connection;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::broker::Inner;
use super::error::Error;
use super::fetch::{self, AssignedPartition, Fetched, Read};
use super::file;
use super::groups::{self, Commit, Membership};
use super::owned_partition::OwnedPartition;
use super::watcher::BrokerState;

/// A member of a group. Its calls may be given up at any await, and made again.
pub struct EmbeddedSubscription {
    inner: Arc<Inner>,
    state: watch::Receiver<Arc<BrokerState>>,
    membership: Membership,
    /// The generation that `owned` belongs to.
    seen: Option<i64>,
    owned: BTreeMap<i64, OwnedPartition>,
    /// Partitions that were said to be revoked, and are handed over by the next poll.
    releasing: Vec<i64>,
    /// The partition that was read last.
    last: i64,
    /// What was read together, and is still to be handed over.
    fetched: VecDeque<Read>,
}

impl EmbeddedSubscription {
    pub(super) async fn join(
        inner: Arc<Inner>,
        group: &str,
        topics: &[String],
    ) -> Result<Self, BrokerError> {
        let mut subscription = Self {
            state: inner.state.subscribe(),
            membership: Membership {
                member: String::new(),
                group: group.to_owned(),
                session: inner.session.clone(),
                topics: topics.iter().cloned().collect(),
            },
            inner,
            seen: None,
            owned: BTreeMap::new(),
            releasing: Vec::new(),
            last: 0,
            fetched: VecDeque::new(),
        };
        subscription.join_anew().await?;
        Ok(subscription)
    }

    async fn join_anew(&mut self) -> Result<(), BrokerError> {
        self.membership.member = Uuid::now_v7().to_string();
        let membership = self.membership.clone();
        let join =
            move |connection: &Connection| groups::join(connection, &membership, file::now());
        self.inner.writer.run(join).await?;
        self.inner.wake();
        Ok(())
    }

    /// Hands over what was revoked: by polling again, the caller says that it is done with it.
    async fn release(&mut self) -> Result<(), BrokerError> {
        if self.releasing.is_empty() {
            return Ok(());
        }
        self.inner.flush();
        let membership = self.membership.clone();
        let partitions = self.releasing.clone();
        let release = move |connection: &Connection| {
            groups::release(
                connection,
                &membership.group,
                &membership.member,
                &partitions,
            )
        };
        self.inner.writer.run(release).await?;
        self.releasing.clear();
        Ok(())
    }

    /// Compares what this member owns with what it is meant to own.
    async fn reassign(&mut self, generation: Option<i64>) -> Result<Option<Polled>, BrokerError> {
        let (group, member) = (
            self.membership.group.clone(),
            self.membership.member.clone(),
        );
        let read =
            move |connection: &Connection| fetch::assigned_partitions(connection, &group, &member);
        let Some(assigned) = self.inner.read(read).await? else {
            self.join_anew().await?;
            self.releasing.clear();
            return Ok(self.revoke(|_| true));
        };
        let (kept, given_up): (Vec<_>, Vec<_>) =
            assigned.into_iter().partition(|partition| partition.stays);
        self.releasing = given_up.into_iter().map(|partition| partition.id).collect();
        if let Some(revoked) = self.revoke(|id| kept.iter().all(|partition| partition.id != id)) {
            return Ok(Some(revoked));
        }
        if self.releasing.is_empty() {
            self.seen = generation;
        }
        Ok(self.adopt(kept))
    }

    fn revoke(&mut self, lost: impl Fn(i64) -> bool) -> Option<Polled> {
        let revoked: Vec<_> = self
            .owned
            .extract_if(.., |id, _| lost(*id))
            .map(|(_, owned)| (owned.topic, owned.number))
            .collect();
        (!revoked.is_empty()).then_some(Polled::Revoked(revoked))
    }

    fn adopt(&mut self, assigned: Vec<AssignedPartition>) -> Option<Polled> {
        let mut gained: Vec<Assignment> = Vec::new();
        for AssignedPartition { id, assignment, .. } in assigned {
            self.owned.entry(id).or_insert_with(|| {
                let owned = OwnedPartition {
                    topic: assignment.topic.clone(),
                    number: assignment.partition,
                    position: None,
                    paused: false,
                };
                gained.push(assignment);
                owned
            });
        }
        (!gained.is_empty()).then_some(Polled::Assigned(gained))
    }

    /// The next that was read; where nothing is left, reads all partitions that have something, after the
    /// one read last.
    async fn read(
        &mut self,
        state: &BrokerState,
        limit: u32,
    ) -> Result<Option<Polled>, BrokerError> {
        if let Some(polled) = self.hand_over() {
            return Ok(Some(polled));
        }
        let waiting = |(id, owned): (&i64, &OwnedPartition)| {
            let position = owned.position.filter(|_| !owned.paused)?;
            let end = state.ends.get(id).copied()?;
            (position != end).then_some((*id, position))
        };
        let after = self.owned.range(self.last + 1..);
        let turn: Vec<_> = after
            .chain(self.owned.range(..=self.last))
            .filter_map(waiting)
            .collect();
        if turn.is_empty() {
            return Ok(None);
        }
        let read = move |connection: &Connection| fetch::fetch_all(connection, &turn, limit);
        self.fetched = self.inner.read(read).await?;
        Ok(self.hand_over())
    }

    /// Hands over what was read, unless the partition has been moved or paused since.
    fn hand_over(&mut self) -> Option<Polled> {
        while let Some(read) = self.fetched.pop_front() {
            let owned = self.owned.get(&read.id);
            let as_then = owned.is_some_and(|it| !it.paused && it.position == Some(read.position));
            if as_then && let Some(polled) = self.take(read.id, read.fetched) {
                return Some(polled);
            }
        }
        None
    }

    fn take(&mut self, id: i64, fetched: Fetched) -> Option<Polled> {
        let owned = self.owned.get_mut(&id)?;
        let (topic, partition) = (owned.topic.clone(), owned.number);
        match fetched {
            Fetched::Gone => None,
            Fetched::OutOfRange => {
                owned.position = None;
                Some(Polled::OutOfRange { topic, partition })
            }
            Fetched::Messages { rows, next } => {
                owned.position = Some(next);
                self.last = id;
                let deliver = |row: fetch::Row| Delivery {
                    topic: topic.clone(),
                    partition,
                    offset: row.offset,
                    key: row.key,
                    wire: row.wire,
                };
                let messages: Vec<_> = rows.into_iter().map(deliver).collect();
                (!messages.is_empty()).then_some(Polled::Messages(messages))
            }
        }
    }

    fn find(&mut self, topic: &str, partition: u32) -> Option<(i64, &mut OwnedPartition)> {
        self.owned
            .iter_mut()
            .find(|(_, owned)| owned.topic == topic && owned.number == partition)
            .map(|(id, owned)| (*id, owned))
    }
}

#[async_trait]
impl Subscription for EmbeddedSubscription {
    async fn poll(&mut self, limit: u32, wait_ms: u64) -> Result<Polled, BrokerError> {
        let deadline = Instant::now() + Duration::from_millis(wait_ms);
        loop {
            self.release().await?;
            let state = self.state.borrow_and_update().clone();
            let generation = state.generations.get(&self.membership.group).copied();
            if generation != self.seen
                && let Some(polled) = self.reassign(generation).await?
            {
                return Ok(polled);
            }
            if let Some(polled) = self.read(&state, limit.max(1)).await? {
                return Ok(polled);
            }
            if !self.releasing.is_empty() {
                continue;
            }
            match timeout_at(deadline, self.state.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(closed)) => return Err(Error::unavailable(closed).into()),
                Err(_) => return Ok(Polled::Messages(Vec::new())),
            }
        }
    }

    /// A partition that is not this member's is passed over, here and below.
    async fn seek(&mut self, topic: &str, partition: u32, offset: i64) -> Result<(), BrokerError> {
        if let Some((_, owned)) = self.find(topic, partition) {
            owned.position = Some(offset);
        }
        Ok(())
    }

    async fn pause(
        &mut self,
        topic: &str,
        partition: u32,
        paused: bool,
    ) -> Result<(), BrokerError> {
        if let Some((_, owned)) = self.find(topic, partition) {
            owned.paused = paused;
        }
        Ok(())
    }

    /// Written with the process's next sign of life: at most a second later.
    async fn commit(&mut self, topic: &str, partition: u32, next: i64) -> Result<(), BrokerError> {
        let (group, member) = (
            self.membership.group.clone(),
            self.membership.member.clone(),
        );
        if let Some((id, _)) = self.find(topic, partition) {
            self.inner.note(Commit {
                group,
                member,
                partition: id,
                next,
            });
        }
        Ok(())
    }
}

impl Drop for EmbeddedSubscription {
    /// Leaves the group at once, if the writer has room; else its lease does it later.
    fn drop(&mut self) {
        self.inner.flush();
        let member = std::mem::take(&mut self.membership.member);
        self.inner.writer.post(move |connection: &Connection| {
            groups::leave(connection, &member, file::now())?;
            Ok(Notify::Others)
        });
    }
}
