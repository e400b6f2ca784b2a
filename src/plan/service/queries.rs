//! Queries: what a context answers.

use crate::model::{Field, Query, derived};
use crate::plan::layout::{self, Expr, slice, text};
use crate::plan::members::{self, Member};
use crate::plan::names;
use crate::plan::types::{self, Place, wrap};
use crate::plan::uses::Uses;

use super::state::implementation;
use super::storage::{column_uses, field, literal};
use super::{Code, Service};

impl Service<'_> {
    /// The queries of the service.
    pub fn queries(&self) -> Code {
        let mut uses = Uses::default();
        let mut items = Vec::new();
        for query in self.context.queries.values() {
            items.push(self.query_struct(&mut uses, query));
            items.push(self.query_impl(&mut uses, query));
        }
        Code::new(&uses, &items)
    }

    /// The type of a member of the queried aggregate, and its column.
    fn member(&self, uses: &mut Uses, query: &Query, member: &str) -> (String, Expr) {
        let kind = |kind: &str| text(format!("Kind::{kind}"));
        let aggregate = query.aggregate.as_str();
        match member {
            "id" => (self.types().id(uses, aggregate), kind("Uuid")),
            "created_at" | "updated_at" => (
                uses.take("platform_contract::value", "Timestamp"),
                kind("Timestamp"),
            ),
            "version" => ("u64".to_owned(), kind("Int")),
            "status" => {
                let status = derived::status(aggregate);
                let constant = names::const_ident(&status);
                let kind = text(format!("contract::schema::{constant}"));
                (self.types().own(uses, &status), kind)
            }
            name => match self.queried(query, name) {
                Some(field) => {
                    let ty = self.types().base(uses, &field.ty);
                    (ty, types::kind(&field.ty, Place::Service))
                }
                None => ("()".to_owned(), kind("Json")),
            },
        }
    }

    fn queried(&self, query: &Query, name: &str) -> Option<&Field> {
        self.context
            .aggregates
            .get(&query.aggregate)?
            .fields
            .get(name)
    }

    fn query_struct(&self, uses: &mut Uses, query: &Query) -> String {
        uses.take("serde", "Deserialize");
        uses.take("serde", "Serialize");
        let mut parameters = Vec::new();
        for parameter in &query.by {
            let name = parameter.member.as_str();
            let (ty, _) = self.member(uses, query, name);
            parameters.push(Member::new(
                name,
                ty,
                Some(&format!("The `{name}` looked for.")),
            ));
        }
        if let Some(range) = &query.range {
            let (ty, _) = self.member(uses, query, range.as_str());
            for (end, doc) in [("from", "first"), ("to", "first one after")] {
                let name = format!("{range}_{end}");
                let doc = format!("The {doc} `{range}`.");
                let doc = match end {
                    "from" => {
                        format!("The first `{range}` looked for; all before when it is absent.")
                    }
                    _ => doc.replace(".", ", not looked for; all after when it is absent."),
                };
                let member = Member::new(&name, wrap(uses, &ty, true, false), Some(&doc));
                parameters.push(member.shaped(true, false));
            }
        }
        let finds = || format!("Finds every `{}` that it describes.", query.aggregate);
        let doc = query.doc.clone().unwrap_or_else(finds);
        format!(
            "{}#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]\npub struct {} {}\n",
            layout::doc(0, &doc),
            names::type_ident(query.name.as_str()),
            members::body(&parameters),
        )
    }

    fn query_impl(&self, uses: &mut Uses, query: &Query) -> String {
        let trait_name = uses.take("platform_runtime::query", "Query");
        let state = names::type_ident(query.aggregate.as_str());
        let state = uses.take("crate::generated", &state);
        let mut columns = Vec::new();
        let mut by = Vec::new();
        for parameter in &query.by {
            let name = parameter.member.as_str();
            columns.push(types::new_column(name, self.member(uses, query, name).1));
            by.push(literal(name));
        }
        let range_type = uses.take("platform_runtime::query", "Range");
        let mut range = text("None");
        if let Some(member) = &query.range {
            let (from, to) = (format!("{member}_from"), format!("{member}_to"));
            for end in [&from, &to] {
                let column = types::new_column(end, self.member(uses, query, member.as_str()).1);
                columns.push(types::chain(column, vec![layout::call("optional", vec![])]));
            }
            let fields = vec![
                field("member", literal(member.as_str())),
                field("from", literal(&from)),
                field("to", literal(&to)),
            ];
            range = layout::call("Some", vec![Expr::Struct(range_type.clone(), fields)]);
        }
        let order = query.order_by.iter().map(|(member, descending)| {
            Expr::Tuple(vec![literal(member.as_str()), text(descending.to_string())])
        });
        uses.take("platform_contract::schema", "Column");
        let columns = slice(columns);
        column_uses(uses, &columns);
        let lines = [
            format!("    type Aggregate = {state};"),
            constant("NAME: &'static str", &literal(query.name.as_str())),
            constant("PARAMETERS: &'static [Column]", &columns),
            constant("BY: &'static [&'static str]", &slice(by)),
            constant(&format!("RANGE: Option<{range_type}>"), &range),
            constant(
                "ORDER: &'static [(&'static str, bool)]",
                &slice(order.collect()),
            ),
            constant("UNIQUE: bool", &text(query.unique.to_string())),
        ];
        let ident = names::type_ident(query.name.as_str());
        format!(
            "{} {{\n{}\n}}\n",
            implementation(&trait_name, &ident),
            lines.join("\n")
        )
    }
}

/// The ends of a query's range where nothing tells them: it finds all there are.
pub(super) fn open_range(query: &Query) -> Vec<(String, Expr)> {
    let ends = query.range.iter().flat_map(|member| {
        ["from", "to"].map(|end| (names::field_ident(&format!("{member}_{end}")), text("None")))
    });
    ends.collect()
}

/// A constant of an implementation.
pub(super) fn constant(head: &str, value: &Expr) -> String {
    layout::assign(4, &format!("const {head} ="), value, ";")
}
