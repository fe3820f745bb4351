//! Answers of people to proposed orders.

use super::{flag, moment, object, or_null, text, whole};
use serde_json::{Value, json};

/// What was made of an order, in the word of the table.
fn made_of_it() -> Value {
    let words = lake::log::OrderAnswer::ALL.map(lake::log::OrderAnswer::name);
    json!({ "type": "string", "enum": words, "description": "What was made of it." })
}

/// What is sent.
pub(super) fn answer() -> Value {
    let properties = json!({
        "product_id": text("The product that is to be ordered."),
        "site_id": text("The site that it is to be ordered for."),
        "answer": made_of_it(),
        "ordered_units": or_null(whole("Units that are ordered: needed where the order is changed, and then others than proposed.")),
        "proposed_units": or_null(whole("Units that the caller saw proposed: where others are proposed by now nothing is taken (409).")),
        "reason": or_null(text("Why, in words.")),
        "answer_id": or_null(text("The caller's own identifier: the same twice is one answer, with another content it is refused (409). One is made where there is none.")),
        "who": text("Who answers: needed where requests need no key, else beside the key's name."),
    });
    object(&["product_id", "site_id", "answer"], &properties)
}

/// What is answered.
pub(super) fn answered() -> Value {
    let properties = json!({
        "answer_id": text("Its identifier."),
        "made_at": moment("When it was given."),
        "author": text("Who gave it."),
        "product_id": text("The product."),
        "site_id": text("The site."),
        "ordered_on": { "type": "string", "format": "date", "description": "Day of the proposal." },
        "proposed_units": whole("Units that were proposed."),
        "answer": made_of_it(),
        "ordered_units": whole("Units that are ordered."),
        "reason": or_null(text("Why, in words.")),
        "repeated": flag("It had been given before, and changes nothing now."),
    });
    let required = [
        "answer_id",
        "made_at",
        "author",
        "product_id",
        "site_id",
        "ordered_on",
        "proposed_units",
        "answer",
        "ordered_units",
        "reason",
        "repeated",
    ];
    object(&required, &properties)
}
