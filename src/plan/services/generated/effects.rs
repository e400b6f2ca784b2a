//! Effects: what is done in the outside world because of an event.

use serde::Serialize;

use crate::model::{Effect, HandlerKind, derived};
use crate::plan::rust::{Imports, Types};
use crate::plan::services::Service;
use crate::plan::services::event_values::EventValue;
use crate::plan::view::{Doc, Literal, Name, TypeRef};

/// `services/__context__/src/generated/effects.rs`.
#[derive(Debug, Serialize)]
pub(super) struct EffectsFile {
    effects: Vec<EffectView>,
    /// Whether a command follows when some effect is given up.
    follows: bool,
}

/// An effect.
#[derive(Debug, Serialize)]
pub(crate) struct EffectView {
    /// What the description says of it.
    doc: Doc,
    /// Its name.
    name: String,
    /// The user's type.
    #[serde(rename = "type")]
    ty: Name,
    /// The module of that, in `effects`.
    module: Name,
    /// The trait that the user's type has.
    interface: Name,
    /// What an attempt is called in it.
    method: Name,
    /// What the runtime knows the effect by.
    handler: Literal,
    /// The event that sets it off.
    event: TypeRef,
    /// The command that follows when it is done; `None` for none.
    succeeded: Option<TypeRef>,
    /// The command that follows when it is given up; `None` for none.
    failed: Option<TypeRef>,
    /// The aggregate that these are for; `None` for a new one.
    target: Option<EventValue>,
    /// How often it is tried.
    attempts: u32,
    timeout_ms: Literal,
    first_pause_ms: Literal,
    max_pause_ms: Literal,
    give_up_after_ms: Literal,
}

impl Service<'_> {
    /// The effects of the service; `None` without any.
    pub(super) fn effects(&self) -> Option<EffectsFile> {
        let effects = self.context.effects.values();
        (effects.len() > 0).then(|| EffectsFile {
            follows: effects.clone().any(|effect| effect.failed.is_some()),
            effects: effects.map(|effect| self.effect(None, effect)).collect(),
        })
    }

    /// An effect, in a file that imports what it names, where it does.
    pub(crate) fn effect(&self, imports: Option<&Imports>, effect: &Effect) -> EffectView {
        let (name, trigger) = (&effect.name, &effect.trigger);
        let doc = effect.doc.clone().unwrap_or_else(|| {
            let event = &trigger.event;
            format!("Done in the outside world because of `{event}`.")
        });
        let emitter = Types {
            imports,
            ..self.emitter(trigger)
        };
        let types = self.types_in(imports);
        let [succeeded, failed] = [&effect.succeeded, &effect.failed]
            .map(|command| Some(types.own(command.as_ref()?).into()));
        let target = effect.target.as_ref();
        EffectView {
            doc: Doc::of(&doc),
            name: name.to_string(),
            ty: Name::of_type(name),
            module: Name::of_module(name),
            interface: Name::of_type(&derived::effect(name)),
            method: Name::of_function(name).other_than(&["attempt", "gave_up"]),
            handler: Literal::text(&self.handler_id(HandlerKind::Effect, name)),
            event: emitter.own(&trigger.event).into(),
            succeeded,
            failed,
            target: target.map(|fill| self.value_from(trigger, None, fill)),
            attempts: effect.attempts,
            timeout_ms: Literal::number(effect.timeout_ms),
            first_pause_ms: Literal::number(effect.backoff.first_ms),
            max_pause_ms: Literal::number(effect.backoff.max_ms),
            give_up_after_ms: Literal::number(effect.give_up_after_ms),
        }
    }
}
