//! Migrations that users write.

use crate::stand::Stand;

const FIRST: &str = "services/order/migrations/0002_a_view.sql";
const SECOND: &str = "services/order/migrations/0003_an_index.sql";

#[test]
fn a_migration_by_hand_is_taken_into_the_list_and_the_lock() {
    let stand = Stand::shop();
    stand.write(SECOND, "CREATE INDEX mine ON basket (note);\n");
    stand.write(FIRST, "CREATE VIEW mine AS SELECT 1;\n");
    stand.sync().succeeds();
    let list = stand.read("services/order/src/generated/service.rs");
    let at = |name: &str| {
        list.find(name)
            .unwrap_or_else(|| panic!("{name} is not in\n{list}"))
    };
    assert!(at("0001_initial") < at("0002_a_view") && at("0002_a_view") < at("0003_an_index"));
    let lock = stand.read("contracts/order/microdb.lock");
    assert!(
        lock.contains("step 0002_a_view ") && lock.contains("step 0003_an_index "),
        "{lock}"
    );
    assert_eq!(stand.read(FIRST), "CREATE VIEW mine AS SELECT 1;\n");
    stand.sync().did_nothing();
    // Until it is released it may be changed, and go.
    stand.write(FIRST, "CREATE VIEW mine AS SELECT 2;\n");
    stand.sync().succeeds();
    assert_ne!(stand.read("contracts/order/microdb.lock"), lock);
    stand.remove(FIRST);
    stand.remove(SECOND);
    stand.sync().succeeds();
    stand.is_fresh_but_for(&[]);
}

#[test]
fn a_migration_without_a_number_is_refused() {
    for name in [
        "view.sql",
        "0001_view.sql",
        "2_view.sql",
        "0002_.sql",
        "0002-View.sql",
    ] {
        let stand = Stand::shop();
        let path = format!("services/order/migrations/{name}");
        stand.write(&path, "CREATE VIEW mine AS SELECT 1;\n");
        stand.refuses(&[
            &format!("`{path}` has no name of a migration"),
            "0002_what_it_does.sql",
        ]);
    }
}
