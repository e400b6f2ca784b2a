//! Queries: what a context answers.

use serde::Serialize;

use crate::model::{Field, Query, derived};
use crate::plan::members;
use crate::plan::types::{Place, wrap};
use crate::plan::uses::Uses;
use crate::plan::view::{self, Column, Doc, FieldValue, Literal, Member, Name, TypeRef};

use super::Service;

/// `services/__context__/src/generated/queries.rs`.
#[derive(Debug, Serialize)]
pub struct QueriesFile {
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
    /// The members it is ordered by.
    order: Vec<OrderView>,
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

/// A member that a query is ordered by.
#[derive(Debug, Serialize)]
struct OrderView {
    /// Its name.
    member: Literal,
    /// Whether the greatest comes first.
    descending: bool,
}

impl Service<'_> {
    /// The queries of the service; `None` without any.
    pub fn queries(&self) -> Option<QueriesFile> {
        let queries = self.context.queries.values();
        let queries: Vec<QueryView> = queries.map(|query| self.query(query)).collect();
        (!queries.is_empty()).then_some(QueriesFile { queries })
    }

    fn query(&self, query: &Query) -> QueryView {
        let finds = || format!("Finds every `{}` that it describes.", query.aggregate);
        let name = query.name.as_str();
        let mut view = QueryView {
            doc: Doc::of(&query.doc.clone().unwrap_or_else(finds)),
            ty: Name::of_type(name),
            name: Literal::text(name),
            aggregate: TypeRef::generated(query.aggregate.as_str()),
            members: Vec::new(),
            columns: Vec::new(),
            by: Literal::texts(query.by.iter().map(|by| by.member.as_str())),
            range: None,
            order: Vec::new(),
            unique: query.unique,
        };
        for parameter in &query.by {
            let name = parameter.member.as_str();
            let doc = format!("The `{name}` looked for.");
            let (ty, kind) = self.queried(query, name);
            let member = members::Member::new(name, ty, Some(&doc));
            view.members.push(member.into());
            view.columns.push(Column::new(name, kind, false));
        }
        if let Some(range) = &query.range {
            view.range = Some(self.range(query, range.as_str(), &mut view));
        }
        let order = query.order_by.iter().map(|(member, descending)| OrderView {
            member: Literal::text(member.as_str()),
            descending: *descending,
        });
        view.order = order.collect();
        view
    }

    /// The range of a member, whose ends become parameters that may be left out.
    fn range(&self, query: &Query, member: &str, view: &mut QueryView) -> RangeView {
        let (ty, kind) = self.queried(query, member);
        let [from, to] = range_ends(member);
        let docs = [
            format!("The first `{member}` looked for; all before when it is absent."),
            format!("The first one after `{member}`, not looked for; all after when it is absent."),
        ];
        for (end, doc) in [&from, &to].into_iter().zip(docs) {
            let ty = wrap(&mut Uses::paths(), &ty, true, false);
            let parameter = members::Member::new(end, ty, Some(&doc));
            view.members.push(parameter.shaped(true, false).into());
            view.columns.push(Column::new(end, kind.clone(), true));
        }
        RangeView {
            member: Literal::text(member),
            from: Literal::text(&from),
            to: Literal::text(&to),
        }
    }

    /// The type of a member of the queried aggregate, and its column's kind.
    fn queried(&self, query: &Query, member: &str) -> (String, view::Expr) {
        let (uses, aggregate) = (&mut Uses::paths(), query.aggregate.as_str());
        let kind = |name: &str| format!("platform_contract::schema::Kind::{name}").into();
        match member {
            "id" => (self.types().id(uses, aggregate), kind("Uuid")),
            "created_at" | "updated_at" => {
                let ty = uses.take("platform_contract::value", "Timestamp");
                (ty, kind("Timestamp"))
            }
            "version" => ("u64".to_owned(), kind("Int")),
            "status" => {
                let status = derived::status(aggregate);
                let ty = self.types().own(uses, &status);
                (ty, view::constant("contract", &status))
            }
            name => match self.queried_field(query, name) {
                Some(field) => {
                    let ty = self.types().base(uses, &field.ty);
                    (ty, view::kind(&field.ty, Place::Service))
                }
                None => ("()".to_owned(), kind("Json")),
            },
        }
    }

    fn queried_field(&self, query: &Query, name: &str) -> Option<&Field> {
        let aggregate = self.context.aggregates.get(&query.aggregate)?;
        aggregate.fields.get(name)
    }
}

/// The parameters that are the ends of a member's range.
fn range_ends(member: &str) -> [String; 2] {
    ["from", "to"].map(|end| format!("{member}_{end}"))
}

/// The ends of a query's range where nothing tells them: it finds all there are.
pub(super) fn open_ends(query: &Query) -> impl Iterator<Item = FieldValue> {
    let member = query.range.iter();
    let ends = member.flat_map(|member| range_ends(member.as_str()));
    ends.map(|end| FieldValue {
        name: Name::of_field(&end),
        value: "None".to_owned().into(),
    })
}
