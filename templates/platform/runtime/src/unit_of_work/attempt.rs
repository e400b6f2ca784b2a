//! One attempt at a unit of work: load, guard, decide, commit.

use uuid::Uuid;

use super::aggregate_row::{IdOf, from_row};
use super::command_kind::{CommandKind, Decided, NotDecided};
use super::guard::{in_allowed_status, kind_of, parse};
use super::publish::messages;
use super::{Record, input_pointer, refusals};
use crate::decision::{Aggregate, Decision, Meta, Reads};
use crate::{ExecuteError, Executed, Refused, Request, Runtime};
use platform_ports::engine::{
    Check, CommitError, EngineError, Found, Save, SaveTo, Stored, WriteSet,
};
use platform_ports::fail_point;

/// What an attempt came to, when nothing failed.
pub(super) enum Attempted {
    /// It is committed.
    Settled(Executed),
    /// Others were faster.
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

/// What is about to be committed.
struct Work {
    executed: Executed,
    checks: Vec<Check>,
    write: WriteSet,
}

impl Attempt<'_> {
    /// Decides and commits.
    pub(super) async fn run<D: 'static, C: Decision<D>, W: CommandKind<D, C>>(
        &self,
    ) -> Result<Attempted, ExecuteError> {
        let mut reads = Reads {
            engine: &*self.runtime.engine,
            checks: Vec::new(),
        };
        let write = match self.decide::<D, C, W>(&mut reads).await? {
            Ok((executed, write)) => Work {
                executed,
                checks: reads.checks,
                write,
            },
            Err(refused) => Work {
                executed: Executed::Refused(refused),
                checks: reads.checks,
                write: WriteSet::default(),
            },
        };
        self.settle(write).await
    }

    async fn decide<D: 'static, C: Decision<D>, W: CommandKind<D, C>>(
        &self,
        reads: &mut Reads<'_>,
    ) -> Result<Result<(Executed, WriteSet), Refused>, ExecuteError> {
        let command = match parse::<D, C>(&self.request.input) {
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
        let before = match self.guard::<D, C, W>(found)? {
            Guarded::Go(before) => before,
            Guarded::Done(executed) => return Ok(Ok((executed, WriteSet::default()))),
            Guarded::Refused(refused) => return Ok(Err(refused)),
        };
        let aggregate = before.live.as_ref();
        let needs = command.needs(aggregate, reads).await?;
        match W::decide(command, aggregate, &needs, &self.request.context) {
            Ok(decided) => self.work::<D, C>(&before, decided),
            Err(NotDecided::Refused(refusal)) => Ok(Err(refusals::declared::<C>(&refusal))),
            Err(NotDecided::Broken(what)) => Err(broken::<D, C>(what)),
            Err(NotDecided::Repeated { list, id }) => {
                let blamed = input_pointer::repeated_id(&self.request.input, list, id);
                blamed.map(Err).map_err(broken::<D, C>)
            }
        }
    }

    /// What is known before the decision.
    fn guard<D: 'static, C: Decision<D>, W: CommandKind<D, C>>(
        &self,
        found: Found,
    ) -> Result<Guarded<C::Aggregate>, EngineError> {
        let version = version_of(&found);
        let row = match (found, W::ON_EXISTING) {
            (Found::Live(row), true) => row,
            // What is created under a derived id and is there already was created by this very
            // command, delivered once more.
            (Found::Live(row), false) => {
                let aggregate: C::Aggregate = from_row(row)?;
                return Ok(Guarded::Done(done(&aggregate)?));
            }
            (Found::Nothing | Found::Deleted(_), false) => {
                return Ok(Guarded::Go(Before {
                    version,
                    live: None,
                }));
            }
            (Found::Nothing, true) => {
                return Ok(Guarded::Refused(refusals::not_found(kind_of::<D, C>())));
            }
            (Found::Deleted(_), true) => {
                return Ok(Guarded::Refused(refusals::deleted(kind_of::<D, C>())));
            }
        };
        if !self.is_meant_for(version) {
            return Ok(Guarded::Refused(refusals::version_mismatch(version)));
        }
        if let Err(refused) = in_allowed_status::<D, C>(&row.members) {
            return Ok(Guarded::Refused(refused));
        }
        Ok(Guarded::Go(Before {
            version,
            live: Some(from_row(row)?),
        }))
    }

    /// Whether the caller has seen this version, or does not say what it has seen.
    fn is_meant_for(&self, version: u64) -> bool {
        let seen = self.request.if_version.as_ref();
        seen.is_none_or(|seen| seen.contains(&version))
    }

    /// The write set of what was decided.
    fn work<D: 'static, C: Decision<D>>(
        &self,
        before: &Before<C::Aggregate>,
        decided: Decided,
    ) -> Result<Result<(Executed, WriteSet), Refused>, ExecuteError> {
        if let (true, Some(aggregate)) = (decided.events.is_empty(), &before.live) {
            return Ok(Ok((done(aggregate)?, WriteSet::default())));
        }
        let context = &self.request.context;
        let version = before.version + decided.events.len() as u64;
        let deletes = decided.members.is_none();
        let events = match messages::<C::Aggregate>(
            self.runtime,
            context,
            self.id,
            before.version,
            decided.events,
            deletes,
        ) {
            Ok(events) => events,
            Err(refused) => return Ok(Err(refused)),
        };
        let created_at = before
            .live
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
            expected: before.version,
            to,
        };
        Ok(Ok((
            executed,
            WriteSet {
                saves: vec![save],
                events,
                ..WriteSet::default()
            },
        )))
    }

    /// Commits. What only the database can refuse becomes a refusal, which is settled in turn.
    async fn settle(&self, work: Work) -> Result<Attempted, ExecuteError> {
        let refused = match self.commit(work).await {
            Ok(attempted) => return Ok(attempted),
            Err(CommitError::Conflict) => return Ok(Attempted::Conflict),
            Err(CommitError::Taken(constraint)) => refusals::taken(constraint),
            Err(CommitError::MissingReference(member, id)) => {
                input_pointer::missing_reference(&self.request.input, member, id)
            }
            Err(CommitError::StillReferenced(table)) => refusals::still_referenced(table),
            Err(CommitError::OutboxFull) => return Err(ExecuteError::OutboxFull),
            Err(CommitError::Engine(error)) => return Err(error.into()),
        };
        let refusal = Work {
            executed: Executed::Refused(refused),
            checks: Vec::new(),
            write: WriteSet::default(),
        };
        match self.commit(refusal).await {
            Ok(attempted) => Ok(attempted),
            Err(CommitError::OutboxFull) => Err(ExecuteError::OutboxFull),
            Err(CommitError::Engine(error)) => Err(error.into()),
            Err(CommitError::Conflict) => Ok(Attempted::Conflict),
            // There is nothing in it but documents, and these have no such constraints.
            Err(error) => Err(EngineError::Corrupt(error.to_string()).into()),
        }
    }

    async fn commit(&self, work: Work) -> Result<Attempted, CommitError> {
        let Work {
            executed,
            checks,
            mut write,
        } = work;
        write.documents.clone_from(&self.request.with);
        if matches!(executed, Executed::Refused(_)) {
            let refused = self.request.when_refused.iter();
            write.documents.extend(refused.cloned());
        }
        let record = self.record.and_then(|record| record(&executed));
        write.documents.extend(record);
        if write.saves.is_empty() && write.documents.is_empty() {
            return Ok(Attempted::Settled(executed));
        }
        write.checks = checks;
        let emits = !write.events.is_empty();
        fail_point::reach("unit-of-work.before-commit").await;
        self.runtime.engine.commit(write).await?;
        fail_point::reach("unit-of-work.after-commit").await;
        if emits {
            self.runtime.outbox_wake_up.send();
        }
        Ok(Attempted::Settled(executed))
    }
}

/// What is there before a decision.
struct Before<A> {
    version: u64,
    live: Option<A>,
}

enum Guarded<A> {
    Go(Before<A>),
    Done(Executed),
    Refused(Refused),
}

fn version_of(found: &Found) -> u64 {
    match found {
        Found::Nothing => 0,
        Found::Deleted(version) => *version,
        Found::Live(row) => row.version,
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
