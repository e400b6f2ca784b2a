//! What every check has at hand: the description, the part of the model that is made, the report.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt::Display;

use indexmap::{IndexMap, IndexSet};

use super::Options;
use super::words::{absent, articles, one_of};
use crate::description::raw::{RawContext, RawPath, Text};
use crate::description::{Description, Map};
use crate::diagnostics::{Diagnostic, Span, did_you_mean};
use crate::model::{Context, ContextName, EnumType, Event, System, Trigger, TypeName, TypePath};

/// The state of a validation.
pub(super) struct Checker<'a> {
    /// What was written.
    pub raw: &'a Description,
    /// How it is to be taken.
    pub options: &'a Options,
    /// What is valid of it so far; stages are added one after the other.
    pub system: System,
    findings: RefCell<Vec<Diagnostic>>,
    later: RefCell<Vec<Diagnostic>>,
    inline: RefCell<Vec<(Option<ContextName>, EnumType)>>,
    said: RefCell<HashSet<String>>,
}

/// A context whose name is valid, as written.
#[derive(Debug, Clone)]
pub(super) struct Home<'a> {
    /// Its name.
    pub name: ContextName,
    /// Where the name stands.
    pub key: Span,
    /// What is under it.
    pub raw: &'a RawContext,
}

impl Home<'_> {
    /// Whether it is owned elsewhere.
    pub fn external(&self) -> bool {
        self.raw
            .external
            .as_ref()
            .is_some_and(|external| external.value)
    }
}

impl<'a> Checker<'a> {
    /// A validation that begins.
    pub fn new(raw: &'a Description, options: &'a Options, system: System) -> Self {
        Self {
            raw,
            options,
            system,
            findings: RefCell::default(),
            later: RefCell::default(),
            inline: RefCell::default(),
            said: RefCell::default(),
        }
    }

    /// Takes up a finding.
    pub fn report(&self, mut finding: Diagnostic) {
        let Diagnostic {
            message,
            notes,
            helps,
            ..
        } = &mut finding;
        for text in [message].into_iter().chain(notes).chain(helps) {
            *text = articles(text);
        }
        self.findings.borrow_mut().push(finding);
    }

    /// Notes that what stands at `span` is valid, but nothing is generated for it yet.
    pub fn later(&self, span: Span, what: impl Display) {
        let message = format!("{what} not generated yet");
        let finding = Diagnostic::error("not-generated-yet", message).at(span, "");
        let note = "this part of the description is checked, but no code is made for it";
        self.later.borrow_mut().push(finding.note(note));
    }

    /// Whether this is the first time that this is asked.
    pub fn once(&self, what: String) -> bool {
        self.said.borrow_mut().insert(what)
    }

    /// All that was found, and what is for later.
    pub fn finish(self) -> (System, Vec<Diagnostic>, Vec<Diagnostic>) {
        (
            self.system,
            self.findings.into_inner(),
            self.later.into_inner(),
        )
    }

    /// Takes up an enum that was written where it is used.
    pub fn declare_inline(&self, context: Option<&ContextName>, made: EnumType) {
        self.inline.borrow_mut().push((context.cloned(), made));
    }

    /// The values of an inline enum that is not settled yet.
    pub fn inline_values(&self, path: &TypePath) -> Option<Vec<String>> {
        let inline = self.inline.borrow();
        let same =
            |(context, made): &&(_, EnumType)| *context == path.context && made.name == path.name;
        let found = inline.iter().find(same);
        found.map(|(_, made)| made.values.clone())
    }

    /// Puts the inline enums of the stage just done into the model.
    pub fn settle_inline(&mut self) {
        for (context, made) in self.inline.take() {
            let enums = match context {
                None => Some(&mut self.system.enums),
                Some(name) => self
                    .system
                    .contexts
                    .get_mut(&name)
                    .map(|context| &mut context.enums),
            };
            if let Some(enums) = enums {
                enums.entry(made.name.clone()).or_insert(made);
            }
        }
    }

    /// The model of a context, as far as it is made.
    pub fn context(&self, home: &Home<'_>) -> &Context {
        &self.system.contexts[&home.name]
    }

    /// The context `name` as written.
    pub fn raw_context(&self, name: &str) -> Option<&'a RawContext> {
        self.raw.contexts.get(name).map(|keyed| &keyed.value)
    }

    /// The thing called `name`. That there is none is reported, unless it was written and failed.
    pub fn find<'m, T, R>(
        &self,
        what: &str,
        name: &Text,
        valid: &'m IndexMap<TypeName, T>,
        written: &Map<R>,
    ) -> Option<&'m T> {
        let found = valid.get(name.value.as_str());
        if found.is_none() && !written.declares(&name.value) {
            self.unknown(what, name, written.keys().map(String::as_str));
        }
        found
    }

    /// Reports that there is no `what` of this name.
    pub fn unknown<'n>(&self, what: &str, name: &Text, known: impl Iterator<Item = &'n str>) {
        if let Some(finding) = self.unknown_name(what, name, known) {
            self.report(finding);
        }
    }

    /// What is to be said of an unknown name; nothing when names may be missing that were written.
    pub fn unknown_name<'n>(
        &self,
        what: &str,
        name: &Text,
        known: impl Iterator<Item = &'n str>,
    ) -> Option<Diagnostic> {
        if !self.raw.readable {
            return None;
        }
        let known: IndexSet<_> = known.collect();
        let known: Vec<_> = known.into_iter().collect();
        let message = absent(what, &name.value);
        let finding = Diagnostic::error("unknown-name", message).at(name.span, "");
        Some(match did_you_mean(&name.value, known.iter().copied()) {
            Some(meant) => finding.help(format!("did you mean `{meant}`?")),
            None if known.is_empty() => finding.note(format!("no {what} is declared here")),
            None => finding.help(format!("it may be {}", one_of(&known))),
        })
    }

    /// The context a path leads to, `home` when it names none.
    pub fn context_at(
        &self,
        path: &RawPath,
        home: &Home<'_>,
    ) -> Option<(&Context, &'a RawContext)> {
        let Some(name) = &path.context else {
            return Some((self.context(home), self.raw_context(home.name.as_str())?));
        };
        let found = self.system.contexts.get(name.value.as_str());
        if found.is_none() && !self.raw.contexts.declares(&name.value) {
            self.unknown(
                "context",
                name,
                self.raw.contexts.keys().map(String::as_str),
            );
        }
        Some((found?, self.raw_context(&name.value)?))
    }

    /// The thing a path leads to, in the maps of its context that `maps` picks.
    pub fn find_at<'s, T, R: 'a>(
        &'s self,
        what: &str,
        path: &RawPath,
        home: &Home<'_>,
        maps: impl Fn(&'s Context, &'a RawContext) -> (&'s IndexMap<TypeName, T>, &'a Map<R>),
    ) -> Option<(&'s Context, &'s T)> {
        let (context, raw) = self.context_at(path, home)?;
        let (valid, written) = maps(context, raw);
        if let Some(found) = valid.get(path.name.value.as_str()) {
            return Some((context, found));
        }
        if written.declares(&path.name.value) {
            return None;
        }
        let finding = self.unknown_name(
            &format!("{what} of `{}`", context.name),
            &path.name,
            written.keys().map(String::as_str),
        )?;
        let elsewhere = self.raw.contexts.iter().find(|(name, raw)| {
            let (_, written) = maps(context, &raw.value);
            name.as_str() != context.name.as_str() && written.declares(&path.name.value)
        });
        self.report(match elsewhere {
            Some((other, _)) => finding.help(format!(
                "write `{other}.{}` for the one of `{other}`",
                path.name.value
            )),
            None => finding,
        });
        None
    }

    /// The event a path leads to.
    pub fn event_at(&self, path: &RawPath, home: &Home<'_>) -> Option<(Trigger, &Context, &Event)> {
        let (context, event) = self.find_at("event", path, home, |context, raw| {
            (&context.events, &raw.events)
        })?;
        let trigger = Trigger {
            context: context.name.clone(),
            event: event.name.clone(),
        };
        Some((trigger, context, event))
    }
}
