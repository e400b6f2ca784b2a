//! The names that follow from names: what a generated crate declares for each thing described.
//!
//! Validation keeps them apart, the generator writes them; both ask here, so that a name that was
//! found free is the name that is used.

use heck::{ToKebabCase, ToSnakeCase, ToUpperCamelCase};

/// The form in which two names must differ: names that are equal here are equal after some
/// conversion of case (`UserID` and `UserId`, `a-1` and `a1`).
pub fn collision_key(name: &str) -> String {
    name.to_upper_camel_case()
}

/// The id type of an aggregate or entity: `LoanId`.
pub fn id(of: &str) -> String {
    format!("{of}Id")
}

/// What a creating decision returns for an aggregate, or an entity without its id: `NewLoan`.
pub fn new(of: &str) -> String {
    format!("New{of}")
}

/// What an answer shows of an aggregate: `LoanView`.
pub fn view(aggregate: &str) -> String {
    format!("{aggregate}View")
}

/// The states of an aggregate: `LoanStatus`.
pub fn status(aggregate: &str) -> String {
    format!("{aggregate}Status")
}

/// The trait of an aggregate's decisions: `LoanDecisions`.
pub fn decisions(aggregate: &str) -> String {
    format!("{aggregate}Decisions")
}

/// What an owner sends to replicas that ask for all there is: `LoanSnapshot`.
pub fn snapshot(aggregate: &str) -> String {
    format!("{aggregate}Snapshot")
}

/// What a decision may look at: `ApproveLoanNeeds`.
pub fn needs(command: &str) -> String {
    format!("{command}Needs")
}

/// What the decision of a creating command works out: `RequestLoanSets`.
pub fn sets(command: &str) -> String {
    format!("{command}Sets")
}

/// Why a command may be refused: `ApproveLoanRefusal`.
pub fn refusal(command: &str) -> String {
    format!("{command}Refusal")
}

/// The one of several events a command emits: `ReserveStockEvent`.
pub fn one_of(command: &str) -> String {
    format!("{command}Event")
}

/// What a command with a choice of events came to: `ReserveStockOutcome`.
pub fn command_outcome(command: &str) -> String {
    format!("{command}Outcome")
}

/// The trait of a policy: `RejectWhenBlockedPolicy`.
pub fn policy(policy: &str) -> String {
    format!("{policy}Policy")
}

/// The trait of an effect: `SendSmsEffect`.
pub fn effect(effect: &str) -> String {
    format!("{effect}Effect")
}

/// What an effect came to: `SendSmsOutcome`.
pub fn effect_outcome(effect: &str) -> String {
    format!("{effect}Outcome")
}

/// The trait of a saga's hooks: `DisbursementSaga`.
pub fn saga(saga: &str) -> String {
    format!("{saga}Saga")
}

/// What a saga knows: `DisbursementData`.
pub fn saga_data(saga: &str) -> String {
    format!("{saga}Data")
}

/// An enum that is written where it is used: `UserTier`.
pub fn inline_enum(owner: &str, field: &str) -> String {
    format!("{owner}{}", field.to_upper_camel_case())
}

/// What an aggregate declares besides its own name.
pub fn of_aggregate(aggregate: &str, has_states: bool) -> Vec<String> {
    let mut names = vec![
        id(aggregate),
        new(aggregate),
        view(aggregate),
        decisions(aggregate),
        snapshot(aggregate),
    ];
    if has_states {
        names.push(status(aggregate));
    }
    names
}

/// What an entity declares besides its own name.
pub fn of_entity(entity: &str) -> Vec<String> {
    vec![id(entity), new(entity)]
}

/// What a command declares besides its own name.
pub fn of_command(
    command: &str,
    has_needs: bool,
    has_one_of: bool,
    works_out: bool,
) -> Vec<String> {
    let mut names = vec![refusal(command)];
    if works_out {
        names.push(sets(command));
    }
    if has_needs {
        names.push(needs(command));
    }
    if has_one_of {
        names.extend([one_of(command), command_outcome(command)]);
    }
    names
}

/// What a policy declares besides its own name.
pub fn of_policy(name: &str) -> Vec<String> {
    vec![policy(name)]
}

/// What an effect declares besides its own name.
pub fn of_effect(name: &str) -> Vec<String> {
    vec![effect(name), effect_outcome(name)]
}

/// What a saga declares besides its own name.
pub fn of_saga(name: &str) -> Vec<String> {
    vec![saga(name), saga_data(name)]
}

/// Names of contexts that would be folders or packages of the workspace's own.
pub const RESERVED_CONTEXTS: [&str; 7] = [
    "platform",
    "gateway",
    "dev",
    "contracts",
    "services",
    "shared",
    "ids",
];

/// What a package of the contract of a context may end with.
pub const CONTRACT_SUFFIXES: [&str; 2] = ["-contract", "-contracts"];

/// The topics that every context has, besides those of its aggregates.
pub const OWN_TOPICS: [&str; 2] = ["commands", "replies"];

/// The refusals every command has, besides `<field>_taken`.
pub const BUILT_IN_REFUSALS: [&str; 6] = [
    "not_found",
    "deleted",
    "wrong_status",
    "still_referenced",
    "invalid",
    "version_mismatch",
];

/// What gives a refusal its reason in code, so that no refusal is called so.
pub const REASON_OF_REFUSAL: &str = "because";

/// The refusal of a value that another aggregate has: `phone_taken`.
pub fn taken(field: &str) -> String {
    format!("{field}_taken")
}

/// The members that every aggregate has.
pub const BUILT_IN_MEMBERS: [&str; 4] = ["id", "version", "created_at", "updated_at"];

/// The member of an aggregate with states; of one without it is a name like any other.
pub const STATUS: &str = "status";

/// The part of a path that stands for a name: `ByBorrower` → `by-borrower`.
pub fn segment(name: &str) -> String {
    name.to_kebab_case()
}

/// The path of an aggregate's collection: `StockItem` → `stock-items`.
///
/// The rule is English and fixed: the last word ends in `ies` instead of a `y` after a consonant,
/// in `es` after `s`, `x`, `z`, `ch` and `sh`, else in `s`. `path` overrides what it gets wrong.
pub fn plural_path(aggregate: &str) -> String {
    let path = segment(aggregate);
    if let Some(stem) = path.strip_suffix('y')
        && stem.ends_with(|c: char| c.is_ascii_alphabetic() && !"aeiou".contains(c))
    {
        return format!("{stem}ies");
    }
    let hissing = ["s", "x", "z", "ch", "sh"]
        .iter()
        .any(|end| path.ends_with(end));
    format!("{path}{}", if hissing { "es" } else { "s" })
}

/// The module of a thing: `PayInstallment` → `pay_installment`.
pub fn module(name: &str) -> String {
    name.to_snake_case()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_follow_the_documented_rule() {
        for (name, path) in [
            ("Loan", "loans"),
            ("StockItem", "stock-items"),
            ("Category", "categories"),
            ("Day", "days"),
            ("Address", "addresses"),
            ("Box", "boxes"),
            ("Quiz", "quizes"),
            ("Batch", "batches"),
            ("Wish", "wishes"),
            ("Y", "ys"),
        ] {
            assert_eq!(plural_path(name), path);
        }
    }

    #[test]
    fn names_that_meet_after_a_conversion_have_one_key() {
        for (one, other) in [
            ("UserID", "UserId"),
            ("a-1", "a1"),
            ("a_b", "ab"),
            ("a_b", "a_b"),
        ] {
            let meet = collision_key(one) == collision_key(other);
            assert_eq!(meet, (one, other) != ("a_b", "ab"), "{one} {other}");
        }
    }
}
