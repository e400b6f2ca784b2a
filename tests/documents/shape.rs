//! What tells whether a database was made for another description, before the first release.

use std::collections::BTreeMap;

use crate::rendered;

const SYSTEM: &str = r#"
[system]
name = "bank"
[contexts.a]
database = "DATABASE"
[contexts.a.values.Money]
fields.amount = "decimal(12,2)"
[contexts.a.aggregates.Loan]
fields.amount = "Money"
fields.note   = "text?"
states        = ["open", "paid"]
[contexts.a.commands.TakeLoan]
creates = "Loan"
emits   = "LoanTaken"
[contexts.a.commands.PayLoan]
updates    = "Loan"
transition = { from = "open", to = "paid" }
emits      = "LoanPaid"
[contexts.a.events.LoanTaken]
of     = "Loan"
fields = ["amount"]
[contexts.a.events.LoanPaid]
of      = "Loan"
own.how = "string"
"#;

/// The parts of a service's shape with their hashes, as its code has them.
fn shape(description: &str) -> BTreeMap<String, String> {
    let files = rendered(description);
    let file = "services/a/src/generated/service.rs";
    let file = files.iter().find(|it| it.path == file).unwrap();
    let code = String::from_utf8(file.content.clone()).unwrap();
    let parts = code.split("ShapePart { of: \"").skip(1);
    parts
        .map(|part| {
            let (of, rest) = part.split_once("\", hash: \"").unwrap();
            let (hash, _) = rest.split_once('"').unwrap();
            (of.to_owned(), hash.to_owned())
        })
        .collect()
}

/// The parts that are not the same in both, or in one only.
fn changed(before: &str, after: &str) -> Vec<String> {
    let (before, after) = (shape(before), shape(after));
    let names = before.keys().chain(after.keys());
    let mut names: Vec<&String> = names.collect();
    names.sort();
    names.dedup();
    let changed = names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name));
    changed.cloned().collect()
}

fn on(database: &str) -> String {
    SYSTEM.replace("DATABASE", database)
}

const DATABASES: [&str; 4] = ["sqlite", "postgres", "mongodb", "redis"];

#[test]
fn what_nobody_keeps_or_tells_changes_nothing() {
    for database in DATABASES {
        let text = on(database);
        for (old, new) in [
            (
                "\"text?\"",
                "{ type = \"text\", optional = true, doc = \"Whatever\", max_length = 9 }",
            ),
            (
                "[contexts.a.aggregates.Loan]\n",
                "[contexts.a.aggregates.Loan]\ndoc = \"A loan\"\n",
            ),
            ("[contexts.a]\n", "[contexts.a]\npurpose = \"To lend\"\n"),
        ] {
            let other = text.replacen(old, new, 1);
            assert_ne!(text, other);
            assert_eq!(changed(&text, &other), Vec::<String>::new(), "{other}");
        }
    }
}

#[test]
fn queries_come_as_indexes_and_policies_as_what_they_send() {
    let query = "[contexts.a.queries.ByNote]\nof = \"Loan\"\nby = [\"note\"]\n";
    let indexes = [
        "index loan_by_note_idx",
        "index loan_by_note_idx",
        "index loan.loan_by_by_note",
    ];
    for (number, database) in DATABASES.into_iter().enumerate() {
        let text = on(database);
        let found = changed(&text, &format!("{text}{query}"));
        let expected: Vec<_> = indexes.get(number).into_iter().copied().collect();
        assert_eq!(found, expected, "{database}");
    }
    let policy = "[contexts.a.policies.PayAtOnce]\non = \"LoanTaken\"\nthen = \"PayLoan\"\n";
    let text = on("sqlite");
    let found = changed(&text, &format!("{text}{policy}"));
    assert_eq!(found, ["command PayLoan"]);
}

#[test]
fn what_is_kept_and_told_is_known_part_by_part() {
    for (old, new, expected) in [
        (
            "[contexts.a.events.LoanPaid]",
            "[contexts.a.events.Other]\nof = \"Loan\"\n[contexts.a.events.LoanPaid]",
            "event Other",
        ),
        (
            "own.how = \"string\"",
            "own.how = \"int\"",
            "event LoanPaid",
        ),
        (
            "own.how = \"string\"",
            "own.how = \"string\"\nown.more = \"string?\"",
            "event LoanPaid",
        ),
        ("\"text?\"", "\"string?\"", "rows"),
        (
            "\"text?\"",
            "{ type = \"text\", optional = true, unique = true }",
            "rows",
        ),
        (
            "[\"open\", \"paid\"]",
            "[\"open\", \"paid\", \"lost\"]",
            "rows",
        ),
        (
            "decimal(12,2)",
            "decimal(12,4)",
            "event LoanTaken, rows, snapshot Loan",
        ),
        (
            "fields = [\"amount\"]",
            "fields = [\"amount\", \"note\"]",
            "event LoanTaken, snapshot Loan",
        ),
    ] {
        let text = on("sqlite");
        let other = text.replacen(old, new, 1);
        assert_ne!(text, other);
        assert_eq!(changed(&text, &other).join(", "), expected, "{new}");
    }
}

#[test]
fn every_index_that_comes_by_itself_is_a_line_of_the_migration() {
    let text = include_str!("../cases/migrations/sqlite/microdb.toml");
    let files = rendered(text);
    let migration = files
        .iter()
        .find(|it| it.path == "services/a/migrations/0001_initial.sql");
    let migration = String::from_utf8(migration.unwrap().content.clone()).unwrap();
    let shape = shape(text);
    let indexes: Vec<_> = shape
        .keys()
        .filter_map(|part| part.strip_prefix("index "))
        .collect();
    assert!(indexes.len() > 1, "{shape:?}");
    for index in indexes {
        let made = format!("CREATE INDEX \"{index}\" ON ");
        let lines = migration
            .lines()
            .filter(|line| line.starts_with(&made) && line.ends_with(';'));
        assert_eq!(lines.count(), 1, "{index} in {migration}");
    }
}
