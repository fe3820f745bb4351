//! Conditions in CEL: checked once, evaluated for items and requests.

mod check;
mod error;
mod known;
mod words;

pub(crate) use error::ConditionError;
pub(crate) use known::{Known, KnownItem, KnownOffer, KnownRequest};

use cel::common::ast::IdedExpr;
use cel::common::types::CelBool;
use cel::common::value::CowVal;
use cel::context::VariableResolver;
use cel::{Context, Env, ExecutionError, Value};
use std::collections::BTreeSet;
use std::sync::Arc;
use words::CONTEXT_FIELDS;

/// What a condition says of one item and one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It holds.
    Applies,
    /// It does not hold, whatever is missing.
    DoesNot,
    /// It would depend on a field that is missing.
    Unknown,
    /// It could not be computed: a division by zero, a text that is no number.
    Failed,
}

/// A condition in CEL, checked: its variables, fields, functions and kinds exist.
#[derive(Debug)]
pub(crate) struct Condition {
    checked: check::Checked,
}

impl Condition {
    /// Parses and checks a text.
    pub(crate) fn new(text: &str, env: &Env) -> Result<Self, ConditionError> {
        if text.len() > error::TEXT_BYTES_MAX {
            return Err(ConditionError::TooLong { bytes: text.len() });
        }
        let program = env.compile(text).map_err(|errors| {
            let first = errors.errors.first();
            ConditionError::Syntax {
                message: first.map_or_else(String::new, |e| e.msg.replace('\n', " ")),
                line: first.map_or(1, |e| e.pos.0),
                column: first.map_or(1, |e| e.pos.1),
            }
        })?;
        Ok(Self {
            checked: check::check(program.expression().clone())?,
        })
    }

    /// Whether a part of it looks at the item alone.
    pub(crate) fn has_item_part(&self) -> bool {
        !self.checked.on_item.is_empty()
    }

    /// Whether a part of it looks at the offer.
    pub(crate) fn has_offer_part(&self) -> bool {
        !self.checked.on_offer.is_empty()
    }

    /// The fields it names.
    pub(crate) fn fields(&self) -> &BTreeSet<String> {
        &self.checked.fields
    }

    /// The keys of the context that it names.
    pub(crate) fn context_keys(&self) -> impl Iterator<Item = &str> {
        let own = |field: &'_ String| field.starts_with(CONTEXT_FIELDS);
        let named = self.checked.fields.iter().filter(move |field| own(field));
        named.map(|field| &field[CONTEXT_FIELDS.len()..])
    }

    /// The first field it names that is neither the customer's nor the context's.
    pub(crate) fn beyond_customer(&self) -> Option<&str> {
        let own = |field: &&String| {
            !(field.starts_with("customer.") || field.starts_with(CONTEXT_FIELDS))
        };
        self.checked.fields.iter().find(own).map(String::as_str)
    }

    /// Whether it looks at what is known of the customer, beyond who it is.
    pub(crate) fn looks_at_customer(&self) -> bool {
        let of = |field: &String| {
            field.starts_with(CONTEXT_FIELDS)
                || (field.starts_with("customer.") && field != "customer.customer_id")
        };
        self.checked.fields.iter().any(of)
    }

    /// Whether a part of it has to be judged for each item of each request.
    pub(crate) fn has_joint_part(&self) -> bool {
        !self.checked.on_both.is_empty()
    }

    /// Whether it looks at the request or the customer.
    pub(crate) fn depends_on_request(&self) -> bool {
        !self.checked.on_request.is_empty()
            || self.has_joint_part()
            || self.checked.offer_and_request
    }

    /// The verdict of the parts on the item alone; `Applies` where there are none.
    pub(crate) fn on_item(&self, evaluator: &Evaluator, item: KnownItem<'_>) -> Verdict {
        let known = self.known(Some(item), None, None);
        evaluator.all(&self.checked.on_item, &known)
    }

    /// The verdict of the parts on the request and the customer alone; `Applies` where there are none.
    pub(crate) fn on_request(&self, evaluator: &Evaluator, request: KnownRequest<'_>) -> Verdict {
        let known = self.known(None, None, Some(request));
        evaluator.all(&self.checked.on_request, &known)
    }

    /// The verdict of the parts on both; `Applies` where there are none.
    pub(crate) fn on_both(
        &self,
        evaluator: &Evaluator,
        item: KnownItem<'_>,
        request: KnownRequest<'_>,
    ) -> Verdict {
        let known = self.known(Some(item), None, Some(request));
        evaluator.all(&self.checked.on_both, &known)
    }

    /// The verdict of the parts on an offer, its request and its customer; `Applies` where there are none.
    pub(crate) fn on_offer(
        &self,
        evaluator: &Evaluator,
        offer: KnownOffer<'_>,
        request: KnownRequest<'_>,
    ) -> Verdict {
        let known = self.known(None, Some(offer), Some(request));
        evaluator.all(&self.checked.on_offer, &known)
    }

    /// The verdict of all parts together.
    pub(crate) fn on_all(
        &self,
        evaluator: &Evaluator,
        item: KnownItem<'_>,
        offer: KnownOffer<'_>,
        request: KnownRequest<'_>,
    ) -> Verdict {
        [
            self.on_request(evaluator, request),
            self.on_item(evaluator, item),
            self.on_both(evaluator, item, request),
            self.on_offer(evaluator, offer, request),
        ]
        .into_iter()
        .fold(Verdict::Applies, Verdict::and)
    }

    /// The fields it names with what is known of the customer for each, in one line.
    pub(crate) fn shown(&self, request: KnownRequest<'_>) -> String {
        let known = self.known(None, None, Some(request));
        known.shown(&self.checked.fields.iter().map(String::as_str).collect())
    }

    fn known<'a>(
        &'a self,
        item: Option<KnownItem<'a>>,
        offer: Option<KnownOffer<'a>>,
        request: Option<KnownRequest<'a>>,
    ) -> Known<'a> {
        Known {
            item,
            offer,
            request,
            lists: &self.checked.lists,
        }
    }
}

impl Verdict {
    /// Both must hold: what does not hold wins over what is not known (Kleene's three-valued logic).
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::DoesNot, _) | (_, Self::DoesNot) => Self::DoesNot,
            (Self::Failed, _) | (_, Self::Failed) => Self::Failed,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Applies, Self::Applies) => Self::Applies,
        }
    }
}

/// The fields that conditions on customers may name.
pub(crate) fn allowed_of_customers() -> String {
    let of = |variable| words::allowed_fields(Some(variable));
    format!("{}, {}", of("customer"), of("context"))
}

/// The functions of CEL, without any variable: one is enough for all rules.
pub(crate) fn environment() -> Arc<Env> {
    let mut env = Env::stdlib();
    env.add_extension(cel::extensions::strings)
        .expect("the string functions are added to a fresh environment");
    Arc::new(env)
}

/// Evaluates conditions.
pub(crate) struct Evaluator {
    root: Context<'static, 'static>,
}

impl std::fmt::Debug for Evaluator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Evaluator").finish_non_exhaustive()
    }
}

impl Evaluator {
    pub(crate) fn new(env: &Arc<Env>) -> Self {
        Self {
            root: Context::with_env(env.clone()),
        }
    }

    fn all(&self, parts: &[IdedExpr], known: &Known<'_>) -> Verdict {
        let mut verdict = Verdict::Applies;
        for part in parts {
            verdict = verdict.and(evaluate(&self.root, part, known));
            if verdict == Verdict::DoesNot {
                break;
            }
        }
        verdict
    }
}

fn evaluate<'v>(
    root: &Context<'v, 'v>,
    part: &IdedExpr,
    known: &'v dyn VariableResolver,
) -> Verdict {
    let mut scope = root.new_inner_scope();
    scope.set_variable_resolver(known);
    let outcome: Result<CowVal<'_, '_>, ExecutionError> = Value::resolve_val(part, &scope);
    match outcome {
        Ok(value) => match value.downcast_ref::<CelBool>().map(|b| *b.inner()) {
            Some(true) => Verdict::Applies,
            Some(false) => Verdict::DoesNot,
            None => Verdict::Failed,
        },
        // Every name was checked, so a name that has no value is a field that is missing.
        Err(ExecutionError::UndeclaredReference(_)) => Verdict::Unknown,
        Err(_) => Verdict::Failed,
    }
}
