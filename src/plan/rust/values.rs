//! Values as expressions of Rust, from their JSON form.

use serde_json::Value;

use crate::model::{Content, Entity, Field, Presence, Scalar, System, Type};

use super::expr::{Expr, call, text};
use super::imports::Module;
use super::names;
use super::types::Types;
use crate::plan::sample;

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// With constructors that cannot fail, as production code needs them.
    Exact,
    /// With the helpers of `platform_testing`, as tests are read.
    ForTests,
}

/// Renders values of one context's types in one file.
#[derive(Clone, Copy)]
pub struct Values<'a> {
    /// The system, where value objects and enums are looked up.
    pub system: &'a System,
    /// The types of the file.
    pub types: Types<'a>,
    /// How they are written.
    pub spelling: Spelling,
}

impl Values<'_> {
    /// What stands under a name, from its JSON form; `null`, and nothing, is `None` or an empty list.
    pub fn member(&self, content: Content<'_>, value: Option<&Value>) -> Expr {
        let presence = content.is_optional().into();
        self.input(content, presence, value)
    }

    /// The value of a field from its JSON form; `null` is `None`.
    pub fn field(&self, field: &Field, value: &Value) -> Expr {
        self.member(Content::Field(field), Some(value))
    }

    /// The value of an input from its JSON form; without one it is left out.
    pub fn input(&self, content: Content<'_>, presence: Presence, value: Option<&Value>) -> Expr {
        let patch = || self.types.take(Module::Value, "Patch");
        let plain = || match content {
            Content::Field(field) => self.plain(field, value.unwrap_or(&Value::Null)),
            Content::Entities(entity) => self.entities(entity, value),
        };
        match (presence, value) {
            (Presence::Required | Presence::Defaulted, _) => plain(),
            (Presence::Clearable, None) => text(format!("{}::Keep", patch())),
            (Presence::Clearable, Some(Value::Null)) => text(format!("{}::Clear", patch())),
            (Presence::Clearable, Some(_)) => call(format!("{}::Set", patch()), [plain()]),
            (_, None | Some(Value::Null)) => text("None"),
            (_, Some(_)) => call("Some", [plain()]),
        }
    }

    fn plain(&self, field: &Field, value: &Value) -> Expr {
        match value {
            Value::Array(elements) if field.list => {
                Expr::vec(elements.iter().map(|element| self.one(&field.ty, element)))
            }
            value => self.one(&field.ty, value),
        }
    }

    /// A list of entities, as a test writes it.
    fn entities(&self, entity: &Entity, value: Option<&Value>) -> Expr {
        let elements = value.and_then(Value::as_array).into_iter().flatten();
        Expr::vec(elements.map(|value| {
            let ty = self.types.own(entity.name.as_str());
            let id = call(
                self.types.take(Module::Testing, "id"),
                [text(number(&value["id"]))],
            );
            let fields = self.fields(entity.fields.values(), value);
            Expr::structure(&ty, [("id".to_owned(), id)].into_iter().chain(fields))
        }))
    }

    fn fields<'f>(
        &self,
        fields: impl Iterator<Item = &'f Field>,
        value: &Value,
    ) -> impl Iterator<Item = (String, Expr)> {
        fields.map(|field| {
            let name = field.name.as_str();
            let value = value.get(name).unwrap_or(&Value::Null);
            (names::field_ident(name), self.field(field, value))
        })
    }

    fn one(&self, ty: &Type, value: &Value) -> Expr {
        match ty {
            Type::Scalar(scalar) => self.scalar(*scalar, value),
            Type::Reference(_) if self.spelling == Spelling::ForTests => {
                let id = self.types.take(Module::Testing, "id");
                call(id, [text(number(value))])
            }
            Type::Reference(_) => self.scalar(Scalar::Uuid, value).method("into"),
            Type::Enum(path) => {
                let name = self.types.declared(path);
                let variant = names::variant_ident(value.as_str().unwrap_or_default());
                text(format!("{name}::{variant}"))
            }
            Type::Value(path) => {
                let declared = self.system.value_type(path).into_iter();
                let fields = declared.flat_map(|ty| ty.fields.values());
                Expr::structure(&self.types.declared(path), self.fields(fields, value))
            }
        }
    }

    fn scalar(&self, scalar: Scalar, value: &Value) -> Expr {
        let plain = value.as_str().unwrap_or_default();
        let platform = |name, function: &str| {
            let name = self.types.take(Module::Value, name);
            format!("{name}::{function}")
        };
        if self.spelling == Spelling::ForTests
            && let Some(helper) = helper(scalar)
        {
            let helper = self.types.take(Module::Testing, helper);
            return call(helper, [literal(plain)]);
        }
        match scalar {
            Scalar::String | Scalar::Text => literal(plain).method("to_owned"),
            Scalar::Bool | Scalar::Int => text(value.to_string()),
            Scalar::Float => text(float(value)),
            Scalar::Decimal(_) => {
                let (function, arguments) = decimal(plain);
                call(platform("Decimal", function), arguments)
            }
            Scalar::Uuid => call(platform("Uuid", "from_u128"), [text(uuid(value))]),
            Scalar::Date => call(platform("Date", "constant"), date(plain)),
            Scalar::Timestamp => {
                let time: jiff::Timestamp = plain.parse().unwrap_or_default();
                let micros = text(grouped(time.as_microsecond()));
                call(platform("Timestamp", "constant"), [micros])
            }
            Scalar::Duration => {
                let (function, argument) = duration(plain);
                call(platform("Duration", function), [argument])
            }
            Scalar::Bytes => call(platform("Bytes", "from_base64"), [literal(plain)]),
            Scalar::Json if value.is_null() => text(platform("Json", "Null")),
            Scalar::Json => json(value),
        }
    }
}

/// A string literal.
fn literal(plain: &str) -> Expr {
    text(names::literal(plain))
}

/// Any JSON.
fn json(value: &Value) -> Expr {
    call(
        "platform_contract::value::json",
        [literal(&value.to_string())],
    )
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

/// `new(mantissa, scale)`, which is exact.
fn decimal(plain: &str) -> (&'static str, [Expr; 2]) {
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let mantissa: i128 = format!("{whole}{fraction}").parse().unwrap_or_default();
    let function = match i64::try_from(mantissa) {
        Ok(_) => "new",
        Err(_) => "from_i128_with_scale",
    };
    let scale = fraction.len().to_string();
    (function, [text(grouped(mantissa)), text(scale)])
}

/// A number with an underscore between thousands, as clippy would have it.
pub fn grouped(number: impl Into<i128>) -> String {
    let number = number.into();
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

fn date(plain: &str) -> [Expr; 3] {
    let date: jiff::civil::Date = plain.parse().unwrap_or(jiff::civil::Date::ZERO);
    [date.year().into(), date.month().into(), date.day().into()]
        .map(|part: i64| text(part.to_string()))
}

fn duration(plain: &str) -> (&'static str, Expr) {
    let duration: jiff::SignedDuration = plain.parse().unwrap_or_default();
    match duration.subsec_nanos() {
        0 => ("from_secs", text(grouped(duration.as_secs()))),
        _ => ("from_micros", text(grouped(duration.as_micros()))),
    }
}
