//! One attempt at a unit of work: load, guard, decide, commit.

use uuid::Uuid;

use super::aggregate_row::{IdOf, from_row};
use super::command_kind::{CommandKind, Decided, NotDecided};
use super::guard::{Current, Guarded, parse, version_of};
use super::publish::messages;
use super::{Record, input_pointer, refusals};
use crate::decision::{Aggregate, Decision, Meta, Reads};
use crate::erasure::{Erasure, has_personal_data};
use crate::{ExecuteError, Executed, Refused, Request, Runtime};
use platform_contract::AggregateType;
use platform_ports::engine::{
    Check, CommitError, EngineError, Found, Save, SaveTo, Stored, WriteSet,
};
use platform_ports::fail_point;

/// What came of an attempt, when nothing failed.
pub(super) enum AttemptOutcome {
    /// It is committed, or there was nothing to commit.
    Executed(Executed),
    /// Others changed what it had read.
    Conflict,
}

/// A unit of work under way.
pub(super) struct Attempt<'a> {
    pub(super) runtime: &'a Runtime,
    pub(super) request: &'a Request,
    pub(super) id: Uuid,
    /// Whether there is nothing under the id for certain: the commit checks it all the same.
    pub(super) new_id: bool,
    pub(super) record: Option<Record<'a>>,
}

/// What is to be committed.
struct Proposal {
    executed: Executed,
    checks: Vec<Check>,
    write: WriteSet,
}

impl Attempt<'_> {
    /// Decides and commits.
    pub(super) async fn run<D: 'static, C: Decision<D>>(
        &self,
    ) -> Result<AttemptOutcome, ExecuteError> {
        let mut reads = Reads {
            engine: &*self.runtime.engine,
            checks: Vec::new(),
        };
        let proposal = match self.decide::<D, C>(&mut reads).await? {
            Ok((executed, write)) => Proposal {
                executed,
                checks: reads.checks,
                write,
            },
            Err(refused) => Proposal {
                executed: Executed::Refused(refused),
                checks: reads.checks,
                write: WriteSet::default(),
            },
        };
        self.settle(proposal).await
    }

    async fn decide<D: 'static, C: Decision<D>>(
        &self,
        reads: &mut Reads<'_>,
    ) -> Result<Result<(Executed, WriteSet), Refused>, ExecuteError> {
        let command = match parse::<D, C>(&self.request.input, self.request.context.now) {
            Ok(command) => command,
            Err(refused) => return Ok(Err(refused)),
        };
        let engine = reads.engine;
        let found = match self.new_id {
            true => Found::Nothing,
            false => engine.load(C::Aggregate::SCHEMA, 0, self.id).await?,
        };
        reads.checks.push(Check::Version {
            schema: C::Aggregate::SCHEMA,
            generation: 0,
            id: self.id,
            version: version_of(&found),
        });
        let current = match self.guard::<D, C>(found)? {
            Guarded::Proceed(current) => current,
            Guarded::AlreadyDone(executed) => return Ok(Ok((executed, WriteSet::default()))),
            Guarded::Refused(refused) => return Ok(Err(refused)),
        };
        let aggregate = current.aggregate.as_ref();
        let needs = command.needs(aggregate, reads).await?;
        match C::DECIDE.decide(command, aggregate, &needs, &self.request.context) {
            Ok(decided) => self.propose::<D, C>(&current, decided),
            Err(NotDecided::Refused(refusal)) => Ok(Err(refusals::declared::<C>(&refusal))),
            Err(NotDecided::Broken(what)) => Err(broken::<D, C>(what)),
            Err(NotDecided::Repeated { list, id }) => {
                let refused = input_pointer::repeated_id(&self.request.input, list, id);
                refused.map(Err).map_err(broken::<D, C>)
            }
        }
    }

    /// The write set of what was decided.
    fn propose<D: 'static, C: Decision<D>>(
        &self,
        current: &Current<C::Aggregate>,
        decided: Decided,
    ) -> Result<Result<(Executed, WriteSet), Refused>, ExecuteError> {
        if let (true, Some(aggregate)) = (decided.events.is_empty(), &current.aggregate) {
            return Ok(Ok((done(aggregate)?, WriteSet::default())));
        }
        let context = &self.request.context;
        let version = current.version + decided.events.len() as u64;
        let deletes = decided.members.is_none();
        let events = match messages::<C::Aggregate>(
            self.runtime,
            context,
            self.id,
            current.version,
            decided.events,
            deletes,
        ) {
            Ok(events) => events,
            Err(refused) => return Ok(Err(refused)),
        };
        let created_at = current
            .aggregate
            .as_ref()
            .map_or(context.now, |a| a.meta().created_at);
        let (to, executed) = match decided.members {
            None => (
                SaveTo::Deleted {
                    id: self.id,
                    version,
                },
                Executed::Done {
                    id: self.id,
                    version,
                    view: None,
                },
            ),
            Some(members) => {
                let row = Stored {
                    id: self.id,
                    version,
                    created_at,
                    updated_at: context.now,
                    members,
                };
                let aggregate: C::Aggregate = from_row(row.clone())?;
                (SaveTo::Live(row), done(&aggregate)?)
            }
        };
        let save = Save {
            schema: C::Aggregate::SCHEMA,
            generation: 0,
            expected: current.version,
            to,
        };
        let documents = match deletes && has_personal_data::<C::Aggregate>() {
            true => vec![self.erasure::<C::Aggregate>(version).record()],
            false => Vec::new(),
        };
        Ok(Ok((
            executed,
            WriteSet {
                saves: vec![save],
                events,
                documents,
                ..WriteSet::default()
            },
        )))
    }

    /// What is to be erased once the aggregate is deleted at this version.
    fn erasure<A: Aggregate>(&self, version: u64) -> Erasure {
        Erasure::Aggregate {
            name: A::Type::NAME.to_owned(),
            id: self.id,
            version,
        }
    }

    /// Commits. What only the database can refuse becomes a refusal, which is settled in turn.
    async fn settle(&self, proposal: Proposal) -> Result<AttemptOutcome, ExecuteError> {
        let refused = match self.commit(proposal).await {
            Ok(attempted) => return Ok(attempted),
            Err(CommitError::Conflict) => return Ok(AttemptOutcome::Conflict),
            Err(CommitError::Taken(constraint)) => refusals::taken(constraint),
            Err(CommitError::MissingReference(member, id)) => {
                input_pointer::missing_reference(&self.request.input, member, id)
            }
            Err(CommitError::StillReferenced(table)) => refusals::still_referenced(table),
            Err(CommitError::OutboxFull) => return Err(ExecuteError::OutboxFull),
            Err(CommitError::Engine(error)) => return Err(error.into()),
        };
        let refusal = Proposal {
            executed: Executed::Refused(refused),
            checks: Vec::new(),
            write: WriteSet::default(),
        };
        match self.commit(refusal).await {
            Ok(attempted) => Ok(attempted),
            Err(CommitError::OutboxFull) => Err(ExecuteError::OutboxFull),
            Err(CommitError::Engine(error)) => Err(error.into()),
            Err(CommitError::Conflict) => Ok(AttemptOutcome::Conflict),
            // There is nothing in it but documents, and these have no such constraints.
            Err(error) => Err(EngineError::Corrupt(error.to_string()).into()),
        }
    }

    async fn commit(&self, proposal: Proposal) -> Result<AttemptOutcome, CommitError> {
        let Proposal {
            executed,
            checks,
            mut write,
        } = proposal;
        write.documents.extend(self.request.with.iter().cloned());
        if matches!(executed, Executed::Refused(_)) {
            let refused = self.request.when_refused.iter();
            write.documents.extend(refused.cloned());
        }
        let record = self.record.and_then(|record| record(&executed));
        write.documents.extend(record);
        if write.saves.is_empty() && write.documents.is_empty() {
            return Ok(AttemptOutcome::Executed(executed));
        }
        write.checks = checks;
        let emits = !write.events.is_empty();
        let erases = Erasure::is_recorded_by(&write);
        fail_point::reach("unit-of-work.before-commit").await;
        self.runtime.engine.commit(write).await?;
        fail_point::reach("unit-of-work.after-commit").await;
        if emits {
            self.runtime.outbox_wake_up.send();
        }
        if erases {
            self.runtime.erasures_wake_up.notify_one();
        }
        Ok(AttemptOutcome::Executed(executed))
    }
}

fn broken<D: 'static, C: Decision<D>>(what: String) -> ExecuteError {
    ExecuteError::Broken {
        command: C::NAME,
        what,
    }
}

/// The outcome that an aggregate as it is now stands for.
pub(super) fn done<A: Aggregate>(aggregate: &A) -> Result<Executed, EngineError> {
    let Meta { id, version, .. } = aggregate.meta();
    let id: IdOf<A> = *id;
    let view = serde_json::to_string(&aggregate.view())
        .map_err(|error| EngineError::Corrupt(format!("a view has no JSON form: {error}")))?;
    Ok(Executed::Done {
        id: id.into(),
        version: *version,
        view: Some(view),
    })
}
