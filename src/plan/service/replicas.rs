//! Replicas: local read-only copies of what other contexts own.

use serde::Serialize;

use crate::model::{
    Aggregate, Event, EventField, Ident, Presence, Replica, ReplicaField, Type, derived,
};
use crate::plan::members;
use crate::plan::names;
use crate::plan::spoken::article;
use crate::plan::types::{Place, Types, wrap};
use crate::plan::uses::Uses;
use crate::plan::view::{Column, Doc, Expr, Literal, Member, Name, TypeRef, kind};

use super::Service;
use super::storage::relation;

/// `services/__context__/src/generated/replicas.rs`.
#[derive(Debug, Serialize)]
pub struct ReplicasFile<'a> {
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
    pub fn replicas(&self) -> Option<ReplicasFile<'a>> {
        let replicas = self.context.replicas.values();
        let replicas: Vec<ReplicaView<'a>> = replicas
            .filter_map(|replica| self.replica(replica))
            .collect();
        (!replicas.is_empty()).then_some(ReplicasFile { replicas })
    }

    fn replica(&self, replica: &'a Replica) -> Option<ReplicaView<'a>> {
        let owner = self.system.contexts.get(&replica.context)?;
        let source = owner.aggregates.get(&replica.aggregate)?;
        let elsewhere = Types {
            context: owner.name.as_str(),
            place: Place::Elsewhere,
        };
        let ty = |name: &str| elsewhere.own(&mut Uses::paths(), name).into();
        let name = replica.name.as_str();
        let copies = || {
            let (of, context) = (&replica.aggregate, &replica.context);
            format!("A copy of {} `{of}` of `{context}`.", article(of.as_str()))
        };
        let fields = replica.fields.iter();
        let members = fields
            .clone()
            .map(|copied| member(&elsewhere, copied, source));
        let events = owner.events.values();
        let events = events.filter(|event| carries(event, replica));
        Some(ReplicaView {
            name,
            doc: Doc::of(&replica.doc.clone().unwrap_or_else(copies)),
            ty: Name::of_type(name),
            of: ty(&derived::view(source.name.as_str())),
            members: members.map(Member::from).collect(),
            constant: Name::of_constant(name),
            handler: Literal::text(&handler("replica", name)),
            table: Literal::text(&table(name)),
            columns: fields.map(|copied| column(copied, source)).collect(),
            stale_after_ms: Literal::number(replica.stale_after_ms),
            events: events.map(|event| ty(event.name.as_str())).collect(),
        })
    }
}

/// What is copied, as a member.
fn member(elsewhere: &Types<'_>, copied: &ReplicaField, source: &Aggregate) -> members::Member {
    let (uses, name) = (&mut Uses::paths(), copied.name.as_str());
    if let Some(field) = source.fields.get(name) {
        let base = elsewhere.base(uses, &field.ty);
        let optional = field.optional || copied.may_be_unknown;
        let ty = wrap(uses, &base, optional, field.list);
        let doc = members::field_doc(field);
        return members::Member::new(name, ty, doc.as_deref()).shaped(optional, field.list);
    }
    if name == "status" {
        let status = elsewhere.own(uses, &derived::status(source.name.as_str()));
        return members::Member::new(name, status, Some("How far it has come."));
    }
    let entity = source.collection(name);
    let entity = entity.map_or("", |entity| entity.name.as_str());
    let entity = elsewhere.own(uses, entity);
    let ty = wrap(uses, &entity, Presence::Required, true);
    members::Member::new(name, ty, None).shaped(false, true)
}

/// What is copied, without the source's constraints: the owner may change those any day.
fn column(copied: &ReplicaField, source: &Aggregate) -> Column {
    let name = copied.name.as_str();
    let plain = |kind: &str| Expr::from(format!("platform_contract::schema::Kind::{kind}"));
    let field = source.fields.get(name);
    let kind = match field.map(|field| &field.ty) {
        Some(Type::Enum(_)) => plain("Text"),
        Some(Type::Value(_)) => plain("Json"),
        Some(other) => kind(other, Place::Service),
        None if name == "status" => plain("Text"),
        None => plain("Json"),
    };
    Column {
        list: field.is_some_and(|field| field.list),
        ..Column::new(name, kind, true)
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

/// The id of a handler: `replica.borrower`.
pub fn handler(kind: &str, name: &str) -> String {
    format!("{kind}.{}", names::snake(name))
}

/// The table of a replica: `replica_borrower`.
pub fn table(replica: &str) -> String {
    relation(&format!("replica__{}", names::snake(replica)))
}
