//! What people read of a system: its README, its maps and catalogues.

mod asyncapi;
mod changes;
mod commands;
mod curl;
mod events;
mod map;
mod markdown;
mod readme;
mod relations;
mod vocabulary;
mod walkthrough;

use serde::Serialize;

use crate::model::System;

use super::file::{Class, File};

/// `docs/README.md`.
#[derive(Debug, Serialize)]
struct Overview<'a> {
    system: &'a str,
    contexts: Vec<map::ContextView>,
}

/// `docs/context-map.md`.
#[derive(Debug, Serialize)]
struct ContextMap<'a> {
    system: &'a str,
    diagram: map::Diagram,
    contexts: Vec<map::ContextView>,
    arrows: Vec<map::RelationView>,
}

/// `docs/events.md` and `docs/commands.md`: what each context has of it.
#[derive(Debug, Serialize)]
struct Catalogue<'a, T> {
    system: &'a str,
    contexts: Vec<T>,
}

pub(super) fn files(system: &System) -> Vec<File> {
    let name = system.name.as_str();
    let overview = Overview {
        system: name,
        contexts: map::contexts(system),
    };
    let context_map = ContextMap {
        system: name,
        diagram: map::diagram(system),
        contexts: map::contexts(system),
        arrows: map::arrows(system),
    };
    let events = Catalogue {
        system: name,
        contexts: events::catalogue(system),
    };
    let commands = Catalogue {
        system: name,
        contexts: commands::catalogue(system),
    };
    let messages = asyncapi::document(system);
    let managed = Class::Managed;
    vec![
        File::new(Class::Seeded, "README.md", &[], readme::view(system)),
        File::new(managed, "docs/README.md", &[], overview),
        File::new(managed, "docs/context-map.md", &[], context_map),
        File::new(managed, "docs/events.md", &[], events),
        File::new(managed, "docs/commands.md", &[], commands),
        File::text(managed, "docs/asyncapi.json", messages),
    ]
}
