//! The system and its contexts.

use indexmap::IndexMap;

use super::{
    Aggregate, Command, ContextName, Effect, EnumType, Event, Field, Given, Policy, Query, Replica,
    SystemName, Type, TypeName, TypePath, ValueType,
};

/// A valid system.
#[derive(Debug, Clone, PartialEq)]
pub struct System {
    /// Its name.
    pub name: SystemName,
    /// What the description says of it.
    pub doc: Option<String>,
    /// The broker between its services.
    pub broker: Broker,
    /// Enums of the shared kernel.
    pub enums: IndexMap<TypeName, EnumType>,
    /// Value objects of the shared kernel.
    pub values: IndexMap<TypeName, ValueType>,
    /// Its contexts.
    pub contexts: IndexMap<ContextName, Context>,
    /// What was given once, and what is new.
    pub given: Given,
}

/// A bounded context.
#[derive(Debug, Clone, PartialEq)]
pub struct Context {
    /// Its name.
    pub name: ContextName,
    /// What it is there for.
    pub purpose: Option<String>,
    /// Its database.
    pub database: Database,
    /// How its reads are scaled.
    pub scale: Scale,
    /// Its owning team, as CODEOWNERS spells it.
    pub owner: Option<String>,
    /// Whether it is owned elsewhere: only its contract is generated.
    pub external: bool,
    /// Its enums, the inline ones among them.
    pub enums: IndexMap<TypeName, EnumType>,
    /// Its value objects.
    pub values: IndexMap<TypeName, ValueType>,
    /// Its aggregates.
    pub aggregates: IndexMap<TypeName, Aggregate>,
    /// Its commands.
    pub commands: IndexMap<TypeName, Command>,
    /// Its events.
    pub events: IndexMap<TypeName, Event>,
    /// Its queries.
    pub queries: IndexMap<TypeName, Query>,
    /// Its replicas.
    pub replicas: IndexMap<TypeName, Replica>,
    /// Its policies.
    pub policies: IndexMap<TypeName, Policy>,
    /// Its effects.
    pub effects: IndexMap<TypeName, Effect>,
}

/// The database of a context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Database {
    /// SQLite, a file per context.
    #[default]
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MongoDB.
    Mongodb,
    /// Redis as a primary store.
    Redis,
}

impl Database {
    /// As the description spells it, and the runtime its feature.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mongodb => "mongodb",
            Self::Redis => "redis",
        }
    }
}

/// How a context's reads are scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scale {
    /// How many read replicas its database has.
    pub read_replicas: u32,
    /// How long the entries of its cache live, in milliseconds, where it has one.
    pub cache_millis: Option<u64>,
}

/// The broker of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Broker {
    /// A SQLite file, shared by the processes of one machine.
    #[default]
    Embedded,
    /// Apache Kafka.
    Kafka,
}

impl System {
    /// The context `name`, when there is one.
    pub fn context(&self, name: &str) -> Option<&Context> {
        self.contexts.get(name)
    }

    /// The value object that a path names.
    pub fn value_type(&self, path: &TypePath) -> Option<&ValueType> {
        match &path.context {
            None => self.values.get(&path.name),
            Some(context) => self.contexts.get(context)?.values.get(&path.name),
        }
    }

    /// The enum that a path names.
    pub fn enum_type(&self, path: &TypePath) -> Option<&EnumType> {
        match &path.context {
            None => self.enums.get(&path.name),
            Some(context) => self.contexts.get(context)?.enums.get(&path.name),
        }
    }

    /// Whether a field is personal data, or its value object has some.
    pub fn is_personal(&self, field: &Field) -> bool {
        let value = match &field.ty {
            Type::Value(path) => self.value_type(path),
            _ => None,
        };
        let inner = |value: &ValueType| value.fields.values().any(|field| self.is_personal(field));
        field.pii || value.is_some_and(inner)
    }

    /// The contexts for which a service is generated.
    pub fn services(&self) -> impl Iterator<Item = &Context> {
        self.contexts.values().filter(|context| !context.external)
    }
}
