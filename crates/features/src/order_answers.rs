//! What people made of proposed orders.

use crate::LoadError;
use crate::columns::Columns;
use crate::load::each;
use lake::{Lake, Snapshot};
use schema::AsOf;

/// What was made of one proposed order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It was ordered as proposed.
    Accepted,
    /// Something else was ordered.
    Changed,
    /// Nothing was ordered.
    Refused,
}

/// What one person made of one proposed order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderAnswer {
    /// Who.
    pub author: String,
    /// The product.
    pub product: String,
    /// The site that it was to be ordered for.
    pub site: String,
    /// Day of the proposal, in days since 1970-01-01.
    pub ordered_on: i32,
    /// Units that were proposed.
    pub proposed: i64,
    /// What was made of it.
    pub answer: Answer,
    /// Units that were ordered.
    pub ordered: i64,
}

/// Answers to proposals of the days before one, in the order in which they were given.
pub(crate) async fn order_answers(
    lake: &Lake,
    snapshot: &Snapshot,
    as_of: AsOf,
) -> Result<Vec<OrderAnswer>, LoadError> {
    let sql = format!(
        "SELECT author, product_id, site_id, ordered_on, proposed_units, answer, ordered_units \
         FROM order_answers WHERE ordered_on < DATE '{as_of}' ORDER BY ordered_on, made_at, answer_id"
    );
    let mut found = Vec::new();
    each(lake, snapshot, "order_answers", &sql, |batch| {
        let of = Columns(batch);
        found.extend(of.rows().filter_map(|row| {
            Some(OrderAnswer {
                author: of.owned(0, row)?,
                product: of.owned(1, row)?,
                site: of.owned(2, row)?,
                ordered_on: of.day(3, row)?,
                proposed: of.whole(4, row)?,
                answer: match of.text(5, row)? {
                    "accepted" => Answer::Accepted,
                    "refused" => Answer::Refused,
                    _ => Answer::Changed,
                },
                ordered: of.whole(6, row)?,
            })
        }));
    })
    .await?;
    Ok(found)
}
