//! The contract crate of a context: its published language.

use serde::Serialize;

use crate::model::{
    Aggregate, Command, Context, Entity, EnumType, Event, EventField, Field, Ident, InputSource,
    System, ValueType,
};

use super::layout::{self, Expr, call, slice, text};
use super::members::{self, Member};
use super::names;
use super::types::{self, Place, Types, wrap};
use super::uses::Uses;
use super::value::{Spelling, Values};

/// A file of declarations: what it imports, and its items.
#[derive(Debug, Serialize)]
pub struct Items<T> {
    /// Its `use` declarations.
    pub uses: String,
    /// Its items.
    pub items: Vec<T>,
}

/// A struct.
#[derive(Debug, Serialize)]
pub struct StructView {
    doc: String,
    ident: String,
    body: String,
    defaults: String,
}

/// An enum.
#[derive(Debug, Serialize)]
pub struct EnumView {
    doc: String,
    ident: String,
    variants: String,
}

/// A value object, entity or enum.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum ValueView {
    /// With fields.
    Struct(StructView),
    /// With values.
    Enum(EnumView),
}

/// What callers are shown of an aggregate.
#[derive(Debug, Serialize)]
pub struct AggregateView {
    doc: String,
    ident: String,
    body: String,
    context: String,
    name: String,
    topic: String,
    id: String,
    status: String,
}

/// An event.
#[derive(Debug, Serialize)]
pub struct EventView {
    doc: String,
    ident: String,
    body: String,
    type_const: String,
    version: u32,
    of: String,
}

/// A command and its refusals.
#[derive(Debug, Serialize)]
pub struct CommandView {
    doc: String,
    ident: String,
    body: String,
    context: String,
    name: String,
    input: String,
    refusal: String,
    refusals: Vec<RefusalView>,
}

/// A refusal.
#[derive(Debug, Serialize)]
pub struct RefusalView {
    doc: String,
    ident: String,
    name: String,
}

/// A constant of the schema module.
#[derive(Debug, Serialize)]
pub struct KindView {
    doc: String,
    line: String,
}

/// Renders the declarations of one context's contract, or of the shared kernel.
pub struct Contract<'a> {
    /// The system.
    pub system: &'a System,
    /// The context; empty for the shared kernel.
    pub context: &'a str,
    /// Where it is written.
    pub place: Place,
}

impl<'a> Contract<'a> {
    fn types(&self) -> Types<'a> {
        Types {
            context: self.context,
            place: self.place,
        }
    }

    fn values(&self) -> Values<'a> {
        Values {
            system: self.system,
            types: self.types(),
            spelling: Spelling::Exact,
        }
    }

    /// Enums, statuses, value objects and entities, in this order.
    pub fn values_file<'b>(
        &self,
        enums: impl Iterator<Item = &'b EnumType>,
        values: impl Iterator<Item = &'b ValueType>,
        aggregates: impl Iterator<Item = &'b Aggregate> + Clone,
    ) -> Items<ValueView> {
        let mut uses = Uses::default();
        let mut items: Vec<ValueView> = enums
            .map(|ty| ValueView::Enum(enum_view(&mut uses, ty)))
            .collect();
        items.extend(aggregates.clone().filter_map(status).map(|status| {
            let view = enum_view(&mut uses, &status);
            ValueView::Enum(view)
        }));
        items.extend(values.map(|ty| {
            let doc = ty.doc.clone().unwrap_or_else(|| titled(ty.name.as_str()));
            let fields = ty.fields.values();
            ValueView::Struct(self.structure(&mut uses, ty.name.as_str(), &doc, None, fields))
        }));
        for entity in aggregates.flat_map(|aggregate| aggregate.entities.values()) {
            items.push(ValueView::Struct(self.entity(&mut uses, entity)));
        }
        for item in &items {
            let (ValueView::Struct(StructView { ident, .. })
            | ValueView::Enum(EnumView { ident, .. })) = item;
            uses.forget("crate", ident);
        }
        Items {
            uses: uses.render(),
            items,
        }
    }

    fn entity(&self, uses: &mut Uses, entity: &Entity) -> StructView {
        let name = entity.name.as_str();
        let doc = entity.doc.clone().unwrap_or_else(|| titled(name));
        let id = self.types().id(uses, name);
        let mut member = Member::new(
            "id",
            id.clone(),
            Some("Its id; made anew when it is left out."),
        );
        member.default = Some(format!("{id}::generate"));
        self.structure(uses, name, &doc, Some(member), entity.fields.values())
    }

    fn structure<'b>(
        &self,
        uses: &mut Uses,
        name: &str,
        doc: &str,
        first: Option<Member>,
        fields: impl Iterator<Item = &'b Field>,
    ) -> StructView {
        derive_uses(uses);
        let ident = names::type_ident(name);
        let mut functions = Vec::new();
        let mut members: Vec<Member> = first.into_iter().collect();
        for field in fields {
            let ty = self.types().field(uses, field);
            let doc = members::field_doc(field);
            let mut member = Member::new(field.name.as_str(), ty.clone(), doc.as_deref())
                .shaped(field.optional, field.list);
            if let Some(crate::model::Default::Constant(value)) = &field.default {
                let function = format!("default_{}", field.name);
                let value = self.values().field(uses, field, value);
                member.default = Some(format!("{ident}::{function}"));
                functions.push((function, ty, value));
            }
            members.push(member);
        }
        StructView {
            doc: layout::doc(0, doc),
            defaults: members::defaults(&ident, &functions),
            body: members::body(&members),
            ident,
        }
    }

    /// What callers are shown of aggregates.
    pub fn aggregates(&self, context: &Context) -> Items<AggregateView> {
        let mut uses = Uses::default();
        let items = context
            .aggregates
            .values()
            .map(|aggregate| self.aggregate(&mut uses, context, aggregate))
            .collect();
        Items {
            uses: uses.render(),
            items,
        }
    }

    fn aggregate(
        &self,
        uses: &mut Uses,
        context: &Context,
        aggregate: &Aggregate,
    ) -> AggregateView {
        derive_uses(uses);
        uses.take("platform::prelude", "AggregateType");
        let name = aggregate.name.as_str();
        let timestamp = uses.take("platform::prelude", "Timestamp");
        let id = self.types().id(uses, name);
        let status = match aggregate.states.is_empty() {
            true => uses.take("platform::prelude", "NoStatus"),
            false => self.types().own(uses, &format!("{name}Status")),
        };
        let mut members = vec![
            Member::new("id", id.clone(), Some("Its id.")),
            Member::new(
                "version",
                "u64".into(),
                Some("How many events it has emitted."),
            ),
            Member::new(
                "created_at",
                timestamp.clone(),
                Some("When it was created."),
            ),
            Member::new("updated_at", timestamp, Some("When it was last changed.")),
        ];
        if !aggregate.states.is_empty() {
            members.push(Member::new(
                "status",
                status.clone(),
                Some("How far it has come."),
            ));
        }
        for field in aggregate.fields.values().filter(|field| !field.hidden) {
            members.push(self.member(uses, field, field.optional));
        }
        for entity in aggregate.entities.values() {
            members.push(self.collection(uses, entity));
        }
        let topic = topic(self.system, context, name);
        AggregateView {
            doc: layout::doc(
                0,
                &format!(
                    "{}\n\nThis is what callers are shown of it.",
                    aggregate_doc(aggregate)
                ),
            ),
            ident: names::type_ident(&format!("{name}View")),
            body: members::body(&members),
            context: names::literal(context.name.as_str()),
            name: names::literal(&names::snake(name)),
            topic: layout::assign(
                4,
                "const TOPIC: &'static str =",
                &text(names::literal(&topic)),
                ";",
            ),
            id,
            status,
        }
    }

    fn member(&self, uses: &mut Uses, field: &Field, optional: bool) -> Member {
        let base = self.types().base(uses, &field.ty);
        let doc = members::field_doc(field);
        Member::new(
            field.name.as_str(),
            wrap(&base, optional, field.list),
            doc.as_deref(),
        )
        .shaped(optional, field.list)
    }

    fn collection(&self, uses: &mut Uses, entity: &Entity) -> Member {
        let ty = self.types().own(uses, entity.name.as_str());
        Member::new(
            entity.collection.as_str(),
            format!("Vec<{ty}>"),
            entity.doc.as_deref(),
        )
        .shaped(false, true)
    }

    /// Events.
    pub fn events(&self, context: &Context) -> Items<EventView> {
        let mut uses = Uses::default();
        let items = context
            .events
            .values()
            .filter_map(|event| self.event(&mut uses, context, event))
            .collect();
        Items {
            uses: uses.render(),
            items,
        }
    }

    fn event(&self, uses: &mut Uses, context: &Context, event: &Event) -> Option<EventView> {
        derive_uses(uses);
        uses.take("platform::prelude", "Event");
        let aggregate = context.aggregates.get(&event.aggregate)?;
        let members: Vec<Member> = event
            .fields
            .iter()
            .filter_map(|(name, field)| self.event_member(uses, aggregate, name, field))
            .collect();
        let name = event.name.as_str();
        let ty = text(names::literal(&event_type(self.system, context, name)));
        Some(EventView {
            doc: layout::doc(0, &event_doc(event)),
            ident: names::type_ident(name),
            body: members::body(&members),
            type_const: layout::assign(4, "const TYPE: &'static str =", &ty, ";"),
            version: event.version,
            of: self.types().own(uses, &format!("{}View", event.aggregate)),
        })
    }

    fn event_member(
        &self,
        uses: &mut Uses,
        aggregate: &Aggregate,
        name: &Ident,
        field: &EventField,
    ) -> Option<Member> {
        match field {
            EventField::Field => {
                let field = aggregate.fields.get(name)?;
                Some(self.member(uses, field, field.optional))
            }
            EventField::Collection(entity) => {
                Some(self.collection(uses, aggregate.entities.get(entity)?))
            }
            EventField::Own(field) => Some(self.member(uses, field, field.optional)),
        }
    }

    /// Commands.
    pub fn commands(&self, context: &Context) -> Items<CommandView> {
        let mut uses = Uses::default();
        let items = context
            .commands
            .values()
            .filter_map(|command| self.command(&mut uses, context, command))
            .collect();
        Items {
            uses: uses.render(),
            items,
        }
    }

    fn command(
        &self,
        uses: &mut Uses,
        context: &Context,
        command: &Command,
    ) -> Option<CommandView> {
        derive_uses(uses);
        for name in ["Command", "Refusal"] {
            uses.take("platform::prelude", name);
        }
        uses.take("platform::schema", "Column");
        let aggregate = context.aggregates.get(&command.aggregate)?;
        let mut members = Vec::new();
        let mut columns = Vec::new();
        for input in command.input.values() {
            let (member, column) = match &input.source {
                InputSource::Collection(entity) => {
                    let entity = aggregate.entities.get(entity)?;
                    self.collection_input(uses, entity, input.optional)
                }
                InputSource::Field => {
                    let field = aggregate.fields.get(&input.name)?;
                    self.input(uses, field, input.optional)
                }
                InputSource::Own(field) => self.input(uses, field, input.optional),
            };
            members.push(member);
            columns.push(column);
        }
        let name = command.name.as_str();
        let ident = names::type_ident(name);
        Some(CommandView {
            doc: layout::doc(0, &command_doc(command)),
            refusal: format!("{name}Refusal"),
            body: members::body(&members),
            context: names::literal(context.name.as_str()),
            name: layout::assign(
                4,
                "const NAME: &'static str =",
                &text(names::literal(name)),
                ";",
            ),
            input: layout::assign(4, "const INPUT: &'static [Column] =", &slice(columns), ";"),
            refusals: command.refuses.iter().map(refusal).collect(),
            ident,
        })
    }

    /// A list of entities that the caller sends, or may leave out.
    fn collection_input(&self, uses: &mut Uses, entity: &Entity, optional: bool) -> (Member, Expr) {
        let column = entity_column(uses, entity, optional);
        if !optional {
            return (self.collection(uses, entity), column);
        }
        let ty = wrap(&self.types().own(uses, entity.name.as_str()), true, true);
        let member = Member::new(entity.collection.as_str(), ty, entity.doc.as_deref());
        (member.shaped(true, true), column)
    }

    fn input(&self, uses: &mut Uses, field: &Field, optional: bool) -> (Member, Expr) {
        let mut given = field.clone();
        given.hidden = false;
        let column = types::column(&given, optional, self.place, None);
        if column.flat().contains("Kind::") {
            uses.take("platform::schema", "Kind");
        }
        if column.flat().contains(", crate::schema")
            || matches!(
                field.ty,
                crate::model::Type::Enum(_) | crate::model::Type::Value(_)
            )
        {
            self.kind_use(uses, field);
        }
        (self.member(uses, field, optional), column)
    }

    /// Imports the constant that describes a declared type.
    fn kind_use(&self, uses: &mut Uses, field: &Field) {
        if let crate::model::Type::Enum(path) | crate::model::Type::Value(path) = &field.ty
            && path.context.is_some()
            && self.place == Place::Contract
        {
            uses.take("crate::schema", &names::const_ident(path.name.as_str()));
        }
    }

    /// The constants of the schema module: a `Kind` for each enum, status, value object and entity.
    pub fn kinds<'b>(
        &self,
        enums: impl Iterator<Item = &'b EnumType>,
        values: impl Iterator<Item = &'b ValueType>,
        aggregates: impl Iterator<Item = &'b Aggregate> + Clone,
    ) -> Items<KindView> {
        let mut uses = Uses::default();
        let mut items = Vec::new();
        let states = aggregates.clone().filter_map(status);
        for ty in enums
            .map(std::borrow::Cow::Borrowed)
            .chain(states.map(std::borrow::Cow::Owned))
        {
            let values = ty.values.iter().map(|v| text(names::literal(v))).collect();
            items.push(kind_view(
                ty.name.as_str(),
                call("Kind::Enum", vec![slice(values)]),
            ));
        }
        for ty in values {
            let columns = self.columns(&mut uses, ty.fields.values());
            items.push(kind_view(
                ty.name.as_str(),
                call("Kind::Value", vec![slice(columns)]),
            ));
        }
        for entity in aggregates.flat_map(|aggregate| aggregate.entities.values()) {
            let id = types::chain(
                types::new_column("id", text("Kind::Uuid")),
                vec![call("optional", vec![])],
            );
            let mut columns = vec![id];
            uses.take("platform::schema", "Column");
            columns.extend(self.columns(&mut uses, entity.fields.values()));
            items.push(kind_view(
                entity.name.as_str(),
                call("Kind::Value", vec![slice(columns)]),
            ));
        }
        if !items.is_empty() {
            uses.take("platform::schema", "Kind");
        }
        Items {
            uses: uses.render(),
            items,
        }
    }

    fn columns<'b>(&self, uses: &mut Uses, fields: impl Iterator<Item = &'b Field>) -> Vec<Expr> {
        fields
            .map(|field| {
                uses.take("platform::schema", "Column");
                let optional = field.optional || field.default.is_some();
                types::column(field, optional, self.place, None)
            })
            .collect()
    }
}

/// The topic of an aggregate's events.
pub fn topic(system: &System, context: &Context, aggregate: &str) -> String {
    format!(
        "{}.{}.{}",
        system.name,
        context.name,
        names::snake(aggregate)
    )
}

/// An event's type without its version.
pub fn event_type(system: &System, context: &Context, event: &str) -> String {
    format!("{}.{}.{event}", system.name, context.name)
}

/// The states of an aggregate, as an enum; `None` when it has none.
pub fn status(aggregate: &Aggregate) -> Option<EnumType> {
    let values: Vec<String> = aggregate
        .states
        .iter()
        .map(|s| s.name.to_string())
        .collect();
    (!values.is_empty()).then(|| EnumType {
        name: crate::model::TypeName::derived(&format!("{}Status", aggregate.name)),
        doc: Some(format!("How far a `{}` has come.", aggregate.name)),
        values,
        value_docs: std::collections::BTreeMap::new(),
    })
}

/// What is said of an aggregate.
pub fn aggregate_doc(aggregate: &Aggregate) -> String {
    aggregate
        .doc
        .clone()
        .unwrap_or_else(|| titled(aggregate.name.as_str()))
}

/// What is said of an event.
pub fn event_doc(event: &Event) -> String {
    event
        .doc
        .clone()
        .unwrap_or_else(|| sentence(event.name.as_str()))
}

/// What is said of a command.
pub fn command_doc(command: &Command) -> String {
    command
        .doc
        .clone()
        .unwrap_or_else(|| sentence(command.name.as_str()))
}

/// `ApproveLoan` → `Approve loan.`
pub fn sentence(name: &str) -> String {
    let spoken = spoken(name);
    let mut letters = spoken.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}

/// The indefinite article before a name.
pub fn article(name: &str) -> &'static str {
    match name
        .to_ascii_lowercase()
        .starts_with(['a', 'e', 'i', 'o', 'u'])
    {
        true => "an",
        false => "a",
    }
}

/// `StockItem` → `A stock item.`
pub fn titled(name: &str) -> String {
    sentence(&format!("{}_{}", article(name), names::snake(name)))
}

/// `ApproveLoan` → `approve loan`
pub fn spoken(name: &str) -> String {
    names::snake(name).replace('_', " ")
}

fn derive_uses(uses: &mut Uses) {
    uses.take("serde", "Deserialize");
    uses.take("serde", "Serialize");
}

fn enum_view(uses: &mut Uses, ty: &EnumType) -> EnumView {
    derive_uses(uses);
    let doc = ty.doc.clone().unwrap_or_else(|| titled(ty.name.as_str()));
    let variants = ty
        .values
        .iter()
        .map(|value| {
            let default = format!("`{value}`.");
            let doc = ty.value_docs.get(value).unwrap_or(&default);
            let doc = layout::doc(4, doc);
            let rename = names::literal(value);
            format!(
                "{doc}    #[serde(rename = {rename})]\n    {},\n",
                names::variant_ident(value)
            )
        })
        .collect();
    EnumView {
        doc: layout::doc(0, &doc),
        ident: names::type_ident(ty.name.as_str()),
        variants,
    }
}

fn refusal(refusal: &crate::model::Refusal) -> RefusalView {
    let spoken = format!("`{}`.", refusal.name);
    RefusalView {
        doc: layout::doc(4, refusal.doc.as_deref().unwrap_or(&spoken)),
        ident: names::variant_ident(refusal.name.as_str()),
        name: names::literal(refusal.name.as_str()),
    }
}

fn entity_column(uses: &mut Uses, entity: &Entity, optional: bool) -> Expr {
    let kind = names::const_ident(entity.name.as_str());
    uses.take("crate::schema", &kind);
    let shape = match optional {
        true => vec![call("optional", vec![]), call("list", vec![])],
        false => vec![call("list", vec![])],
    };
    types::chain(
        types::new_column(entity.collection.as_str(), text(kind)),
        shape,
    )
}

fn kind_view(name: &str, kind: Expr) -> KindView {
    let ident = names::const_ident(name);
    KindView {
        doc: format!("/// The type `{name}`.\n"),
        line: layout::assign(0, &format!("pub const {ident}: Kind ="), &kind, ";"),
    }
}
