//! The operations of an OpenAPI document.

use serde_json::{Map, Value, json};

use crate::model::routes::{Endpoint, Route};
use crate::model::{Aggregate, Change, Command, Context, Emission, Query, System, derived};
use crate::plan::prose::command_doc;
use crate::plan::rust::names;
use crate::plan::sample;

use super::problems::{self, Problems};
use super::schemas::{Way, page_name, reference};
use super::{fields, headers, inputs, kinds};

/// The operations of a service, and the answers that several of them give.
pub(super) struct Operations<'a> {
    pub system: &'a System,
    pub context: &'a Context,
    /// Whether answers tell how far the database is, since others answer reads as well.
    pub positions: bool,
    /// The answers, by their names.
    pub responses: Map<String, Value>,
}

impl Operations<'_> {
    /// The operation behind a route.
    pub(super) fn operation(&mut self, route: &Route) -> Value {
        match &route.endpoint {
            Endpoint::List(aggregate) => self.list(aggregate.as_str()),
            Endpoint::Get(aggregate) => self.read(aggregate.as_str()),
            Endpoint::Query(name) => match self.context.queries.get(name) {
                Some(found) => self.query(found),
                None => json!({}),
            },
            Endpoint::Command(name) => {
                let command = self.context.commands.get(name);
                let aggregate = command.and_then(|c| self.context.aggregates.get(&c.aggregate));
                match command.zip(aggregate) {
                    Some((command, aggregate)) => self.command(aggregate, command),
                    None => json!({}),
                }
            }
        }
    }

    fn list(&mut self, aggregate: &str) -> Value {
        json!({
            "operationId": format!("{}.list", names::snake(aggregate)),
            "summary": format!("All of {aggregate}, a page at a time"),
            "description": "In the order of their ids.",
            "tags": [aggregate],
            "parameters": headers::of_read(false, self.positions),
            "responses": self.reading(&page_name(aggregate), false),
        })
    }

    fn read(&mut self, aggregate: &str) -> Value {
        let mut parameters = vec![headers::parameter("id")];
        parameters.extend(headers::of_read(true, self.positions));
        let mut responses = self.reading(&derived::view(aggregate), true);
        self.shared(&mut responses, "Read", "410", &["deleted".to_owned()]);
        json!({
            "operationId": format!("{}.read", names::snake(aggregate)),
            "summary": format!("One {aggregate}"),
            "description": "As it is now, with its version as `ETag`.",
            "tags": [aggregate],
            "parameters": parameters,
            "responses": responses,
        })
    }

    fn query(&mut self, query: &Query) -> Value {
        let aggregate = query.aggregate.as_str();
        let mut parameters = self.asked_by(query);
        parameters.extend(headers::of_read(query.unique, self.positions));
        let found = match query.unique {
            true => derived::view(aggregate),
            false => page_name(aggregate),
        };
        let finds = || format!("Finds `{aggregate}`");
        let doc = query.doc.clone().unwrap_or_else(finds);
        json!({
            "operationId": id_of_query(query),
            "summary": doc.lines().next().unwrap_or_default().replace('`', ""),
            "description": doc,
            "tags": [aggregate],
            "parameters": parameters,
            "responses": self.reading(&found, query.unique),
        })
    }

    /// The parameters of a query's own.
    fn asked_by(&self, query: &Query) -> Vec<Value> {
        let parameter = |name: &str, required: bool, says: String, schema: Value| {
            json!({
                "name": name, "in": "query", "required": required, "description": says,
                "schema": schema,
            })
        };
        let by = query.by.iter().map(|by| {
            let name = by.member.as_str();
            let says = format!("The `{name}` looked for");
            parameter(name, true, says, self.queried(query, name))
        });
        let range = query.range.iter().flat_map(|member| {
            let schema = self.queried(query, member.as_str());
            let from = format!("The first `{member}` looked for; left out, all before");
            let to = format!(
                "The end of what is looked for, itself excluded: each `{member}` is before it; left \
                 out, all after"
            );
            [("from", from), ("to", to)].map(|(end, says)| {
                parameter(&format!("{member}_{end}"), false, says, schema.clone())
            })
        });
        by.chain(range).collect()
    }

    /// The schema of a member that a query asks about.
    fn queried(&self, query: &Query, member: &str) -> Value {
        match member {
            "id" => kinds::uuid(),
            "version" => kinds::integer(0),
            "created_at" | "updated_at" => kinds::timestamp(),
            name => {
                let aggregate = self.context.aggregates.get(&query.aggregate);
                match aggregate.and_then(|aggregate| aggregate.fields.get(name)) {
                    Some(field) => fields::one(&field.ty, Way::In),
                    None => reference(&derived::status(query.aggregate.as_str())),
                }
            }
        }
    }

    fn command(&mut self, aggregate: &Aggregate, command: &Command) -> Value {
        let doc = command_doc(command);
        let mut operation = json!({
            "operationId": names::snake(command.name.as_str()),
            "summary": doc.lines().next().unwrap_or_default(),
            "description": doc,
            "tags": [aggregate.name],
            "parameters": headers::of_command(command.change == Change::Creates),
            "responses": self.done(aggregate, command),
        });
        if command.deprecated.is_some() {
            operation["deprecated"] = json!(true);
        }
        if !command.input.is_empty() {
            operation["requestBody"] = json!({
                "required": inputs::is_needed(aggregate, command),
                "content": { "application/json": {
                    "schema": reference(command.name.as_str()),
                    "example": sample::request(self.system, aggregate, command, 1),
                } },
            });
        }
        operation
    }

    /// The answers to a command.
    fn done(&mut self, aggregate: &Aggregate, command: &Command) -> Map<String, Value> {
        let view = derived::view(aggregate.name.as_str());
        let mut responses = Map::new();
        match command.change {
            Change::Creates => {
                let mut created = self.answer(&view, &["ETag", "Location"], self.positions);
                created["description"] = json!("Created; this is what it is now");
                responses.insert("201".to_owned(), created);
            }
            Change::Updates => {
                let answer = self.answer(&view, &["ETag"], self.positions);
                responses.insert("200".to_owned(), answer);
            }
            Change::Deletes => {
                let gone = json!({
                    "description": "It is gone",
                    "headers": headers::of_answer(self.positions),
                });
                responses.insert("204".to_owned(), gone);
                if may_keep(command) {
                    let mut kept = self.answer(&view, &["ETag"], self.positions);
                    kept["description"] = json!("It was not deleted; this is what it is now");
                    responses.insert("200".to_owned(), kept);
                }
            }
        }
        let problems = problems::of_command(self.context, aggregate, command);
        let own = command
            .refuses
            .iter()
            .map(|refusal| refusal.http.to_string());
        self.refused(
            &mut responses,
            "Command",
            problems,
            &own.collect::<Vec<_>>(),
        );
        problems::explain(&mut responses, &command.refuses);
        responses
    }

    /// The answers to a read: a page, or one aggregate.
    fn reading(&mut self, schema: &str, shows_one: bool) -> Map<String, Value> {
        let mut responses = Map::new();
        let mut problems = problems::of_all();
        problems::add(&mut problems, "422", &["invalid"]);
        if shows_one {
            let answer = self.answer(schema, &["ETag"], false);
            responses.insert("200".to_owned(), answer);
            let known = json!({
                "description": "The caller has it already",
                "headers": { "ETag": headers::reference("ETag") },
            });
            responses.insert("304".to_owned(), known);
            problems::add(&mut problems, "404", &["not-found"]);
            self.refused(&mut responses, "Read", problems, &[]);
        } else {
            let mut answer = self.answer(schema, &["Link"], false);
            answer["description"] = json!("A page; `next` is the `after` of the one behind it");
            responses.insert("200".to_owned(), answer);
            problems::add(&mut problems, "400", &["bad-cursor"]);
            self.refused(&mut responses, "Page", problems, &[]);
        }
        responses
    }

    fn answer(&self, schema: &str, named: &[&str], positions: bool) -> Value {
        let mut told = headers::of_answer(positions);
        for name in named {
            told[*name] = headers::reference(name);
        }
        json!({
            "description": "As it is now",
            "headers": told,
            "content": { "application/json": { "schema": reference(schema) } },
        })
    }

    /// Adds problems to answers: those that others meet with as well under a name of their own, but not
    /// where a command says what it refuses with a status of `own`.
    fn refused(
        &mut self,
        responses: &mut Map<String, Value>,
        of: &str,
        problems: Problems,
        own: &[String],
    ) {
        for (status, types) in problems {
            match status.as_str() {
                status if status == "409" || own.iter().any(|it| it == status) => {
                    let own = problems::response(status, &types, self.positions);
                    responses.insert(status.to_owned(), own);
                }
                // Of what has no body less can be wrong.
                "400" if of == "Command" && types.len() < 4 => {
                    self.shared(responses, "Bodyless", &status, &types);
                }
                _ => self.shared(responses, of, &status, &types),
            }
        }
    }

    fn shared(
        &mut self,
        responses: &mut Map<String, Value>,
        of: &str,
        status: &str,
        types: &[String],
    ) {
        let name = format!("{of}{status}");
        let positions = self.positions && !matches!(of, "Read" | "Page");
        self.responses
            .entry(name.clone())
            .or_insert_with(|| problems::response(status, types, positions));
        let reference = json!({ "$ref": format!("#/components/responses/{name}") });
        responses.insert(status.to_owned(), reference);
    }
}

/// Whether a command may leave what it deletes: it emits nothing then.
fn may_keep(command: &Command) -> bool {
    let mut emits = command.emits.iter();
    emits.all(|emission| matches!(emission, Emission::Optional(_)))
}

/// The points in the ids of what reads keep them apart from those of commands, which have none.
fn id_of_query(query: &Query) -> String {
    let aggregate = names::snake(query.aggregate.as_str());
    format!("{aggregate}.find_{}", names::snake(query.name.as_str()))
}
