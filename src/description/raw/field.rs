//! Fields, in their short and their long form.

use super::{
    RawAbout, RawBound, RawLiteral, RawPath, RawType, RawTypeExpr, RawWord, Spanned, Text,
};
use crate::description::declare::table;
use crate::description::parse::{Node, Parse, Parser};
use crate::description::shape::Shape;
use crate::diagnostics::Diagnostic;

/// A field: `"string?"`, or its long form.
#[derive(Debug, Clone, PartialEq)]
pub struct RawField {
    /// Its type.
    pub ty: RawType,
    /// What else the long form says.
    pub keys: RawFieldKeys,
    /// What it says of itself.
    pub about: RawAbout,
}

table! {
    /// The long form of a field. It has exactly one of `type`, `enum` and `ref`.
    pub struct RawFieldTable with form: RawTypeKeys, keys: RawFieldKeys, about: RawAbout {
    }
}

table! {
    /// What type a field has.
    pub struct RawTypeKeys {
        /// The type: `string`, `text`, `bool`, `int`, `float`, `decimal(p,s)`, `uuid`, `date`,
        /// `timestamp`, `duration`, `bytes`, `json`, or the name of a value object or enum; `T?` when
        /// optional, `[T]` for a list.
        r#type: Option<Spanned<RawType>>,
        /// The values of an enum that this field alone has; its name is `<Owner><Field>`.
        r#enum: Option<Spanned<Vec<RawWord>>>,
        /// What it refers to by id: an aggregate of this context or of another (`context.Aggregate`),
        /// or an entity of the same aggregate.
        r#ref: Option<Spanned<RawPath>>,
        /// Whether it may be absent; the same as `?` after the type.
        optional: Option<Spanned<bool>> = "`false`",
        /// Whether it is a list; the same as brackets around the type.
        list: Option<Spanned<bool>> = "`false`",
    }
}

table! {
    /// What a field's values must satisfy, and how they are treated.
    #[derive(Default)]
    pub struct RawFieldKeys {
        /// What it is when nobody gives it; `"now"` for a timestamp, `"today"` for a date. Decimals,
        /// durations, uuids and dates are written as strings. Value objects and entities that were stored
        /// before they had the field have its default too: of a time, the one at which their aggregate was
        /// made.
        default: Option<Spanned<RawLiteral>>,
        /// Whether no two aggregates may share its value.
        unique: Option<Spanned<bool>> = "`false`",
        /// Whether it is indexed without a query that needs it.
        index: Option<Spanned<bool>> = "`false`",
        /// The least value allowed.
        min: Option<Spanned<RawBound>>,
        /// The greatest value allowed.
        max: Option<Spanned<RawBound>>,
        /// A bound that values must exceed.
        exclusive_min: Option<Spanned<RawBound>>,
        /// The least length: characters of a text, bytes of bytes, elements of a list.
        min_length: Option<Spanned<u64>>,
        /// The greatest length.
        max_length: Option<Spanned<u64>>,
        /// A regular expression the text must match.
        pattern: Option<Text>,
        /// Whether it is personal data: it prints as `***` in `Debug`, and no log, trace or refusal repeats it.
        /// Once its aggregate is deleted, empty values stand for it in the service's event log, answers to
        /// requests, jobs, parked messages and dead letters. Topics keep what was published, other contexts
        /// their copies until they hear of the deletion, and backups what they have.
        pii: Option<Spanned<bool>> = "`false`",
        /// Whether it is left out of every answer.
        hidden: Option<Spanned<bool>> = "`false`",
        /// Whether existing rows get its value from your code.
        backfill: Option<Spanned<bool>> = "`false`",
    }
}

impl Parse for RawField {
    fn parse(node: Node<'_>, parser: &mut Parser) -> Option<Self> {
        if node.value.is_table() {
            let RawFieldTable { form, keys, about } = RawFieldTable::parse(node, parser)?;
            return form.ty(node, parser).map(|ty| Self { ty, keys, about });
        }
        parser.text(node, &Self::shape())?;
        let ty = RawType::parse(node, parser)?;
        Some(Self {
            ty,
            keys: RawFieldKeys::default(),
            about: RawAbout::default(),
        })
    }

    fn shape() -> Shape {
        Shape::Either(vec![RawType::shape(), RawFieldTable::shape()])
    }
}

impl RawTypeKeys {
    /// The type that the long form at `node` gives.
    fn ty(self, node: Node<'_>, parser: &mut Parser) -> Option<RawType> {
        let named = self.r#type.map(|ty| ("type", ty.value, ty.span));
        let listed = self.r#enum.map(|list| {
            let span = list.span;
            ("enum", RawType::of(list.map(RawTypeExpr::Enum)), span)
        });
        let reference = self.r#ref.map(|path| {
            let span = path.span;
            ("ref", RawType::of(path.map(RawTypeExpr::Ref)), span)
        });
        let mut forms = [named, listed, reference].into_iter().flatten();
        let Some((first, mut ty, span)) = forms.next() else {
            let message = format!("the field `{}` has no type", node.name);
            let diagnostic = Diagnostic::error("missing-key", message).at(node.key, "");
            let help = "add one of `type`, `enum` and `ref`";
            parser.diagnostics.push(diagnostic.help(help));
            return None;
        };
        if let Some((second, _, other)) = forms.next() {
            let message = format!(
                "the field `{}` has both `{first}` and `{second}`",
                node.name
            );
            let diagnostic = Diagnostic::error("conflicting-keys", message).at(other, "");
            parser
                .diagnostics
                .push(diagnostic.at(span, "").help("keep one of them"));
            return None;
        }
        apply(&mut ty.optional, self.optional, "optional", parser)?;
        apply(&mut ty.list, self.list, "list", parser)?;
        Some(ty)
    }
}

impl RawType {
    fn of(expr: Spanned<RawTypeExpr>) -> Self {
        Self {
            expr,
            optional: false,
            list: false,
        }
    }
}

/// Adds what a key of the long form says to what the type says; they may not contradict.
fn apply(
    flag: &mut bool,
    said: Option<Spanned<bool>>,
    key: &'static str,
    parser: &mut Parser,
) -> Option<()> {
    if let Some(said) = said {
        if *flag && !said.value {
            let message = format!("`{key} = false` contradicts the type");
            let diagnostic = Diagnostic::error("conflicting-keys", message).at(said.span, "");
            parser
                .diagnostics
                .push(diagnostic.help("say it once, in the type"));
            return None;
        }
        *flag |= said.value;
    }
    Some(())
}
