//! Values as expressions of Rust, from their JSON form.

use serde_json::Value;

use crate::model::{Entity, Field, Presence, Scalar, System, Type};

use super::expr::{Expr, call, text};
use super::names;
use super::sample;
use super::types::Types;
use super::uses::Uses;

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// With constructors that cannot fail, as production code needs them.
    Exact,
    /// With the helpers of `platform_testing`, as tests are read.
    ForTests,
}

/// Renders values of one context's types in one file.
pub struct Values<'a> {
    /// The system, where value objects and enums are looked up.
    pub system: &'a System,
    /// The types of the file.
    pub types: Types<'a>,
    /// How they are written.
    pub spelling: Spelling,
}

impl Values<'_> {
    /// The value of a field from its JSON form; `null` is `None`.
    pub fn field(&self, uses: &mut Uses, field: &Field, value: &Value) -> Expr {
        if field.optional && value.is_null() {
            return text("None");
        }
        let inner = match value {
            Value::Array(elements) if field.list => self.list(uses, &field.ty, elements),
            value => self.one(uses, &field.ty, value),
        };
        if field.optional {
            call("Some", vec![inner])
        } else {
            inner
        }
    }

    /// The value of an input from its JSON form; without one it is left out.
    pub fn input(
        &self,
        uses: &mut Uses,
        field: &Field,
        presence: Presence,
        value: Option<&Value>,
    ) -> Expr {
        let shaped = |optional| Field {
            optional,
            ..field.clone()
        };
        let plain = value.unwrap_or(&Value::Null);
        match presence {
            Presence::Required => self.field(uses, &shaped(false), plain),
            Presence::Optional | Presence::Kept => self.field(uses, &shaped(true), plain),
            Presence::Clearable => {
                let patch = uses.take("platform_contract::value", "Patch");
                match value {
                    None => text(format!("{patch}::Keep")),
                    Some(Value::Null) => text(format!("{patch}::Clear")),
                    Some(value) => {
                        let set = self.field(uses, &shaped(false), value);
                        call(format!("{patch}::Set"), vec![set])
                    }
                }
            }
        }
    }

    /// A list of entities from its JSON form, as a test writes it.
    pub fn entities(&self, uses: &mut Uses, entity: &Entity, value: Option<&Value>) -> Expr {
        let elements = value.and_then(Value::as_array);
        match elements.filter(|elements| !elements.is_empty()) {
            None => text("Vec::new()"),
            Some(elements) => {
                let elements = elements
                    .iter()
                    .map(|value| self.entity(uses, entity, value));
                Expr::Array("vec!", elements.collect())
            }
        }
    }

    fn entity(&self, uses: &mut Uses, entity: &Entity, value: &Value) -> Expr {
        let member = |name: &str| value.get(name).unwrap_or(&Value::Null);
        let id = uses.take("platform_testing", "id");
        let mut fields = vec![("id".to_owned(), call(id, vec![text(number(member("id")))]))];
        for field in entity.fields.values() {
            let ident = names::field_ident(field.name.as_str());
            fields.push((ident, self.field(uses, field, member(field.name.as_str()))));
        }
        Expr::Struct(self.types.own(uses, entity.name.as_str()), fields)
    }

    fn list(&self, uses: &mut Uses, ty: &Type, elements: &[Value]) -> Expr {
        if elements.is_empty() {
            return text("Vec::new()");
        }
        let elements = elements
            .iter()
            .map(|element| self.one(uses, ty, element))
            .collect();
        Expr::Array("vec!", elements)
    }

    fn one(&self, uses: &mut Uses, ty: &Type, value: &Value) -> Expr {
        match ty {
            Type::Scalar(scalar) => self.scalar(uses, *scalar, value),
            Type::Reference(_) if self.spelling == Spelling::ForTests => {
                let id = uses.take("platform_testing", "id");
                call(id, vec![text(number(value))])
            }
            Type::Reference(_) => {
                let id = uses.take("platform_contract::value", "Uuid");
                call(format!("{id}::from_u128"), vec![text(uuid(value))]).into_id()
            }
            Type::Enum(path) => {
                let name = self.types.declared(uses, path);
                let variant = names::variant_ident(value.as_str().unwrap_or_default());
                text(format!("{name}::{variant}"))
            }
            Type::Value(path) => {
                let name = self.types.declared(uses, path);
                let declared = self.system.value_type(path);
                let fields = declared.into_iter().flat_map(|ty| ty.fields.values());
                let fields = fields
                    .map(|field| {
                        let given = value.get(field.name.as_str()).unwrap_or(&Value::Null);
                        let ident = names::field_ident(field.name.as_str());
                        (ident, self.field(uses, field, given))
                    })
                    .collect();
                Expr::Struct(name, fields)
            }
        }
    }

    fn scalar(&self, uses: &mut Uses, scalar: Scalar, value: &Value) -> Expr {
        let plain = value.as_str().unwrap_or_default();
        let platform = |uses: &mut Uses, name| uses.take("platform_contract::value", name);
        if self.spelling == Spelling::ForTests
            && let Some(helper) = helper(scalar)
        {
            let helper = uses.take("platform_testing", helper);
            return call(helper, vec![text(names::literal(plain))]);
        }
        match scalar {
            Scalar::String | Scalar::Text => Expr::Chain(
                Box::new(text(names::literal(plain))),
                vec![call("to_owned", vec![])],
            ),
            Scalar::Bool | Scalar::Int => text(value.to_string()),
            Scalar::Float => text(float(value)),
            Scalar::Decimal(_) => decimal(&platform(uses, "Decimal"), plain),
            Scalar::Uuid => {
                let head = format!("{}::from_u128", platform(uses, "Uuid"));
                call(head, vec![text(uuid(value))])
            }
            Scalar::Date => date(&platform(uses, "Date"), plain),
            Scalar::Timestamp => {
                let micros = plain
                    .parse()
                    .map_or(0, |t: jiff::Timestamp| t.as_microsecond());
                let head = format!("{}::constant", platform(uses, "Timestamp"));
                call(head, vec![text(grouped(i128::from(micros)))])
            }
            Scalar::Duration => duration(&platform(uses, "Duration"), plain),
            Scalar::Bytes => bytes(&platform(uses, "Bytes"), plain),
            Scalar::Json if value.is_null() => text(format!("{}::Null", platform(uses, "Json"))),
            Scalar::Json => {
                let literal = names::literal(&value.to_string());
                call("platform_contract::value::json", vec![text(literal)])
            }
        }
    }
}

/// The function of `platform_testing` that takes a text for a value.
fn helper(scalar: Scalar) -> Option<&'static str> {
    match scalar {
        Scalar::Decimal(_) => Some("decimal"),
        Scalar::Date => Some("date"),
        Scalar::Timestamp => Some("timestamp"),
        _ => None,
    }
}

/// The number of an example's id.
fn number(value: &Value) -> String {
    let number = value.as_str().and_then(sample::number_of);
    number.unwrap_or(1).to_string()
}

impl Expr {
    /// A plain UUID as the id that the place expects.
    fn into_id(self) -> Self {
        Self::Chain(Box::new(self), vec![call("into", vec![])])
    }
}

/// A UUID as a number of Rust: `0x0123…`.
fn uuid(value: &Value) -> String {
    let digits: String = value
        .as_str()
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_hexdigit)
        .collect();
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return "0".to_owned();
    }
    format!("0x{digits}")
}

fn float(value: &Value) -> String {
    let text = value.to_string();
    if text.contains(['.', 'e', 'E']) {
        text
    } else {
        format!("{text}.0")
    }
}

/// `Decimal::new(mantissa, scale)`, which is exact.
fn decimal(head: &str, plain: &str) -> Expr {
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let mantissa: i128 = format!("{whole}{fraction}").parse().unwrap_or_default();
    let head = match i64::try_from(mantissa) {
        Ok(_) => format!("{head}::new"),
        Err(_) => format!("{head}::from_i128_with_scale"),
    };
    let scale = text(fraction.len().to_string());
    call(head, vec![text(grouped(mantissa)), scale])
}

/// A number with an underscore between thousands, as clippy would have it.
pub fn grouped(number: i128) -> String {
    let digits = number.unsigned_abs().to_string();
    let sign = if number < 0 { "-" } else { "" };
    if digits.len() < 6 {
        return format!("{sign}{digits}");
    }
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push('_');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}")
}

fn date(head: &str, plain: &str) -> Expr {
    let date: jiff::civil::Date = plain.parse().unwrap_or(jiff::civil::Date::ZERO);
    let parts = [
        i64::from(date.year()),
        i64::from(date.month()),
        i64::from(date.day()),
    ];
    call(
        format!("{head}::constant"),
        parts.iter().map(|part| text(part.to_string())).collect(),
    )
}

fn duration(head: &str, plain: &str) -> Expr {
    let duration: jiff::SignedDuration = plain.parse().unwrap_or_default();
    if duration.subsec_nanos() == 0 {
        let seconds = text(grouped(i128::from(duration.as_secs())));
        return call(format!("{head}::from_secs"), vec![seconds]);
    }
    let micros = text(grouped(duration.as_micros()));
    call(format!("{head}::from_micros"), vec![micros])
}

fn bytes(head: &str, plain: &str) -> Expr {
    call(
        format!("{head}::from_base64"),
        vec![text(names::literal(plain))],
    )
}
