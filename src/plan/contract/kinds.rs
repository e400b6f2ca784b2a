//! The constants of the schema module: how the runtime reads declared types.

use std::borrow::Cow;

use serde::Serialize;

use crate::model::{Aggregate, EnumType, Field, ValueType};

use super::{Contract, Items, status};
use crate::plan::layout::{self, Expr, call, slice, text};
use crate::plan::names;
use crate::plan::types;
use crate::plan::uses::Uses;

/// A constant of the schema module.
#[derive(Debug, Serialize)]
pub struct KindView {
    doc: String,
    line: String,
}

impl Contract<'_> {
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
        for ty in enums.map(Cow::Borrowed).chain(states.map(Cow::Owned)) {
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

fn kind_view(name: &str, kind: Expr) -> KindView {
    let ident = names::const_ident(name);
    KindView {
        doc: format!("/// The type `{name}`.\n"),
        line: layout::assign(0, &format!("pub const {ident}: Kind ="), &kind, ";"),
    }
}
