//! The user's effects as they are written first: they say what they would do.

use serde::Serialize;

use super::Source;
use crate::model::{Content, Effect, Field, Presence, Scalar, Type, TypeName};
use crate::plan::prose::words;
use crate::plan::rust::expr::text;
use crate::plan::rust::{Expr, Imports, names};
use crate::plan::services::event_values::EventValue;
use crate::plan::services::generated::effects::EffectView;
use crate::plan::services::{Service, copies};

/// `services/__context__/src/effects/__effect__.rs`.
#[derive(Debug, Serialize)]
pub(super) struct EffectFile {
    effect: EffectView,
    /// Its name as people say it.
    words: String,
    /// The command that follows when it is done; `None` for none.
    done: Option<Expr>,
    /// The command that follows when it is given up; `None` for none.
    failed: Option<Expr>,
    imports: Imports,
}

/// The user's effect.
pub(super) fn file(service: &Service<'_>, effect: &Effect) -> EffectFile {
    let source = Source::new(service);
    EffectFile {
        effect: service.effect(Some(&source.imports), effect),
        words: words(&effect.name),
        done: source.follow_up(effect, effect.succeeded.as_ref(), None),
        failed: source.follow_up(effect, effect.failed.as_ref(), Some("why")),
        imports: source.imports,
    }
}

impl Source<'_, '_> {
    /// A command that says of the outcome what the effect knows.
    fn follow_up(
        &self,
        effect: &Effect,
        command: Option<&TypeName>,
        why: Option<&str>,
    ) -> Option<Expr> {
        let command = self.service.context.commands.get(command?)?;
        let aggregate = self.service.aggregate_of(command);
        let ident = self.types().own(&command.name);
        let inputs = command.inputs(aggregate).map(|input| {
            let field = input.content.field();
            let known = field.and_then(|field| self.known(effect, field, why));
            let is_required = matches!(input.presence, Presence::Required | Presence::Defaulted);
            let known = known.filter(|known| !(is_required && known.optional));
            let value = match known {
                Some(known) => self.given(input.presence, &known),
                None => self
                    .left_out(&input)
                    // What happens outside has no time of its own.
                    .filter(|value| !value.mentions("context"))
                    .unwrap_or_else(|| match input.content {
                        Content::Field(field) => self.field_example(&Field {
                            optional: false,
                            ..field.clone()
                        }),
                        Content::Entities(_) => text("Vec::new()"),
                    }),
            };
            (names::field_ident(input.name), value)
        });
        Some(Expr::structure(&ident, inputs))
    }

    /// What an outcome is known to say: the reason in a text that could say it, or the event's own.
    fn known(&self, effect: &Effect, field: &Field, why: Option<&str>) -> Option<EventValue> {
        if let Some(why) = why {
            let is_text = field.ty == Type::Scalar(Scalar::String) && !field.list;
            let is_reason = is_text && field.name.as_str() == "reason";
            return is_reason.then(|| EventValue::always(format!("{why}.to_owned()")));
        }
        let given = self.service.event_field(&effect.trigger, &field.name)?;
        let is_same = given.ty == field.ty && given.list == field.list;
        let clone = if copies(Content::Field(given)) {
            ""
        } else {
            ".clone()"
        };
        is_same.then(|| EventValue {
            expression: format!("{}{clone}", names::event_member(&field.name)),
            optional: given.optional,
        })
    }
}
