//! Limits: what they count, and on which customers and offers.

/// A limit on what is chosen among some offers for some customers.
///
/// Budgets per campaign, brand, period, store or country are all of this form: a campaign is some of the offers, a
/// store is a group of the customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Its name in answers and messages.
    pub name: String,
    /// What is limited.
    pub rule: Rule,
    /// The offers that it covers, by column; absent where all.
    pub offers: Option<Vec<u16>>,
    /// The groups of customers that it covers; absent where all.
    pub groups: Option<Vec<u16>>,
}

/// What a limit counts and allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The costs together, in their unit; at 0 only what costs nothing is chosen.
    SpendAtMost(i64),
    /// How often offers are chosen.
    ChooseAtMost(u64),
    /// How often offers are chosen, whatever that costs in value.
    ChooseAtLeast(u64),
}

impl Limit {
    /// A limit on everything.
    #[must_use]
    pub fn new(name: &str, rule: Rule) -> Self {
        Self {
            name: name.to_owned(),
            rule,
            offers: None,
            groups: None,
        }
    }

    /// On these offers only, by column.
    #[must_use]
    pub fn on_offers(mut self, offers: &[u16]) -> Self {
        self.offers = Some(offers.to_vec());
        self
    }

    /// On customers of these groups only.
    #[must_use]
    pub fn in_groups(mut self, groups: &[u16]) -> Self {
        self.groups = Some(groups.to_vec());
        self
    }

    pub(super) fn covers_everything(&self) -> bool {
        self.offers.is_none() && self.groups.is_none()
    }

    pub(super) fn covers_offer(&self, offer: usize) -> bool {
        self.offers
            .as_ref()
            .is_none_or(|offers| offers.iter().any(|covered| usize::from(*covered) == offer))
    }

    pub(super) fn covers_group(&self, group: usize) -> bool {
        self.groups
            .as_ref()
            .is_none_or(|groups| groups.iter().any(|covered| usize::from(*covered) == group))
    }
}
