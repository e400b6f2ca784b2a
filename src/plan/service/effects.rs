//! Effects: what is done in the outside world because of an event.

use crate::model::{Effect, derived};
use crate::plan::layout::{self, Expr, text};
use crate::plan::names;
use crate::plan::uses::Uses;

use super::queries::constant;
use super::replicas::{handler, milliseconds};
use super::state::implementation;
use super::storage::{field, literal};
use super::{Code, Service, module};

impl Service<'_> {
    /// The effects of the service.
    pub fn effects(&self) -> Code {
        let mut uses = Uses::default();
        let mut items = Vec::new();
        for effect in self.context.effects.values() {
            items.push(self.effect_trait(&mut uses, effect));
            items.push(self.effect_impl(&mut uses, effect));
        }
        Code::new(&uses, &items)
    }

    /// The command an outcome comes back as; `()` for none.
    pub(super) fn outcome(
        &self,
        uses: &mut Uses,
        command: Option<&crate::model::TypeName>,
    ) -> String {
        match command {
            Some(command) => self.types().own(uses, command.as_str()),
            None => "()".to_owned(),
        }
    }

    /// The heads of the user's two functions.
    pub(super) fn effect_heads(
        &self,
        uses: &mut Uses,
        effect: &Effect,
        seeded: bool,
    ) -> [String; 2] {
        let recorded = self.recorded(uses, &effect.trigger);
        let attempt = uses.take("platform_runtime::prelude", "Attempt");
        let tried = uses.take("platform_runtime::handler", "Tried");
        let done = self.outcome(uses, effect.succeeded.as_ref());
        let failed = self.outcome(uses, effect.failed.as_ref());
        let name = method(effect);
        let outcome = format!("{tried}<{done}, {failed}>");
        let parameters = [
            "&self".to_owned(),
            format!("event: &{recorded}"),
            format!("attempt: &{attempt}"),
        ];
        let (head, result, end) = match seeded {
            true => (format!("async fn {name}"), outcome, " {"),
            false => (
                format!("fn {name}"),
                format!("impl Future<Output = {outcome}> + Send"),
                ";",
            ),
        };
        let event = if seeded { "_" } else { "event" };
        let gave_up = [
            "&self".to_owned(),
            format!("{event}: &{recorded}"),
            "why: &str".to_owned(),
        ];
        let result_gave_up = if failed == "()" { "" } else { failed.as_str() };
        [
            layout::function(4, &head, &parameters, &result, end),
            layout::function(4, "fn gave_up", &gave_up, result_gave_up, end),
        ]
    }

    fn effect_trait(&self, uses: &mut Uses, effect: &Effect) -> String {
        let [attempt, gave_up] = self.effect_heads(uses, effect, false);
        let does = || {
            format!(
                "Done in the outside world because of `{}`.",
                effect.trigger.event
            )
        };
        let doc = effect.doc.clone().unwrap_or_else(does);
        format!(
            "{}pub trait {}: Send + Sync {{\n    /// One attempt. It may run more than once: hand `attempt.idempotency_key` to whoever is asked.\n{attempt}\n\n    /// What to say when attempts have run out, and why they did.\n{gave_up}\n}}\n",
            layout::doc(0, &doc),
            derived::effect(effect.name.as_str()),
        )
    }

    fn effect_impl(&self, uses: &mut Uses, effect: &Effect) -> String {
        let trait_name = uses.take("platform_runtime::handler", "Effect");
        uses.take("platform_runtime::handler", "Attempts");
        let attempt = uses.take("platform_runtime::prelude", "Attempt");
        let outcome = uses.take("platform_runtime::prelude", "Outcome");
        let follow = uses.take("platform_contract", "Follow");
        let ident = names::type_ident(effect.name.as_str());
        let ident = uses.take(&module("effects", effect.name.as_str()), &ident);
        let recorded = self.recorded(uses, &effect.trigger);
        let on = self
            .emitter(&effect.trigger)
            .own(uses, effect.trigger.event.as_str());
        let number = |value: u64| text(milliseconds(value));
        let attempts = Expr::Struct(
            "Attempts".to_owned(),
            vec![
                field("limit", text(effect.attempts.to_string())),
                field("timeout_ms", number(effect.timeout_ms)),
                field("first_pause_ms", number(effect.backoff.first_ms)),
                field("max_pause_ms", number(effect.backoff.max_ms)),
                field("give_up_after_ms", number(effect.give_up_after_ms)),
            ],
        );
        let target = match &effect.target {
            None => "None".to_owned(),
            Some(fill) => {
                let taken = self.taken_from(&effect.trigger, None, fill);
                match taken.optional {
                    true => format!("{}.map(Into::into)", taken.expression),
                    false => format!("Some({}.into())", taken.expression),
                }
            }
        };
        let lines = [
            constant(
                "HANDLER: &'static str",
                &literal(&handler("effect", effect.name.as_str())),
            ),
            layout::assign(4, "type On =", &text(on), ";"),
            constant("ATTEMPTS: Attempts", &attempts),
        ];
        let trait_of = derived::effect(effect.name.as_str());
        let method = method(effect);
        let follows = match effect.failed {
            None => format!("{trait_of}::gave_up(self, event, why);\n        None"),
            Some(_) => {
                uses.take("platform_contract", "Follows");
                format!(
                    "let follow = {trait_of}::gave_up(self, event, why);\n        follow.follow({target})"
                )
            }
        };
        let attempt_head = layout::function(
            4,
            "async fn attempt",
            &[
                "&self".into(),
                format!("event: &{recorded}"),
                format!("attempt: &{attempt}"),
            ],
            &outcome,
            " {",
        );
        let gave_up_head = layout::function(
            4,
            "fn gave_up",
            &[
                "&self".into(),
                format!("event: &{recorded}"),
                "why: &str".into(),
            ],
            &format!("Option<{follow}>"),
            " {",
        );
        format!(
            "{} {{\n{}\n\n{attempt_head}\n        let tried = self.{method}(event, attempt).await;\n        tried.outcome({target})\n    }}\n\n{gave_up_head}\n        {follows}\n    }}\n}}\n",
            implementation(&trait_name, &ident),
            lines.join("\n"),
        )
    }
}

/// The method of an effect's attempt; never one that every effect has.
fn method(effect: &Effect) -> String {
    let method = names::method_ident(effect.name.as_str());
    match method.as_str() {
        "attempt" | "gave_up" => format!("{method}_"),
        _ => method,
    }
}
