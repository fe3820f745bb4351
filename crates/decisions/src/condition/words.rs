//! The words of a condition: which fields and functions there are, and of what kind they are.

use cel::common::ast::LiteralValue;
use cel::common::ast::operators as op;

/// What an expression yields, as far as it can be told before it is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Integer,
    Number,
    Truth,
    TextList,
    IntegerList,
    List,
    Any,
}

impl Kind {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Integer => "an integer",
            Self::Number => "a number with decimals",
            Self::Truth => "true or false",
            Self::TextList => "a list of texts",
            Self::IntegerList => "a list of integers",
            Self::List => "a list",
            Self::Any => "anything",
        }
    }

    pub(crate) fn of_literal(literal: &LiteralValue) -> Self {
        match literal {
            LiteralValue::Boolean(_) => Self::Truth,
            LiteralValue::Double(_) => Self::Number,
            LiteralValue::Int(_) | LiteralValue::UInt(_) => Self::Integer,
            LiteralValue::String(_) => Self::Text,
            LiteralValue::Bytes(_) | LiteralValue::Null => Self::Any,
        }
    }

    /// Whether values of the two kinds can ever be equal or ordered.
    pub(crate) fn compares_with(self, other: Self) -> bool {
        self == other
            || self == Self::Any
            || other == Self::Any
            || (self.is_numeric() && other.is_numeric())
    }

    pub(crate) fn is_numeric(self) -> bool {
        matches!(self, Self::Integer | Self::Number)
    }

    pub(crate) fn may_be(self, wanted: Self) -> bool {
        self == wanted || self == Self::Any
    }

    /// The kind of the elements of a list; `None` where it is no list.
    pub(crate) fn element(self) -> Option<Self> {
        match self {
            Self::TextList => Some(Self::Text),
            Self::IntegerList => Some(Self::Integer),
            Self::List | Self::Any => Some(Self::Any),
            Self::Text | Self::Integer | Self::Number | Self::Truth => None,
        }
    }
}

/// What a condition has to know before it can be evaluated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    pub(crate) item: bool,
    pub(crate) offer: bool,
    pub(crate) request: bool,
}

/// Every field a condition may read, with its kind. The order is the one of error messages.
pub(crate) const FIELDS: [(&str, Kind); 20] = [
    ("item.product_id", Kind::Text),
    ("item.name", Kind::Text),
    ("item.category", Kind::Text),
    ("item.brand", Kind::Text),
    ("item.merchant_id", Kind::Text),
    ("item.price_cents", Kind::Integer),
    ("item.in_stock", Kind::Truth),
    ("offer.offer_id", Kind::Text),
    ("offer.type", Kind::Text),
    ("offer.depth", Kind::Number),
    ("customer.customer_id", Kind::Text),
    ("customer.orders", Kind::Integer),
    ("customer.spend_cents", Kind::Integer),
    ("customer.days_since_order", Kind::Integer),
    ("customer.days_since_first_order", Kind::Integer),
    ("customer.recent_orders", Kind::Integer),
    ("customer.recent_spend_cents", Kind::Integer),
    ("request.placement", Kind::Text),
    ("request.product_id", Kind::Text),
    ("request.hour", Kind::Integer),
];

/// The variables, in the order of error messages.
pub(crate) const VARIABLES: [&str; 5] = ["item", "offer", "customer", CONTEXT, "request"];

/// The variable whose fields are the shop's own: what its trials logged of a customer.
pub(crate) const CONTEXT: &str = "context";
/// How its fields begin.
pub(crate) const CONTEXT_FIELDS: &str = "context.";

/// Prefix of the name under which the presence of a field is asked; no field can be called so.
pub(crate) const PRESENT: &str = "has ";
/// Prefix of the name under which a list of literals was put aside; no field can be called so.
pub(crate) const LIST: &str = "list ";

/// The named functions, with the kind they take (target or first argument) and the kind they yield.
pub(crate) const FUNCTIONS: [(&str, Kind, Kind); 10] = [
    ("startsWith", Kind::Text, Kind::Truth),
    ("endsWith", Kind::Text, Kind::Truth),
    ("contains", Kind::Text, Kind::Truth),
    ("lowerAscii", Kind::Text, Kind::Text),
    ("upperAscii", Kind::Text, Kind::Text),
    ("trim", Kind::Text, Kind::Text),
    ("size", Kind::Any, Kind::Integer),
    ("int", Kind::Any, Kind::Integer),
    ("double", Kind::Any, Kind::Number),
    ("string", Kind::Any, Kind::Text),
];

/// What is told of the words allowed besides the fields.
pub(crate) fn allowed_functions() -> String {
    let named: Vec<&str> = FUNCTIONS.iter().map(|f| f.0).collect();
    format!(
        "== != < <= > >= && || ! in + - * / % ?: has all exists exists_one filter map {}",
        named.join(" ")
    )
}

/// The fields of one variable, or all of them.
pub(crate) fn allowed_fields(variable: Option<&str>) -> String {
    let own = [("context.KEY, with a key that trials logged", Kind::Any)];
    let names: Vec<&str> = FIELDS
        .iter()
        .chain(&own)
        .map(|f| f.0)
        .filter(|name| variable.is_none_or(|v| name.split('.').next() == Some(v)))
        .collect();
    names.join(", ")
}

/// Operators that compare two values of kinds that go together.
pub(crate) const COMPARISONS: [&str; 6] = [
    op::EQUALS,
    op::NOT_EQUALS,
    op::LESS,
    op::LESS_EQUALS,
    op::GREATER,
    op::GREATER_EQUALS,
];

/// Operators of arithmetic.
pub(crate) const ARITHMETIC: [&str; 5] =
    [op::ADD, op::SUBSTRACT, op::MULTIPLY, op::DIVIDE, op::MODULO];

/// An operator as it is written: `_==_` is `==`.
pub(crate) fn written(operator: &str) -> &str {
    operator.trim_matches(['_', '@'])
}
