//! Enums, statuses, value objects and entities.

use serde::Serialize;

use crate::model::{Aggregate, Default, Entity, EnumType, Field, ValueType};

use super::{Contract, Items, derive_uses, status};
use crate::plan::members::{self, Member};
use crate::plan::spoken::titled;
use crate::plan::uses::Uses;
use crate::plan::{layout, names};

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

impl Contract<'_> {
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
            Some("Its id within its aggregate; made anew when it is left out."),
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
            if let Some(Default::Constant(value)) = &field.default {
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
