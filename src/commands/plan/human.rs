//! A plan as people read it.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use super::Plan;

/// The text of a plan: short, and in colours.
pub(super) fn text(plan: &Plan) -> String {
    let mut page = Page::default();
    for event in &plan.events {
        page.line(
            word(event.change),
            &format!("event {}.{}", event.context, event.event),
        );
        if event.change == "changed" {
            page.differences(&event.added, &event.removed);
        }
    }
    for schema in &plan.schema {
        page.line(
            "Schema",
            &format!("of {}: `0001_initial` is written anew", schema.context),
        );
        page.differences(&schema.added, &schema.removed);
    }
    for change in &plan.api {
        let breaks = if change.breaks {
            " (breaks callers)"
        } else {
            ""
        };
        let what = format!(
            "{} {}: {}{breaks}",
            change.context, change.path, change.change
        );
        page.line("API", &what);
    }
    for action in ["create", "update", "move", "delete"] {
        let mut files = plan.files.iter().filter(|file| file.action == action);
        let count = files.clone().count();
        let first = files.next();
        if let Some(first) = first {
            let more = match count {
                1 => String::new(),
                _ => format!(" and {} more", count - 1),
            };
            page.line(word(action), &format!("{}{more}", first.path));
        }
    }
    for duty in &plan.duties {
        page.line(
            "Yours",
            &format!("{}: `{}`: {}", duty.file, duty.item, duty.why),
        );
    }
    for refused in &plan.refused {
        page.warn("Refused", &refused.why);
        page.differences(std::slice::from_ref(&refused.help), &[]);
    }
    if page.text.is_empty() {
        page.line("Fresh", "the workspace is what its description says");
    }
    page.text
}

fn word(change: &str) -> &'static str {
    match change {
        "added" => "Adding",
        "removed" => "Removing",
        "changed" => "Changing",
        "create" => "Creating",
        "update" => "Updating",
        "move" => "Moving",
        _ => "Removing",
    }
}

/// A page of lines.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, word: &str, about: &str) {
        self.styled(AnsiColor::Green.on_default().bold(), word, about);
    }

    fn warn(&mut self, word: &str, about: &str) {
        self.styled(AnsiColor::Yellow.on_default().bold(), word, about);
    }

    fn styled(&mut self, style: Style, word: &str, about: &str) {
        // Writing to a text cannot fail.
        let _ = writeln!(self.text, "{style}{word:>12}{style:#} {about}");
    }

    fn differences(&mut self, added: &[String], removed: &[String]) {
        for (sign, lines) in [("-", removed), ("+", added)] {
            for line in lines {
                let _ = writeln!(self.text, "{:>12} {sign} {line}", "");
            }
        }
    }
}
