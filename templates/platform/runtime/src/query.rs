//! Declared searches over one kind of aggregate; the generated code implements them, HTTP and
//! decisions run them.

use std::fmt::Debug;
use std::future::Future;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::decision::{Aggregate, Reads};
use crate::unit_of_work::from_row;
use platform_contract::schema::Column;
use platform_ports::engine::{Check, EngineError, Find, Page};

/// How many rows one page of a decision's question has.
const PAGE: u32 = 500;

/// A declared search. Its serde form is its parameters: the members of [`Query::BY`] under their
/// own names, and the ends of [`Query::RANGE`] as `<member>_from` and `<member>_to`.
pub trait Query: Serialize + DeserializeOwned + Clone + Debug + Send + Sync + 'static {
    /// What it finds.
    type Aggregate: Aggregate;
    /// Its name.
    const NAME: &'static str;
    /// Its parameters with their types: those of `BY` in order, then the (optional) ends of `RANGE`.
    const PARAMETERS: &'static [Column];
    /// The members that must equal the parameter of the same name.
    const BY: &'static [&'static str];
    /// The range, if any.
    const RANGE: Option<Range>;
    /// The members the answer is ordered by (`true`: descending).
    const ORDER: &'static [(&'static str, bool)];
    /// Whether it covers a unique constraint, so that there is one answer at most.
    const UNIQUE: bool;

    /// The search, from its start, with this page size.
    ///
    /// # Errors
    /// When a parameter has no JSON form.
    fn find(&self, limit: u32) -> Result<Find, serde_json::Error> {
        let parameters = match serde_json::to_value(self)? {
            Value::Object(parameters) => parameters,
            _ => Map::new(),
        };
        let given = |name: &str| parameters.get(name).filter(|v| !v.is_null()).cloned();
        Ok(Find {
            schema: Self::Aggregate::SCHEMA,
            generation: 0,
            equals: Self::BY
                .iter()
                .map(|member| (*member, given(member).unwrap_or(Value::Null)))
                .collect(),
            range: Self::RANGE.map(|range| (range.member, given(range.from), given(range.to))),
            order: Self::ORDER,
            after: None,
            limit,
        })
    }

    /// Everything it finds; the answer becomes part of the unit of work's read set.
    ///
    /// # Errors
    /// When the engine cannot answer.
    fn ask(
        &self,
        reads: &mut Reads<'_>,
    ) -> impl Future<Output = Result<Vec<Self::Aggregate>, EngineError>> + Send {
        async move {
            let mut find = self.find(PAGE).map_err(unasked::<Self>)?;
            let mut found = Vec::new();
            loop {
                let Page { rows, next } = reads.engine.find(&find).await?;
                let versions: Vec<(Uuid, u64)> = rows.iter().map(|r| (r.id, r.version)).collect();
                for row in rows {
                    found.push(from_row(row)?);
                }
                // On the last page one row more is asked for, so that one that joins a full page is
                // noticed.
                let more = u32::from(next.is_none());
                reads.checks.push(Check::Answer {
                    find: Find {
                        limit: find.limit + more,
                        ..find.clone()
                    },
                    rows: versions,
                });
                match next {
                    Some(next) => find.after = Some(next),
                    None => return Ok(found),
                }
            }
        }
    }

    /// The one answer of a query over a unique constraint; part of the read set as well.
    ///
    /// # Errors
    /// When the engine cannot answer.
    fn ask_one(
        &self,
        reads: &mut Reads<'_>,
    ) -> impl Future<Output = Result<Option<Self::Aggregate>, EngineError>> + Send {
        async move { Ok(self.ask(reads).await?.into_iter().next()) }
    }
}

/// The range of a query: `[from, to)` of a member, either end open when its parameter is absent.
#[derive(Debug, Clone, Copy)]
pub struct Range {
    /// The member; `id`, `created_at` and `updated_at` among them.
    pub member: &'static str,
    /// The parameter of the lower end.
    pub from: &'static str,
    /// The parameter of the upper end.
    pub to: &'static str,
}

/// A parameter without a JSON form cannot have come from a valid question.
fn unasked<Q: Query>(error: serde_json::Error) -> EngineError {
    EngineError::Corrupt(format!("a parameter of `{}`: {error}", Q::NAME))
}
