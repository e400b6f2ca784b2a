//! Personal data is not printed, whatever holds it; and with empty values in its place events read as
//! before.

use contract::{Admit, Admitted, Changed, PatientView};
use platform_contract::envelope::{Change, Envelope, decode, emptied};
use platform_contract::value::{Json, Timestamp, Uuid, json};
use platform_contract::{Event, Recorded, fixtures};
use random_clinic::generated::{ByBirth, ByNumber};

const ADMITTED: &str = include_str!("../../../contracts/clinic/fixtures/Admitted.v1.json");
const CHANGED: &str = include_str!("../../../contracts/clinic/fixtures/Changed.v1.json");

fn envelope<E: Event>(data: Json) -> Envelope {
    Envelope {
        id: Uuid::nil(),
        kind: E::TYPE.to_owned(),
        version: 1,
        source: "/random/clinic".to_owned(),
        subject: Uuid::nil(),
        sequence: 1,
        change: Change::Saved,
        last_event: None,
        time: Timestamp::constant(0),
        correlation: Uuid::nil().into(),
        causation: Uuid::nil(),
        traceparent: None,
        data,
    }
}

fn without_personal_data<E: Event<Of = PatientView>>(text: &str) -> (Recorded<E>, String) {
    let envelope = emptied::<PatientView>(&envelope::<E>(json(text)));
    let envelope = envelope.unwrap_or_else(|| panic!("version 1 is known"));
    match decode(&envelope) {
        Ok(event) => (event, envelope.data.to_string()),
        Err(error) => panic!("{error}: {}", envelope.data),
    }
}

#[test]
fn nothing_prints_it() {
    let changed: Changed = fixtures::published(1, CHANGED);
    let printed = format!("{changed:?}");
    assert!(
        printed.starts_with("Changed { name: ***, place: Place { street: ***, country: \""),
        "{printed}"
    );
    assert!(printed.contains(", reason: ***, room: \""), "{printed}");
    assert!(printed.ends_with(", contacts: *** }"), "{printed}");

    let admitted: Admitted = fixtures::published(1, ADMITTED);
    let printed = format!("{admitted:?}");
    for member in [
        "name", "type", "age", "born", "picture", "names", "contact", "doctor",
    ] {
        assert!(printed.contains(&format!("{member}: ***")), "{printed}");
    }

    let number = "AB-1234".to_owned();
    assert_eq!(
        format!("{:?}", ByNumber { number }),
        "ByNumber { number: *** }"
    );
    let born_from = Some(admitted.born);
    let ever = ByBirth {
        born_from,
        born_to: None,
    };
    assert_eq!(
        format!("{ever:?}"),
        "ByBirth { born_from: ***, born_to: *** }"
    );
}

#[test]
fn commands_do_not_print_it_either() {
    let admit: Result<Admit, _> = serde_of(ADMITTED);
    let Ok(admit) = admit else {
        panic!("the fixture has all that is asked for");
    };
    let printed = format!("{admit:?}");
    assert!(
        printed.starts_with("Admit { name: ***, type: ***, "),
        "{printed}"
    );
    assert!(printed.ends_with("reason: *** }"), "{printed}");
}

#[test]
fn empty_values_are_read_as_before() {
    let (admitted, _) = without_personal_data::<Admitted>(ADMITTED);
    assert_eq!((admitted.name.as_str(), admitted.age), ("", 0));
    assert_eq!(admitted.place.street, "");
    assert_eq!(
        (admitted.contact.mail.as_str(), admitted.contacts.len()),
        ("", 0)
    );
    assert_eq!(
        admitted.ward,
        fixtures::published::<Admitted>(1, ADMITTED).ward
    );
    let (changed, text) = without_personal_data::<Changed>(CHANGED);
    let whole: Changed = fixtures::published(1, CHANGED);
    assert_eq!(changed.visits.len(), whole.visits.len());
    assert_eq!(
        changed.visits.first().map(|visit| visit.reason.as_str()),
        Some("")
    );
    assert!(
        !text.contains(&whole.name) && !text.contains(&whole.place.street),
        "{text}"
    );
}

/// The members of a fixture that another type has, too.
fn serde_of<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, impl std::fmt::Display> {
    T::deserialize(json(text))
}
