//! What may be absent stops nothing; what is certain is there, in the type and in JSON.

use contract::{Accepted, ClaimMade, ClaimStatus, Marked, Sum};
use platform_contract::value::{Uuid, json};
use platform_runtime::handler::{Policy, Targets};
use platform_runtime::prelude::EventWith;
use platform_testing::{date, decimal, given, id, recorded};
use random_claims::generated::{Claim, CountWhenMade, CountWhenMarked, NewClaim};
use serde::Deserialize;

fn sum() -> Sum {
    Sum {
        amount: decimal("12.50"),
        unit: "EUR".to_owned(),
    }
}

/// What became of a claim at `desk`.
fn made(desk: Option<u32>) -> ClaimMade {
    ClaimMade {
        holder: id(1),
        adviser: None,
        desk: desk.map(id),
        text: "text".to_owned(),
        due: date("2026-01-31"),
        code: "code".to_owned(),
        secret: "secret".to_owned(),
    }
}

#[test]
fn a_policy_fires_where_its_target_is_there() {
    let targets = |desk| CountWhenMade::targets(&recorded(made(desk), ClaimStatus::Made), 0);
    assert!(matches!(targets(None), Targets::Nobody));
    assert!(matches!(targets(Some(2)), Targets::One(desk) if desk == id::<Uuid>(2)));

    let marked = |reader: Option<u32>| Marked {
        quote: sum(),
        marks: vec!["a".to_owned()],
        claim: "claim".to_owned(),
        text: "text".to_owned(),
        reader: reader.map(id),
    };
    let targets =
        |reader| CountWhenMarked::targets(&recorded(marked(reader), ClaimStatus::Quoted), 0);
    assert!(matches!(targets(None), Targets::Nobody));
    assert!(matches!(targets(Some(3)), Targets::One(reader) if reader == id::<Uuid>(3)));
}

#[test]
fn an_event_takes_what_is_certain_as_an_argument() {
    let claim: Claim = given(NewClaim {
        holder: id(1),
        adviser: None,
        desk: Some(id(2)),
        text: "text".to_owned(),
        quote: None,
        due: None,
        code: None,
        claim: None,
        marks: None,
        secret: None,
        kind: None,
    })
    .into_aggregate();
    let accepted = Accepted::of(&claim, sum());
    assert_eq!((accepted.desk, accepted.quote), (Some(id(2)), sum()));
}

#[test]
fn an_event_without_what_is_certain_is_none() {
    let whole = Accepted::deserialize(json(r#"{ "quote": { "amount": "12.50", "unit": "EUR" } }"#));
    assert_eq!(whole.map(|it| it.quote).ok(), Some(sum()));
    assert!(Accepted::deserialize(json("{}")).is_err());
    assert!(Accepted::deserialize(json(r#"{ "quote": null }"#)).is_err());
}
