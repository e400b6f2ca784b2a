//! Keys of aggregates: unique ones over several fields, the shard's, the caller's.

use super::checker::{Checker, Home};
use super::members::{self, Member};
use super::{fields, names};
use crate::description::Spanned;
use crate::description::raw::{RawAggregate, RawDatabase, Text};
use crate::diagnostics::{Diagnostic, Span};
use crate::model::{Aggregate, Field, Ident, Reference, Scalar, Type, TypeName, derived};

/// The unique keys over several fields.
pub(super) fn unique(cx: &Checker<'_>, made: &Aggregate, raw: &RawAggregate) -> Vec<Vec<Ident>> {
    let mut keys: Vec<(Vec<Ident>, &Spanned<Vec<Text>>)> = Vec::new();
    for written in &raw.unique {
        if written.value.is_empty() {
            let finding = Diagnostic::error("empty-key", "a unique key without a field");
            cx.report(
                finding
                    .at(written.span, "")
                    .help("name its fields, or remove it"),
            );
            continue;
        }
        let named = names::distinct(cx, "field", &written.value);
        let count = named.len();
        let key: Vec<_> = named
            .into_iter()
            .filter_map(|name| key_field(cx, made, raw, name))
            .collect();
        if key.len() < count {
            continue;
        }
        let same = |(other, _): &&(Vec<Ident>, _)| {
            other.len() == key.len() && other.iter().all(|field| key.contains(field))
        };
        if let Some((_, earlier)) = keys.iter().find(same) {
            let finding = Diagnostic::error("duplicate", "this unique key is listed twice");
            cx.report(
                finding
                    .at(written.span, "")
                    .at(earlier.span, "first here")
                    .help("remove one"),
            );
            continue;
        }
        keys.push((key, written));
    }
    keys.into_iter().map(|(key, _)| key).collect()
}

fn key_field(cx: &Checker<'_>, made: &Aggregate, raw: &RawAggregate, name: &Text) -> Option<Ident> {
    let member = members::resolve(cx, made, raw, name)?;
    let problem = match member {
        Member::Field(field) => match fields::unindexable(field) {
            None => return Some(field.name.clone()),
            Some(what) => what,
        },
        _ => member.words(),
    };
    let message = format!(
        "`{}` is {problem}, which no unique key can hold",
        name.value
    );
    let finding = Diagnostic::error("misplaced-key", message).at(name.span, "");
    cx.report(finding.help("use fields of a simple type, enums and references"));
    None
}

/// The field that decides the shard.
pub(super) fn shard_by(
    cx: &Checker<'_>,
    home: &Home<'_>,
    made: &Aggregate,
    raw: &RawAggregate,
) -> Option<Ident> {
    let name = raw.shard_by.as_ref()?;
    let field = match members::resolve(cx, made, raw, name)? {
        // The default, said aloud.
        Member::Id => return None,
        Member::Field(field) if is_required_key(field) => field,
        other => {
            let message = format!("`{}` cannot decide the shard", name.value);
            let finding = Diagnostic::error("shard-key", message).at(name.span, "");
            let finding = match other {
                Member::Field(field) if field.optional => {
                    finding.note("it is optional: an aggregate without it would have no shard")
                }
                _ => finding.note(format!("it is {}", other.words())),
            };
            cx.report(finding.help("use a required field of a simple type, or a reference"));
            return None;
        }
    };
    shards(cx, home, made, name);
    let outside = |key: &[Ident]| !key.contains(&field.name);
    let single = made
        .fields
        .values()
        .filter(|other| other.unique && other.name != field.name);
    for other in single {
        let span = raw
            .fields
            .get(other.name.as_str())
            .and_then(|raw| raw.value.keys.unique.as_ref().map(|unique| unique.span));
        not_in_key(cx, name, &other.name.to_string(), span);
    }
    for (key, written) in made
        .unique
        .iter()
        .zip(&raw.unique)
        .filter(|(key, _)| outside(key))
    {
        let words: Vec<_> = key.iter().map(Ident::to_string).collect();
        not_in_key(cx, name, &words.join("`, `"), Some(written.span));
    }
    // A file is not divided.
    (!cx.options.embedded).then(|| field.name.clone())
}

/// Reports an engine that divides nothing.
fn shards(cx: &Checker<'_>, home: &Home<'_>, made: &Aggregate, name: &Text) {
    let database = home.raw.database.as_ref();
    match database.map_or(RawDatabase::Sqlite, |it| it.value) {
        RawDatabase::Postgres | RawDatabase::Mongodb => {}
        _ if home.external() => {}
        RawDatabase::Sqlite => undivided(
            cx,
            home,
            made,
            name,
            "SQLite keeps everything in one file, with one writer at a time",
        ),
        RawDatabase::Redis => undivided(
            cx,
            home,
            made,
            name,
            "a function of Redis changes the keys of one hash slot, and a change with its events, gates and timers is one call: all of a context is in one slot",
        ),
    }
}

fn undivided(cx: &Checker<'_>, home: &Home<'_>, made: &Aggregate, name: &Text, why: &str) {
    let message = format!("`{}` cannot be sharded", made.name);
    let finding = Diagnostic::error("shard-key", message).at(name.span, "");
    let place = home.raw.database.as_ref().map_or(home.key, |it| it.span);
    cx.report(
        finding
            .at(place, "the database")
            .note(why)
            .help("give the context another database, or remove `shard_by`"),
    );
}

/// Reports references by a foreign key to what is divided: that would need the shard key, too.
pub(super) fn references_to_shards(cx: &Checker<'_>, home: &Home<'_>) {
    let database = home.raw.database.as_ref();
    if database.is_none_or(|it| it.value != RawDatabase::Postgres) {
        return;
    }
    let context = cx.context(home);
    for aggregate in context.aggregates.values() {
        let Some(raw) = home.raw.aggregates.get(aggregate.name.as_str()) else {
            continue;
        };
        let own = aggregate
            .fields
            .values()
            .map(|field| (field, &raw.value.fields));
        let inner = aggregate.entities.values().flat_map(|entity| {
            let raw = raw.value.entities.get(entity.name.as_str());
            let fields = entity.fields.values();
            fields.filter_map(move |field| Some((field, &raw?.value.fields)))
        });
        for (field, written) in own.chain(inner) {
            let Type::Reference(Reference::Local(to)) = &field.ty else {
                continue;
            };
            if !field.list
                && let Some(span) = fields::key_of(written, field.name.as_str())
            {
                reference_to_shard(cx, home, field, to, span);
            }
        }
    }
}

fn reference_to_shard(cx: &Checker<'_>, home: &Home<'_>, field: &Field, to: &TypeName, at: Span) {
    let raw = home.raw.aggregates.get(to.as_str());
    let (Some(shard), Some(key)) = (
        cx.context(home)
            .aggregates
            .get(to)
            .and_then(|it| it.shard_by.as_ref()),
        raw.and_then(|raw| raw.value.shard_by.as_ref()),
    ) else {
        return;
    };
    let message = format!("`{}` cannot reference `{to}`, which is sharded", field.name);
    let finding = Diagnostic::error("shard-key", message).at(at, "");
    cx.report(
        finding
            .at(key.span, "by this")
            .note(format!(
                "a foreign key would have to hold `{shard}` besides the id, to know where to look"
            ))
            .help(format!("shard `{to}` by `id`, or keep its id as a `uuid`")),
    );
}

fn not_in_key(cx: &Checker<'_>, name: &Text, key: &str, span: Option<Span>) {
    let message = format!(
        "the shard key `{}` is not part of the unique key `{key}`",
        name.value
    );
    let mut finding = Diagnostic::error("shard-key", message).at(name.span, "");
    if let Some(span) = span {
        finding = finding.at(span, "unique over all shards");
    }
    cx.report(
        finding
            .note("no shard can see whether another one has the value already")
            .help(format!(
                "make it `unique = [[\"{}\", …]]`, or shard by `id`",
                name.value
            )),
    );
}

fn is_required_key(field: &Field) -> bool {
    let exact = !matches!(
        field.ty,
        Type::Scalar(Scalar::Float | Scalar::Bytes | Scalar::Json)
    );
    exact && !field.optional && fields::unindexable(field).is_none()
}

/// The field that equals the caller's `sub`.
pub(super) fn subject(cx: &Checker<'_>, made: &Aggregate, raw: &RawAggregate) -> Option<Ident> {
    let name = raw.subject.as_ref()?;
    cx.later(name.span, "`subject` is");
    let member = members::resolve(cx, made, raw, name)?;
    let suits = match member {
        Member::Id => true,
        Member::Field(field) => {
            !field.list
                && matches!(
                    field.ty,
                    Type::Scalar(Scalar::String | Scalar::Uuid) | Type::Reference(_)
                )
        }
        _ => false,
    };
    if !suits {
        let message = format!(
            "`{}` cannot be the caller's subject: it is {}",
            name.value,
            member.words()
        );
        let finding = Diagnostic::error("subject", message).at(name.span, "");
        cx.report(finding.help("use `id`, a `string`, a `uuid` or a reference"));
    }
    Ident::new(&name.value)
}

/// The refusals that unique keys bring, and what `refuses` may therefore not say.
pub(super) fn taken(made: &Aggregate) -> Vec<String> {
    let single = made
        .fields
        .values()
        .filter(|field| field.unique)
        .map(|field| field.name.to_string());
    let several = made.unique.iter().flat_map(|key| {
        let joined: Vec<_> = key.iter().map(Ident::to_string).collect();
        key.iter()
            .map(Ident::to_string)
            .chain([joined.join("_")])
            .collect::<Vec<_>>()
    });
    single
        .chain(several)
        .map(|name| derived::taken(&name))
        .collect()
}
