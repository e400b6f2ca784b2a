//! What an update says of a member that its caller may leave out.

use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What an update says of an optional member. In JSON it is left out, `null`, or a value, as in a
/// merge patch (RFC 7396): a struct has it with
/// `#[serde(default, skip_serializing_if = "Patch::is_keep")]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Patch<T> {
    /// The member stays as it is: the caller left it out.
    #[default]
    Keep,
    /// The member goes: the caller sent `null`.
    Clear,
    /// The member becomes this.
    Set(T),
}

impl<T> Patch<T> {
    /// Does to the member what this says.
    pub fn apply_to(self, member: &mut Option<T>) {
        *member = self.after(member.take());
    }

    /// What the member is after this, where it was that before.
    pub fn after(self, before: Option<T>) -> Option<T> {
        match self {
            Self::Keep => before,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }

    /// What the member becomes; `None` where it stays or goes.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Keep | Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }

    /// Whether the member stays as it is.
    pub const fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

/// The member becomes what a source says: the value it has, or nothing.
impl<T> From<Option<T>> for Patch<T> {
    fn from(said: Option<T>) -> Self {
        said.map_or(Self::Clear, Self::Set)
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            // `null` would clear it.
            Self::Keep => Err(S::Error::custom(
                "a member that is kept is left out: its struct has to skip it",
            )),
            Self::Clear => serializer.serialize_none(),
            Self::Set(value) => serializer.serialize_some(value),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json, to_value};

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Change {
        #[serde(default, skip_serializing_if = "Patch::is_keep")]
        note: Patch<String>,
        #[serde(default, skip_serializing_if = "Patch::is_keep")]
        extra: Patch<Value>,
    }

    #[test]
    fn absence_null_and_a_value_stay_apart_through_json() {
        let kept = Change {
            note: Patch::Keep,
            extra: Patch::Keep,
        };
        let cleared = Change {
            note: Patch::Clear,
            extra: Patch::Clear,
        };
        let set = Change {
            note: Patch::Set(String::new()),
            extra: Patch::Set(json!([null])),
        };
        let forms = [
            (kept, json!({})),
            (cleared, json!({ "note": null, "extra": null })),
            (set, json!({ "note": "", "extra": [null] })),
        ];
        for (change, form) in forms {
            assert_eq!(to_value(&change).unwrap(), form);
            assert_eq!(from_value::<Change>(form).unwrap(), change);
        }
        // Nobody clears by forgetting to skip.
        assert!(to_value(Patch::<String>::Keep).is_err());
    }

    #[test]
    fn a_member_is_kept_cleared_or_set() {
        for (patch, after) in [
            (Patch::Keep, Some(1)),
            (Patch::Clear, None),
            (Patch::Set(2), Some(2)),
        ] {
            assert_eq!(patch.after(Some(1)), after);
            let mut member = Some(1);
            patch.apply_to(&mut member);
            assert_eq!(member, after);
        }
        assert_eq!(Patch::from(None::<u8>), Patch::Clear);
        assert_eq!(Patch::from(Some(3)).value(), Some(&3));
        assert_eq!(Patch::<u8>::Clear.value(), None);
    }
}
