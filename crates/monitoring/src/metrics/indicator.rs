//! What this product tells a monitoring system: the one list of names.

/// What kind of figure an indicator is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Counts of times, up to a list of limits.
    Histogram,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        })
    }
}

/// What a figure is told by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// The data product.
    Product,
    /// Its version.
    Version,
    /// The route of the interface, as a pattern: never with an identifier in it.
    Route,
    /// How it ended: an HTTP status, or `succeeded` and `failed`.
    Status,
    /// The sort of problem that was answered.
    Problem,
}

impl Label {
    /// The name, as it is told.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Version => "version",
            Self::Route => "route",
            Self::Status => "status",
            Self::Problem => "problem",
        }
    }
}

pub(super) fn listed(labels: &[Label]) -> String {
    if labels.is_empty() {
        return "none".to_owned();
    }
    labels
        .iter()
        .map(|l| l.name())
        .collect::<Vec<_>>()
        .join(", ")
}

macro_rules! indicators {
    ($($variant:ident $kind:ident $name:literal [$($label:ident),*] $help:literal;)*) => {
        /// One figure about the product at work. Names end in their unit, counters in `_total`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Indicator {
            $(#[doc = $help] $variant,)*
        }

        impl Indicator {
            /// All of them, in the order they are told.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name, with its unit last.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it means, in one sentence.
            #[must_use]
            pub fn help(self) -> &'static str {
                match self { $(Self::$variant => $help,)* }
            }

            /// What kind of figure it is.
            #[must_use]
            pub fn kind(self) -> Kind {
                match self { $(Self::$variant => Kind::$kind,)* }
            }

            /// The labels it has, all of them always, in the order of [`Label`].
            #[must_use]
            pub fn labels(self) -> &'static [Label] {
                match self { $(Self::$variant => &[$(Label::$label),*],)* }
            }
        }
    };
}

indicators! {
    Requests Counter "comptoir_requests_total" [Route, Status] "Requests answered, by route and HTTP status.";
    RequestsInFlight Gauge "comptoir_requests_in_flight" [] "Requests being answered now.";
    ResponseTime Histogram "comptoir_response_seconds" [Route] "Time from a request to its answer, in seconds.";
    RequestBytes Counter "comptoir_request_bytes_total" [Route] "Bytes of request bodies, by route.";
    ResponseBytes Counter "comptoir_response_bytes_total" [Route] "Bytes of response bodies, by route.";
    Problems Counter "comptoir_problems_total" [Route, Problem] "Requests answered by a problem, by route and sort of problem.";
    SpansLost Counter "comptoir_spans_lost_total" [] "Requests whose trace did not reach the collector.";
    Decisions Counter "comptoir_decisions_total" [Product, Version] "Decisions answered, by data product and version.";
    DecisionTime Histogram "comptoir_decision_seconds" [Product] "Time to decide, without the way there and back, in seconds.";
    AnswerTime Histogram "comptoir_answer_seconds" [Product, Version] "Time from a question about one thing to its answer, the log included, in seconds, by data product and version.";
    Unanswered Counter "comptoir_unanswered_total" [Product, Version] "Questions that got no answer, for want of a version (version 0) or of a log.";
    Fallbacks Counter "comptoir_fallbacks_total" [Product, Version] "Decisions answered by the declared fallback in place of the version.";
    DecisionFailures Counter "comptoir_decision_failures_total" [Product] "Questions that could not be answered as they were asked.";
    ShadowAnswers Counter "comptoir_shadow_answers_total" [Product] "Answers that a challenger logged in the shadow, never shown.";
    ShadowLeftOut Counter "comptoir_shadow_left_out_total" [Product] "Questions that were not put to the challenger, for want of time or of room in the log.";
    BudgetReserved Counter "comptoir_budget_reserved_cents_total" [Product] "Money promised by this process, in cents.";
    BudgetSpent Counter "comptoir_budget_spent_cents_total" [Product] "Money redeemed as this process was told, in cents.";
    BudgetRefused Counter "comptoir_budget_refused_total" [Product] "Decisions that could promise nothing and gave the control.";
    DecisionLogTime Histogram "comptoir_decision_log_seconds" [] "Time until a decision is safely logged, in seconds.";
    RowsAccepted Counter "comptoir_rows_accepted_total" [Product] "Rows that passed their contract.";
    RowsQuarantined Counter "comptoir_rows_quarantined_total" [Product] "Rows that were set aside with a reason.";
    Trainings Counter "comptoir_trainings_total" [Product, Status] "Trainings that ended, by how they ended.";
    TrainingTime Gauge "comptoir_training_seconds" [Product] "Time the last training took, in seconds.";
    ModelAge Gauge "comptoir_model_age_seconds" [Product, Version] "Time since the version in use was trained, in seconds.";
    InputAge Gauge "comptoir_input_age_seconds" [Product] "Age of the newest input row, in seconds.";
    Drift Gauge "comptoir_drift_ratio" [Product] "Largest drift of an input over its allowed value; above 1 it is retrained.";
    Memory Gauge "comptoir_memory_bytes" [] "Memory in use, in bytes.";
}
