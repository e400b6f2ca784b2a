//! The system, and what is said once for all of it.

use super::{Keyed, Map, RawAbout, RawContext, RawEnum, RawGateway, RawValueType, Spanned, Text};
use crate::description::declare::{choice, table};
use crate::description::parse::{Node, Parse, Parser};
use crate::description::shape::Shape;

table! {
    /// A file of a description. `[system]` stands in `microdb.toml` alone, everything else in any file
    /// it includes as well; what has a name is declared in one file.
    pub struct RawDocument {
        /// The system. In `microdb.toml`, and only there.
        system: Option<Keyed<RawSystem>>,
        /// Enums of the shared kernel, by name. Keep it small.
        enums: Map<RawEnum>,
        /// Value objects of the shared kernel, by name.
        values: Map<RawValueType>,
        /// The bounded contexts, by name.
        contexts: Map<RawContext>,
        /// The gateway.
        gateway: Option<RawGateway>,
        /// The levels of rules, by the rule's name.
        rules: Map<RawRule>,
        /// Places where a rule does not hold for a while.
        waivers: Vec<Spanned<RawWaiver>>,
    }
}

table! {
    /// The system.
    pub struct RawSystem with about: RawAbout {
        /// Its name, in kebab-case.
        name: Text,
        /// The broker between its services.
        broker: Option<Spanned<RawBroker>> = "`\"embedded\"`",
        /// More files of the description: patterns relative to this file, as `"contracts/*/context.toml"`.
        include: Vec<Text>,
        /// Who issues the tokens of callers. Left out, everybody may call, and services say so at start.
        auth: Option<Spanned<RawAuth>>,
    }
}

table! {
    /// OpenID Connect.
    pub struct RawAuth {
        /// The issuer's URL.
        issuer: Text,
        /// The audience a token must be for.
        audience: Text,
    }
}

choice! {
    /// The broker of a system.
    pub enum RawBroker {
        /// A SQLite file, shared by the processes of one machine.
        Embedded = "embedded",
        /// Apache Kafka.
        Kafka = "kafka",
    }
}

choice! {
    /// The database of a context.
    pub enum RawDatabase {
        /// SQLite, a file for each context.
        Sqlite = "sqlite",
        /// PostgreSQL.
        Postgres = "postgres",
        /// MongoDB.
        Mongodb = "mongodb",
        /// Redis as a primary store.
        Redis = "redis",
    }
}

choice! {
    /// How much a rule's findings weigh.
    pub enum RawLevel {
        /// The check fails.
        Error = "error",
        /// It is reported.
        Warn = "warn",
        /// It is reported when asked for.
        Info = "info",
        /// It is not looked for.
        Off = "off",
    }
}

/// What is said of a rule: its level, or its long form.
#[derive(Debug, Clone, PartialEq)]
pub struct RawRule {
    /// Its level.
    pub level: Option<Spanned<RawLevel>>,
    /// The greatest measure that is no finding.
    pub max: Option<Spanned<u32>>,
}

table! {
    /// The long form of a rule.
    pub struct RawRuleTable {
        /// Its level.
        level: Option<Spanned<RawLevel>> = "the rule's own",
        /// The greatest measure that is no finding, for rules that measure.
        max: Option<Spanned<u32>> = "the rule's own",
    }
}

impl Parse for RawRule {
    fn parse(node: Node<'_>, parser: &mut Parser) -> Option<Self> {
        if node.value.is_table() {
            let RawRuleTable { level, max } = RawRuleTable::parse(node, parser)?;
            return Some(Self { level, max });
        }
        if !node.value.is_str() {
            parser.wrong_type(node, &Self::shape());
            return None;
        }
        Some(Self {
            level: Option::parse(node, parser)?,
            max: None,
        })
    }

    fn shape() -> Shape {
        Shape::Either(vec![RawLevel::shape(), RawRuleTable::shape()])
    }
}

table! {
    /// A place where a rule does not hold for a while.
    pub struct RawWaiver {
        /// The rule.
        rule: Text,
        /// The place: a path in the workspace, or a name of the description.
        at: Text,
        /// Why.
        reason: Text,
        /// The day after which it is a finding itself, as `"2027-03-01"`.
        until: Text,
    }
}
