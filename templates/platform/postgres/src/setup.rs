//! What an administrator does once for a context.

use super::tables::quoted;

/// The statements, one by one, that make a database of a context, and a login that is its owner and
/// sees no other database that was made like this. An administrator runs them outside of a
/// transaction, connected to any database of the server.
///
/// `CONNECT` is taken from everybody, so that the server itself refuses the logins of other contexts;
/// the owner keeps it. Databases that were there before, such as `postgres`, are open to every login
/// until the same is done for them.
#[must_use]
pub fn own_database(name: &str, password: &str) -> Vec<String> {
    let (name, password) = (quoted(name), password.replace('\'', "''"));
    vec![
        format!(
            "CREATE ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD E'{}'",
            password.replace('\\', "\\\\")
        ),
        format!("CREATE DATABASE {name} OWNER {name} TEMPLATE template0 ENCODING 'UTF8'"),
        format!("REVOKE ALL ON DATABASE {name} FROM PUBLIC"),
        format!("GRANT CONNECT, TEMPORARY ON DATABASE {name} TO {name}"),
    ]
}
