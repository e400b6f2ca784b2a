//! The HTTP routes of a context: what they are follows from the model alone.

use super::{Aggregate, Change, Command, Context, TypeName, derived};

/// A method of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Reads.
    Get,
    /// Does.
    Post,
    /// Deletes.
    Delete,
}

impl Method {
    /// As HTTP spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// What a route is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// All aggregates of a kind, in pages.
    List(TypeName),
    /// One aggregate, by its id.
    Get(TypeName),
    /// A command.
    Command(TypeName),
    /// A query.
    Query(TypeName),
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Its path with a leading slash; `{id}` stands for the aggregate's id.
    pub path: String,
    /// What it is for.
    pub endpoint: Endpoint,
}

/// First parts of paths that every service has for itself.
pub const RESERVED_PATHS: [&str; 4] = ["health", "metrics", "openapi.json", "docs"];

/// Every route of a context: its aggregates', its commands' and its queries', in that order.
pub fn routes(context: &Context) -> Vec<Route> {
    let mut routes = Vec::new();
    for aggregate in context.aggregates.values() {
        let (name, path) = (&aggregate.name, &aggregate.path);
        routes.push(get(format!("/{path}"), Endpoint::List(name.clone())));
        routes.push(get(format!("/{path}/{{id}}"), Endpoint::Get(name.clone())));
    }
    for command in context.commands.values().filter(|command| command.http) {
        let Some(aggregate) = context.aggregates.get(&command.aggregate) else {
            continue;
        };
        let method = match command.change {
            Change::Deletes => Method::Delete,
            Change::Creates | Change::Updates => Method::Post,
        };
        let path = command_path(context, aggregate, command);
        routes.push(Route {
            method,
            path,
            endpoint: Endpoint::Command(command.name.clone()),
        });
    }
    for query in context.queries.values() {
        routes.push(get(
            format!("/{}", query.path),
            Endpoint::Query(query.name.clone()),
        ));
    }
    routes
}

/// The path of a command, with its leading slash, whether or not it has a route.
pub fn command_path(context: &Context, aggregate: &Aggregate, command: &Command) -> String {
    if let Some(path) = &command.path {
        return format!("/{path}");
    }
    let (collection, name) = (&aggregate.path, derived::segment(command.name.as_str()));
    match command.change {
        Change::Creates if is_only_creation(context, command) => format!("/{collection}"),
        Change::Creates => format!("/{collection}/{name}"),
        Change::Updates => format!("/{collection}/{{id}}/{name}"),
        Change::Deletes => format!("/{collection}/{{id}}"),
    }
}

/// The path of a query that gives none, without a leading slash.
pub fn query_path(aggregate: &Aggregate, query: &str) -> String {
    format!("{}/{}", aggregate.path, derived::segment(query))
}

/// Whether no other command that creates the same aggregate takes the collection's path.
fn is_only_creation(context: &Context, command: &Command) -> bool {
    let rivals = context.commands.values().filter(|other| {
        other.change == Change::Creates
            && other.aggregate == command.aggregate
            && other.http
            && other.path.is_none()
    });
    rivals.filter(|other| other.name != command.name).count() == 0
}

fn get(path: String, endpoint: Endpoint) -> Route {
    Route {
        method: Method::Get,
        path,
        endpoint,
    }
}
