//! The statements of one command as PostgreSQL logs them, as a script for pgbench.

use crate::measure::load;
use crate::system::System;

/// The id of the row: another in every transaction, rising with each client as those of the service
/// do.
const ID: &str = "(lpad(to_hex(:client_id::bigint), 8, '0') || lpad(to_hex(:n::bigint), 24, '0'))";

/// The id of the event, likewise.
const EVENT: &str =
    "('e' || lpad(to_hex(:client_id::bigint), 7, '0') || lpad(to_hex(:n::bigint), 24, '0'))";

/// Sends a command, and makes a script of what the service asked the server for.
pub fn script(system: &System) -> String {
    let mut database = system.administer("relational");
    database.run("ALTER DATABASE post_relational SET log_statement = 'all'");
    let service = system.start_alone("relational");
    load::run(service.port, 1, 2);
    let before = system.log_of_postgres().len();
    load::run(service.port, 1, 1);
    let log = system.log_of_postgres();
    database.run("ALTER DATABASE post_relational RESET log_statement");
    let logged = logged(&log[before..]);
    let own: Vec<_> = logged
        .iter()
        .filter(|(statement, _)| statement.contains("\"greeting\""))
        .collect();
    let (_, values) = own.last().expect("nothing was logged");
    let id = values[0].trim_matches('\'');
    let event = event_of(values, id);
    let mut script = "\\set n :n + 1\n".to_owned();
    for (statement, values) in own {
        let mut statement = statement.replace('\n', " ");
        // The later ones first, as `$1` is the beginning of `$10`.
        for (number, value) in values.iter().enumerate().rev() {
            let value = value
                .replace(&format!("'{id}'"), ID)
                .replace(&format!("'{{{id}}}'"), &format!("ARRAY[{ID}]"))
                .replace(&format!("'{{{event}}}'"), &format!("ARRAY[{EVENT}]"));
            // Variables of pgbench begin with a colon, in texts too, and none of these is meant.
            let value = match value.starts_with('\'') {
                true => format!("E{}", value.replace('\\', r"\\").replace(':', r"\x3a")),
                false => value,
            };
            statement = statement.replace(&format!("${}", number + 1), &value);
        }
        script += &format!("{statement};\n");
    }
    script
}

/// The only other id among the values.
fn event_of(values: &[String], id: &str) -> String {
    let is_id = |text: &&str| text.len() == id.len() && text.matches('-').count() == 4;
    let texts = values
        .iter()
        .map(|value| value.trim_matches(['\'', '{', '}']));
    let event = texts.filter(is_id).find(|text| *text != id);
    event.expect("no event was written").to_owned()
}

/// Statements with their values, as SQL literals.
fn logged(log: &str) -> Vec<(String, Vec<String>)> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    // Lines that go on with the one before begin with a tab.
    let log = log.replace("\n\t", "\u{1}");
    for line in log.lines() {
        let line = line.replace('\u{1}', "\n");
        if let Some((_, rest)) = line.split_once("LOG:  execute ") {
            let (_, statement) = rest.split_once(": ").unwrap();
            found.push((statement.to_owned(), Vec::new()));
        } else if let Some((_, values)) = line.split_once("DETAIL:  parameters: ")
            && let Some((_, all)) = found.last_mut()
        {
            *all = literals(values);
        }
    }
    found
}

/// The literals of `$1 = 'a', $2 = NULL, …`.
fn literals(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(" = ") {
        let end = match after.starts_with('\'') {
            true => end_of_text(after),
            false => after.find(", $").unwrap_or(after.len()),
        };
        all.push(after[..end].to_owned());
        rest = &after[end..];
    }
    all
}

/// Where a text in quotes ends; a quote in it is doubled.
fn end_of_text(text: &str) -> usize {
    let mut at = 1;
    loop {
        at += text[at..].find('\'').expect("a text has an end") + 1;
        if !text[at..].starts_with('\'') {
            return at;
        }
        at += 1;
    }
}
