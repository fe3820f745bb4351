//! The flow: one lot more by the cheapest way, as long as that saves something.
//!
//! Lots come from a source that takes them off the sites and end in a sink that leaves them there. A lot may be sent
//! back the way another came, which frees that one for a better end.

use super::TransferSite;

/// What saves less than this, in cents, saves something only by rounding.
const NOTHING: f64 = 1e-7;

/// Where a way comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Unknown,
    /// The lot is taken off this site.
    Taken,
    /// It is sent here from another site.
    Sent(usize),
    /// A lot that this site sends to another stays here.
    Stays(usize),
}

pub(super) struct Flow<'a> {
    sites: &'a [TransferSite<'a>],
    transport: &'a [Option<f64>],
    lot: f64,
    /// Lots sent, sites × sites.
    sent: Vec<u32>,
    /// Lots taken off each site, and left there.
    taken: Vec<u32>,
    left: Vec<u32>,
    /// Cheapest way to each site so far: reduced costs of all that is left are at least 0.
    potential: Vec<f64>,
}

impl<'a> Flow<'a> {
    pub(super) fn new(
        sites: &'a [TransferSite<'a>],
        transport: &'a [Option<f64>],
        lot_units: u32,
    ) -> Self {
        let n = sites.len();
        Self {
            sites,
            transport,
            lot: f64::from(lot_units),
            sent: vec![0; n * n],
            taken: vec![0; n],
            left: vec![0; n],
            potential: vec![0.0; n],
        }
    }

    pub(super) fn lots(&self, from: usize, to: usize) -> u32 {
        self.sent[from * self.sites.len() + to]
    }

    /// What it costs to take one lot more off a site; absent where it keeps the rest.
    fn loss(&self, site: usize) -> Option<f64> {
        let of = &self.sites[site];
        let held = f64::from(of.units) - f64::from(self.taken[site]) * self.lot;
        let after = held - self.lot;
        (after >= f64::from(of.kept_units)).then(|| of.cost(after) - of.cost(held))
    }

    /// What one lot more at a site saves; absent where there is no room.
    fn gain(&self, site: usize) -> Option<f64> {
        let of = &self.sites[site];
        let held = f64::from(of.units) + f64::from(self.left[site]) * self.lot;
        let after = held + self.lot;
        of.capacity_units
            .is_none_or(|capacity| after <= f64::from(capacity))
            .then(|| of.cost(held) - of.cost(after))
    }

    /// Cents of a lot sent.
    fn price(&self, from: usize, to: usize) -> Option<f64> {
        let unit = self.transport[from * self.sites.len() + to]?;
        (from != to).then_some(unit * self.lot)
    }

    /// Sends one lot more where that saves something.
    pub(super) fn one_more(&mut self) -> bool {
        let (ways, before) = self.ways();
        let ends = ways.iter().enumerate().filter_map(|(site, way)| {
            let gain = self.gain(site).filter(|_| way.is_finite())?;
            Some((way - gain, site))
        });
        let Some((cost, end)) = ends.min_by(|a, b| a.0.total_cmp(&b.0)) else {
            return false;
        };
        if cost >= -NOTHING {
            return false;
        }
        self.send(end, &before);
        for (potential, way) in self.potential.iter_mut().zip(ways) {
            if way.is_finite() {
                *potential = way;
            }
        }
        true
    }

    /// The cheapest way for one lot more to every site, and where each comes from: Dijkstra's algorithm over all pairs,
    /// on costs reduced by the ways that were cheapest before.
    fn ways(&self) -> (Vec<f64>, Vec<Before>) {
        let n = self.sites.len();
        let mut ways = vec![f64::INFINITY; n];
        let mut before = vec![Before::Unknown; n];
        for site in 0..n {
            if let Some(loss) = self.loss(site) {
                (ways[site], before[site]) = (loss, Before::Taken);
            }
        }
        let mut open = vec![true; n];
        loop {
            let reduced = |site: &usize| ways[*site] - self.potential[*site];
            let nearest = (0..n)
                .filter(|site| open[*site] && ways[*site].is_finite())
                .min_by(|a, b| reduced(a).total_cmp(&reduced(b)));
            let Some(at) = nearest else {
                return (ways, before);
            };
            open[at] = false;
            for to in (0..n).filter(|to| open[*to]) {
                if let Some(price) = self.price(at, to)
                    && ways[at] + price < ways[to]
                {
                    (ways[to], before[to]) = (ways[at] + price, Before::Sent(at));
                }
                // What goes from there to here may stay there, now that there is one more here.
                if self.lots(to, at) > 0
                    && let Some(price) = self.price(to, at)
                    && ways[at] - price < ways[to]
                {
                    (ways[to], before[to]) = (ways[at] - price, Before::Stays(at));
                }
            }
        }
    }

    fn send(&mut self, end: usize, before: &[Before]) {
        let n = self.sites.len();
        self.left[end] += 1;
        let mut at = end;
        // A way passes each site once.
        for _ in 0..=n {
            match before[at] {
                Before::Taken => {
                    self.taken[at] += 1;
                    return;
                }
                Before::Sent(from) => {
                    self.sent[from * n + at] += 1;
                    at = from;
                }
                Before::Stays(from) => {
                    self.sent[at * n + from] -= 1;
                    at = from;
                }
                Before::Unknown => return,
            }
        }
    }
}
