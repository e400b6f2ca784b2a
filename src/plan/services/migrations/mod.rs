//! The first migration of a service, in the language of its database; and the tables of the SQLite
//! file that stands in for it in tests, where it is on a server.

mod mongodb;
mod query_index;
mod redis;
mod sql;

use serde_json::{Value, json};

use crate::model::{Context, Database, System};

use self::sql::{Dialect, tables};
use crate::plan::file::{Class, File};

pub(super) fn files(system: &System, context: &Context) -> Vec<File> {
    let name = context.name.as_str();
    let database = context.database;
    let template = format!("services/__context__/migrations/{}", file_name(database));
    let in_sql = |dialect| json!(tables(dialect, system, context));
    let first = match database {
        Database::Sqlite => in_sql(Dialect::Sqlite),
        Database::Postgres => in_sql(Dialect::Postgres),
        Database::Mongodb => json!(mongodb::collections(system, context)),
        Database::Redis => json!(redis::indexes(context)),
    };
    let names = [("context", name)];
    let mut files = vec![File::new(Class::AppendOnly, &template, &names, first)];
    if database != Database::Sqlite {
        files.push(File::new(
            Class::Managed,
            "services/__context__/tests/failures/stand_in.sql",
            &names,
            in_sql(Dialect::Sqlite),
        ));
    }
    files
}

/// The indexes of the first migration that may be made and removed by themselves, as the engine names them,
/// and what each is over. On Redis the engine does so by what the migration declares.
pub fn indexes(system: &System, context: &Context) -> Vec<(String, Value)> {
    match context.database {
        Database::Sqlite => tables(Dialect::Sqlite, system, context).plain_indexes(),
        Database::Postgres => tables(Dialect::Postgres, system, context).plain_indexes(),
        Database::Mongodb => mongodb::collections(system, context).plain_indexes(),
        Database::Redis => Vec::new(),
    }
}

/// The file of the first migration.
pub fn file_name(database: Database) -> String {
    format!("0001_initial.{}", extension(database))
}

/// The language of a database's migrations, as its files end.
pub const fn extension(database: Database) -> &'static str {
    match database {
        Database::Sqlite | Database::Postgres => "sql",
        Database::Mongodb => "json",
        Database::Redis => "lua",
    }
}
