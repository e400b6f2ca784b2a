//! The user's effects as they are written first: they say what they would do.

use serde::Serialize;

use super::effects::EffectView;
use super::inputs::{said, unsaid};
use super::taken::Taken;
use super::{Service, copies};
use crate::model::{Effect, Field, InputSource, Scalar, Type, TypeName};
use crate::plan::expr::{self, text};
use crate::plan::names;
use crate::plan::spoken::spoken;
use crate::plan::uses::Uses;
use crate::plan::view::{Expr, Imports};

/// `services/__context__/src/effects/__effect__.rs`.
#[derive(Debug, Serialize)]
pub struct SeededEffect {
    effect: EffectView,
    /// Its name as people say it.
    spoken: String,
    /// The command that follows when it is done; `None` for none.
    done: Option<Expr>,
    /// The command that follows when it is given up; `None` for none.
    failed: Option<Expr>,
    imports: Imports,
}

impl Service<'_> {
    /// The user's effect.
    pub fn effect(&self, effect: &Effect) -> SeededEffect {
        let mut uses = Uses::default();
        let view = self.effect_view(&mut uses, effect);
        let (succeeded, failed) = (effect.succeeded.as_ref(), effect.failed.as_ref());
        SeededEffect {
            effect: view,
            spoken: spoken(effect.name.as_str()),
            done: self.follow_up(&mut uses, effect, succeeded, None),
            failed: self.follow_up(&mut uses, effect, failed, Some("why")),
            imports: Imports::from(&uses),
        }
    }

    /// A command that says of the outcome what the effect knows.
    fn follow_up(
        &self,
        uses: &mut Uses,
        effect: &Effect,
        command: Option<&TypeName>,
        why: Option<&str>,
    ) -> Option<Expr> {
        let command = self.context.commands.get(command?)?;
        let aggregate = self.aggregate_of(command)?;
        let ident = self.types().own(uses, command.name.as_str());
        let fields = command.input.values().map(|input| {
            let name = names::field_ident(input.name.as_str());
            let field = match &input.source {
                InputSource::Own(field) => Some(field.as_ref()),
                _ => aggregate.fields.get(&input.name),
            };
            let presence = command.presence(aggregate, input);
            let told = field.and_then(|field| self.told(effect, field, why));
            let told = told.filter(|told| input.optional || !told.optional);
            let value = match (told, field) {
                (Some(told), _) => said(uses, presence, told),
                (None, field) => unsaid(uses, presence).unwrap_or_else(|| match field {
                    Some(field) => {
                        let required = Field {
                            optional: false,
                            ..field.clone()
                        };
                        self.example(uses, &required)
                    }
                    None => text("Vec::new()"),
                }),
            };
            (name, value)
        });
        Some(expr::Expr::Struct(ident, fields.collect()).into())
    }

    /// A value for an outcome: the reason for a text that could say it, or the event's own.
    fn told(&self, effect: &Effect, field: &Field, why: Option<&str>) -> Option<Taken> {
        if let Some(why) = why {
            let is_text = field.ty == Type::Scalar(Scalar::String) && !field.list;
            let says = is_text && field.name.as_str() == "reason";
            return says.then(|| Taken {
                expression: format!("{why}.to_owned()"),
                optional: false,
            });
        }
        let given = self.event_field(&effect.trigger, field.name.as_str())?;
        let same = given.ty == field.ty && given.list == field.list;
        let clone = if copies(given) { "" } else { ".clone()" };
        same.then(|| Taken {
            expression: format!("{}{clone}", names::event_member(field.name.as_str())),
            optional: given.optional,
        })
    }
}
