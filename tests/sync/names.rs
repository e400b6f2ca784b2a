//! What is called something else: the user's files follow, their bytes and the handlers' ids stay.

use crate::stand::Stand;

const MINE: &str = "// mine\n";

/// Renames something everywhere in the description, and says so in its table.
fn renamed(stand: &Stand, table: &str, old: &str, new: &str) {
    let text = stand.read("microdb.toml").replace(old, new);
    let head = format!("[{table}.{new}]\n");
    let at = text.find(&format!("[{table}.{new}]")).unwrap();
    let end = text[at..].find('\n').unwrap() + at + 1;
    let (before, after) = text.split_at(end);
    assert!(before.ends_with(&head) || before.contains(&head[..head.len() - 1]));
    stand.write(
        "microdb.toml",
        &format!("{before}renamed_from = \"{old}\"\n{after}"),
    );
}

fn moves(stand: &Stand, from: &str, to: &str) {
    stand.append(from, MINE);
    let bytes = stand.read(from);
    let done = stand.run(&["sync", "--verbose"]);
    done.succeeds();
    assert!(
        done.said().contains(&format!("Moving {from} to {to}")),
        "{}",
        done.said()
    );
    assert!(!stand.has(from), "{from} is still there");
    assert_eq!(stand.read(to), bytes);
    stand.sync().did_nothing();
    stand.is_fresh_but_for(&[
        to,
        "microdb.toml",
        "microdb.lock",
        ".microdb/files.lock",
        "contracts/payment/microdb.lock",
    ]);
}

#[test]
fn a_renamed_aggregate_takes_its_decisions_along() {
    let stand = Stand::shop();
    renamed(&stand, "contexts.order.aggregates", "Basket", "Cart");
    stand.describe("FillCart", "FillBasket");
    stand.describe("ChangeCart", "ChangeBasket");
    stand.describe("CartFilled", "BasketFilled");
    stand.describe("CartItem", "BasketItem");
    let (from, to) = (
        "services/order/src/domain/basket.rs",
        "services/order/src/domain/cart.rs",
    );
    moves(&stand, from, to);
}

#[test]
fn a_renamed_policy_goes_on_where_it_was() {
    let stand = Stand::shop();
    renamed(
        &stand,
        "contexts.payment.policies",
        "PayForOrder",
        "ChargeOrder",
    );
    let (from, to) = (
        "services/payment/src/policies/pay_for_order.rs",
        "services/payment/src/policies/charge_order.rs",
    );
    stand.append(from, MINE);
    let bytes = stand.read(from);
    stand.sync().succeeds();
    assert!(!stand.has(from));
    assert_eq!(stand.read(to), bytes);
    let id = "policy.pay_for_order";
    let lock = stand.read("contracts/payment/microdb.lock");
    assert!(
        lock.contains(&format!("handler policy.ChargeOrder {id}\n")),
        "{lock}"
    );
    assert!(
        stand
            .read("services/payment/src/generated/policies.rs")
            .contains(id)
    );
    stand.sync().did_nothing();
    // Once it was moved, the description need not speak of it any more.
    stand.describe("renamed_from = \"PayForOrder\"\n", "");
    assert_eq!(stand.synced(), crate::stand::paths([]));
    let lock = stand.read("contracts/payment/microdb.lock");
    assert!(
        lock.contains(&format!("handler policy.ChargeOrder {id}\n")),
        "{lock}"
    );
}

#[test]
fn an_old_name_that_is_given_again_gives_no_id_twice() {
    let stand = Stand::shop();
    renamed(
        &stand,
        "contexts.payment.policies",
        "PayForOrder",
        "ChargeOrder",
    );
    stand.sync().succeeds();
    stand.append(
        "microdb.toml",
        "\n[contexts.payment.policies.PayForOrder]\non = \"order.OrderPlaced\"\nthen = \"RequestPayment\"\n",
    );
    stand.describe("renamed_from = \"PayForOrder\"\n", "");
    stand.sync().succeeds();
    let lock = stand.read("contracts/payment/microdb.lock");
    assert!(
        lock.contains("handler policy.ChargeOrder policy.pay_for_order\n"),
        "{lock}"
    );
    assert!(
        !lock.contains("handler policy.PayForOrder policy.pay_for_order\n"),
        "{lock}"
    );
    stand.sync().did_nothing();
}

#[test]
fn a_renamed_effect_goes_on_where_it_was() {
    let stand = Stand::shop();
    renamed(
        &stand,
        "contexts.payment.effects",
        "ChargeCard",
        "DebitCard",
    );
    let (from, to) = (
        "services/payment/src/effects/charge_card.rs",
        "services/payment/src/effects/debit_card.rs",
    );
    stand.append(from, MINE);
    let bytes = stand.read(from);
    stand.sync().succeeds();
    assert!(!stand.has(from));
    assert_eq!(stand.read(to), bytes);
    let lock = stand.read("contracts/payment/microdb.lock");
    assert!(
        lock.contains("handler effect.DebitCard effect.charge_card\n"),
        "{lock}"
    );
    stand.sync().did_nothing();
}

#[test]
fn a_renamed_replica_goes_on_where_it_was() {
    let stand = Stand::shop();
    renamed(&stand, "contexts.order.replicas", "Buyer", "Payer");
    stand.sync().succeeds();
    let lock = stand.read("contracts/order/microdb.lock");
    assert!(
        lock.contains("handler replica.Payer replica.buyer\n"),
        "{lock}"
    );
    stand.sync().did_nothing();
}

#[test]
fn what_the_user_moved_already_stays_where_it_is() {
    let stand = Stand::shop();
    renamed(
        &stand,
        "contexts.payment.policies",
        "PayForOrder",
        "ChargeOrder",
    );
    let (from, to) = (
        "services/payment/src/policies/pay_for_order.rs",
        "services/payment/src/policies/charge_order.rs",
    );
    let mine = stand.read(from) + MINE;
    stand.write(to, &mine);
    stand.remove(from);
    stand.sync().succeeds();
    assert_eq!(stand.read(to), mine);
    stand.sync().did_nothing();
}

#[test]
fn of_two_files_for_one_place_none_is_lost() {
    let stand = Stand::shop();
    renamed(
        &stand,
        "contexts.payment.policies",
        "PayForOrder",
        "ChargeOrder",
    );
    stand.write("services/payment/src/policies/charge_order.rs", "mine");
    stand.append("services/payment/src/policies/pay_for_order.rs", MINE);
    stand.refuses(&[
        "`services/payment/src/policies/pay_for_order.rs` has to move to \
         `services/payment/src/policies/charge_order.rs`, where another file is",
        "keep one of the two",
    ]);
}

#[test]
fn what_goes_although_it_was_edited_is_refused_with_both_ways_out() {
    let path = "services/payment/src/policies/pay_for_order.rs";
    let text = "\n[contexts.payment.policies.PayForOrder]\non   = \"order.OrderPlaced\"\nthen = \"RequestPayment\"\n";
    let stand = Stand::shop();
    stand.append(path, MINE);
    stand.describe(text, "");
    stand.refuses(&[
        &format!("`{path}` was edited, and the description no longer has what it is about"),
        "`renamed_from = \"…\"`",
        "if it is to go, delete the file",
    ]);
    stand.remove(path);
    stand.sync().succeeds();
    stand.sync().did_nothing();
    // Nobody misses what nobody edited.
    let stand = Stand::shop();
    stand.describe(text, "");
    let written = stand.synced();
    assert!(written.contains(path) && !stand.has(path));
    stand.is_fresh_but_for(&["README.md", ".microdb/files.lock"]);
}
