//! What the tests of failures of a service are about makes sense: rules of a business find what they
//! ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt;
use serde_json::Value;
use tempfile::TempDir;

/// A bank, with references of all kinds.
const BANK: &str = r#"
[system]
name = "bank"

[values.Money]
fields.amount   = { type = "decimal(12,2)", min = "0" }
fields.currency = { type = "string", pattern = "^[A-Z]{3}$" }

[contexts.customer.aggregates.Customer]
fields.name = "string"
states      = ["applied", "active", "closed"]
[contexts.customer.commands.Apply]
creates = "Customer"
emits   = "Applied"
[contexts.customer.commands.Activate]
updates    = "Customer"
transition = { from = "applied", to = "active" }
emits      = "Activated"
[contexts.customer.commands.Close]
updates    = "Customer"
transition = { from = "active", to = "closed" }
emits      = "Closed"
[contexts.customer.events.Applied]
of     = "Customer"
fields = ["name"]
[contexts.customer.events.Activated]
of = "Customer"
[contexts.customer.events.Closed]
of = "Customer"

[contexts.account.aggregates.Account]
fields.owner    = { ref = "customer.Customer" }
fields.balance  = { type = "decimal(12,2)", min = "0" }
fields.limit    = "Money"
fields.reserved = { type = "decimal(12,2)", default = "0" }
states          = ["open", "frozen"]
[contexts.account.aggregates.Account.entities.Card]
collection   = "cards"
fields.color = "string"
[contexts.account.aggregates.Batch]
fields.name = "string"
[contexts.account.aggregates.Batch.entities.Item]
fields.transfer = { ref = "Transfer" }
[contexts.account.aggregates.Transfer]
states          = ["requested", "checked", "batched"]
fields.batch    = { ref = "Batch", optional = true }
fields.payer  = { ref = "Account" }
fields.payee  = { ref = "Account" }
fields.amount = "Money"
[contexts.account.commands.OpenAccount]
creates     = "Account"
input       = ["owner", "balance", "limit"]
needs.owner = "Holder"
refuses     = ["unknown_owner"]
emits       = "AccountOpened"
[contexts.account.commands.Withdraw]
updates    = "Account"
transition = { from = "open" }
own.amount = { type = "decimal(12,2)", min = "0" }
sets       = ["balance"]
refuses    = ["too_much"]
emits      = "Withdrawn"
[contexts.account.commands.BlockCard]
updates  = "Account"
own.card = { ref = "Card" }
sets     = ["cards"]
refuses  = ["no_such_card"]
emits    = "CardBlocked"
[contexts.account.commands.FreezeAccount]
updates    = "Account"
transition = { from = "open", to = "frozen" }
emits      = "AccountFrozen"
[contexts.account.commands.RequestTransfer]
creates = "Transfer"
emits   = "TransferRequested"
[contexts.account.commands.Check]
updates    = "Transfer"
transition = { from = "requested", to = "checked" }
emits      = "Checked"
[contexts.account.commands.PutIntoBatch]
updates    = "Transfer"
transition = { from = "checked", to = "batched" }
input      = ["batch"]
emits      = "Batched"
[contexts.account.events.Checked]
of = "Transfer"
[contexts.account.events.Batched]
of     = "Transfer"
fields = ["batch"]
[contexts.account.events.AccountOpened]
of = "Account"
[contexts.account.events.Withdrawn]
of = "Account"
[contexts.account.events.CardBlocked]
of = "Account"
[contexts.account.events.AccountFrozen]
of = "Account"
[contexts.account.events.TransferRequested]
of     = "Transfer"
fields = ["payer", "payee", "amount"]
[contexts.account.queries.ByOwner]
of = "Account"
by = ["owner"]
[contexts.account.replicas.Holder]
of          = "customer.Customer"
fields      = ["name", "status"]
stale_after = "1m"
[contexts.account.policies.FreezeOfClosed]
on    = "customer.Closed"
finds = "ByOwner"
then  = "FreezeAccount"
"#;

/// A library whose loans are told by three events at once: copies are made of the first, which sets a policy off.
const LIBRARY: &str = r#"
[system]
name = "library"

[contexts.loan.aggregates.Loan]
fields.reader = "string"
[contexts.loan.commands.Lend]
creates = "Loan"
emits   = ["Lent", "Counted", "Noted"]
[contexts.loan.events.Lent]
of     = "Loan"
fields = ["reader"]
[contexts.loan.events.Counted]
of = "Loan"
[contexts.loan.events.Noted]
of = "Loan"

[contexts.desk.aggregates.Slip]
fields.reader = "string"
[contexts.desk.commands.Print]
creates    = "Slip"
emits      = "Printed"
[contexts.desk.commands.Shelve]
creates    = "Slip"
input      = []
sets       = ["reader"]
own.loan   = { ref = "loan.Loan" }
needs.loan = "Open"
emits      = "Printed"
[contexts.desk.events.Printed]
of = "Slip"
[contexts.desk.replicas.Open]
of          = "loan.Loan"
fields      = ["reader"]
stale_after = "1m"
[contexts.desk.policies.PrintWhenLent]
on   = "loan.Lent"
then = "Print"
[contexts.desk.policies.ShelveWhenCounted]
on   = "loan.Counted"
then = "Shelve"
"#;

/// What `account` is tested with.
fn examples() -> Value {
    examples_of(BANK, "account")
}

/// What a service of a system is tested with.
fn examples_of(description: &str, service: &str) -> Value {
    let folder = TempDir::new().unwrap();
    let from = folder.path().join("microdb.toml");
    fs::write(&from, description).unwrap();
    let system = folder.path().join("system");
    let output = Command::cargo_bin("cargo-microdb")
        .unwrap()
        .args(["microdb", "--quiet", "new", "--no-git", "--from"])
        .args([&from, &system])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let path = system.join("services").join(service);
    let text = fs::read_to_string(path.join("tests/failures.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().unwrap()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap()
}

/// The bodies of the requests for a command.
fn bodies<'v>(examples: &'v Value, command: &str) -> Vec<&'v Value> {
    let asked = list(examples, "requests").iter();
    let bodies: Vec<_> = asked
        .filter(|ask| ask["command"] == command)
        .map(|ask| &ask["body"])
        .collect();
    assert!(!bodies.is_empty(), "`{command}` is not asked for");
    bodies
}

/// The status in which each aggregate of others ends.
fn statuses(examples: &Value) -> BTreeMap<&str, &str> {
    let histories = list(examples, "histories").iter();
    let last = histories.map(|history| {
        let event = list(history, "events").last().unwrap();
        (text(history, "id"), text(&event["data"], "status"))
    });
    last.collect()
}

#[test]
fn what_is_named_is_there_in_different_statuses() {
    let examples = examples();
    let known = statuses(&examples);
    let rows = list(&examples, "rows").iter().map(|row| &row["members"]);
    let owners = rows.filter_map(|members| members["owner"].as_str());
    for owner in owners {
        assert!(known.contains_key(owner), "nobody knows the owner {owner}");
    }
    let owners = bodies(&examples, "OpenAccount").into_iter();
    let found: BTreeSet<&str> = owners.map(|body| known[text(body, "owner")]).collect();
    assert_eq!(found, BTreeSet::from(["active", "applied", "closed"]));
}

#[test]
fn two_references_of_a_kind_name_two_that_are_there() {
    let examples = examples();
    let rows = list(&examples, "rows").iter();
    let accounts = rows.filter(|row| row["aggregate"] == "account");
    let accounts: BTreeSet<&str> = accounts.map(|row| text(row, "id")).collect();
    for body in bodies(&examples, "RequestTransfer") {
        let (payer, payee) = (text(body, "payer"), text(body, "payee"));
        assert_ne!(payer, payee);
        assert!(accounts.contains(payer) && accounts.contains(payee));
    }
}

/// Also where what its request names names it in turn.
#[test]
fn what_is_changed_is_in_a_status_in_which_that_may_be_asked() {
    let examples = examples();
    let rows = list(&examples, "rows").iter();
    let transfers = rows.filter(|row| row["aggregate"] == "transfer");
    let statuses: BTreeMap<&str, &str> = transfers
        .map(|row| (text(row, "id"), text(&row["members"], "status")))
        .collect();
    let asked = list(&examples, "requests").iter();
    let asked = asked.filter(|ask| ask["command"] == "PutIntoBatch");
    let ids: Vec<&str> = asked
        .filter_map(|ask| text(ask, "path").split('/').nth(2))
        .collect();
    assert!(!ids.is_empty());
    assert!(
        ids.iter().all(|id| statuses[id] == "checked"),
        "{ids:?} {statuses:?}"
    );
}

#[test]
fn what_is_inside_is_named_as_it_is_there() {
    let examples = examples();
    let rows = list(&examples, "rows").iter();
    let cards = rows.filter_map(|row| row["members"]["cards"][0]["id"].as_str());
    let cards: BTreeSet<&str> = cards.collect();
    for body in bodies(&examples, "BlockCard") {
        assert!(cards.contains(text(body, "card")));
    }
}

#[test]
fn an_event_comes_in_a_status_and_leaves_one_as_its_command_does() {
    let examples = examples();
    let mut closed = 0;
    for history in list(&examples, "histories") {
        let mut before = None;
        for event in list(history, "events") {
            let status = text(&event["data"], "status");
            let expected = match text(event, "type") {
                "bank.customer.Applied" => Some((None, "applied")),
                "bank.customer.Activated" => Some((Some("applied"), "active")),
                "bank.customer.Closed" => Some((Some("active"), "closed")),
                _ => None,
            };
            if let Some((from, to)) = expected {
                assert_eq!((before, status), (from, to), "{history:#}");
                closed += u32::from(to == "closed");
            }
            before = Some(status);
        }
    }
    assert!(closed > 0, "nobody is closed");
}

#[test]
fn what_copies_are_made_of_comes_first() {
    let examples = examples_of(LIBRARY, "desk");
    let histories = list(&examples, "histories");
    let heard: BTreeSet<&str> = histories.iter().map(|it| text(it, "handler")).collect();
    let handlers = [
        "policy.print_when_lent",
        "policy.shelve_when_counted",
        "replica.open",
    ];
    assert_eq!(heard, BTreeSet::from(handlers));
    for history in histories {
        let first = &list(history, "events")[0];
        assert!(first["data"]["reader"].is_string(), "{history:#}");
        // What is told to a copy alone sets nothing off.
        let is_copied = history["handler"] == "replica.open";
        let events = list(history, "events").iter();
        let mut kinds = events.map(|event| text(event, "type"));
        let acts = kinds.any(|kind| ["library.loan.Lent", "library.loan.Counted"].contains(&kind));
        assert_eq!(acts, !is_copied, "{history:#}");
    }
}

#[test]
fn what_is_there_suffices_for_what_is_asked_for() {
    let examples = examples();
    let number = |value: &Value| value.as_str().unwrap().parse::<f64>().unwrap();
    let rows = list(&examples, "rows").iter();
    let accounts = rows.filter(|row| row["aggregate"] == "account");
    let members: Vec<_> = accounts.map(|row| &row["members"]).collect();
    let most = bodies(&examples, "Withdraw").into_iter();
    let most = most.map(|body| number(&body["amount"])).fold(0.0, f64::max);
    assert!(members.iter().all(|row| number(&row["balance"]) > most));
    // Be the rule that what is reserved is left alone, or that it is there too.
    let free = |row: &&&Value| number(&row["balance"]) - number(&row["reserved"]) > most;
    assert!(members.iter().filter(free).count() > 0);
    assert!(members.iter().any(|row| number(&row["reserved"]) == 0.0));
}

#[test]
fn amounts_compare() {
    let examples = examples();
    let transfers = bodies(&examples, "RequestTransfer").into_iter();
    let asked = transfers.map(|body| text(&body["amount"], "currency"));
    let rows = list(&examples, "rows").iter();
    let limits = rows.filter_map(|row| row["members"]["limit"]["currency"].as_str());
    let currencies: BTreeSet<&str> = asked.chain(limits).collect();
    assert_eq!(currencies.len(), 1, "{currencies:?}");
}
