//! Queries: what a context answers.

use serde::Serialize;

use crate::model::{Query, derived};
use crate::plan::prose::{listed, listed_names};
use crate::plan::rust::expr::{Expr, text};
use crate::plan::rust::{Module, Place, names};
use crate::plan::services::Service;
use crate::plan::view::{
    Column, Doc, Literal, Member, Name, TypeRef, constant, kind, runtime_kind,
};

/// `services/__context__/src/generated/queries.rs`.
#[derive(Debug, Serialize)]
pub(super) struct QueriesFile {
    queries: Vec<QueryView>,
}

/// A query.
#[derive(Debug, Serialize)]
struct QueryView {
    /// What the description says of it.
    doc: Doc,
    /// Its type: `LoansOfUser`.
    #[serde(rename = "type")]
    ty: Name,
    /// Its name.
    name: Literal,
    /// The type of what it finds: `crate::generated::Loan`.
    aggregate: TypeRef,
    /// What it is asked by, as members of its type.
    members: Vec<Member>,
    /// The same, as the runtime checks it.
    columns: Vec<Column>,
    /// The members that are equal to what it is asked by.
    by: Vec<Literal>,
    /// The member it is asked a range of, if any.
    range: Option<RangeView>,
    /// The members it is ordered by, and whether the greatest comes first.
    order: Vec<(Literal, bool)>,
    /// Whether it finds one at most.
    unique: bool,
}

/// The member that a query is asked a range of.
#[derive(Debug, Serialize)]
struct RangeView {
    /// Its name.
    member: Literal,
    /// The parameter that is the range's beginning.
    from: Literal,
    /// The parameter that is its end.
    to: Literal,
}

impl Service<'_> {
    /// The queries of the service; `None` without any.
    pub(super) fn queries(&self) -> Option<QueriesFile> {
        let queries = self.context.queries.values();
        let queries: Vec<_> = queries.map(|query| self.query(query)).collect();
        (!queries.is_empty()).then_some(QueriesFile { queries })
    }

    fn query(&self, query: &Query) -> QueryView {
        let order = query.order_by.iter();
        let order = order.map(|(member, descending)| (Literal::text(member), *descending));
        let range = query.range.as_ref().map(|member| {
            let [from, to] = range_ends(member).map(|end| Literal::text(&end));
            RangeView {
                member: Literal::text(member),
                from,
                to,
            }
        });
        let (members, columns) = self.parameters(query).into_iter().unzip();
        QueryView {
            doc: Doc::of(&query.doc.clone().unwrap_or_else(|| finds(query))),
            ty: Name::of_type(&query.name),
            name: Literal::text(&query.name),
            aggregate: TypeRef::generated(&query.aggregate),
            members,
            columns,
            by: Literal::texts(query.by.iter().map(|by| &*by.member)),
            range,
            order: order.collect(),
            unique: query.unique,
        }
    }

    /// What a query is asked by, and the ends of its range, which may be left out.
    fn parameters(&self, query: &Query) -> Vec<(Member, Column)> {
        let mut parameters = Vec::new();
        for parameter in &query.by {
            let name = &*parameter.member;
            let (ty, kind) = self.queried(query, name);
            let pii = self.is_pii(query, name);
            let member = Member::new(name, ty, None).pii(pii);
            let column = Column::new(name, kind, false);
            parameters.push((member, Column { pii, ..column }));
        }
        if let Some(member) = &query.range {
            let docs = [
                format!("The first `{member}` looked for; all before when it is absent."),
                format!(
                    "The first one after `{member}`, not looked for; all after when it is absent."
                ),
            ];
            for (end, doc) in range_ends(member).iter().zip(docs) {
                let (ty, kind) = self.queried(query, member);
                let ty = self.types().wrap(ty, true, false);
                let pii = self.is_pii(query, member);
                let member = Member::new(end, ty, Some(&doc)).pii(pii);
                let column = Column::new(end, kind, true);
                parameters.push((member.shaped(true, false), Column { pii, ..column }));
            }
        }
        parameters
    }

    /// Whether a member of the queried aggregate is personal data.
    fn is_pii(&self, query: &Query, member: &str) -> bool {
        let field = self.context.aggregates[&query.aggregate].fields.get(member);
        field.is_some_and(|field| field.pii)
    }

    /// The type of a member of the queried aggregate, and its column's kind.
    fn queried(&self, query: &Query, member: &str) -> (String, Expr) {
        let types = self.types();
        let aggregate = &self.context.aggregates[&query.aggregate];
        match member {
            "id" => (types.id(&query.aggregate), runtime_kind("Uuid")),
            "created_at" | "updated_at" => {
                let ty = types.take(Module::Value, "Timestamp");
                (ty, runtime_kind("Timestamp"))
            }
            "version" => ("u64".to_owned(), runtime_kind("Int")),
            name if aggregate.is_status(name) => {
                let status = derived::status(&query.aggregate);
                (types.own(&status), constant("contract", &status))
            }
            name => {
                let ty = &aggregate.fields[name].ty;
                (types.base(ty), kind(ty, Place::Service))
            }
        }
    }
}

/// The parameters that are the ends of a member's range.
fn range_ends(member: &str) -> [String; 2] {
    ["from", "to"].map(|end| format!("{member}_{end}"))
}

/// What a query finds: "Finds every `Order` with this `status` and a `created_at` of the range."
fn finds(query: &Query) -> String {
    let article = if query.unique { "the" } else { "every" };
    let by = query.by.iter().map(|by| &by.member);
    let by = (!query.by.is_empty()).then(|| format!("this {}", listed_names(by, "and")));
    let range = query.range.iter();
    let range = range.map(|member| format!("a `{member}` of the range"));
    let with: Vec<String> = by.into_iter().chain(range).collect();
    let with = listed(&with, "and");
    format!("Finds {article} `{}` with {with}.", query.aggregate)
}

/// The ends of a query's range where nothing gives them: it finds all there are.
pub(super) fn open_ends(query: &Query) -> impl Iterator<Item = (String, Expr)> {
    let ends = query.range.iter().flat_map(|member| range_ends(member));
    ends.map(|end| (names::field_ident(&end), text("None")))
}
