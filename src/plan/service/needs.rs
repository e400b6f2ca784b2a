//! Needs: what decisions may look at, and how it is read.

use crate::model::{Aggregate, Command, Fill, Need, NeedKind, Source, derived};
use crate::plan::layout::{self, Expr, call, text};
use crate::plan::members::{self, Member};
use crate::plan::names;
use crate::plan::uses::Uses;

use super::queries::open_range;
use super::state::implementation;
use super::{Service, mentions, variable};

impl Service<'_> {
    /// The struct of what a decision may look at.
    pub(super) fn needs_struct(&self, uses: &mut Uses, command: &Command) -> String {
        let needs = command.needs.values();
        let members: Vec<Member> = needs
            .map(|need| {
                let (ty, doc) = self.need_type(uses, command, need);
                let mut member = Member::new(need.name.as_str(), ty, Some(&doc));
                member.wire = member.ident.trim_start_matches("r#").to_owned();
                member
            })
            .collect();
        format!(
            "/// What `{}` may look at.\n#[derive(Debug, Clone, PartialEq)]\npub struct {} {}\n",
            command.name,
            derived::needs(command.name.as_str()),
            members::body(&members),
        )
    }

    fn need_type(&self, uses: &mut Uses, command: &Command, need: &Need) -> (String, String) {
        match &need.kind {
            NeedKind::Replica { replica, key } => {
                let wrapper = uses.take("platform_runtime::prelude", "Replica");
                let copy = uses.take("crate::generated", &names::type_ident(replica.as_str()));
                let ty = format!("{wrapper}<{copy}>");
                let ty = match self.may_lack(command, key) {
                    true => format!("Option<{ty}>"),
                    false => ty,
                };
                (ty, format!("The copy `{replica}`."))
            }
            NeedKind::Aggregate { aggregate, .. } => {
                let state = self.sibling(uses, command, aggregate.as_str());
                let doc = format!("The `{aggregate}`, while it is there.");
                (format!("Option<{state}>"), doc)
            }
            NeedKind::Query { query, .. } => {
                let found = self.context.queries.get(query);
                let aggregate = found.map_or("", |query| query.aggregate.as_str());
                let state = self.sibling(uses, command, aggregate);
                let wrapper = match found.is_some_and(|query| query.unique) {
                    true => "Option",
                    false => "Vec",
                };
                (
                    format!("{wrapper}<{state}>"),
                    format!("What `{query}` answers."),
                )
            }
            // Calls and flags are refused before anything is planned.
            NeedKind::Call { .. } | NeedKind::Flag { .. } => ("()".to_owned(), String::new()),
        }
    }

    /// Imports another aggregate of the service, unless it is declared in the command's own file.
    fn sibling(&self, uses: &mut Uses, command: &Command, aggregate: &str) -> String {
        let ident = names::type_ident(aggregate);
        match command.aggregate.as_str() == aggregate {
            true => ident,
            false => uses.take("crate::generated", &ident),
        }
    }

    /// `Needed`: how what a decision looks at is read.
    pub(super) fn needed(
        &self,
        uses: &mut Uses,
        aggregate: &Aggregate,
        command: &Command,
    ) -> String {
        let needed = uses.take("platform_runtime::decision", "Needed");
        uses.take("crate::generated", "Domain");
        let reads = uses.take("platform_runtime::decision", "Reads");
        let error = uses.take("platform_ports::engine", "EngineError");
        let ident = self.types().own(uses, command.name.as_str());
        let needs = uses.take("crate::generated", &derived::needs(command.name.as_str()));
        let state = uses.take(
            "crate::generated",
            &names::type_ident(aggregate.name.as_str()),
        );
        let subject = variable(aggregate.name.as_str());
        let mut fields = Vec::new();
        for need in command.needs.values() {
            let value = self.read_need(uses, aggregate, command, need);
            fields.push((names::field_ident(need.name.as_str()), value));
        }
        let flat: String = fields.iter().map(|(_, value)| value.flat()).collect();
        let reads_subject = mentions(&flat, &subject);
        let mut body = String::new();
        if reads_subject {
            uses.take("platform_runtime::decision", "existing");
            body.push_str(&format!("        let {subject} = existing({subject})?;\n"));
        }
        let value = Expr::Struct("Self".to_owned(), fields);
        body.push_str(&format!(
            "        {}\n",
            call("Ok", vec![value]).lay(8, 8, 0)
        ));
        let name = |used: bool, name: &str| {
            if used {
                name.to_owned()
            } else {
                "_".to_owned()
            }
        };
        let parameters = [
            format!("{}: &{ident}", name(mentions(&flat, "command"), "command")),
            format!("{}: Option<&{state}>", name(reads_subject, &subject)),
            format!("reads: &mut {reads}<'_>"),
        ];
        let result = format!("Result<Self, {error}>");
        let head = layout::function(4, "async fn read", &parameters, &result, " {");
        let implementation = implementation(&format!("{needed}<Domain, {ident}>"), &needs);
        format!("{implementation} {{\n{head}\n{body}    }}\n}}\n")
    }

    fn read_need(
        &self,
        uses: &mut Uses,
        aggregate: &Aggregate,
        command: &Command,
        need: &Need,
    ) -> Expr {
        let read = |uses: &mut Uses, what: &str, of: &str, key: &Fill| {
            let ident = uses.take("crate::generated", &names::type_ident(of));
            let optional = if self.may_lack(command, key) {
                "optional_"
            } else {
                ""
            };
            let key = self.key(aggregate, key);
            let read = call(format!("{optional}{what}::<{ident}>"), vec![text(key)]);
            Expr::Chain(Box::new(text("reads")), vec![read, text("await?")])
        };
        match &need.kind {
            NeedKind::Replica { replica, key } => read(uses, "replica", replica.as_str(), key),
            NeedKind::Aggregate { aggregate, key } => {
                read(uses, "aggregate", aggregate.as_str(), key)
            }
            NeedKind::Query { query, with } => {
                uses.take("platform_runtime::query", "Query");
                let ident = uses.take("crate::generated", &names::type_ident(query.as_str()));
                let found = self.context.queries.get(query);
                let unique = found.is_some_and(|query| query.unique);
                let method = if unique { "ask_one" } else { "ask" };
                let fields = with.iter().map(|(name, fill)| {
                    let clone = if self.is_copied(command, fill) {
                        ""
                    } else {
                        ".clone()"
                    };
                    let value = text(format!("{}{clone}", self.key(aggregate, fill)));
                    (names::field_ident(name.as_str()), value)
                });
                let range = found.map(open_range).into_iter().flatten();
                let asked = Expr::Struct(ident, fields.chain(range).collect());
                let calls = vec![call(method, vec![text("reads")]), text("await?")];
                Expr::Chain(Box::new(asked), calls)
            }
            NeedKind::Call { .. } | NeedKind::Flag { .. } => text("()"),
        }
    }

    /// Where a need's key comes from, as an expression.
    fn key(&self, aggregate: &Aggregate, fill: &Fill) -> String {
        let subject = variable(aggregate.name.as_str());
        match &fill.source {
            Source::Input(name) => format!("command.{}", names::field_ident(name.as_str())),
            Source::AggregateField(name) => {
                format!("{subject}.{}", names::member_ident(name.as_str()))
            }
            _ => format!("{subject}.meta.id"),
        }
    }

    /// The field a key is taken from.
    fn key_field<'b>(
        &'b self,
        command: &'b Command,
        fill: &Fill,
    ) -> Option<&'b crate::model::Field> {
        let name = match &fill.source {
            Source::Input(name) => match &command.input.get(name)?.source {
                crate::model::InputSource::Own(field) => return Some(field),
                _ => name,
            },
            Source::AggregateField(name) => name,
            _ => return None,
        };
        self.aggregate_of(command)?.fields.get(name)
    }

    fn is_copied(&self, command: &Command, fill: &Fill) -> bool {
        self.key_field(command, fill).is_none_or(super::copies)
    }

    /// Whether a key may be absent.
    pub(super) fn may_lack(&self, command: &Command, fill: &Fill) -> bool {
        match &fill.source {
            Source::Input(name) => command.input.get(name).is_some_and(|input| input.optional),
            _ => self
                .key_field(command, fill)
                .is_some_and(|field| field.optional),
        }
    }
}
