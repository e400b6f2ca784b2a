//! Files of a description become one: whatever has a name is declared in one of them.

use toml::de::{DeTable, DeValue};

use super::parse::{Node, Parser, TableReader};
use super::raw::{RawDocument, RawGateway};
use super::{Description, Keyed, Map, declare::Table};
use crate::diagnostics::{Diagnostic, Span};

impl Description {
    /// Takes in the file that `table` is the tree of.
    pub(super) fn take(&mut self, table: DeTable<'_>, parser: &mut Parser) {
        let root = DeValue::Table(table);
        let node = Node::root(&root, parser.file);
        let Some(mut reader) = parser.table(node, &RawDocument::names()) else {
            return;
        };
        self.take_system(&mut reader, parser);
        merge(&mut self.enums, reader.map("enums", parser), "enum", parser);
        merge(
            &mut self.values,
            reader.map("values", parser),
            "value object",
            parser,
        );
        merge(
            &mut self.contexts,
            reader.map("contexts", parser),
            "context",
            parser,
        );
        merge(&mut self.rules, reader.map("rules", parser), "rule", parser);
        let gateway: Option<RawGateway> = reader.member("gateway", parser).flatten();
        let found = gateway.unwrap_or_default().compositions;
        merge(&mut self.gateway.compositions, found, "composition", parser);
        let waivers = reader.member::<Vec<_>>("waivers", parser);
        self.waivers.extend(waivers.into_iter().flatten());
    }

    /// The system belongs to the root: a file that a team owns has no say in it.
    fn take_system(&mut self, reader: &mut TableReader<'_>, parser: &mut Parser) {
        let system = reader.key("system", parser);
        if parser.file == 0 {
            self.system = reader.member("system", parser).flatten();
            if system.is_none() && !reader.misspelt {
                let message = "the description has no `[system]`";
                let start = Span::default();
                let diagnostic = Diagnostic::error("missing-key", message).at(start, "");
                let help = "add `[system]` with a `name` to the root file";
                parser.diagnostics.push(diagnostic.help(help));
            }
        } else if let Some(place) = system {
            let message = "`[system]` stands in an included file";
            let diagnostic = Diagnostic::error("misplaced-key", message).at(place, "");
            let help = "keep it in the root file alone";
            parser.diagnostics.push(diagnostic.help(help));
        }
    }
}

/// Moves `found` into `into`; what was declared before stays, and is reported with both places.
fn merge<T>(into: &mut Map<T>, found: Map<T>, kind: &str, parser: &mut Parser) {
    for (name, Keyed { key, value }) in found.entries {
        if is_new(into, &name, key, kind, parser) {
            into.entries.insert(name, Keyed { key, value });
        }
    }
    for (name, key) in found.broken {
        if is_new(into, &name, key, kind, parser) {
            into.broken.insert(name, key);
        }
    }
}

fn is_new<T>(into: &Map<T>, name: &str, key: Span, kind: &str, parser: &mut Parser) -> bool {
    let first = into.get(name).map(|first| first.key);
    let first = first.or_else(|| into.broken.get(name).copied());
    if let Some(first) = first {
        let message = format!("the {kind} `{name}` is defined twice");
        let diagnostic = Diagnostic::error("duplicate-definition", message)
            .at(key, "again here")
            .at(first, "first defined here");
        let help = "define it in one file, or give one of them another name";
        parser.diagnostics.push(diagnostic.help(help));
    }
    first.is_none()
}
