//! Decisions tested as users test them.

use crate::domain::{
    Account, AccountApproved, AccountClosed, AccountRequested, AccountStatus, ApproveAccount,
    CloseAccount, Emptied, NewAccount, Paid, Pay, PayRefusal, Rename, RenameNeeds, RenameRefusal,
    Renamed, RequestAccount,
};
use platform_runtime::decision::Aggregate;
use platform_testing::{decimal, given, given_nothing, id};

fn account() -> NewAccount {
    NewAccount {
        holder: "Ada".to_owned(),
        number: 1,
        balance: decimal("100.00"),
        parent: None,
    }
}

const ALONE: RenameNeeds = RenameNeeds { others: Vec::new() };

fn rename(holder: &str) -> Rename {
    Rename {
        holder: holder.to_owned(),
    }
}

fn pay(amount: &str) -> Pay {
    Pay {
        amount: decimal(amount),
    }
}

#[test]
fn a_creation_emits_and_makes_version_1() {
    let command = RequestAccount {
        holder: "Ada".to_owned(),
        number: 1,
        parent: None,
    };
    let holder = "Ada".to_owned();
    let made: Account = given_nothing()
        .when(command)
        .then(AccountRequested { holder })
        .unwrap();
    assert_eq!((made.version(), made.balance), (1, decimal("100.00")));
}

#[test]
fn several_events_raise_the_version_by_as_many() {
    let after = given(account())
        .in_status(AccountStatus::Open)
        .at_version(7)
        .when(pay("100.00"))
        .then((
            Paid {
                amount: decimal("100.00"),
            },
            Emptied {},
        ));
    assert_eq!(after.unwrap().version(), 9);
}

#[test]
fn refusals_of_the_decision_and_before_it() {
    let open = || given(account()).in_status(AccountStatus::Open);
    open()
        .when(pay("100.01"))
        .then_refused(PayRefusal::BalanceTooLow);
    open().when(pay("0.00")).then_stopped("invalid");
    open().when(ApproveAccount {}).then_stopped("wrong_status");
    given_nothing()
        .when(ApproveAccount {})
        .then_stopped("not_found");
}

#[test]
fn needs_are_handed_in() {
    let other = given(account())
        .when(ApproveAccount {})
        .then(AccountApproved {});
    let others = vec![other.unwrap()];
    let refused = || {
        given(account())
            .with_id(id::<crate::domain::AccountId>(2))
            .when(rename("Bob"))
            .with(RenameNeeds {
                others: others.clone(),
            })
    };
    refused().then_refused(RenameRefusal::TooMany);
    refused().then_refused(RenameRefusal::TooMany.because("Bob has an account"));
    let holder = "Bob".to_owned();
    given(account())
        .when(rename("Bob"))
        .with(ALONE)
        .then(Renamed { holder });
    given(account())
        .when(rename("Ada"))
        .with(ALONE)
        .then_nothing();
}

#[test]
#[should_panic(expected = "Bob has an account")]
fn another_reason_than_expected_fails_the_test() {
    let other = given(account())
        .when(ApproveAccount {})
        .then(AccountApproved {});
    let others = vec![other.unwrap()];
    given(account())
        .with_id(id::<crate::domain::AccountId>(2))
        .when(rename("Bob"))
        .with(RenameNeeds { others })
        .then_refused(RenameRefusal::TooMany.because("who knows"));
}

#[test]
fn a_deletion_leaves_nothing() {
    assert!(
        given(account())
            .when(CloseAccount {})
            .then(AccountClosed {})
            .is_none()
    );
}

#[test]
#[should_panic(expected = "changed `balance`, which is neither")]
fn a_change_beyond_the_description_fails_the_test() {
    given(account())
        .when(rename("cheat"))
        .with(ALONE)
        .then_nothing();
}

#[test]
#[should_panic(expected = "changed `holder` without an event")]
fn a_change_without_an_event_fails_the_test() {
    given(account())
        .when(rename("silent"))
        .with(ALONE)
        .then_nothing();
}

#[test]
#[should_panic(expected = "left `/holder` as the description does not allow")]
fn a_state_that_the_schema_does_not_allow_fails_the_test() {
    given(account())
        .when(rename("a name of more than twenty characters"))
        .with(ALONE)
        .then_nothing();
}

#[test]
#[should_panic(expected = "emitted other events")]
fn other_events_than_expected_fail_the_test() {
    let paid = Paid {
        amount: decimal("2.00"),
    };
    given(account())
        .in_status(AccountStatus::Open)
        .when(pay("1.00"))
        .then(paid);
}
