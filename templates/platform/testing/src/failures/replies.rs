//! What the owners of other contexts answer to recovery requests.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::TestResult;
use super::peers::{PeerAggregate, Peers};
use platform_contract::envelope::{Change, Control, Envelope, SNAPSHOT_SUFFIX};
use platform_contract::value::Timestamp;
use platform_ports::broker::{Delivery, Publication};
use platform_runtime::recovery_request::commands_topic;

impl Peers {
    /// Answers a recovery request.
    pub(super) async fn reply(&self, delivery: &Delivery) -> TestResult {
        let aggregates = self.aggregates.lock().await;
        let control = Control::from_wire(&delivery.wire)?;
        let answers = match &control {
            Control::ResendRequest {
                aggregate, from, ..
            } => {
                let one = aggregates.get(aggregate).into_iter();
                one.flat_map(|one| {
                    let missed = one.events.iter().filter(|event| event.sequence >= *from);
                    missed.map(|event| self.told(one, event))
                })
                .collect()
            }
            Control::SnapshotRequest {
                request,
                aggregate_type,
                aggregate,
            } => {
                let of = |one: &PeerAggregate| {
                    one.aggregate == *aggregate_type
                        && commands_topic(self.subject.service.system, &one.context)
                            == delivery.topic
                };
                let wanted = aggregates.iter().filter(|(id, one)| {
                    of(one) && aggregate.is_none_or(|aggregate| aggregate == **id)
                });
                let mut answers: Vec<_> = wanted
                    .filter_map(|(_, one)| Some(self.told(one, &one.snapshot(*request)?)))
                    .collect();
                if aggregate.is_none() {
                    answers.extend(self.snapshots_complete(
                        &delivery.topic,
                        *request,
                        aggregate_type,
                    ));
                }
                answers
            }
            _ => Vec::new(),
        };
        self.send(answers).await
    }

    fn told(&self, one: &PeerAggregate, envelope: &Envelope) -> Publication {
        self.publication(one.topic.clone(), envelope.subject, envelope.to_wire())
    }

    /// What says in every partition that all snapshots stand before it.
    fn snapshots_complete(
        &self,
        request_topic: &str,
        request: Uuid,
        aggregate_type: &str,
    ) -> Vec<Publication> {
        let owner = request_topic
            .strip_suffix(".commands")
            .unwrap_or(request_topic);
        let marker = Control::SnapshotComplete {
            request,
            aggregate_type: aggregate_type.to_owned(),
        };
        let source = format!("/{}", owner.replace('.', "/"));
        (0..self.subject.service.partitions)
            .map(|partition| {
                let id = Uuid::new_v5(&request, &partition.to_be_bytes());
                Publication {
                    topic: format!("{owner}.{aggregate_type}"),
                    partition,
                    key: id.to_string(),
                    wire: marker.to_wire(id, &source, Timestamp::now()),
                }
            })
            .collect()
    }
}

impl PeerAggregate {
    /// What the aggregate has become: what its events said, one over the other.
    fn snapshot(&self, request: Uuid) -> Option<Envelope> {
        let last = self.events.last()?;
        let mut data = Map::new();
        for event in &self.events {
            data.extend(event.data.as_object().cloned().unwrap_or_default());
        }
        let deleted = last.change == Change::Deleted;
        let (context, _) = last.kind.rsplit_once('.')?;
        Some(Envelope {
            id: Uuid::new_v5(&request, last.subject.as_bytes()),
            kind: format!("{context}.Example{SNAPSHOT_SUFFIX}"),
            version: 1,
            change: match deleted {
                true => Change::Deleted,
                false => Change::Snapshot,
            },
            last_event: Some(last.id),
            data: Value::Object(if deleted { Map::new() } else { data }),
            ..last.clone()
        })
    }
}
