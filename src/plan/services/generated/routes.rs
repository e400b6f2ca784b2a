//! The HTTP routes of a service.

use serde::Serialize;

use crate::model::routes::{Endpoint, Method, Route, routes};
use crate::model::{Change, TypeName};
use crate::plan::services::Service;
use crate::plan::view::{Literal, TypeRef};

/// `services/__context__/src/generated/routes.rs`.
#[derive(Debug, Serialize)]
pub(super) struct RoutesFile {
    routes: Vec<RouteView>,
}

/// A route.
#[derive(Debug, Serialize)]
struct RouteView {
    /// Its path, with `{id}` in place of an aggregate's.
    path: Literal,
    /// What the runtime calls its method: `post`.
    method: &'static str,
    /// The runtime's function that handles it: `create`.
    handler: &'static str,
    /// Whether that carries out a command, for which it needs the service's decisions.
    decides: bool,
    /// What it reads, or the command.
    of: TypeRef,
}

impl Service<'_> {
    /// The commands and queries of the service over HTTP.
    pub(super) fn routes(&self) -> RoutesFile {
        let routes = routes(self.context);
        RoutesFile {
            routes: routes.iter().map(|route| self.route(route)).collect(),
        }
    }

    fn route(&self, route: &Route) -> RouteView {
        let (handler, of) = match &route.endpoint {
            Endpoint::List(name) => ("list", TypeRef::generated(name.as_str())),
            Endpoint::Get(name) => ("read", TypeRef::generated(name.as_str())),
            Endpoint::Query(name) => ("query", TypeRef::generated(name.as_str())),
            Endpoint::Command(name) => (self.carries_out(name), self.own(name.as_str())),
        };
        RouteView {
            path: Literal::text(&route.path),
            method: match route.method {
                Method::Get => "get",
                Method::Post => "post",
                // `delete` is the handler.
                Method::Delete => "on_delete",
            },
            handler,
            decides: matches!(route.endpoint, Endpoint::Command(_)),
            of,
        }
    }

    fn carries_out(&self, command: &TypeName) -> &'static str {
        let command = self.context.commands.get(command);
        match command.map(|command| command.change) {
            Some(Change::Creates) => "create",
            Some(Change::Deletes) => "delete",
            Some(Change::Updates) | None => "update",
        }
    }
}
