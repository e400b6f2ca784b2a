//! What can be added and removed, and where it stands in a description.

use std::fmt;

use toml_edit::{DocumentMut, InlineTable, Item, Key, Table, TableLike, TomlError, Value};

/// A kind of construct.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// A bounded context and its service.
    Service,
    /// An aggregate: `loan.Loan`.
    Aggregate,
    /// An entity of an aggregate: `loan.Loan.Payment`.
    Entity,
    /// A field of an aggregate, entity or value object: `loan.Loan.note`.
    Field,
    /// A command: `loan.ApproveLoan`.
    Command,
    /// An event: `loan.LoanApproved`.
    Event,
    /// A query: `loan.ByBorrower`.
    Query,
    /// A copy of what another context owns: `loan.Borrower`.
    Replica,
    /// Whenever an event, then a command: `loan.RejectWhenBlocked`.
    Policy,
    /// Something done in the outside world: `loan.SendMail`.
    Effect,
    /// An enum: `loan.Reason`, or `Currency` of the shared kernel.
    Enum,
    /// A value object: `loan.Terms`, or `Money` of the shared kernel.
    Value,
}

impl Kind {
    /// The table in which constructs of the kind stand.
    const fn table(self) -> &'static str {
        match self {
            Self::Service => "contexts",
            Self::Aggregate => "aggregates",
            Self::Entity => "entities",
            Self::Field => "fields",
            Self::Command => "commands",
            Self::Event => "events",
            Self::Query => "queries",
            Self::Replica => "replicas",
            Self::Policy => "policies",
            Self::Effect => "effects",
            Self::Enum => "enums",
            Self::Value => "values",
        }
    }

    /// The form of its names.
    const fn form(self) -> &'static str {
        match self {
            Self::Service => "NAME",
            Self::Entity => "CONTEXT.AGGREGATE.NAME",
            Self::Field => "CONTEXT.TYPE.NAME",
            Self::Enum | Self::Value => "CONTEXT.NAME, or NAME for the shared kernel",
            _ => "CONTEXT.NAME",
        }
    }

    /// Whether a construct of the kind says that it is called something else now.
    pub fn is_renamed(self) -> bool {
        self != Self::Service
    }
}

/// A construct, and where it stands.
#[derive(Debug, Clone)]
pub struct Construct {
    /// The names that lead to it.
    pub path: Vec<String>,
    /// What stands there.
    pub item: Item,
}

/// Why something is no construct.
#[derive(Debug)]
pub enum ConstructError {
    /// The name has another form.
    Name {
        /// The form.
        form: &'static str,
    },
    /// A key has no value.
    NoValue {
        /// What was given.
        given: String,
    },
    /// A key is no key.
    Key {
        /// What was given.
        given: String,
    },
    /// A fragment is not TOML.
    Toml(TomlError),
    /// A fragment has something that is not added this way.
    NotOurs {
        /// Its key.
        key: String,
    },
}

impl fmt::Display for ConstructError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { form } => write!(f, "its name has to be of the form {form}"),
            Self::NoValue { given } => write!(f, "`{given}` is not KEY=VALUE"),
            Self::Key { given } => write!(f, "`{given}` does not begin with a key"),
            Self::Toml(error) => write!(f, "the fragment is not TOML: {}", error.message()),
            Self::NotOurs { key } => write!(f, "the fragment has `{key}`, which cannot be added"),
        }
    }
}

impl Construct {
    /// The construct that is called so, with these keys (`of=Loan`, `fields=["amount"]`); of a field the type
    /// alone will do.
    ///
    /// # Errors
    /// When the name or a key has another form.
    pub fn new(
        kind: Kind,
        name: &str,
        system: &System<'_>,
        keys: &[String],
    ) -> Result<Self, ConstructError> {
        let path = system
            .path(kind, name)
            .ok_or(ConstructError::Name { form: kind.form() })?;
        if let ([ty], Kind::Field) = (keys, kind)
            && !ty.contains('=')
        {
            let item = Item::Value(Value::from(ty.as_str()));
            return Ok(Self { path, item });
        }
        let mut table = Table::new();
        for given in keys {
            set(&mut table, given)?;
        }
        let item = match kind {
            Kind::Field => Item::Value(Value::InlineTable(table.into_inline_table())),
            _ => Item::Table(table),
        };
        Ok(Self { path, item })
    }

    /// Its name: `loan.Paid`.
    pub fn name(&self) -> String {
        let words = self.path.iter().enumerate();
        let names = words.filter(|(index, _)| index % 2 == 1 || self.path.len() == 1);
        names
            .map(|(_, name)| name.as_str())
            .collect::<Vec<_>>()
            .join(".")
    }
}

/// What names mean depends on what there is: a field may be an aggregate's, an entity's or a value object's.
#[derive(Debug)]
pub struct System<'a> {
    /// The description's files.
    pub documents: &'a [DocumentMut],
}

impl System<'_> {
    /// Where a construct that is called so stands.
    pub fn path(&self, kind: Kind, name: &str) -> Option<Vec<String>> {
        let parts: Vec<&str> = name.split('.').collect();
        if parts.iter().any(|part| part.is_empty()) {
            return None;
        }
        let table = kind.table();
        let path = match (kind, parts.as_slice()) {
            (Kind::Service, [name]) | (Kind::Enum | Kind::Value, [name]) => vec![table, name],
            (Kind::Service, _) => return None,
            (Kind::Field, [context, of, name]) => {
                let mut path = self.owner(context, of);
                path.extend([table.to_owned(), (*name).to_owned()]);
                return Some(path);
            }
            (Kind::Field, _) => return None,
            (Kind::Entity, [context, of, name]) => {
                vec!["contexts", context, "aggregates", of, table, name]
            }
            (Kind::Entity, _) => return None,
            (_, [context, name]) => vec!["contexts", context, table, name],
            _ => return None,
        };
        Some(path.into_iter().map(str::to_owned).collect())
    }

    /// Where the type stands that a field is of.
    fn owner(&self, context: &str, of: &str) -> Vec<String> {
        let path = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>()
        };
        let value = path(&["contexts", context, "values", of]);
        let is_there = |path: &[String]| {
            self.documents
                .iter()
                .any(|it| super::at(it, path).is_some())
        };
        if is_there(&value) {
            return value;
        }
        let aggregates = path(&["contexts", context, "aggregates"]);
        let mut entities = self.documents.iter().filter_map(|document| {
            let aggregates = super::at(document, &aggregates)?.as_table_like()?;
            let mut names = aggregates.iter().map(|(name, _)| name);
            names.find_map(|name| {
                let entity = path(&["contexts", context, "aggregates", name, "entities", of]);
                super::at(document, &entity).map(|_| entity.clone())
            })
        });
        let entity = entities.next();
        entity.unwrap_or_else(|| path(&["contexts", context, "aggregates", of]))
    }
}

/// The constructs of a fragment, which is tables of a description.
///
/// # Errors
/// When it is not TOML, or has something else.
pub fn fragment(text: &str, system: &System<'_>) -> Result<Vec<Construct>, ConstructError> {
    let document: DocumentMut = text.parse().map_err(ConstructError::Toml)?;
    let mut constructs = Vec::new();
    for (key, item) in document.iter() {
        let members = item.as_table_like().ok_or_else(|| not_ours(key))?;
        for (name, item) in members.iter() {
            let path = vec![key.to_owned(), name.to_owned()];
            match key {
                "enums" | "values" => constructs.push(Construct {
                    path,
                    item: item.clone(),
                }),
                "contexts" if system.is_there(&path) => {
                    let context = item.as_table_like().ok_or_else(|| not_ours(name))?;
                    of_context(&path, context, &mut constructs)?;
                }
                "contexts" => constructs.push(Construct {
                    path,
                    item: item.clone(),
                }),
                _ => return Err(not_ours(key)),
            }
        }
    }
    Ok(constructs)
}

impl System<'_> {
    fn is_there(&self, path: &[String]) -> bool {
        self.documents
            .iter()
            .any(|document| super::at(document, path).is_some())
    }
}

fn of_context(
    path: &[String],
    context: &dyn TableLike,
    constructs: &mut Vec<Construct>,
) -> Result<(), ConstructError> {
    for (key, item) in context.iter() {
        let members = item.as_table_like().ok_or_else(|| not_ours(key))?;
        for (name, item) in members.iter() {
            let path = [path, &[key.to_owned(), name.to_owned()]].concat();
            constructs.push(Construct {
                path,
                item: item.clone(),
            });
        }
    }
    Ok(())
}

fn not_ours(key: &str) -> ConstructError {
    ConstructError::NotOurs {
        key: key.to_owned(),
    }
}

/// Sets `key=value`; a value that is no TOML is a text.
fn set(table: &mut Table, given: &str) -> Result<(), ConstructError> {
    let (key, value) = given
        .split_once('=')
        .ok_or_else(|| ConstructError::NoValue {
            given: given.to_owned(),
        })?;
    let keys = Key::parse(key.trim()).map_err(|_| ConstructError::Key {
        given: given.to_owned(),
    })?;
    let value = match value.trim().parse::<Value>() {
        Ok(mut value) => {
            value.decor_mut().clear();
            value
        }
        Err(_) => Value::from(value),
    };
    let Some((last, parents)) = keys.split_last() else {
        return Err(ConstructError::Key {
            given: given.to_owned(),
        });
    };
    let mut at: &mut dyn TableLike = table;
    for parent in parents {
        let mut dotted = Table::new();
        dotted.set_dotted(true);
        let item = at.entry(parent.get()).or_insert(Item::Table(dotted));
        let inner = item.as_table_like_mut();
        at = inner.ok_or_else(|| ConstructError::Key {
            given: given.to_owned(),
        })?;
    }
    at.insert(last.get(), Item::Value(value));
    Ok(())
}

/// A table as it is written within a line.
pub(super) fn inline(table: &dyn TableLike) -> InlineTable {
    let mut inline = InlineTable::new();
    for (name, item) in table.iter() {
        let value = match (item.as_table_like(), item.as_value()) {
            (Some(table), _) => Value::InlineTable(self::inline(table)),
            (None, Some(value)) => value.clone(),
            (None, None) => continue,
        };
        inline.insert(name, value);
    }
    inline
}
