//! Needs: what decisions may look at, and how it is read.

use serde::Serialize;

use super::queries::open_ends;
use crate::model::{
    Aggregate, Command, Content, Field, Fill, Need, NeedKind, Presence, Source, derived,
};
use crate::plan::rust::expr::{Expr, call, text};
use crate::plan::rust::names;
use crate::plan::services::{Service, copies};
use crate::plan::view::{Member, Name, TypeRef};

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
    /// The runtime's function that reads it.
    function: &'static str,
    /// The type of what is read, or of the query that is asked.
    of: TypeRef,
    /// The key of what is read; `None` for a query.
    key: Option<Expr>,
    /// What a query is asked with.
    with: Vec<(String, Expr)>,
}

impl Service<'_> {
    /// What the decision about a command may look at; `None` where that is the aggregate alone.
    pub(super) fn needs(&self, aggregate: &Aggregate, command: &Command) -> Option<Needs> {
        let needs = command.needs.values();
        let members = needs.clone();
        let members = members.filter_map(|need| self.need_member(aggregate, command, need));
        let reads = needs.filter_map(|need| self.read(aggregate, command, need));
        let reads: Vec<Read> = reads.collect();
        let reads_from = |name: &str| {
            let values = reads.iter().flat_map(|read| {
                let with = read.with.iter().map(|(_, value)| value);
                read.key.iter().chain(with)
            });
            values.into_iter().any(|value| value.mentions(name))
        };
        let (reads_command, reads_aggregate) = (
            reads_from("command"),
            reads_from(&names::variable_ident(&aggregate.name)),
        );
        (!command.needs.is_empty()).then(|| Needs {
            ty: Name::of_type(&derived::needs(&command.name)),
            members: members.collect(),
            reads_command,
            reads_aggregate,
            asks: reads.iter().any(|read| read.key.is_none()),
            reads,
        })
    }

    fn need_member(&self, aggregate: &Aggregate, command: &Command, need: &Need) -> Option<Member> {
        let (ty, doc) = match &need.kind {
            NeedKind::Replica { replica, key } => {
                let copy = TypeRef::generated(replica);
                let ty = format!("platform_runtime::prelude::Replica<{copy}>");
                let is_optional = command.may_lack(aggregate, key);
                let ty = self.types().wrap(ty, is_optional, false);
                let by = named_by(aggregate, key);
                (ty, format!("What was heard of the one that {by} names."))
            }
            NeedKind::Aggregate { aggregate: of, key } => {
                let ty = format!("Option<{}>", TypeRef::generated(of));
                let by = named_by(aggregate, key);
                (ty, format!("The one that {by} names, while it is there."))
            }
            NeedKind::Query { query, .. } => {
                let found = &self.context.queries[query];
                let wrapper = if found.unique { "Option" } else { "Vec" };
                let ty = format!("{wrapper}<{}>", TypeRef::generated(&found.aggregate));
                (ty, format!("What `{query}` answers."))
            }
            // Calls and flags are refused before anything is planned.
            NeedKind::Call { .. } | NeedKind::Flag { .. } => return None,
        };
        Some(Member::new(&need.name, ty, Some(&doc)).unknown_to_json())
    }

    fn read(&self, aggregate: &Aggregate, command: &Command, need: &Need) -> Option<Read> {
        let (of, functions, by) = match &need.kind {
            NeedKind::Replica { replica, key } => (replica, ["replica", "optional_replica"], key),
            NeedKind::Aggregate { aggregate: of, key } => {
                (of, ["aggregate", "optional_aggregate"], key)
            }
            NeedKind::Query { query, with } => {
                let found = &self.context.queries[query];
                let given = with.iter().map(|(name, fill)| {
                    let field = key_field(aggregate, command, fill);
                    let is_copied = field.is_none_or(|field| copies(Content::Field(field)));
                    let value = key(aggregate, command, fill, is_copied);
                    (names::field_ident(name), value)
                });
                return Some(Read {
                    name: Name::of_field(&need.name),
                    function: if found.unique { "ask_one" } else { "ask" },
                    of: TypeRef::generated(query),
                    key: None,
                    with: given.chain(open_ends(found)).collect(),
                });
            }
            NeedKind::Call { .. } | NeedKind::Flag { .. } => return None,
        };
        Some(Read {
            name: Name::of_field(&need.name),
            function: functions[usize::from(command.may_lack(aggregate, by))],
            of: TypeRef::generated(of),
            key: Some(key(aggregate, command, by, true)),
            with: Vec::new(),
        })
    }
}

/// Where a need's key comes from, in words.
fn named_by(aggregate: &Aggregate, fill: &Fill) -> String {
    match &fill.source {
        Source::Input(name) => format!("the command's `{name}`"),
        Source::AggregateField(name) => format!("the `{name}` of the `{}`", aggregate.name),
        _ => format!("the id of the `{}`", aggregate.name),
    }
}

/// Where a need's key comes from, as an expression: of an input that an update may leave out, what its member
/// is then.
fn key(aggregate: &Aggregate, command: &Command, fill: &Fill, is_copied: bool) -> Expr {
    let variable = names::variable_ident(&aggregate.name);
    let owned = |place: String| match is_copied {
        true => text(place),
        false => text(place).method("clone"),
    };
    let member = |name| owned(format!("{variable}.{}", names::member_ident(name)));
    match &fill.source {
        Source::Input(name) => {
            let given = owned(format!("command.{}", names::field_ident(name)));
            let input = command.input.get(name);
            match input.map(|input| command.presence(aggregate, input)) {
                Some(Presence::Kept) if is_copied => {
                    call(format!("{given}.unwrap_or"), [member(name)])
                }
                Some(Presence::Kept) => call(
                    format!("{given}.unwrap_or_else"),
                    [text(format!("|| {}", member(name)))],
                ),
                Some(Presence::Clearable) => call(format!("{given}.after"), [member(name)]),
                _ => given,
            }
        }
        Source::AggregateField(name) => member(name),
        _ => text(format!("{variable}.meta.id")),
    }
}

/// The field a key is taken from.
fn key_field<'a>(aggregate: &'a Aggregate, command: &'a Command, fill: &Fill) -> Option<&'a Field> {
    match &fill.source {
        Source::Input(name) => command.input.get(name)?.content(aggregate)?.field(),
        Source::AggregateField(name) => aggregate.fields.get(name),
        _ => None,
    }
}
