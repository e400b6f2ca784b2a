//! What people read of a system: its README, its maps and catalogues.

mod asyncapi;
mod commands;
mod curl;
mod events;
mod map;
mod markdown;
mod readme;
mod relations;
mod story;

use serde_json::json;

use crate::model::System;

use super::files::{Class, File};

pub(super) fn files(system: &System) -> Vec<File> {
    let managed = |template: &str, view| File::new(Class::Managed, template, &[], view);
    vec![
        File::new(Class::Seeded, "README.md", &[], readme::view(system)),
        managed(
            "docs/README.md",
            json!({ "system": system.name, "contexts": map::contexts(system) }),
        ),
        managed(
            "docs/context-map.md",
            json!({
                "system": system.name,
                "diagram": map::diagram(system),
                "contexts": map::contexts(system),
                "arrows": map::arrows(system),
            }),
        ),
        managed(
            "docs/events.md",
            json!({ "system": system.name, "contexts": events::catalogue(system) }),
        ),
        managed(
            "docs/commands.md",
            json!({ "system": system.name, "contexts": commands::catalogue(system) }),
        ),
        File {
            path: "docs/asyncapi.json".to_owned(),
            class: Class::Managed,
            template: "_partials/text.tera".to_owned(),
            view: json!({ "text": asyncapi::document(system) }),
        },
    ]
}
