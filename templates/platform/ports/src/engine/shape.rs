//! Before the first release, while everything may change: what tells whether a database was made for what
//! the program keeps and tells now.
//!
//! The first migration follows the description then. So what it makes is known part by part, each by a hash,
//! which are recorded beside the migrations. Where the parts that there are say the same, the database fits:
//! indexes of searches are made and removed as the program has them, and parts that are new are added. Where
//! one says something else, the database is of an earlier life, and is begun anew.

use std::collections::BTreeMap;

use super::history::{Applied, hash_of};
use super::{Migration, OpenError};

/// A part of what a service keeps and tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShapePart {
    /// What it is: `rows`, `event LoanApproved`, `index loan_by_status_idx`.
    pub of: &'static str,
    /// What tells it from others under its name.
    pub hash: &'static str,
}

/// What the names of parts begin with where migrations are recorded.
const RECORDED: &str = "shape/";

/// What a part is that is made and removed without asking: an index no two rows of which must differ.
const INDEX: &str = "index ";

/// Whether a name that is recorded among the migrations is that of a part.
pub(super) fn is_part(recorded: &str) -> bool {
    recorded.starts_with(RECORDED)
}

/// What has to be done to a database that fits before it is migrated.
#[derive(Debug, Default, PartialEq)]
pub struct Amendment {
    /// The indexes to be removed, if they are there, as the engine names them.
    pub removed: Vec<String>,
    /// The migration, which was applied with other indexes, whose indexes are to be there.
    pub again: Option<&'static Migration>,
    /// What is recorded in the place of what was, by name.
    pub recorded: BTreeMap<String, String>,
    /// The names that are recorded no longer.
    pub forgotten: Vec<String>,
}

impl Amendment {
    /// Whether there is nothing to be done.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The statements that make the indexes in SQL, where each stands on a line, unless they are there.
    pub fn statements(&self) -> impl Iterator<Item = String> {
        const MAKES: &str = "CREATE INDEX ";
        let lines = self.again.into_iter().flat_map(|one| one.text.lines());
        lines.filter_map(|line| {
            let index = line.strip_prefix(MAKES)?;
            Some(format!("{MAKES}IF NOT EXISTS {index}"))
        })
    }
}

/// What a program keeps and tells, and the migrations that make it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub parts: &'static [ShapePart],
    pub runtime: &'static [Migration],
    pub migrations: &'static [Migration],
}

impl Shape {
    /// What has to be done to a database with this history.
    ///
    /// # Errors
    /// When it was made for something else.
    pub fn amendment(self, applied: &Applied) -> Result<Amendment, OpenError> {
        let mut amendment = Amendment::default();
        for (name, hash) in applied.iter().filter(|(name, _)| !is_part(name)) {
            let mut known = self.runtime.iter().chain(self.migrations);
            let known = known.find(|migration| migration.name == name);
            let older = || OpenError::Older(format!("`{name}`"));
            let migration = known.ok_or_else(older)?;
            if hash_of(migration) != *hash {
                let again = self.first(name).filter(|_| self.has_parts(applied));
                amendment.again = Some(again.ok_or_else(older)?);
            }
        }
        for part in self.parts {
            let name = format!("{RECORDED}{}", part.of);
            let recorded = applied.get(&name);
            if recorded.is_some_and(|recorded| recorded == part.hash) {
                continue;
            }
            match (recorded, part.of.strip_prefix(INDEX)) {
                (Some(_), None) => return Err(OpenError::Older(part.said())),
                (Some(_), Some(index)) => amendment.removed.push(index.to_owned()),
                (None, _) => {}
            }
            amendment.recorded.insert(name, part.hash.to_owned());
        }
        for name in applied.keys().filter(|name| self.is_unknown(name)) {
            let part = name.strip_prefix(RECORDED).unwrap_or_default();
            let index = part.strip_prefix(INDEX);
            amendment.removed.extend(index.map(str::to_owned));
            amendment.forgotten.push(name.clone());
        }
        if let Some(again) = amendment.again {
            let hash = hash_of(again);
            amendment.recorded.insert(again.name.to_owned(), hash);
        }
        Ok(amendment)
    }

    /// The first migration, when it has this name: others are the user's own.
    fn first(self, name: &str) -> Option<&'static Migration> {
        let first = self.migrations.first();
        first.filter(|first| first.name == name)
    }

    /// Whether it is on record what was kept and told.
    fn has_parts(self, applied: &Applied) -> bool {
        let mut parts = self.parts.iter();
        parts.any(|part| applied.contains_key(&format!("{RECORDED}{}", part.of)))
    }

    /// Whether a name is that of a part which the program has no longer.
    fn is_unknown(self, recorded: &str) -> bool {
        let part = recorded.strip_prefix(RECORDED);
        part.is_some_and(|part| self.parts.iter().all(|known| known.of != part))
    }
}

impl ShapePart {
    /// What it is called where people are told of it.
    fn said(&self) -> String {
        match self.of.split_once(' ') {
            Some((kind, name)) => format!("the {kind} `{name}`"),
            None => format!("what its {} hold", self.of),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Amendment, Shape, ShapePart};
    use crate::engine::history::{Applied, hash_of};
    use crate::engine::{Migration, OpenError};

    const RUNTIME: &[Migration] = &[Migration {
        name: "runtime/0001",
        text: "",
    }];
    const MIGRATIONS: &[Migration] = &[
        Migration {
            name: "0001_initial",
            text: "CREATE TABLE \"loan\" (\"id\" TEXT);\nCREATE INDEX \"a\" ON \"loan\" (\"id\");",
        },
        Migration {
            name: "0002_own",
            text: "own",
        },
    ];
    const PARTS: &[ShapePart] = &[
        ShapePart {
            of: "rows",
            hash: "1",
        },
        ShapePart {
            of: "event Paid",
            hash: "2",
        },
        ShapePart {
            of: "index a",
            hash: "3",
        },
    ];
    const SHAPE: Shape = Shape {
        parts: PARTS,
        runtime: RUNTIME,
        migrations: MIGRATIONS,
    };

    /// The history of a database that the program has made.
    fn made() -> Applied {
        let migrations = RUNTIME.iter().chain(MIGRATIONS);
        let migrations = migrations.map(|one| (one.name.to_owned(), hash_of(one)));
        let parts = PARTS.iter();
        let parts = parts.map(|part| (format!("shape/{}", part.of), part.hash.to_owned()));
        migrations.chain(parts).collect()
    }

    fn with(changes: &[(&str, Option<&str>)]) -> Result<Amendment, OpenError> {
        let mut applied = made();
        for (name, hash) in changes {
            match hash {
                Some(hash) => applied.insert((*name).to_owned(), (*hash).to_owned()),
                None => applied.remove(*name),
            };
        }
        SHAPE.amendment(&applied)
    }

    fn older(changes: &[(&str, Option<&str>)]) -> String {
        let refused = with(changes).expect_err("it was made for something else");
        assert!(matches!(refused, OpenError::Older(_)), "{refused}");
        refused.to_string()
    }

    #[test]
    fn what_is_the_same_stays() {
        assert!(with(&[]).expect("it fits").is_empty());
    }

    #[test]
    fn what_is_otherwise_is_of_an_earlier_life() {
        for (name, said) in [
            ("shape/rows", "what its rows hold"),
            ("shape/event Paid", "the event `Paid`"),
            ("0002_own", "`0002_own`"),
            ("0003_gone", "`0003_gone`"),
            ("runtime/0001", "`runtime/0001`"),
        ] {
            let refused = older(&[(name, Some("other"))]);
            assert!(refused.contains(said), "{refused}");
            assert!(refused.contains("migrate --reset"), "{refused}");
        }
        older(&[
            ("0001_initial", Some("other")),
            ("shape/rows", None),
            ("shape/event Paid", None),
            ("shape/index a", None),
        ]);
    }

    #[test]
    fn indexes_come_and_go() {
        let amendment = with(&[
            ("0001_initial", Some("other")),
            ("shape/index a", Some("other")),
            ("shape/index b", Some("4")),
        ]);
        let amendment = amendment.expect("it fits");
        assert_eq!(amendment.removed, ["a", "b"]);
        assert_eq!(amendment.forgotten, ["shape/index b"]);
        let statements: Vec<String> = amendment.statements().collect();
        let made = "CREATE INDEX IF NOT EXISTS \"a\" ON \"loan\" (\"id\");";
        assert_eq!(statements, [made]);
        let recorded: Vec<_> = amendment.recorded.keys().map(String::as_str).collect();
        assert_eq!(recorded, ["0001_initial", "shape/index a"]);
    }

    #[test]
    fn events_come_and_go() {
        let amendment = with(&[("shape/event Paid", None), ("shape/event Sent", Some("5"))]);
        let amendment = amendment.expect("it fits");
        assert_eq!(amendment.forgotten, ["shape/event Sent"]);
        assert!(amendment.recorded.contains_key("shape/event Paid"));
        assert_eq!(amendment.again, None);
    }

    #[test]
    fn what_was_made_before_parts_were_recorded_fits_as_it_is() {
        let all = PARTS.iter().map(|part| format!("shape/{}", part.of));
        let all: Vec<String> = all.collect();
        let changes: Vec<_> = all.iter().map(|name| (name.as_str(), None)).collect();
        let amendment = with(&changes).expect("it fits");
        assert_eq!(amendment.recorded.len(), PARTS.len());
    }
}
