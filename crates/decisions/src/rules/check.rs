//! From rule files as they are written to rules that can be used.

use super::raw::{RawAction, RawExample, RawGroup, RawRule, RawRuleFile};
use super::{Action, Group, Names, Rule, Scope};
use crate::condition::{Condition, Evaluator, KnownItem, KnownRequest, Verdict};
use cel::Env;
use jiff::civil::Date;
use schema::ConfigError;
use schema::config::ConfigFile;
use std::sync::Arc;

const NAME_CHARACTERS_MAX: usize = 100; // It is printed beside every item it touches.
const REASON_CHARACTERS_MAX: usize = 500; // A sentence or three; the rest belongs behind a link.
const POSITION_MAX: u32 = 1000;
const AT_MOST_MAX: u32 = 1000;

/// One rule in its file, to place errors in.
struct Place<'a> {
    file: &'a ConfigFile,
    number: String,
}

impl Place<'_> {
    fn refuse(
        &self,
        key: &[&str],
        found: impl std::fmt::Display,
        allowed: impl std::fmt::Display,
    ) -> ConfigError {
        let mut path = vec!["rule", self.number.as_str()];
        path.extend_from_slice(key);
        self.file.refuse(&path, found, allowed)
    }

    fn named(&self) -> String {
        let line = self.file.line_at(&["rule", &self.number]);
        format!("{}:{line}", self.file.file.display())
    }
}

/// Checks all files together: the rules, or everything that is wrong with them.
pub(super) fn check(
    files: &[ConfigFile],
    names: &Names<'_>,
    env: &Arc<Env>,
) -> Result<Vec<Rule>, Vec<ConfigError>> {
    let evaluator = Evaluator::new(env);
    let mut checked = Checked::default();
    let mut wrong = Vec::new();
    for file in files {
        let raw = match file.parse::<RawRuleFile>() {
            Ok(raw) => raw,
            Err(error) => {
                wrong.push(error);
                continue;
            }
        };
        for (number, raw) in raw.rule.into_iter().enumerate() {
            let place = Place {
                file,
                number: number.to_string(),
            };
            let added = check_rule(raw, &place, names, env, &evaluator)
                .and_then(|rule| checked.add(rule, place));
            wrong.extend(added.err());
        }
    }
    if wrong.is_empty() {
        Ok(checked.rules)
    } else {
        Err(wrong)
    }
}

/// Rules that were checked, with their places.
#[derive(Default)]
struct Checked<'a> {
    rules: Vec<Rule>,
    places: Vec<Place<'a>>,
}

impl<'a> Checked<'a> {
    /// Adds a rule that no other is in the way of.
    fn add(&mut self, rule: Rule, place: Place<'a>) -> Result<(), ConfigError> {
        if let Some(first) = self.rules.iter().position(|other| other.name == rule.name) {
            let allowed = format!(
                "a name that no other rule has (also at {})",
                self.places[first].named()
            );
            return Err(place.refuse(&["name"], format!("{:?}", rule.name), allowed));
        }
        if let Action::Pin { position } = rule.action
            && let Some(other) = self.rules.iter().position(|r| always_clash(r, &rule))
        {
            let allowed = format!(
                "a place that no rule pins in the same placements, products and days (`{}` does, at {})",
                self.rules[other].name,
                self.places[other].named()
            );
            return Err(place.refuse(&["position"], position, allowed));
        }
        self.rules.push(rule);
        self.places.push(place);
        Ok(())
    }
}

/// Two pins of one place that no request can tell apart.
fn always_clash(one: &Rule, other: &Rule) -> bool {
    match (one.action, other.action) {
        (Action::Pin { position: a }, Action::Pin { position: b }) => {
            a == b
                && one.scope.overlaps(&other.scope)
                && !one.condition.depends_on_request()
                && !other.condition.depends_on_request()
        }
        _ => false,
    }
}

fn check_rule(
    raw: RawRule,
    place: &Place<'_>,
    names: &Names<'_>,
    env: &Env,
    evaluator: &Evaluator,
) -> Result<Rule, ConfigError> {
    let texts = [
        ("name", &raw.name, NAME_CHARACTERS_MAX),
        ("owner", &raw.owner, NAME_CHARACTERS_MAX),
        ("reason", &raw.reason, REASON_CHARACTERS_MAX),
    ];
    for (key, text, max) in texts {
        let characters = text.chars().count();
        if text.trim().is_empty() || characters > max || text.chars().any(char::is_control) {
            let allowed = format!("1 to {max} characters in one line");
            return Err(place.refuse(
                &[key],
                format!("{characters} characters: {text:?}"),
                allowed,
            ));
        }
    }
    let action = check_action(&raw, place)?;
    let scope = check_scope(&raw, place, names)?;
    let condition = Condition::new(&raw.when, env).map_err(|error| {
        place.refuse(
            &["when"],
            format!("{:?}, {error}", raw.when),
            error.allowed(),
        )
    })?;
    if matches!(action, Action::Pin { .. }) && !condition.has_item_part() {
        let allowed = "for a pin, a condition that names its items apart from the request, joined by &&, \
                       such as item.product_id == '22423' && request.placement == 'home'";
        return Err(place.refuse(&["when"], format!("{:?}", raw.when), allowed));
    }
    if raw.example.is_empty() {
        return Err(place.refuse(&["example"], "missing", "at least one [[rule.example]]"));
    }
    for (number, example) in raw.example.iter().enumerate() {
        check_example(example, number, &raw.name, &condition, place, evaluator)?;
    }
    Ok(Rule {
        name: raw.name.into(),
        owner: raw.owner,
        reason: raw.reason.into(),
        when: raw.when,
        condition,
        action,
        scope,
    })
}

fn check_action(raw: &RawRule, place: &Place<'_>) -> Result<Action, ConfigError> {
    let (name, takes): (&str, &[&str]) = match raw.then {
        RawAction::Exclude => ("exclude", &[]),
        RawAction::Pin => ("pin", &["position"]),
        RawAction::Boost => ("boost", &["factor"]),
        RawAction::Cap => ("cap", &["at_most", "per"]),
    };
    let given = [
        ("position", raw.position.is_some()),
        ("factor", raw.factor.is_some()),
        ("at_most", raw.at_most.is_some()),
        ("per", raw.per.is_some()),
    ];
    for (key, given) in given {
        if given != takes.contains(&key) {
            let found = if given { "given" } else { "missing" };
            let with = if takes.is_empty() {
                "none of its own".to_owned()
            } else {
                takes.join(" and ")
            };
            return Err(place.refuse(
                &[key],
                found,
                format!("with then = \"{name}\" these keys: {with}"),
            ));
        }
    }
    let between = |key: &'static str, found: u32, low: u32, high: u32| {
        if (low..=high).contains(&found) {
            Ok(found)
        } else {
            Err(place.refuse(&[key], found, format!("{low} to {high}")))
        }
    };
    Ok(match raw.then {
        RawAction::Exclude => Action::Exclude,
        RawAction::Pin => Action::Pin {
            position: between("position", raw.position.unwrap_or(0), 1, POSITION_MAX)?,
        },
        RawAction::Boost => {
            let factor = raw.factor.unwrap_or(f32::NAN);
            if !(0.01..=100.0).contains(&factor) {
                return Err(place.refuse(&["factor"], factor, "0.01 to 100"));
            }
            Action::Boost { factor }
        }
        RawAction::Cap => Action::Cap {
            at_most: between("at_most", raw.at_most.unwrap_or(0), 0, AT_MOST_MAX)?,
            per: match raw.per.unwrap_or(RawGroup::List) {
                RawGroup::Category => Group::Category,
                RawGroup::Merchant => Group::Merchant,
                RawGroup::Brand => Group::Brand,
                RawGroup::List => Group::List,
            },
        },
    })
}

fn check_scope(raw: &RawRule, place: &Place<'_>, names: &Names<'_>) -> Result<Scope, ConfigError> {
    for (key, given, there_are) in [
        ("placements", &raw.placements, names.placements),
        ("products", &raw.products, names.products),
    ] {
        let Some(given) = given else { continue };
        if given.is_empty() {
            return Err(place.refuse(
                &[key],
                "[]",
                "at least one name, or no such key for all of them",
            ));
        }
        // A rule for a name that is nowhere would never apply, and nobody would notice.
        if let Some(unknown) = given.iter().find(|n| !there_are.contains(&n.as_str())) {
            let allowed = match there_are {
                [] => "no such key: there is none to name".to_owned(),
                all => all.join(", "),
            };
            return Err(place.refuse(&[key], format!("{unknown:?}"), allowed));
        }
    }
    let day = |key: &'static str, date: Option<toml::value::Date>| {
        let Some(date) = date else { return Ok(None) };
        let exists = i16::try_from(date.year)
            .ok()
            .zip(i8::try_from(date.month).ok())
            .zip(i8::try_from(date.day).ok());
        match exists.and_then(|((year, month), day)| Date::new(year, month, day).ok()) {
            Some(date) => Ok(Some(date)),
            None => Err(place.refuse(&[key], date, "a day of the calendar such as 2026-01-31")),
        }
    };
    let (valid_from, valid_to) = (
        day("valid_from", raw.valid_from)?,
        day("valid_to", raw.valid_to)?,
    );
    if let (Some(from), Some(to)) = (valid_from, valid_to)
        && to < from
    {
        return Err(place.refuse(&["valid_to"], to, format!("{from} (valid_from) or later")));
    }
    Ok(Scope {
        placements: raw.placements.clone(),
        products: raw.products.clone(),
        valid_from,
        valid_to,
    })
}

fn check_example(
    example: &RawExample,
    number: usize,
    rule: &str,
    condition: &Condition,
    place: &Place<'_>,
    evaluator: &Evaluator,
) -> Result<(), ConfigError> {
    let item = KnownItem {
        product_id: example.item.product_id.as_deref(),
        name: example.item.name.as_deref(),
        category: example.item.category.as_deref(),
        brand: example.item.brand.as_deref(),
        merchant_id: example.item.merchant_id.as_deref(),
        price_cents: example.item.price_cents,
        in_stock: example.item.in_stock,
    };
    let request = KnownRequest {
        placement: example.request.placement.as_deref(),
        product_id: example.request.product_id.as_deref(),
        hour: example.request.hour,
        customer_id: example.customer.customer_id.as_deref(),
    };
    let position = number.to_string();
    if let Some(hour) = example.request.hour
        && hour > 23
    {
        return Err(place.refuse(&["example", &position, "request", "hour"], hour, "0 to 23"));
    }
    let verdict = condition.on_all(evaluator, item, request);
    let found = match verdict {
        Verdict::Applies => "true",
        Verdict::DoesNot => "false",
        Verdict::Unknown => "unknown, because a field that decides is missing",
        Verdict::Failed => "an error, such as a division by zero or a text that is no number",
    };
    let holds = match verdict {
        Verdict::Applies => example.applies,
        // A rule whose condition is unknown does not apply: an example may say just that.
        Verdict::DoesNot | Verdict::Unknown => !example.applies,
        Verdict::Failed => false,
    };
    if holds {
        return Ok(());
    }
    Err(place.refuse(
        &["example", &position, "applies"],
        format!(
            "{}, but example {} of rule `{rule}` evaluates to {found}",
            example.applies,
            number + 1
        ),
        if verdict == Verdict::Failed {
            "a condition that can be evaluated".to_owned()
        } else {
            (!example.applies).to_string()
        },
    ))
}
