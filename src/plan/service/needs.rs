//! Needs: what decisions may look at, and how it is read.

use serde::Serialize;

use crate::model::{
    Aggregate, Command, Field, Fill, InputSource, Need, NeedKind, Source, TypeName, derived,
};
use crate::plan::members;
use crate::plan::view::{Expr, FieldValue, Member, Name, TypeRef};

use super::queries::open_ends;
use super::{Service, mentions};

/// What a decision may look at besides its aggregate.
#[derive(Debug, Serialize)]
pub(super) struct Needs {
    /// Its type: `ApproveLoanNeeds`.
    #[serde(rename = "type")]
    ty: Name,
    /// Its members.
    members: Vec<Member>,
    /// How they are read.
    reads: Vec<Read>,
    /// Whether some key comes from the command.
    reads_command: bool,
    /// Whether some key comes from the aggregate.
    reads_aggregate: bool,
    /// Whether a query is asked.
    pub(super) asks: bool,
}

/// How a need is read.
#[derive(Debug, Serialize)]
struct Read {
    /// The member that it becomes.
    name: Name,
    /// The type of what is read, or of the query that is asked.
    of: TypeRef,
    /// The runtime's function that reads it.
    function: &'static str,
    /// The key of what is read; `None` for a query.
    key: Option<Expr>,
    /// What a query is asked with.
    with: Vec<FieldValue>,
}

impl Service<'_> {
    /// What the decision about a command may look at; `None` where that is the aggregate alone.
    pub(super) fn needs(&self, aggregate: &Aggregate, command: &Command) -> Option<Needs> {
        let needs = command.needs.values();
        let reads = needs
            .clone()
            .filter_map(|need| self.read(aggregate, command, need));
        let reads: Vec<Read> = reads.collect();
        let values = reads.iter().flat_map(|read| {
            let with = read.with.iter().map(|field| &field.value);
            read.key.iter().chain(with).map(ToString::to_string)
        });
        let values: Vec<String> = values.collect();
        let variable = Name::of_variable(aggregate.name.as_str());
        let reads_from = |name: &str| values.iter().any(|value| mentions(value, name));
        (!command.needs.is_empty()).then(|| Needs {
            ty: Name::of_type(&derived::needs(command.name.as_str())),
            members: needs
                .filter_map(|need| self.need_member(command, need))
                .collect(),
            reads_command: reads_from("command"),
            reads_aggregate: reads_from(&variable.to_string()),
            asks: reads.iter().any(|read| read.key.is_none()),
            reads,
        })
    }

    fn need_member(&self, command: &Command, need: &Need) -> Option<Member> {
        let (ty, doc) = match &need.kind {
            NeedKind::Replica { replica, key } => {
                let copy = TypeRef::generated(replica.as_str());
                let ty = format!("platform_runtime::prelude::Replica<{copy}>");
                let ty = match self.may_lack(command, key) {
                    true => format!("Option<{ty}>"),
                    false => ty,
                };
                (ty, format!("The copy `{replica}`."))
            }
            NeedKind::Aggregate { aggregate, .. } => {
                let state = TypeRef::generated(aggregate.as_str());
                let doc = format!("The `{aggregate}`, while it is there.");
                (format!("Option<{state}>"), doc)
            }
            NeedKind::Query { query, .. } => {
                let found = self.context.queries.get(query)?;
                let state = TypeRef::generated(found.aggregate.as_str());
                let wrapper = if found.unique { "Option" } else { "Vec" };
                let doc = format!("What `{query}` answers.");
                (format!("{wrapper}<{state}>"), doc)
            }
            // Calls and flags are refused before anything is planned.
            NeedKind::Call { .. } | NeedKind::Flag { .. } => return None,
        };
        let mut member = members::Member::new(need.name.as_str(), ty, Some(&doc));
        // JSON knows nothing of it.
        member.wire = member.ident.trim_start_matches("r#").to_owned();
        Some(member.into())
    }

    fn read(&self, aggregate: &Aggregate, command: &Command, need: &Need) -> Option<Read> {
        let by_key = |[function, optional]: [&'static str; 2], of: &TypeName, key: &Fill| Read {
            name: Name::of_field(need.name.as_str()),
            of: TypeRef::generated(of.as_str()),
            function: match self.may_lack(command, key) {
                true => optional,
                false => function,
            },
            key: Some(self.key(aggregate, key).into()),
            with: Vec::new(),
        };
        match &need.kind {
            NeedKind::Replica { replica, key } => {
                Some(by_key(["replica", "optional_replica"], replica, key))
            }
            NeedKind::Aggregate { aggregate, key } => {
                Some(by_key(["aggregate", "optional_aggregate"], aggregate, key))
            }
            NeedKind::Query { query, with } => {
                let found = self.context.queries.get(query)?;
                let fields = with.iter().map(|(name, fill)| {
                    let clone = match self.is_copied(command, fill) {
                        true => "",
                        false => ".clone()",
                    };
                    let value = format!("{}{clone}", self.key(aggregate, fill));
                    FieldValue {
                        name: Name::of_field(name.as_str()),
                        value: value.into(),
                    }
                });
                Some(Read {
                    name: Name::of_field(need.name.as_str()),
                    of: TypeRef::generated(query.as_str()),
                    function: if found.unique { "ask_one" } else { "ask" },
                    key: None,
                    with: fields.chain(open_ends(found)).collect(),
                })
            }
            NeedKind::Call { .. } | NeedKind::Flag { .. } => None,
        }
    }

    /// Where a need's key comes from, as an expression.
    fn key(&self, aggregate: &Aggregate, fill: &Fill) -> String {
        let variable = Name::of_variable(aggregate.name.as_str());
        match &fill.source {
            Source::Input(name) => format!("command.{}", Name::of_field(name.as_str())),
            Source::AggregateField(name) => {
                format!("{variable}.{}", Name::of_member(name.as_str()))
            }
            _ => format!("{variable}.meta.id"),
        }
    }

    /// The field a key is taken from.
    fn key_field<'b>(&'b self, command: &'b Command, fill: &Fill) -> Option<&'b Field> {
        let name = match &fill.source {
            Source::Input(name) => match &command.input.get(name)?.source {
                InputSource::Own(field) => return Some(field),
                _ => name,
            },
            Source::AggregateField(name) => name,
            _ => return None,
        };
        self.aggregate_of(command)?.fields.get(name)
    }

    fn is_copied(&self, command: &Command, fill: &Fill) -> bool {
        self.key_field(command, fill).is_none_or(super::copies)
    }

    /// Whether a key may be absent.
    pub(super) fn may_lack(&self, command: &Command, fill: &Fill) -> bool {
        match &fill.source {
            Source::Input(name) => command.input.get(name).is_some_and(|input| input.optional),
            _ => self
                .key_field(command, fill)
                .is_some_and(|field| field.optional),
        }
    }
}
