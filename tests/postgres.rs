//! First migrations on a real PostgreSQL: shards, and names that are too long for it.
//!
//! `tests/services/run with cargo test --test postgres` brings the server. Without it there is nothing to
//! do, which is said; with `TEST_SERVERS=required` it is a failure.

mod over_servers;

use std::process::Command;

use cargo_microdb::source::Sources;
use cargo_microdb::validation::{Options, validate};
use cargo_microdb::{description, plan, render};

/// The statements for the context `a` of a description.
fn migration(context: &str) -> String {
    let text =
        format!("[system]\nname = \"shop\"\n[contexts.a]\ndatabase = \"postgres\"\n{context}");
    let mut sources = Sources::literal([("microdb.toml", text.as_str())]);
    let (description, found) = description::read(&mut sources);
    assert!(found.is_empty(), "{found:?}");
    let valid = validate(&description, &Options::default());
    let system = valid.unwrap_or_else(|found| panic!("{found:?}")).system;
    let files = render::render(&plan::plan(&system), &plan::crates(&system)).unwrap();
    let path = "services/a/migrations/0001_initial.sql";
    let file = files.into_iter().find(|file| file.path == path);
    String::from_utf8(file.unwrap().content).unwrap()
}

/// A database of one's own.
struct Database {
    administrator: String,
    name: String,
}

impl Database {
    fn new(test: &str) -> Option<Self> {
        let Ok(administrator) = std::env::var("TEST_POSTGRES_URL") else {
            over_servers::not_run("TEST_POSTGRES_URL names no server");
            return None;
        };
        let name = format!("migration_{test}_{}", std::process::id());
        psql(&administrator, &format!("CREATE DATABASE {name}"));
        Some(Self {
            administrator,
            name,
        })
    }

    /// What statements say.
    fn ask(&self, statements: &str) -> Vec<String> {
        let (server, _) = self.administrator.rsplit_once('/').unwrap();
        psql(&format!("{server}/{}", self.name), statements)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        psql(&self.administrator, &drop);
    }
}

/// Runs statements; the server is to have nothing against any.
fn psql(url: &str, statements: &str) -> Vec<String> {
    let output = Command::new("psql")
        .args([url, "-At", "--quiet", "--set", "ON_ERROR_STOP=1"])
        .args(["--command", statements])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.is_empty(),
        "{said}\n{statements}"
    );
    let answer = String::from_utf8_lossy(&output.stdout);
    answer.lines().map(str::to_owned).collect()
}

/// Loans by their borrower with two kinds of entities, tickets by their agent, whom they reference.
const SHARDED: &str = r#"
[contexts.a.aggregates.Loan]
shard_by = "borrower"
unique = [["borrower", "reference"]]
fields.borrower = "uuid"
fields.reference = "string"
[contexts.a.aggregates.Loan.entities.Installment]
fields.due = "date"
[contexts.a.aggregates.Loan.entities.Note]
fields.text = "text?"
[contexts.a.queries.ByReference]
of = "Loan"
by = ["reference"]
[contexts.a.aggregates.Agent]
fields.name = "string"
[contexts.a.aggregates.Ticket]
shard_by = "agent"
fields.agent = { ref = "Agent" }
"#;

/// The partitioned tables, with the numbers of their partitions.
const PARTITIONS: &str = "SELECT inhparent::regclass || ' ' || count(*) FROM pg_inherits
    JOIN pg_partitioned_table ON partrelid = inhparent GROUP BY inhparent ORDER BY 1";

/// One row of a loan, and an installment that is gone with it.
const ROWS: &str = "INSERT INTO loan VALUES ('00000000-0000-0000-0000-000000000001', 1, now(), now(),
        '00000000-0000-0000-0000-00000000000b', 'r');
    INSERT INTO loan__installment (id, _parent, _shard, _position, due) SELECT id, id, borrower, 0, now() FROM loan;
    DELETE FROM loan; SELECT count(*) FROM loan__installment";

#[test]
fn what_is_sharded_is_in_partitions() {
    let Some(database) = Database::new("shards") else {
        return;
    };
    database.ask(&migration(SHARDED));
    let divided = [
        "loan 16",
        "loan__installment 16",
        "loan__note 16",
        "ticket 16",
    ];
    assert_eq!(database.ask(PARTITIONS), divided);
    assert_eq!(database.ask(ROWS), ["0"]);
}

/// Citus is played by a function that writes down what it is asked for, which shows that the other half
/// of the statement is one, not that Citus agrees with it.
#[test]
fn what_is_sharded_is_distributed_where_that_is_possible() {
    let Some(database) = Database::new("citus") else {
        return;
    };
    database.ask(
        "SET allow_system_table_mods = on;
         INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
            VALUES (99999, 'citus', 10, 'pg_catalog'::regnamespace, FALSE, '0');
         CREATE TABLE distributed (number SERIAL, what TEXT);
         CREATE FUNCTION create_distributed_table(it regclass, by TEXT, colocate_with TEXT DEFAULT 'none')
            RETURNS VOID LANGUAGE SQL AS
            $$ INSERT INTO distributed (what) VALUES (concat_ws(' ', it::text, by, colocate_with)) $$",
    );
    database.ask(&migration(SHARDED));
    let asked = database.ask("SELECT what FROM distributed ORDER BY number");
    let expected = [
        "loan borrower none",
        "loan__installment _shard \"loan\"",
        "loan__note _shard \"loan\"",
    ];
    assert_eq!(asked, expected);
    // A foreign key to a table that is not divided keeps this one with the server.
    assert_eq!(database.ask(PARTITIONS), ["ticket 16"]);
    assert_eq!(database.ask(ROWS), ["0"]);
    database
        .ask("SET allow_system_table_mods = on; DELETE FROM pg_extension WHERE extname = 'citus'");
}

#[test]
fn names_that_are_cut_stay_apart() {
    let Some(database) = Database::new("names") else {
        return;
    };
    let long = |end: &str| format!("very_long_name_of_a_field_that_goes_on_and_on_until_the_{end}");
    let (one, other) = (long("end"), long("eve"));
    let entity = |end: &str| format!("AnEntityWithANameThatIsAlmostAsLongAsNamesMayBeInHere{end}");
    let (first, second) = (entity("One"), entity("Two"));
    let context = format!(
        "[contexts.a.aggregates.AnAggregateWithALongNameOfItsOwn]
         unique = [[\"x\", \"{one}\"], [\"x\", \"{other}\"]]
         fields.x = \"int\"
         fields.phone = {{ type = \"string\", index = true }}
         fields.{one} = {{ type = \"int\", unique = true }}
         fields.{other} = {{ type = \"int\", index = true }}
         [contexts.a.aggregates.AnAggregateWithALongNameOfItsOwn.entities.{first}]
         collection = \"ones\"
         fields.x = \"int\"
         [contexts.a.aggregates.AnAggregateWithALongNameOfItsOwn.entities.{second}]
         collection = \"twos\"
         fields.x = \"int\"
         [contexts.a.queries.Phone]
         of = \"AnAggregateWithALongNameOfItsOwn\"
         by = [\"phone\", \"x\"]
         "
    );
    database.ask(&migration(&context));
    let tables = "SELECT count(*), max(length(relname)) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = ";
    assert_eq!(database.ask(&format!("{tables}'r'")), ["3|60"]);
    // Three primary keys, two of parents, three of unique keys, two of fields, one of the query.
    assert_eq!(database.ask(&format!("{tables}'i'")), ["11|63"]);
}
