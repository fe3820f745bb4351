//! Forms of exponential smoothing: how noise, trend and season enter.

/// How an error enters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Noise {
    /// Of the same size at any level.
    Additive,
    /// In proportion to the level; only for values above zero.
    Multiplicative,
}

/// How the level grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trend {
    /// Not at all.
    None,
    /// By a slope.
    Additive,
    /// By a slope that fades.
    Damped,
}

/// How a season enters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Season {
    /// Not at all.
    None,
    /// Added to the level.
    Additive,
    /// Multiplied with the level; only for values above zero.
    Multiplicative,
}

/// One form of exponential smoothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Form {
    /// How an error enters.
    pub noise: Noise,
    /// How the level grows.
    pub trend: Trend,
    /// How a season enters.
    pub season: Season,
}

const NOISES: [Noise; 2] = [Noise::Additive, Noise::Multiplicative];
const TRENDS: [Trend; 3] = [Trend::None, Trend::Additive, Trend::Damped];
const SEASONS: [Season; 3] = [Season::None, Season::Additive, Season::Multiplicative];

impl Form {
    /// Exponential smoothing of a level alone, ETS(A,N,N).
    pub const LEVEL: Self = Self {
        noise: Noise::Additive,
        trend: Trend::None,
        season: Season::None,
    };

    /// As the field writes it: noise, trend, season, such as "ETS(M,Ad,A)".
    #[must_use]
    pub fn name(self) -> &'static str {
        // One text for each form is shorter to read in a report than a text made on the way.
        match (self.noise, self.trend, self.season) {
            (Noise::Additive, Trend::None, Season::None) => "ETS(A,N,N)",
            (Noise::Additive, Trend::None, Season::Additive) => "ETS(A,N,A)",
            (Noise::Additive, Trend::None, Season::Multiplicative) => "ETS(A,N,M)",
            (Noise::Additive, Trend::Additive, Season::None) => "ETS(A,A,N)",
            (Noise::Additive, Trend::Additive, Season::Additive) => "ETS(A,A,A)",
            (Noise::Additive, Trend::Additive, Season::Multiplicative) => "ETS(A,A,M)",
            (Noise::Additive, Trend::Damped, Season::None) => "ETS(A,Ad,N)",
            (Noise::Additive, Trend::Damped, Season::Additive) => "ETS(A,Ad,A)",
            (Noise::Additive, Trend::Damped, Season::Multiplicative) => "ETS(A,Ad,M)",
            (Noise::Multiplicative, Trend::None, Season::None) => "ETS(M,N,N)",
            (Noise::Multiplicative, Trend::None, Season::Additive) => "ETS(M,N,A)",
            (Noise::Multiplicative, Trend::None, Season::Multiplicative) => "ETS(M,N,M)",
            (Noise::Multiplicative, Trend::Additive, Season::None) => "ETS(M,A,N)",
            (Noise::Multiplicative, Trend::Additive, Season::Additive) => "ETS(M,A,A)",
            (Noise::Multiplicative, Trend::Additive, Season::Multiplicative) => "ETS(M,A,M)",
            (Noise::Multiplicative, Trend::Damped, Season::None) => "ETS(M,Ad,N)",
            (Noise::Multiplicative, Trend::Damped, Season::Additive) => "ETS(M,Ad,A)",
            (Noise::Multiplicative, Trend::Damped, Season::Multiplicative) => "ETS(M,Ad,M)",
        }
    }

    /// Whether the form has a variance that stays finite: additive noise on a multiplied season has not.
    #[must_use]
    pub fn is_stable(self) -> bool {
        self.noise == Noise::Multiplicative || self.season != Season::Multiplicative
    }

    /// Whether the form is only for values above zero.
    #[must_use]
    pub fn needs_positive(self) -> bool {
        self.noise == Noise::Multiplicative || self.season == Season::Multiplicative
    }

    /// Numbers estimated: smoothing parameters, first states and the size of the errors.
    #[must_use]
    pub fn parameters(self, season_periods: usize) -> usize {
        self.searched(season_periods).saturating_add(1)
    }

    /// Numbers searched for: smoothing parameters and first states, of which one of the season follows from the others.
    pub(super) fn searched(self, season_periods: usize) -> usize {
        let trend = match self.trend {
            Trend::None => 0,
            Trend::Additive => 2,
            Trend::Damped => 3,
        };
        let season = match self.season {
            Season::None => 0,
            Season::Additive | Season::Multiplicative => season_periods,
        };
        season.saturating_add(2 + trend)
    }

    /// The stable forms, in a fixed order.
    pub(super) fn stable() -> impl Iterator<Item = Self> {
        let all = NOISES.into_iter().flat_map(|noise| {
            TRENDS.into_iter().flat_map(move |trend| {
                SEASONS.into_iter().map(move |season| Self {
                    noise,
                    trend,
                    season,
                })
            })
        });
        all.filter(|form| form.is_stable())
    }
}
