//! From rule files as they are written to rules that can be used.

use super::example::Example;
use super::measured::MEASURED_MAX;
use super::raw::{RawAction, RawGroup, RawRule, RawRuleFile};
use super::{Action, Group, Names, Rule, Scope};
use crate::condition::{Condition, Evaluator};
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
pub(super) struct Place<'a> {
    file: &'a ConfigFile,
    number: String,
}

impl Place<'_> {
    pub(super) fn refuse(
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
        let measured = |rule: &&Rule| rule.measure_share.is_some();
        if let Some(share) = rule.measure_share
            && self.rules.iter().filter(measured).count() >= MEASURED_MAX
        {
            let allowed = format!("none: {MEASURED_MAX} other rules are measured already");
            return Err(place.refuse(&["measure_share"], share, allowed));
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
                && one.is_about_offers() == other.is_about_offers()
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
    let condition = Condition::new(&raw.when, env).map_err(|error| {
        place.refuse(
            &["when"],
            format!("{:?}, {error}", raw.when),
            error.allowed(),
        )
    })?;
    let of_offers = condition.has_offer_part();
    let action = check_action(&raw, place, of_offers)?;
    let scope = check_scope(&raw, place, names, of_offers)?;
    let measure_share = raw.measure_share.filter(|share| *share != 0.0);
    if let Some(share) = measure_share.filter(|share| !(0.0..=0.5).contains(share)) {
        return Err(place.refuse(&["measure_share"], share, "0 to 0.5"));
    }
    let names_what = condition.has_item_part() || of_offers;
    if matches!(action, Action::Pin { .. }) && !names_what {
        let allowed = "for a pin, a condition that names its items apart from the request, joined by &&, \
                       such as item.product_id == '22423' && request.placement == 'home', or an offer";
        return Err(place.refuse(&["when"], format!("{:?}", raw.when), allowed));
    }
    if raw.example.is_empty() {
        return Err(place.refuse(&["example"], "missing", "at least one [[rule.example]]"));
    }
    let mut examples = Vec::with_capacity(raw.example.len());
    for (number, raw_example) in raw.example.into_iter().enumerate() {
        let example = Example::new(raw_example, number, place)?;
        example.check(number, &raw.name, &condition, place, evaluator)?;
        examples.push(example);
    }
    Ok(Rule {
        at: place.named(),
        examples,
        name: raw.name.into(),
        owner: raw.owner,
        reason: raw.reason.into(),
        when: raw.when,
        condition,
        action,
        scope,
        measure_share,
    })
}

fn check_action(raw: &RawRule, place: &Place<'_>, of_offers: bool) -> Result<Action, ConfigError> {
    if of_offers && !matches!(raw.then, RawAction::Exclude | RawAction::Pin) {
        let found = if raw.then == RawAction::Cap {
            "\"cap\""
        } else {
            "\"boost\""
        };
        let allowed = "exclude or pin for a condition on offers: a customer is given one or none";
        return Err(place.refuse(&["then"], found, allowed));
    }
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
        // A customer is given one offer: its place need not be said.
        let may_be_absent = of_offers && key == "position" && !given;
        if given != takes.contains(&key) && !may_be_absent {
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
        RawAction::Pin if of_offers => Action::Pin {
            position: between("position", raw.position.unwrap_or(1), 1, 1)?,
        },
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

fn check_scope(
    raw: &RawRule,
    place: &Place<'_>,
    names: &Names<'_>,
    of_offers: bool,
) -> Result<Scope, ConfigError> {
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
    if of_offers {
        check_scope_of_offers(raw, place, names)?;
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

/// A rule about offers whose scope holds no offer would never apply, and nobody would notice.
fn check_scope_of_offers(
    raw: &RawRule,
    place: &Place<'_>,
    names: &Names<'_>,
) -> Result<(), ConfigError> {
    if raw.placements.is_some() {
        let allowed = "no such key for a condition on offers: they have no placement";
        return Err(place.refuse(&["placements"], "given", allowed));
    }
    let gives = |name: &String| names.offers.contains(&name.as_str());
    let Some(strange) = raw.products.iter().flatten().find(|name| !gives(name)) else {
        return Ok(());
    };
    let allowed = match names.offers {
        [] => "for a condition on offers a data product that gives some: there is none".to_owned(),
        all => format!(
            "for a condition on offers a data product that gives some: {}",
            all.join(", ")
        ),
    };
    Err(place.refuse(&["products"], format!("{strange:?}"), allowed))
}
