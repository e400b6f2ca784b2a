//! Replicas: local read-only copies of what other contexts own.

use serde::Serialize;

use crate::model::{
    Aggregate, Content, Event, EventField, HandlerKind, Ident, Replica, ReplicaField, Type, derived,
};
use crate::plan::prose::article;
use crate::plan::rust::{Place, Types};
use crate::plan::services::Service;
use crate::plan::services::tables::replica_table;
use crate::plan::view::{Column, Doc, Literal, Member, Name, TypeRef, kind, runtime_kind};

/// `services/__context__/src/generated/replicas.rs`.
#[derive(Debug, Serialize)]
pub(super) struct ReplicasFile<'a> {
    replicas: Vec<ReplicaView<'a>>,
}

/// A replica.
#[derive(Debug, Serialize)]
struct ReplicaView<'a> {
    /// Its name in the description.
    name: &'a str,
    /// What the description says of it.
    doc: Doc,
    /// Its type: `Borrower`.
    #[serde(rename = "type")]
    ty: Name,
    /// The type of what its owner shows: `user_contract::UserView`.
    of: TypeRef,
    /// What is copied, as members of its type.
    members: Vec<Member>,
    /// The constant that describes it to the engine.
    constant: Name,
    /// The name of what keeps it up to date.
    handler: Literal,
    /// Its table.
    table: Literal,
    /// What is copied, as it is stored.
    columns: Vec<Column>,
    /// After how many milliseconds without a sign of its owner it counts as stale.
    stale_after_ms: Literal,
    /// The types of the events that carry something of what is copied.
    events: Vec<TypeRef>,
}

impl<'a> Service<'a> {
    /// The replicas of the service; `None` without any.
    pub(super) fn replicas(&self) -> Option<ReplicasFile<'a>> {
        let replicas = self.context.replicas.values();
        let replicas: Vec<_> = replicas.map(|replica| self.replica(replica)).collect();
        (!replicas.is_empty()).then_some(ReplicasFile { replicas })
    }

    fn replica(&self, replica: &'a Replica) -> ReplicaView<'a> {
        let owner = &self.system.contexts[&replica.context];
        let source = &owner.aggregates[&replica.aggregate];
        let types = Types {
            context: &owner.name,
            place: Place::Elsewhere,
            imports: None,
        };
        let name = &replica.name;
        let copies = || {
            let (of, context) = (&replica.aggregate, &replica.context);
            format!("A copy of {} `{of}` of `{context}`.", article(of))
        };
        let fields = replica.fields.iter();
        let events = owner.events.values();
        let events = events.filter(|event| carries(event, replica));
        ReplicaView {
            name,
            doc: Doc::of(&replica.doc.clone().unwrap_or_else(copies)),
            ty: Name::of_type(name),
            of: types.own(&derived::view(&source.name)).into(),
            members: fields
                .clone()
                .map(|copied| member(&types, copied, source))
                .collect(),
            constant: Name::of_constant(name),
            handler: Literal::text(&self.handler_id(HandlerKind::Replica, name)),
            table: Literal::text(&replica_table(name)),
            columns: fields.map(|copied| column(copied, source)).collect(),
            stale_after_ms: Literal::number(replica.stale_after_ms),
            events: events.map(|event| types.own(&event.name).into()).collect(),
        }
    }
}

/// What is copied, as a member.
fn member(types: &Types<'_>, copied: &ReplicaField, source: &Aggregate) -> Member {
    let name = &copied.name;
    if let Some(field) = source.fields.get(name) {
        let may_lack = field.optional || copied.may_be_unknown;
        return Member::input(types, (name, Content::Field(field)), may_lack);
    }
    match source.collection(name) {
        Some(entity) => {
            let ty = types.wrap(types.own(&entity.name), false, true);
            Member::new(name, ty, None).shaped(false, true)
        }
        None => {
            let status = types.own(&derived::status(&source.name));
            Member::new(name, status, Some("How far it has come."))
        }
    }
}

/// What is copied, without the source's constraints: the owner may change those any day.
fn column(copied: &ReplicaField, source: &Aggregate) -> Column {
    let field = source.fields.get(&copied.name);
    let kind = match field.map(|field| &field.ty) {
        Some(Type::Enum(_)) => runtime_kind("Text"),
        Some(Type::Value(_)) => runtime_kind("Json"),
        Some(other) => kind(other, Place::Service),
        None if source.is_status(&copied.name) => runtime_kind("Text"),
        None => runtime_kind("Json"),
    };
    Column {
        list: field.is_some_and(|field| field.list),
        pii: field.is_some_and(|field| field.pii),
        ..Column::new(&copied.name, kind, true)
    }
}

/// Whether an event carries something of what is copied.
fn carries(event: &Event, replica: &Replica) -> bool {
    let carried = |(name, field): (&Ident, &EventField)| {
        let copied = replica.fields.iter().any(|copied| copied.name == *name);
        copied && !matches!(field, EventField::Own(_))
    };
    event.aggregate == replica.aggregate && event.fields.iter().any(carried)
}
