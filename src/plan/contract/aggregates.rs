//! What callers are shown of aggregates.

use serde::Serialize;

use crate::model::{Aggregate, Context};

use super::{Contract, Items, derive_uses, topic};
use crate::plan::layout::{self, text};
use crate::plan::members::{self, Member};
use crate::plan::names;
use crate::plan::spoken::aggregate_doc;
use crate::plan::uses::Uses;

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

impl Contract<'_> {
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
}
