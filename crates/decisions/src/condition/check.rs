//! From the text of a condition to an expression whose every word is known.
//!
//! Fields become single names (`item.category` is looked up once, not as a map and its key), and lists of literals
//! are put aside, so that evaluating a condition for a hundred thousand items does not build them as often.

use super::error::ConditionError;
use super::words::{
    self, ARITHMETIC, COMPARISONS, CONTEXT, FIELDS, FUNCTIONS, Kind, LIST, Needs, PRESENT,
    VARIABLES,
};
use cel::common::ast::operators as op;
use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue, SelectExpr};
use cel::common::types::CelList;
use cel::common::value::Val;
use std::collections::BTreeSet;

/// The checked parts of a condition, by what they need to be known.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    /// Parts that look at the item alone.
    pub(crate) on_item: Vec<IdedExpr>,
    /// Parts that look at the offer, and perhaps at the request or the customer.
    pub(crate) on_offer: Vec<IdedExpr>,
    /// Whether one of these looks at the request or the customer.
    pub(crate) offer_and_request: bool,
    /// Fields that are named anywhere, by name.
    pub(crate) fields: BTreeSet<String>,
    /// Parts that look at the request or the customer alone, or at nothing.
    pub(crate) on_request: Vec<IdedExpr>,
    /// Parts that look at both.
    pub(crate) on_both: Vec<IdedExpr>,
    /// Lists of literals, in the order of their numbers.
    pub(crate) lists: Vec<Box<dyn Val>>,
}

/// Checks an expression and splits it where `&&` joins its parts.
pub(crate) fn check(expression: IdedExpr) -> Result<Checked, ConditionError> {
    let mut checked = Checked::default();
    let mut parts = Vec::new();
    conjuncts(expression, &mut parts);
    for mut part in parts {
        let mut walk = Walk {
            lists: &mut checked.lists,
            fields: &mut checked.fields,
            needs: Needs::default(),
            local: Vec::new(),
        };
        let kind = walk.expression(&mut part)?;
        if !kind.may_be(Kind::Truth) {
            return Err(ConditionError::NotTruth {
                found: kind.words(),
            });
        }
        let Needs {
            item,
            offer,
            request,
        } = walk.needs;
        checked.offer_and_request |= offer && request;
        let parts = match (item, offer, request) {
            (true, true, _) => return Err(ConditionError::ItemsAndOffers),
            (true, false, true) => &mut checked.on_both,
            (true, false, false) => &mut checked.on_item,
            (false, true, _) => &mut checked.on_offer,
            (false, false, _) => &mut checked.on_request,
        };
        parts.push(part);
    }
    let on_items = !(checked.on_item.is_empty() && checked.on_both.is_empty());
    if on_items && !checked.on_offer.is_empty() {
        return Err(ConditionError::ItemsAndOffers);
    }
    Ok(checked)
}

fn conjuncts(mut expression: IdedExpr, parts: &mut Vec<IdedExpr>) {
    if let Expr::Call(call) = &mut expression.expr
        && call.func_name == op::LOGICAL_AND
    {
        for arg in std::mem::take(&mut call.args) {
            conjuncts(arg, parts);
        }
    } else {
        parts.push(expression);
    }
}

struct Walk<'a> {
    lists: &'a mut Vec<Box<dyn Val>>,
    fields: &'a mut BTreeSet<String>,
    needs: Needs,
    /// Names given by `all`, `exists` and the like.
    local: Vec<String>,
}

impl Walk<'_> {
    fn expression(&mut self, expression: &mut IdedExpr) -> Result<Kind, ConditionError> {
        match &mut expression.expr {
            Expr::Literal(literal) => Ok(Kind::of_literal(literal)),
            Expr::Ident(name) if name.starts_with('@') || self.local.contains(name) => {
                Ok(Kind::Any)
            }
            Expr::Ident(name) if VARIABLES.contains(&name.as_str()) => {
                Err(ConditionError::NoField {
                    variable: name.clone(),
                })
            }
            Expr::Ident(name) => Err(ConditionError::UnknownVariable { name: name.clone() }),
            Expr::Select(select) => {
                let (name, kind) = self.field(select)?;
                let (name, kind) = if select.test {
                    (format!("{PRESENT}{name}"), Kind::Truth)
                } else {
                    (name, kind)
                };
                expression.expr = Expr::Ident(name);
                Ok(kind)
            }
            Expr::Call(call) => {
                if let Some(presence) = self.compared_with_null(call)? {
                    expression.expr = presence;
                    return Ok(Kind::Truth);
                }
                self.call(call)
            }
            Expr::List(list) => {
                let mut kinds = Vec::with_capacity(list.elements.len());
                for element in &mut list.elements {
                    kinds.push(self.expression(element)?);
                }
                if let Some(name) = self.set_aside(&list.elements) {
                    expression.expr = Expr::Ident(name);
                }
                Ok(list_kind(&kinds))
            }
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::Map(_) | Expr::Struct(_) => Err(ConditionError::UnknownFunction {
                function: "{…}".to_owned(),
            }),
            Expr::Unspecified => Err(ConditionError::UnknownFunction {
                function: "nothing".to_owned(),
            }),
        }
    }

    fn field(&mut self, select: &SelectExpr) -> Result<(String, Kind), ConditionError> {
        let unknown = |variable: &str| ConditionError::UnknownField {
            variable: variable.to_owned(),
            field: format!("{variable}.{}", select.field),
        };
        let Expr::Ident(variable) = &select.operand.expr else {
            return Err(unknown("(…)"));
        };
        if self.local.contains(variable) {
            return Err(unknown(variable));
        }
        if !VARIABLES.contains(&variable.as_str()) {
            return Err(ConditionError::UnknownVariable {
                name: variable.clone(),
            });
        }
        let name = format!("{variable}.{}", select.field);
        let kind = if variable == CONTEXT {
            Kind::Any
        } else {
            let field = FIELDS.iter().find(|f| f.0 == name);
            field.ok_or_else(|| unknown(variable))?.1
        };
        match variable.as_str() {
            "item" => self.needs.item = true,
            "offer" => self.needs.offer = true,
            _ => self.needs.request = true,
        }
        self.fields.insert(name.clone());
        Ok((name, kind))
    }

    /// `item.brand == null` asks whether the brand is missing, and nothing else can be compared with null.
    fn compared_with_null(&mut self, call: &CallExpr) -> Result<Option<Expr>, ConditionError> {
        let is_null = |e: &IdedExpr| matches!(e.expr, Expr::Literal(LiteralValue::Null));
        let [left, right] = call.args.as_slice() else {
            return Ok(None);
        };
        let other = match (is_null(left), is_null(right)) {
            (true, _) => right,
            (false, true) => left,
            (false, false) => return Ok(None),
        };
        let asks = call.func_name == op::EQUALS || call.func_name == op::NOT_EQUALS;
        let Expr::Select(SelectExpr { test: false, .. }) = &other.expr else {
            return Err(ConditionError::Operand {
                operator: words::written(&call.func_name).to_owned(),
                found: "null",
                wanted: "null beside == or != and a field",
            });
        };
        if !asks {
            return Err(ConditionError::Operand {
                operator: words::written(&call.func_name).to_owned(),
                found: "null",
                wanted: "null beside == or !=",
            });
        }
        let Expr::Select(select) = &other.expr else {
            return Ok(None);
        };
        let (name, _) = self.field(select)?;
        let present = Expr::Ident(format!("{PRESENT}{name}"));
        Ok(Some(if call.func_name == op::NOT_EQUALS {
            present
        } else {
            Expr::Call(CallExpr {
                func_name: op::LOGICAL_NOT.to_owned(),
                target: None,
                args: vec![IdedExpr {
                    id: other.id,
                    expr: present,
                }],
            })
        }))
    }

    fn call(&mut self, call: &mut CallExpr) -> Result<Kind, ConditionError> {
        let mut kinds = Vec::with_capacity(call.args.len() + 1);
        if let Some(target) = &mut call.target {
            kinds.push(self.expression(target)?);
        }
        for arg in &mut call.args {
            kinds.push(self.expression(arg)?);
        }
        if call.target.is_none()
            && let Some(kind) = operator(&call.func_name, &kinds)
        {
            return kind;
        }
        let Some((_, takes, yields)) = FUNCTIONS.iter().find(|f| f.0 == call.func_name) else {
            return Err(ConditionError::UnknownFunction {
                function: words::written(&call.func_name).to_owned(),
            });
        };
        match kinds.first() {
            Some(found) if *takes != Kind::Any && !found.may_be(*takes) => {
                Err(ConditionError::Operand {
                    operator: call.func_name.clone(),
                    found: found.words(),
                    wanted: takes.words(),
                })
            }
            _ => Ok(*yields),
        }
    }

    fn comprehension(&mut self, all: &mut ComprehensionExpr) -> Result<Kind, ConditionError> {
        self.expression(&mut all.iter_range)?;
        let outer = self.local.len();
        for name in [
            Some(&all.iter_var),
            all.iter_var2.as_ref(),
            Some(&all.accu_var),
        ]
        .into_iter()
        .flatten()
        {
            if VARIABLES.contains(&name.as_str()) {
                return Err(ConditionError::Shadowed { name: name.clone() });
            }
            self.local.push(name.clone());
        }
        let start = self.expression(&mut all.accu_init)?;
        self.expression(&mut all.loop_cond)?;
        self.expression(&mut all.loop_step)?;
        let result = self.expression(&mut all.result)?;
        self.local.truncate(outer);
        let is_accumulator = matches!(&all.result.expr, Expr::Ident(name) if *name == all.accu_var);
        Ok(if is_accumulator { start } else { result })
    }

    fn set_aside(&mut self, elements: &[IdedExpr]) -> Option<String> {
        let values: Option<Vec<Box<dyn Val>>> = elements
            .iter()
            .map(|e| match &e.expr {
                Expr::Literal(literal) => Some(literal.to_val().into_owned()),
                Expr::Unspecified
                | Expr::Call(_)
                | Expr::Comprehension(_)
                | Expr::Ident(_)
                | Expr::List(_)
                | Expr::Map(_)
                | Expr::Select(_)
                | Expr::Struct(_) => None,
            })
            .collect();
        let values = values.filter(|v| !v.is_empty())?;
        self.lists.push(Box::new(CelList::from(values)));
        Some(format!("{LIST}{}", self.lists.len() - 1))
    }
}

fn list_kind(elements: &[Kind]) -> Kind {
    let all = |kind: Kind| !elements.is_empty() && elements.iter().all(|k| *k == kind);
    match (all(Kind::Text), all(Kind::Integer)) {
        (true, _) => Kind::TextList,
        (_, true) => Kind::IntegerList,
        (false, false) => Kind::List,
    }
}

/// The kind an operator yields; `None` where the name is no operator.
fn operator(name: &str, kinds: &[Kind]) -> Option<Result<Kind, ConditionError>> {
    let operand = |found: Kind, wanted: Kind| ConditionError::Operand {
        operator: words::written(name).to_owned(),
        found: found.words(),
        wanted: wanted.words(),
    };
    let operands = |left: Kind, right: Kind| ConditionError::Operands {
        operator: words::written(name).to_owned(),
        left: left.words(),
        right: right.words(),
    };
    let truths = || match kinds.iter().find(|k| !k.may_be(Kind::Truth)) {
        Some(found) => Err(operand(*found, Kind::Truth)),
        None => Ok(Kind::Truth),
    };
    match (name, kinds) {
        (op::LOGICAL_AND | op::LOGICAL_OR | op::LOGICAL_NOT | op::NOT_STRICTLY_FALSE, _) => {
            Some(truths())
        }
        (op::NEGATE, [kind]) if kind.is_numeric() || *kind == Kind::Any => Some(Ok(*kind)),
        (op::NEGATE, [kind]) => Some(Err(operand(*kind, Kind::Number))),
        (op::CONDITIONAL, [condition, ..]) if !condition.may_be(Kind::Truth) => {
            Some(Err(operand(*condition, Kind::Truth)))
        }
        (op::CONDITIONAL, [_, yes, no]) if yes == no => Some(Ok(*yes)),
        (op::CONDITIONAL, [_, _, _]) => Some(Ok(Kind::Any)),
        (op::IN, [element, list]) => Some(match list.element() {
            None => Err(operand(*list, Kind::List)),
            Some(of) if !element.compares_with(of) => Err(operands(*element, *list)),
            Some(_) => Ok(Kind::Truth),
        }),
        (comparison, [left, right]) if COMPARISONS.contains(&comparison) => {
            Some(if left.compares_with(*right) {
                Ok(Kind::Truth)
            } else {
                Err(operands(*left, *right))
            })
        }
        (arithmetic, [left, right]) if ARITHMETIC.contains(&arithmetic) => {
            Some(match (*left, *right) {
                (Kind::Any, other) | (other, Kind::Any) => Ok(other),
                (one, other) if one == other && one != Kind::Truth => Ok(one),
                (one, other) => Err(operands(one, other)),
            })
        }
        _ => None,
    }
}
