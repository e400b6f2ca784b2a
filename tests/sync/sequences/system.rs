//! A system whose description is edited.

use super::rng::Rng;

/// Names that nothing in generated code is called.
const WORDS: [&str; 24] = [
    "Apple", "Brick", "Cloud", "Dune", "Ember", "Fjord", "Grove", "Harbor", "Island", "Jungle",
    "Kettle", "Lantern", "Meadow", "Nugget", "Orchard", "Pebble", "Quarry", "Raven", "Saddle",
    "Timber", "Umbrella", "Valley", "Willow", "Yarrow",
];
/// The types of fields.
const TYPES: [&str; 4] = [
    "type = \"string\", optional = true",
    "type = \"int\", default = 0",
    "type = \"bool\", default = false",
    "type = \"decimal(12,2)\", optional = true",
];

/// What it has.
#[derive(Debug, Clone)]
pub struct System {
    pub contexts: Vec<Context>,
    /// How many names were given; none is given twice.
    given: usize,
}

/// A context.
#[derive(Debug, Clone)]
pub struct Context {
    pub name: String,
    pub aggregates: Vec<Aggregate>,
    pub policies: Vec<Policy>,
}

/// A name, and what it was before the last edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    pub now: String,
    pub was: Option<String>,
}

/// An aggregate with what there is about it.
#[derive(Debug, Clone)]
pub struct Aggregate {
    pub name: Name,
    pub fields: Vec<(Name, &'static str)>,
    pub states: Vec<String>,
    /// Commands that change it, each with an event.
    pub commands: Vec<(Name, Name)>,
    /// Queries, each by a field.
    pub queries: Vec<(String, String)>,
    /// The event of its creation, and what starts it.
    pub started: Name,
    pub start: Name,
}

/// A policy: on an event of a context it starts an aggregate.
#[derive(Debug, Clone)]
pub struct Policy {
    pub name: Name,
    pub on: (String, String),
    pub then: String,
}

impl Name {
    fn new(now: String) -> Self {
        Self { now, was: None }
    }

    fn line(&self) -> String {
        let was = self.was.as_ref();
        was.map_or_else(String::new, |was| format!("renamed_from = \"{was}\"\n"))
    }

    /// Calls it something else.
    pub fn rename(&mut self, now: String) {
        self.was = Some(std::mem::replace(&mut self.now, now));
    }
}

impl System {
    /// A small one.
    pub fn new(rng: &mut Rng) -> Self {
        let mut system = Self {
            contexts: Vec::new(),
            given: rng.below(WORDS.len()),
        };
        for _ in 0..2 {
            let context = system.context(rng);
            system.contexts.push(context);
        }
        system
    }

    /// A name that was not given before.
    pub fn name(&mut self) -> String {
        self.given += 1;
        let word = WORDS[self.given % WORDS.len()];
        // Words in pairs, for there are more than enough of those.
        match self.given / WORDS.len() {
            0 => word.to_owned(),
            round => format!("{word}{}", WORDS[round % WORDS.len()]),
        }
    }

    /// A new context.
    pub fn context(&mut self, rng: &mut Rng) -> Context {
        let name = self.name().to_lowercase();
        let aggregates = vec![self.aggregate(rng)];
        Context {
            name,
            aggregates,
            policies: Vec::new(),
        }
    }

    /// A new aggregate.
    pub fn aggregate(&mut self, rng: &mut Rng) -> Aggregate {
        let name = self.name();
        Aggregate {
            started: Name::new(format!("{name}Started")),
            start: Name::new(format!("Start{name}")),
            name: Name::new(name),
            fields: vec![self.field(rng)],
            states: Vec::new(),
            commands: Vec::new(),
            queries: Vec::new(),
        }
    }

    /// A new field.
    pub fn field(&mut self, rng: &mut Rng) -> (Name, &'static str) {
        (Name::new(self.name().to_lowercase()), *rng.pick(&TYPES))
    }

    /// A new command, with its event.
    pub fn command(&mut self) -> (Name, Name) {
        let name = self.name();
        (
            Name::new(format!("Change{name}")),
            Name::new(format!("{name}Changed")),
        )
    }

    /// A new policy.
    pub fn policy(&mut self, on: (String, String), then: String) -> Policy {
        Policy {
            name: Name::new(self.name()),
            on,
            then,
        }
    }

    /// What was called something else is no news any more.
    pub fn settle(&mut self) {
        for context in &mut self.contexts {
            for aggregate in &mut context.aggregates {
                for name in aggregate.names() {
                    name.was = None;
                }
            }
            for policy in &mut context.policies {
                policy.name.was = None;
            }
        }
    }

    /// Where the user's files go.
    pub fn moves(&self) -> Vec<(String, String)> {
        let mut moves = Vec::new();
        for context in &self.contexts {
            let aggregates = context.aggregates.iter().map(|it| ("domain", &it.name));
            let policies = context.policies.iter().map(|it| ("policies", &it.name));
            for (folder, name) in aggregates.chain(policies) {
                if let Some(was) = &name.was {
                    let path = |name: &str| {
                        format!("services/{}/src/{folder}/{}.rs", context.name, snake(name))
                    };
                    moves.push((path(was), path(&name.now)));
                }
            }
        }
        moves
    }

    /// Its description.
    pub fn text(&self) -> String {
        let mut text = "#:schema .microdb/schema.json\n[system]\nname = \"edited\"\n".to_owned();
        for context in &self.contexts {
            text += &format!("\n[contexts.{}]\npurpose = \"Some\"\n", context.name);
            for aggregate in &context.aggregates {
                text += &aggregate.text(&context.name);
            }
            for policy in &context.policies {
                let (on, event) = &policy.on;
                text += &format!(
                    "[contexts.{}.policies.{}]\n{}on = \"{on}.{event}\"\nthen = \"{}\"\n",
                    context.name,
                    policy.name.now,
                    policy.name.line(),
                    policy.then
                );
            }
        }
        text
    }
}

impl Aggregate {
    /// All that may be called something else.
    fn names(&mut self) -> impl Iterator<Item = &mut Name> {
        let own = [&mut self.name, &mut self.started, &mut self.start].into_iter();
        let fields = self.fields.iter_mut().map(|(name, _)| name);
        let commands = self
            .commands
            .iter_mut()
            .flat_map(|(command, event)| [command, event]);
        own.chain(fields).chain(commands)
    }

    fn text(&self, context: &str) -> String {
        let name = &self.name.now;
        let mut text = format!(
            "[contexts.{context}.aggregates.{name}]\n{}",
            self.name.line()
        );
        for (field, ty) in &self.fields {
            let was = field.was.as_ref();
            let was = was.map_or_else(String::new, |was| format!(", renamed_from = \"{was}\""));
            text += &format!("fields.{} = {{ {ty}{was} }}\n", field.now);
        }
        if !self.states.is_empty() {
            text += &format!("states = {:?}\n", self.states);
        }
        let mut command = |command: &Name, does: &str, event: &Name| {
            text += &format!(
                "[contexts.{context}.commands.{}]\n{}",
                command.now,
                command.line()
            );
            text += &format!(
                "{does} = \"{name}\"\ninput = []\nemits = \"{}\"\n",
                event.now
            );
            text += &format!(
                "[contexts.{context}.events.{}]\n{}",
                event.now,
                event.line()
            );
            text += &format!("of = \"{name}\"\n");
        };
        command(&self.start, "creates", &self.started);
        for (change, event) in &self.commands {
            command(change, "updates", event);
        }
        for (query, by) in &self.queries {
            text += &format!(
                "[contexts.{context}.queries.{query}]\nof = \"{name}\"\nby = [\"{by}\"]\n"
            );
        }
        text
    }
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for sign in name.chars() {
        if sign.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(sign.to_lowercase());
    }
    snake
}
