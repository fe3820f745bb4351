//! Records as they lie in the log: a format number, then postcard. It takes a third of the time that JSON takes to be
//! written and a tenth to be read, and what is read borrows from what was read.

use super::records::{
    ActionRecord, Answer, DecisionRecord, EventRecord, EventType, LogRecord, OrderAnswer,
    OrderAnswerRecord, RecordError, Reserved, ShadowOutcome, ShadowRecord,
};
use jiff::Timestamp;
use schema::time::{date_of, epoch_day};
use schema::{Cents, CustomerId, DecisionId, Json, Probability, ProductId};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use std::time::Duration;

/// First byte of a record. Each change of the types below is a new number: fields have no names here. One more sort of
/// [`Frame`] is none: what an older program has left is read, and what it does not know waits for one that does.
const FORMAT: u8 = 2;

/// A record of the log, borrowed.
#[derive(Debug)]
pub(super) enum Wire<'a> {
    Decision(DecisionWire<'a>),
    Event(EventWire<'a>),
    Shadow(ShadowWire<'a>),
    OrderAnswer(OrderAnswerWire<'a>),
}

/// A record as it lies in the log.
#[derive(Debug, Serialize, Deserialize)]
enum Frame<'a> {
    #[serde(borrow)]
    Decision(DecisionWire<'a>),
    #[serde(borrow)]
    Event(EventWire<'a>),
    /// A decision that reserved money.
    Reserving(
        #[serde(borrow)] DecisionWire<'a>,
        #[serde(borrow)] ReservedWire<'a>,
    ),
    #[serde(borrow)]
    Shadow(ShadowWire<'a>),
    #[serde(borrow)]
    OrderAnswer(OrderAnswerWire<'a>),
}

/// A [`DecisionRecord`], borrowed.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct DecisionWire<'a> {
    pub(super) decision_id: &'a str,
    decided_at: (i64, i32),
    pub(super) product: &'a str,
    pub(super) version: u32,
    pub(super) customer_id: Option<&'a str>,
    pub(super) subject_product_id: Option<&'a str>,
    pub(super) placement: Option<&'a str>,
    #[serde(borrow)]
    pub(super) answer: AnswerWire<'a>,
    pub(super) holdout: bool,
    pub(super) fallback: bool,
    pub(super) fingerprint: Option<&'a str>,
    #[serde(skip)]
    pub(super) reserved: Option<ReservedWire<'a>>,
}

/// A [`ShadowRecord`], borrowed.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ShadowWire<'a> {
    #[serde(borrow)]
    pub(super) answer: DecisionWire<'a>,
    pub(super) shown: u32,
    pub(super) outcome: ShadowOutcome,
    pub(super) took_micros: u64,
}

/// A [`Reserved`], borrowed.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct ReservedWire<'a> {
    pub(super) lease: &'a str,
    pub(super) cents: i64,
}

/// An [`Answer`], borrowed. Reasons are JSON text.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum AnswerWire<'a> {
    Nothing {
        propensity: f64,
        reasons: &'a str,
    },
    #[serde(borrow)]
    Actions(Vec<ActionWire<'a>>),
}

/// An [`ActionRecord`], borrowed.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ActionWire<'a> {
    pub(super) action: Option<&'a str>,
    pub(super) score: Option<f64>,
    pub(super) propensity: f64,
    pub(super) reasons: &'a str,
}

/// An [`EventRecord`], borrowed.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct EventWire<'a> {
    event_id: &'a str,
    occurred_at: (i64, i32),
    kind: EventType,
    customer_id: Option<&'a str>,
    session_id: Option<&'a str>,
    product_id: Option<&'a str>,
    position: Option<NonZeroU32>,
    query: Option<&'a str>,
    quantity: Option<NonZeroU32>,
    decision_id: Option<&'a str>,
}

/// An [`OrderAnswerRecord`], borrowed.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OrderAnswerWire<'a> {
    answer_id: &'a str,
    made_at: (i64, i32),
    author: &'a str,
    product_id: &'a str,
    site_id: &'a str,
    /// In days since 1970-01-01.
    ordered_on: i32,
    proposed_units: u32,
    answer: OrderAnswer,
    ordered_units: u32,
    reason: Option<&'a str>,
}

fn parts(at: Timestamp) -> (i64, i32) {
    (at.as_second(), at.subsec_nanosecond())
}

fn moment((second, nanosecond): (i64, i32)) -> Result<Timestamp, RecordError> {
    Timestamp::new(second, nanosecond).map_err(RecordError::field)
}

fn id<T>(text: Option<&str>) -> Result<Option<T>, RecordError>
where
    T: TryFrom<String, Error: std::error::Error + Send + Sync + 'static>,
{
    text.map(|text| T::try_from(text.to_owned()).map_err(RecordError::field))
        .transpose()
}

fn probability(value: f64) -> Result<Probability, RecordError> {
    Probability::new(value).map_err(RecordError::field)
}

fn json(text: &str) -> Result<Json, RecordError> {
    Json::from_text(text.to_owned()).map_err(RecordError::field)
}

impl<'a> From<&'a LogRecord> for Wire<'a> {
    fn from(record: &'a LogRecord) -> Self {
        match record {
            LogRecord::Decision(decision) => Self::Decision(decision.into()),
            LogRecord::Event(event) => Self::Event(event.into()),
            LogRecord::Shadow(shadow) => Self::Shadow(shadow.into()),
            LogRecord::OrderAnswer(answer) => Self::OrderAnswer(answer.into()),
        }
    }
}

impl<'a> From<&'a ShadowRecord> for ShadowWire<'a> {
    fn from(record: &'a ShadowRecord) -> Self {
        Self {
            answer: DecisionWire::from(&record.answer),
            shown: record.shown,
            outcome: record.outcome,
            took_micros: u64::try_from(record.took.as_micros()).unwrap_or(u64::MAX),
        }
    }
}

impl<'a> From<&'a DecisionRecord> for DecisionWire<'a> {
    fn from(record: &'a DecisionRecord) -> Self {
        Self {
            decision_id: record.decision_id.as_str(),
            decided_at: parts(record.decided_at),
            product: &record.product,
            version: record.version,
            customer_id: record.customer_id.as_ref().map(CustomerId::as_str),
            subject_product_id: record.subject_product_id.as_ref().map(ProductId::as_str),
            placement: record.placement.as_deref(),
            answer: match &record.answer {
                Answer::Nothing {
                    propensity,
                    reasons,
                } => AnswerWire::Nothing {
                    propensity: propensity.get(),
                    reasons: reasons.text(),
                },
                Answer::Actions(actions) => {
                    AnswerWire::Actions(actions.iter().map(ActionWire::from).collect())
                }
            },
            holdout: record.holdout,
            fallback: record.fallback,
            fingerprint: record.fingerprint.as_deref(),
            reserved: record.reserved.as_ref().map(|reserved| ReservedWire {
                lease: &reserved.lease,
                cents: reserved.cents.0,
            }),
        }
    }
}

impl<'a> From<&'a ActionRecord> for ActionWire<'a> {
    fn from(record: &'a ActionRecord) -> Self {
        Self {
            action: record.action.as_deref(),
            score: record.score,
            propensity: record.propensity.get(),
            reasons: record.reasons.text(),
        }
    }
}

impl<'a> From<&'a EventRecord> for EventWire<'a> {
    fn from(record: &'a EventRecord) -> Self {
        Self {
            event_id: &record.event_id,
            occurred_at: parts(record.occurred_at),
            kind: record.kind,
            customer_id: record.customer_id.as_ref().map(CustomerId::as_str),
            session_id: record.session_id.as_deref(),
            product_id: record.product_id.as_ref().map(ProductId::as_str),
            position: record.position,
            query: record.query.as_deref(),
            quantity: record.quantity,
            decision_id: record.decision_id.as_ref().map(DecisionId::as_str),
        }
    }
}

impl<'a> From<&'a OrderAnswerRecord> for OrderAnswerWire<'a> {
    fn from(record: &'a OrderAnswerRecord) -> Self {
        Self {
            answer_id: &record.answer_id,
            made_at: parts(record.made_at),
            author: &record.author,
            product_id: record.product_id.as_str(),
            site_id: &record.site_id,
            ordered_on: epoch_day(record.ordered_on),
            proposed_units: record.proposed_units,
            answer: record.answer,
            ordered_units: record.ordered_units,
            reason: record.reason.as_deref(),
        }
    }
}

impl OrderAnswerWire<'_> {
    pub(super) fn to_record(&self) -> Result<OrderAnswerRecord, RecordError> {
        Ok(OrderAnswerRecord {
            answer_id: self.answer_id.to_owned(),
            made_at: moment(self.made_at)?,
            author: self.author.to_owned(),
            product_id: ProductId::new(self.product_id).map_err(RecordError::field)?,
            site_id: self.site_id.to_owned(),
            ordered_on: date_of(self.ordered_on),
            proposed_units: self.proposed_units,
            answer: self.answer,
            ordered_units: self.ordered_units,
            reason: self.reason.map(str::to_owned),
        })
    }
}

impl DecisionWire<'_> {
    /// When, in microseconds since 1970.
    pub(super) fn decided_at_micros(&self) -> i64 {
        let (second, nanosecond) = self.decided_at;
        second * 1_000_000 + i64::from(nanosecond.div_euclid(1_000))
    }

    pub(super) fn to_record(&self) -> Result<DecisionRecord, RecordError> {
        Ok(DecisionRecord {
            decision_id: DecisionId::new(self.decision_id).map_err(RecordError::field)?,
            decided_at: moment(self.decided_at)?,
            product: self.product.to_owned(),
            version: self.version,
            customer_id: id(self.customer_id)?,
            subject_product_id: id(self.subject_product_id)?,
            placement: self.placement.map(str::to_owned),
            answer: match &self.answer {
                AnswerWire::Nothing {
                    propensity,
                    reasons,
                } => Answer::Nothing {
                    propensity: probability(*propensity)?,
                    reasons: json(reasons)?,
                },
                AnswerWire::Actions(actions) => Answer::Actions(
                    actions
                        .iter()
                        .map(ActionWire::to_record)
                        .collect::<Result<_, _>>()?,
                ),
            },
            holdout: self.holdout,
            fallback: self.fallback,
            fingerprint: self.fingerprint.map(str::to_owned),
            reserved: self.reserved.map(|reserved| Reserved {
                lease: reserved.lease.to_owned(),
                cents: Cents(reserved.cents),
            }),
        })
    }
}

impl ActionWire<'_> {
    fn to_record(&self) -> Result<ActionRecord, RecordError> {
        Ok(ActionRecord {
            action: self.action.map(str::to_owned),
            score: self.score,
            propensity: probability(self.propensity)?,
            reasons: json(self.reasons)?,
        })
    }
}

impl EventWire<'_> {
    pub(super) fn to_record(&self) -> Result<EventRecord, RecordError> {
        Ok(EventRecord {
            event_id: self.event_id.to_owned(),
            occurred_at: moment(self.occurred_at)?,
            kind: self.kind,
            customer_id: id(self.customer_id)?,
            session_id: self.session_id.map(str::to_owned),
            product_id: id(self.product_id)?,
            position: self.position,
            query: self.query.map(str::to_owned),
            quantity: self.quantity,
            decision_id: id(self.decision_id)?,
        })
    }
}

impl Wire<'_> {
    /// The record as it lies in the log.
    pub(super) fn write(self) -> Result<Vec<u8>, RecordError> {
        /// Room for a list of ten with its reasons.
        const RECORD_BYTES: usize = 3 * 1024;
        let mut bytes = Vec::with_capacity(RECORD_BYTES);
        bytes.push(FORMAT);
        let frame = match self {
            Self::Decision(decision) => match decision.reserved {
                Some(reserved) => Frame::Reserving(decision, reserved),
                None => Frame::Decision(decision),
            },
            Self::Event(event) => Frame::Event(event),
            Self::Shadow(shadow) => Frame::Shadow(shadow),
            Self::OrderAnswer(answer) => Frame::OrderAnswer(answer),
        };
        Ok(postcard::to_extend(&frame, bytes)?)
    }
}

impl<'a> Wire<'a> {
    /// The record that [`Wire::write`] wrote.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, RecordError> {
        match bytes.split_first() {
            Some((&FORMAT, fields)) => match postcard::take_from_bytes(fields)? {
                (Frame::Decision(decision), []) => Ok(Self::Decision(decision)),
                (Frame::Event(event), []) => Ok(Self::Event(event)),
                (Frame::Shadow(shadow), []) => Ok(Self::Shadow(shadow)),
                (Frame::OrderAnswer(answer), []) => Ok(Self::OrderAnswer(answer)),
                (Frame::Reserving(decision, reserved), []) => Ok(Self::Decision(DecisionWire {
                    reserved: Some(reserved),
                    ..decision
                })),
                (_, rest) => Err(RecordError::Longer { bytes: rest.len() }),
            },
            Some((&found, _)) => Err(RecordError::Format {
                found,
                known: FORMAT,
            }),
            None => Err(RecordError::Format {
                found: 0,
                known: FORMAT,
            }),
        }
    }

    pub(super) fn to_record(&self) -> Result<LogRecord, RecordError> {
        Ok(match self {
            Self::Decision(decision) => LogRecord::Decision(decision.to_record()?),
            Self::Event(event) => LogRecord::Event(event.to_record()?),
            Self::Shadow(shadow) => LogRecord::Shadow(ShadowRecord {
                answer: shadow.answer.to_record()?,
                shown: shadow.shown,
                outcome: shadow.outcome,
                took: Duration::from_micros(shadow.took_micros),
            }),
            Self::OrderAnswer(answer) => LogRecord::OrderAnswer(answer.to_record()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(answer: Answer) -> LogRecord {
        LogRecord::Decision(DecisionRecord {
            decision_id: DecisionId::new("d1").unwrap(),
            decided_at: "2025-01-02T03:04:05.678901234Z".parse().unwrap(),
            product: "for-you".to_owned(),
            version: 3,
            customer_id: Some(CustomerId::new("C1").unwrap()),
            subject_product_id: None,
            placement: Some("home".to_owned()),
            answer,
            holdout: true,
            fallback: false,
            fingerprint: None,
            reserved: None,
        })
    }

    fn records() -> Vec<LogRecord> {
        let action = |score, reasons: &str| ActionRecord {
            action: Some("P1".to_owned()),
            score,
            propensity: Probability::new(0.25).unwrap(),
            reasons: Json::from_text(reasons.to_owned()).unwrap(),
        };
        let event = LogRecord::Event(EventRecord {
            event_id: "e1".to_owned(),
            occurred_at: "1969-12-31T23:59:59.5Z".parse().unwrap(),
            kind: EventType::Purchase,
            customer_id: None,
            session_id: Some("s".to_owned()),
            product_id: Some(ProductId::new("P1").unwrap()),
            position: NonZeroU32::new(7),
            query: None,
            quantity: NonZeroU32::new(2),
            decision_id: Some(DecisionId::new("d1").unwrap()),
        });
        let LogRecord::Decision(plain) = decision(Answer::Actions(vec![action(None, "null")]))
        else {
            panic!("a decision");
        };
        let reserving = LogRecord::Decision(DecisionRecord {
            reserved: Some(Reserved {
                lease: "l1".to_owned(),
                cents: Cents(250),
            }),
            ..plain
        });
        let LogRecord::Decision(answer) = decision(Answer::Actions(vec![action(None, "null")]))
        else {
            panic!("a decision");
        };
        let shadow = LogRecord::Shadow(ShadowRecord {
            answer,
            shown: 2,
            outcome: ShadowOutcome::Late,
            took: Duration::from_micros(51_234),
        });
        let answer = LogRecord::OrderAnswer(OrderAnswerRecord {
            answer_id: "a1".to_owned(),
            made_at: "2025-01-02T03:04:05.678901234Z".parse().unwrap(),
            author: "ana".to_owned(),
            product_id: ProductId::new("P1").unwrap(),
            site_id: "lyon".to_owned(),
            ordered_on: jiff::civil::date(1969, 12, 30),
            proposed_units: 24,
            answer: OrderAnswer::Changed,
            ordered_units: 36,
            reason: Some("street festival".to_owned()),
        });
        vec![
            answer,
            reserving,
            shadow,
            decision(Answer::Nothing {
                propensity: Probability::ONE,
                reasons: Json::default(),
            }),
            decision(Answer::Actions(vec![
                action(Some(f64::MIN_POSITIVE), r#"[{"code": "é"}]"#),
                action(None, "null"),
            ])),
            event,
        ]
    }

    #[test]
    fn records_come_back_as_they_were() {
        for record in records() {
            let bytes = record.to_bytes().unwrap();
            assert_eq!(LogRecord::from_bytes(&bytes).unwrap(), record);
        }
    }

    #[test]
    fn what_is_cut_longer_or_of_another_format_is_refused_with_what_is_wrong() {
        for record in records() {
            let bytes = record.to_bytes().unwrap();
            for end in 0..bytes.len() {
                assert!(LogRecord::from_bytes(&bytes[..end]).is_err(), "{end} bytes");
            }
            let longer = [&bytes[..], b"more"].concat();
            let said = LogRecord::from_bytes(&longer).unwrap_err().to_string();
            assert!(said.contains("4 bytes follow"), "{said}");
            let newer = [&[FORMAT + 1], &bytes[1..]].concat();
            let said = LogRecord::from_bytes(&newer).unwrap_err().to_string();
            assert!(
                said.contains("its format is 3, this program reads 2"),
                "{said}"
            );
        }
    }

    #[test]
    fn rows_have_the_microseconds_of_the_record_before_1970_too() {
        for (text, micros) in [
            ("2025-01-02T03:04:05.678901999Z", 1_735_787_045_678_901),
            ("1969-12-31T23:59:59.5Z", -500_000),
        ] {
            let at: Timestamp = text.parse().unwrap();
            let LogRecord::Decision(record) = decision(Answer::Actions(Vec::new())) else {
                panic!("a decision");
            };
            let record = DecisionRecord {
                decided_at: at,
                ..record
            };
            assert_eq!(DecisionWire::from(&record).decided_at_micros(), micros);
            assert_eq!(at.as_microsecond(), micros);
        }
    }
}
