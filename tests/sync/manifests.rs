//! Manifests, which are both's.

use crate::stand::Stand;

const RETURNS: &str = "
[contexts.returns.aggregates.Return]
fields.order = { ref = \"order.Order\" }
[contexts.returns.commands.AskForReturn]
creates = \"Return\"
emits   = \"ReturnAsked\"
[contexts.returns.events.ReturnAsked]
of     = \"Return\"
fields = [\"order\"]
";

#[test]
fn what_the_user_wrote_stays_beside_new_keys() {
    let stand = Stand::shop();
    stand.replace(
        "Cargo.toml",
        "serde = {",
        "# pinned, see the wiki\nregex = \"1\"\nserde = {",
    );
    stand.replace(
        "Cargo.toml",
        "axum = \"0.8.9\"",
        "axum = \"0.8.7\" # not later",
    );
    stand.append("Cargo.toml", "\n[profile.release]\nlto = true # mine\n");
    let edited = stand.read("Cargo.toml");
    stand.sync().did_nothing();
    assert_eq!(stand.read("Cargo.toml"), edited);
    stand.append("microdb.toml", RETURNS);
    stand.sync().succeeds();
    let text = stand.read("Cargo.toml");
    let ours =
        "returns_contract = { package = \"shop-returns-contract\", path = \"contracts/returns\" }";
    let without: Vec<&str> = text.lines().filter(|line| *line != ours).collect();
    assert_eq!(without, edited.lines().collect::<Vec<_>>());
    assert!(text.lines().any(|line| line == ours), "{text}");
    stand.sync().did_nothing();
}

#[test]
fn keys_that_were_reordered_or_spelt_otherwise_are_the_same_keys() {
    let stand = Stand::shop();
    let text = stand.read("Cargo.toml");
    let (head, rest) = text.split_once("[workspace.dependencies]\n").unwrap();
    let (dependencies, rest) = rest.split_once("\n[workspace.lints.rust]").unwrap();
    let mut lines: Vec<&str> = dependencies
        .lines()
        .filter(|line| !line.is_empty())
        .collect();
    lines.reverse();
    let reordered = format!(
        "{}\n[workspace.lints.rust]{rest}\n[workspace.dependencies]\n{}\n",
        head.replace("resolver = \"3\"", "resolver = '3'"),
        lines.join("\n")
    );
    stand.write("Cargo.toml", &reordered);
    stand.append("microdb.toml", RETURNS);
    stand.sync().succeeds();
    let text = stand.read("Cargo.toml");
    assert!(
        text.starts_with(&reordered[..reordered.len() - 1]),
        "{text}"
    );
    assert_eq!(text.matches("serde =").count(), 1);
    stand.sync().did_nothing();
}

#[test]
fn a_key_that_the_tool_no_longer_needs_goes_and_the_users_stay() {
    let stand = Stand::shop();
    stand.append("microdb.toml", RETURNS);
    stand.sync().succeeds();
    stand.replace("Cargo.toml", "serde = {", "regex = \"1\"\nserde = {");
    stand.describe(RETURNS, "");
    stand.sync().succeeds();
    let text = stand.read("Cargo.toml");
    assert!(
        !text.contains("returns") && text.contains("regex = \"1\"\nserde = {"),
        "{text}"
    );
}

#[test]
fn another_value_of_the_users_stays_and_is_said_when_the_tools_changes() {
    let stand = Stand::shop();
    let path = "services/payment/Cargo.toml";
    let policy = "\n[contexts.payment.policies.PayForOrder]\non   = \"order.OrderPlaced\"\nthen = \"RequestPayment\"\n";
    stand.replace(path, "shop-payment\"", "mine\"");
    let edited = stand.read(path);
    stand.describe(policy, "");
    stand.sync().succeeds();
    assert!(stand.read(path).contains("name = \"mine\""), "{edited}");
}

#[test]
fn a_manifest_that_is_no_toml_is_refused_when_it_has_to_change() {
    let stand = Stand::shop();
    stand.append("Cargo.toml", "<<<<<<< HEAD\n");
    stand.append("microdb.toml", RETURNS);
    stand.refuses(&[
        "`Cargo.toml` is not TOML",
        "mend it, then run the command again",
    ]);
}
