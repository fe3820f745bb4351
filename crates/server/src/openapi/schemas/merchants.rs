//! What merchants' estimates of launches were worth.

use super::{array, flag, moment, number, object, or_null, probability, reference, text, whole};
use serde_json::{Value, json};

/// What says so, and as of when.
fn head() -> Value {
    json!({
        "product": text("The data product."),
        "version": { "type": "integer", "minimum": 1, "description": "The version that answers." },
        "as_of": { "type": "string", "format": "date", "description": "The first day that it does not know." },
    })
}

fn with(name: &str, schema: Value, mut properties: Value) -> Value {
    properties[name] = schema;
    properties
}

/// All merchants.
pub(super) fn all() -> Value {
    let properties = with("merchants", array(&reference("MerchantRecord")), head());
    object(&["product", "version", "as_of", "merchants"], &properties)
}

/// One merchant.
pub(super) fn one() -> Value {
    let properties = with("record", reference("MerchantRecord"), head());
    let properties = with("launches", array(&launch()), properties);
    object(
        &["product", "version", "as_of", "record", "launches"],
        &properties,
    )
}

/// The record of a merchant.
pub(super) fn record() -> Value {
    let properties = json!({
        "merchant": text("The merchant."),
        "rank": whole("Rank by skill among all merchants, from 1."),
        "launches": whole("Launches with an estimate that are over."),
        "sold_out": whole("Those of them that sold all there was."),
        "bias": number("By which factor estimates are more than what is asked for: 1 where they hold; drawn to that of all merchants."),
        "bias_low": number("Lower end of its interval of 90 %."),
        "bias_high": number("Upper end of its interval of 90 %."),
        "drawn": or_null(probability("How far the bias is drawn to that of all merchants: 1 where the record tells nothing. Null of versions that did not keep it.")),
        "slope": number("By how many percent demand grows where the estimate grows by one."),
        "slope_error": number("Standard error of the slope."),
        "spread": number("Standard deviation of the logarithm of demand around the calibrated estimate."),
        "correlation": or_null(number("Correlation of the logarithms of estimate and demand; null of fewer than three launches, or where one does not differ.")),
        "held": or_null(probability("Share of launches in which demand lay between low and high; null where no such interval was told.")),
        "intervals": object(&["held", "below", "above", "unknown"], &json!({
            "held": whole("Demand lay between low and high."),
            "below": whole("Demand was below low."),
            "above": whole("Demand was above high."),
            "unknown": whole("The stock ran out before it could be told."),
        })),
        "saved": or_null(number("Share of the score that estimates save on launches held out; below 0 where they do harm, null where none was held out.")),
        "saved_on": or_null(whole("Launches held out that this rests on.")),
        "skill": number("What estimates are held to add: logarithm of the standard deviation without them over that with them; drawn to that of all merchants."),
    });
    let names: Vec<&str> = properties
        .as_object()
        .map_or(Vec::new(), |of| of.keys().map(String::as_str).collect());
    object(&names, &properties)
}

/// One product in one launch that is over.
fn launch() -> Value {
    let properties = json!({
        "launch": text("The launch."),
        "product_id": text("The product."),
        "opened_at": moment("When it opened."),
        "low": or_null(number("The least that was expected, where it was told.")),
        "likely": number("What was held likely."),
        "high": or_null(number("The most that was expected, where it was told.")),
        "sold": whole("Units sold."),
        "sold_out": flag("Whether all there was sold: more was asked for."),
    });
    let names: Vec<&str> = properties
        .as_object()
        .map_or(Vec::new(), |of| of.keys().map(String::as_str).collect());
    object(&names, &properties)
}
