//! Policies and effects alike: what sets them off, and what they do to which aggregate.

use std::collections::BTreeSet;

use crate::model::{Fill, HandlerKind, NeedKind, Source, Target, Trigger, TypeName};

use super::kind;
use crate::plan::services::Service;

/// A policy or an effect.
pub(super) struct Reaction<'a> {
    /// The handler's id.
    pub handler: String,
    /// Whether it is an effect.
    pub effect: bool,
    /// What sets it off.
    pub trigger: &'a Trigger,
    /// The list whose elements set it off.
    pub each: Option<&'a str>,
    /// The command it ends in when all goes well.
    pub first: Option<&'a TypeName>,
    /// Which aggregates that command is on.
    pub target: On<'a>,
    /// Where each input of the command comes from, as far as that is known.
    pub inputs: Vec<(&'a str, &'a Fill)>,
    /// Whether it does anything, as it was seeded.
    pub acts: bool,
}

/// The aggregates that a command is on.
pub(super) enum On<'a> {
    /// None: it creates one, or there is no command.
    New,
    /// The one whose id this gives.
    Id(&'a Fill),
    /// Every one whose members have these values.
    Members(Vec<(&'a str, &'a Fill)>),
}

impl Reaction<'_> {
    /// Whether its command is on the same aggregate whenever the same one sets it off.
    pub fn is_on_source(&self) -> bool {
        let of_event = |fill: &Fill| {
            matches!(
                fill.source,
                Source::EventField(_) | Source::Element | Source::ElementField(_)
            )
        };
        match &self.target {
            On::New => false,
            On::Id(fill) => !of_event(fill),
            On::Members(with) => !with.iter().any(|(_, fill)| of_event(fill)),
        }
    }
}

impl<'a> Service<'a> {
    /// The policies and effects of the service.
    pub(super) fn reactions(&self) -> Vec<Reaction<'a>> {
        let context = self.context;
        let policies = context.policies.values().map(|policy| Reaction {
            handler: self.handler_id(HandlerKind::Policy, &policy.name),
            effect: false,
            trigger: &policy.trigger,
            each: policy.each.as_ref().map(|each| each.as_str()),
            first: Some(&policy.then),
            target: match &policy.target {
                Target::New => On::New,
                Target::Id(fill) => On::Id(fill),
                Target::Query { with, .. } => On::Members(
                    with.iter()
                        .map(|(name, fill)| (name.as_str(), fill))
                        .collect(),
                ),
            },
            inputs: policy
                .inputs
                .iter()
                .filter_map(|(name, fill)| Some((name.as_str(), fill.as_ref()?)))
                .collect(),
            acts: self.open_inputs(policy).is_empty(),
        });
        let effects = context.effects.values().map(|effect| Reaction {
            handler: self.handler_id(HandlerKind::Effect, &effect.name),
            effect: true,
            trigger: &effect.trigger,
            each: None,
            first: effect.succeeded.as_ref(),
            target: effect.target.as_ref().map_or(On::New, On::Id),
            inputs: Vec::new(),
            acts: true,
        });
        policies.chain(effects).collect()
    }

    /// The aggregate that a reaction's command is on.
    pub(super) fn acted_on(&self, reaction: &Reaction<'_>) -> Option<&'a TypeName> {
        let command = self.context.commands.get(reaction.first?)?;
        Some(&command.aggregate)
    }

    /// Whether a reaction's command may be followed by others on the same aggregate.
    pub(super) fn has_followers(&self, reaction: &Reaction<'_>, all: &[Reaction<'_>]) -> bool {
        let on = self.acted_on(reaction);
        all.iter().any(|other| {
            other.trigger.context == self.context.name
                && self
                    .context
                    .events
                    .get(&other.trigger.event)
                    .is_some_and(|event| Some(&event.aggregate) == on)
        })
    }

    /// The kinds of aggregates whose state nobody can foretell: two handlers that hear the same
    /// event act on the same one, or a decision looks at others that change meanwhile.
    pub(super) fn racing(&self, reactions: &[Reaction<'_>]) -> BTreeSet<String> {
        let mut racing = BTreeSet::new();
        for (place, one) in reactions.iter().enumerate() {
            let (Some(on), own) = (self.acted_on(one), &self.context.name) else {
                continue;
            };
            let rival = |other: &Reaction<'_>| {
                let together = other.trigger == one.trigger
                    || (other.trigger.context == *own && one.trigger.context == *own);
                together && self.acted_on(other) == Some(on) && !matches!(one.target, On::New)
            };
            if reactions[..place].iter().any(rival) {
                racing.insert(kind(on.as_str()));
            }
        }
        let looks =
            |need: &NeedKind| matches!(need, NeedKind::Aggregate { .. } | NeedKind::Query { .. });
        // Callers of these tests send one request after the other.
        let commands = self.context.commands.values();
        for command in commands.filter(|_| !reactions.is_empty()) {
            if command.needs.values().any(|need| looks(&need.kind)) {
                racing.insert(kind(command.aggregate.as_str()));
            }
        }
        racing
    }
}
