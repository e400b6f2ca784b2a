//! The HTTP routes of a service.

use crate::model::Change;
use crate::model::routes::{Endpoint, Method, Route, routes};
use crate::plan::layout::{Expr, call, text};
use crate::plan::names;
use crate::plan::uses::Uses;

use super::storage::literal;
use super::{Code, Service};

impl Service<'_> {
    /// The function that gives the routes.
    pub fn routes(&self) -> Code {
        let mut uses = Uses::default();
        uses.take("platform_service::http", "Routes");
        let calls: Vec<Expr> = routes(self.context)
            .iter()
            .map(|route| self.route(&mut uses, route))
            .collect();
        let value = match calls.is_empty() {
            true => text("Routes::new()"),
            false => Expr::Chain(Box::new(text("Routes::new()")), calls),
        };
        let item = format!(
            "/// The commands and queries of the service over HTTP.\npub fn routes() -> Routes {{\n    {}\n}}\n",
            value.lay(4, 4, 0)
        );
        Code::new(&uses, &[item])
    }

    fn route(&self, uses: &mut Uses, route: &Route) -> Expr {
        let state =
            |uses: &mut Uses, name: &str| uses.take("crate::generated", &names::type_ident(name));
        let (function, of) = match &route.endpoint {
            Endpoint::List(aggregate) => ("list", state(uses, aggregate.as_str())),
            Endpoint::Get(aggregate) => ("read", state(uses, aggregate.as_str())),
            Endpoint::Query(query) => ("query", state(uses, query.as_str())),
            Endpoint::Command(command) => {
                let change = self
                    .context
                    .commands
                    .get(command)
                    .map(|command| command.change);
                let function = match change {
                    Some(Change::Creates) => "create",
                    Some(Change::Deletes) => "delete",
                    Some(Change::Updates) | None => "update",
                };
                let domain = uses.take("crate::generated", "Domain");
                let command = self.types().own(uses, command.as_str());
                (function, format!("{domain}, {command}"))
            }
        };
        let method = match route.method {
            Method::Get => "get",
            Method::Post => "post",
            Method::Delete => "delete",
        };
        uses.take("platform_service", "http");
        let handler = text(format!("http::{function}::<{of}>"));
        let way = match method {
            // `http::delete` is the handler; the method of the same name is axum's.
            "delete" => "http::on_delete".to_owned(),
            method => uses.take("platform_service::http", method),
        };
        call(
            "route",
            vec![literal(&route.path), call(way, vec![handler])],
        )
    }
}
