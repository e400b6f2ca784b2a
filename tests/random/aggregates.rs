//! Contexts and what they store: enums, value objects, aggregates, entities.

use cargo_microdb::model::derived;
use toml::{Table, Value};

use super::commands::Command;
use super::events::Event;
use super::fields::{Field, Fields, Place, Types, about, enum_values, words_of};
use super::names::{Names, Style};
use super::rng::Rng;
use super::{Axes, DATABASES, Kernel, Shape, words};

/// Whether a context is owned elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum External {
    Yes,
    No,
}

/// A context, and how it is written so far.
#[derive(Debug, Clone)]
pub struct Context {
    pub name: String,
    pub axes: Axes,
    pub external: External,
    pub written: Table,
    /// The names of its types.
    pub names: Names,
    pub types: Types,
    pub aggregates: Vec<Aggregate>,
    pub commands: Vec<Command>,
    pub events: Vec<Event>,
    pub queries: Vec<Query>,
    /// Replicas by name, with the aggregate they copy.
    pub replicas: Vec<(String, (String, String))>,
}

/// An aggregate.
#[derive(Debug, Clone)]
pub struct Aggregate {
    pub name: String,
    pub fields: Vec<Field>,
    pub entities: Vec<Entity>,
    pub states: Vec<String>,
    /// The names of its members, those that every aggregate has among them.
    pub members: Names,
    /// The fields that every event carries, so that others may copy them.
    pub published: Vec<String>,
    /// Whether an event tells of its creation.
    pub told: bool,
}

/// An entity of an aggregate.
#[derive(Debug, Clone)]
pub struct Entity {
    pub name: String,
    pub collection: String,
    pub fields: Vec<Field>,
}

/// A query.
#[derive(Debug, Clone)]
pub struct Query {
    pub name: String,
    pub aggregate: usize,
    pub by: Vec<String>,
}

/// The shared kernel, written into `table`.
pub fn kernel(rng: &mut Rng, table: &mut Table) -> Kernel {
    let mut kernel = Kernel {
        types: Types::default(),
        names: Names::default(),
    };
    let style = *rng.pick(&super::STYLES);
    let (enums, values) = (rng.below(3), rng.below(3));
    declared_types(
        rng,
        style,
        &mut kernel.names,
        &mut kernel.types,
        (enums, values),
        table,
    );
    kernel
}

/// Declares enums and value objects.
fn declared_types(
    rng: &mut Rng,
    style: Style,
    names: &mut Names,
    types: &mut Types,
    (enums, values): (usize, usize),
    table: &mut Table,
) {
    for _ in 0..enums {
        let name = names.type_name(rng, style, |_| Vec::new());
        let values = enum_values(rng, style);
        let mut made = Table::new();
        about(rng, &mut made);
        made.insert("values".to_owned(), words_of(rng, &values));
        declare(table, "enums", &name, made);
        types.enums.push((name, values[0].clone()));
    }
    for _ in 0..values {
        let name = names.type_name(rng, style, |_| Vec::new());
        let count = rng.from(1, 4);
        let known = types.clone();
        let mut fields = Fields {
            rng,
            style,
            types: &known,
            declared: names,
            owner: &name,
            place: Place::Value,
        };
        let fields = fields.some(count, &mut Names::default());
        let mut made = Table::new();
        about(rng, &mut made);
        put_fields(&mut made, "fields", &fields);
        declare(table, "values", &name, made);
        types.values.push((name, example(&fields)));
    }
}

/// A value of a value object, when each of its fields has one.
fn example(fields: &[Field]) -> Option<Value> {
    let members = fields
        .iter()
        .map(|field| Some((field.name.clone(), field.example.clone()?)));
    members.collect::<Option<Table>>().map(Value::Table)
}

/// Puts `made` under `kind.name`.
pub fn declare(table: &mut Table, kind: &str, name: &str, made: Table) {
    let kinds = table
        .entry(kind.to_owned())
        .or_insert_with(|| Value::Table(Table::new()));
    if let Value::Table(kinds) = kinds {
        kinds.insert(name.to_owned(), made.into());
    }
}

/// Writes fields under a key.
pub fn put_fields(table: &mut Table, key: &str, fields: &[Field]) {
    if !fields.is_empty() {
        let fields: Table = fields
            .iter()
            .map(|field| (field.name.clone(), field.value()))
            .collect();
        table.insert(key.to_owned(), fields.into());
    }
}

impl Context {
    /// A context with its types and the names of its aggregates.
    pub fn new(
        rng: &mut Rng,
        name: String,
        axes: Axes,
        (database, external): (&str, External),
        kernel: &Kernel,
    ) -> Self {
        let mut context = Self {
            types: Types {
                home: name.clone(),
                ..kernel.types.clone()
            },
            name,
            axes,
            external,
            written: Table::new(),
            names: kernel.names.clone(),
            aggregates: Vec::new(),
            commands: Vec::new(),
            events: Vec::new(),
            queries: Vec::new(),
            replicas: Vec::new(),
        };
        context.head(rng);
        if database != DATABASES[0] || rng.chance(50) {
            // The first one goes without saying.
            let database = database.into();
            context.written.insert("database".to_owned(), database);
        }
        // References come with the aggregates.
        let count = match axes.shape {
            Shape::Deep => (rng.below(3), rng.below(3)),
            _ => (rng.below(2), 0),
        };
        let Self {
            names,
            types,
            written,
            ..
        } = &mut context;
        declared_types(rng, axes.style, names, types, count, written);
        for _ in 0..rng.from(1, 3) {
            let name = context.names.aggregate(rng, axes.style);
            context.aggregates.push(Aggregate {
                name,
                fields: Vec::new(),
                entities: Vec::new(),
                states: Vec::new(),
                members: Names::default(),
                published: Vec::new(),
                told: false,
            });
        }
        context
    }

    fn head(&mut self, rng: &mut Rng) {
        about(rng, &mut self.written);
        if rng.chance(60) {
            let purpose = (*rng.pick(words::DOCS)).into();
            self.written.insert("purpose".to_owned(), purpose);
        }
        if rng.chance(30) {
            self.written
                .insert("owner".to_owned(), "@random/team-1".into());
        }
        if self.external == External::Yes {
            self.written.insert("external".to_owned(), true.into());
        }
    }

    /// Its aggregates, as others refer to them.
    pub fn aggregate_names(&self) -> Vec<(String, String)> {
        let names = self.aggregates.iter();
        names
            .map(|it| (self.name.clone(), it.name.clone()))
            .collect()
    }

    /// Makes the members of all aggregates.
    pub fn describe_aggregates(&mut self, rng: &mut Rng) {
        for index in 0..self.aggregates.len() {
            self.describe_aggregate(rng, index);
        }
    }

    fn describe_aggregate(&mut self, rng: &mut Rng, index: usize) {
        let mut made = Table::new();
        about(rng, &mut made);
        let mut members = Names::default();
        for name in derived::BUILT_IN_MEMBERS {
            members.take(name);
        }
        let deep = self.axes.shape == Shape::Deep;
        let states = match deep && rng.chance(60) || rng.chance(20) {
            true => states(rng, self.axes.style),
            false => Vec::new(),
        };
        if !states.is_empty() {
            members.take(derived::STATUS);
        }
        let entities = if deep { rng.below(3) } else { 0 };
        let names: Vec<String> = (0..entities)
            .map(|_| {
                self.names
                    .type_name(rng, self.axes.style, derived::of_entity)
            })
            .collect();
        let owner = self.aggregates[index].name.clone();
        self.types.entities = names.clone();
        let entities: Vec<Entity> = names
            .into_iter()
            .map(|name| self.entity(rng, name, &mut members, &mut made))
            .collect();
        let least = usize::from(entities.is_empty() && rng.chance(90));
        let count = rng.from(least, 6);
        let fields = self.fields(rng, &owner, Place::Aggregate, count, &mut members);
        self.types.entities.clear();
        put_fields(&mut made, "fields", &fields);
        if !states.is_empty() {
            made.insert("states".to_owned(), words_of(rng, &states));
        }
        keys(rng, &self.types, &fields, &mut made);
        declare(&mut self.written, "aggregates", &owner, made);
        let visible = fields.iter().filter(|field| !field.hidden);
        let published: Vec<String> = visible.map(|field| field.name.clone()).collect();
        let published = rng.some(&published, 50).into_iter().cloned().collect();
        self.aggregates[index] = Aggregate {
            name: owner,
            fields,
            entities,
            states,
            members,
            published,
            told: false,
        };
    }

    /// Fields of something in this context.
    pub fn fields(
        &mut self,
        rng: &mut Rng,
        owner: &str,
        place: Place,
        count: usize,
        taken: &mut Names,
    ) -> Vec<Field> {
        let mut fields = Fields {
            rng,
            style: self.axes.style,
            types: &self.types,
            declared: &mut self.names,
            owner,
            place,
        };
        fields.some(count, taken)
    }

    fn entity(
        &mut self,
        rng: &mut Rng,
        name: String,
        members: &mut Names,
        aggregate: &mut Table,
    ) -> Entity {
        let mut made = Table::new();
        about(rng, &mut made);
        let mut taken = Names::default();
        taken.take("id");
        let count = rng.below(5);
        let fields = self.fields(rng, &name, Place::Entity, count, &mut taken);
        put_fields(&mut made, "fields", &fields);
        let default = derived::plural_path(&name).replace('-', "_");
        let collection = match default.len() <= 60 && rng.chance(50) && members.take(&default) {
            true => default,
            false => {
                let given = members.member(rng, self.axes.style);
                made.insert("collection".to_owned(), given.clone().into());
                given
            }
        };
        declare(aggregate, "entities", &name, made);
        Entity {
            name,
            collection,
            fields,
        }
    }
}

fn states(rng: &mut Rng, style: Style) -> Vec<String> {
    let mut names = Names::default();
    (0..rng.from(1, 4))
        .map(|_| names.member(rng, style))
        .collect()
}

/// A unique key over several fields.
fn keys(rng: &mut Rng, types: &Types, fields: &[Field], made: &mut Table) {
    let enums = types.enum_names();
    let fit = fields.iter().filter(|field| field.is_comparable(&enums));
    let names: Vec<Value> = fit.map(|field| field.name.clone().into()).collect();
    if names.len() > 1 && rng.chance(25) {
        let key = names[..rng.from(1, names.len().min(3))].to_vec();
        made.insert("unique".to_owned(), Value::Array(vec![key.into()]));
    }
}

impl Aggregate {
    /// The fields and collections by name.
    pub fn member_names(&self) -> Vec<String> {
        let fields = self.fields.iter().map(|field| field.name.clone());
        let collections = self.entities.iter().map(|entity| entity.collection.clone());
        fields.chain(collections).collect()
    }

    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The entities' names.
    pub fn entity_names(&self) -> Vec<String> {
        self.entities
            .iter()
            .map(|entity| entity.name.clone())
            .collect()
    }
}
