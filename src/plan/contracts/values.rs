//! Enums, statuses, value objects and entities: in Rust, and as the runtime's schema has them.

use std::borrow::Cow;

use serde::Serialize;

use crate::model::{Aggregate, Content, Default, Entity, EnumType, Field, Presence, ValueType};

use super::{Contract, status};
use crate::plan::prose::article;
use crate::plan::rust::Expr;
use crate::plan::view::{Column, Doc, Literal, Member, Name, TypeRef};

/// `contracts/__context__/src/values.rs` and `schema.rs`, which the shared kernel has too.
#[derive(Debug, Serialize)]
pub(super) struct ValuesFiles {
    /// Enums and statuses.
    enums: Vec<EnumView>,
    /// Value objects and entities.
    structs: Vec<StructView>,
}

/// An enum.
#[derive(Debug, Serialize)]
struct EnumView {
    /// What the description says of it.
    doc: Doc,
    /// Its type.
    #[serde(rename = "type")]
    ty: Name,
    /// The constant that describes it to the runtime.
    constant: Name,
    values: Vec<ValueView>,
}

/// A value of an enum.
#[derive(Debug, Serialize)]
struct ValueView {
    /// What the description says of it.
    doc: Doc,
    /// Its variant.
    variant: Name,
    /// Itself, as it stands in JSON.
    value: Literal,
}

/// A value object or entity.
#[derive(Debug, Serialize)]
struct StructView {
    /// What the description says of it.
    doc: Doc,
    /// Its type.
    #[serde(rename = "type")]
    ty: Name,
    /// The constant that describes it to the runtime.
    constant: Name,
    /// The type of its id; `None` for a value object.
    id: Option<TypeRef>,
    /// Its fields.
    members: Vec<Member>,
    /// The same, as the runtime checks them.
    columns: Vec<Column>,
    /// The defaults of its fields that have one.
    defaults: Vec<DefaultView>,
}

/// The default of a field.
#[derive(Debug, Serialize)]
struct DefaultView {
    /// The function that gives it: `default_currency`.
    function: Name,
    /// The type of the field.
    #[serde(rename = "type")]
    ty: TypeRef,
    /// The default.
    value: Expr,
}

impl ValuesFiles {
    /// Whether there is nothing in them.
    pub(super) fn is_empty(&self) -> bool {
        self.enums.is_empty() && self.structs.is_empty()
    }
}

impl Contract<'_> {
    /// Enums, statuses, value objects and entities.
    pub(super) fn declared<'b>(
        &self,
        enums: impl Iterator<Item = &'b EnumType>,
        values: impl Iterator<Item = &'b ValueType>,
        aggregates: impl Iterator<Item = &'b Aggregate> + Clone,
    ) -> ValuesFiles {
        let statuses = aggregates.clone().filter_map(status).map(Cow::Owned);
        let enums = enums.map(Cow::Borrowed).chain(statuses);
        let values = values.map(|ty| {
            let (name, fields) = (ty.name.as_str(), ty.fields.values());
            self.structure(name, ty.doc.as_deref(), fields)
        });
        let entities = aggregates.flat_map(|aggregate| {
            let entities = aggregate.entities.values();
            entities.map(|entity| self.entity(aggregate, entity))
        });
        ValuesFiles {
            enums: enums.map(|ty| enum_view(&ty)).collect(),
            structs: values.chain(entities).collect(),
        }
    }

    fn entity(&self, aggregate: &Aggregate, entity: &Entity) -> StructView {
        let (name, fields) = (entity.name.as_str(), entity.fields.values());
        let one = || {
            let (of, article) = (&aggregate.name, article(&aggregate.name));
            format!("One of the `{}` of {article} `{of}`.", entity.collection)
        };
        let doc = entity.doc.clone().unwrap_or_else(one);
        StructView {
            id: Some(self.id(name).into()),
            ..self.structure(name, Some(&doc), fields)
        }
    }

    fn structure<'b>(
        &self,
        name: &str,
        doc: Option<&str>,
        fields: impl Iterator<Item = &'b Field>,
    ) -> StructView {
        let mut structure = StructView {
            doc: Doc::of(doc.unwrap_or_default()),
            ty: Name::of_type(name),
            constant: Name::of_constant(name),
            id: None,
            members: Vec::new(),
            columns: Vec::new(),
            defaults: Vec::new(),
        };
        for field in fields {
            let mut member = Member::of(&self.types(), (&field.name, Content::Field(field)));
            if let Some(default) = self.default(field) {
                let path = format!("{}::{}", structure.ty, default.function);
                member = member.with_default(&path);
                structure.defaults.push(default);
            }
            let presence = match field.default.is_some() {
                true => Presence::Defaulted,
                false => field.optional.into(),
            };
            structure.members.push(member);
            structure
                .columns
                .push(Column::of(field, presence, self.place));
        }
        structure
    }

    /// The constant that a field has where nothing is said of it.
    fn default(&self, field: &Field) -> Option<DefaultView> {
        let Some(Default::Constant(value)) = &field.default else {
            return None;
        };
        Some(DefaultView {
            function: Name::of_field(&format!("default_{}", field.name)),
            ty: self.types().field(field).into(),
            value: self.values().field(field, value),
        })
    }
}

fn enum_view(ty: &EnumType) -> EnumView {
    let name = ty.name.as_str();
    let values = ty.values.iter().map(|value| ValueView {
        doc: Doc::of(ty.value_docs.get(value).map_or("", String::as_str)),
        variant: Name::of_variant(value),
        value: Literal::text(value),
    });
    EnumView {
        doc: Doc::of(ty.doc.as_deref().unwrap_or_default()),
        ty: Name::of_type(name),
        constant: Name::of_constant(name),
        values: values.collect(),
    }
}
