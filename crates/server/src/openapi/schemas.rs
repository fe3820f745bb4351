//! What is sent and what is answered, as JSON Schema. A test compares the answers of a real server with it.

mod merchants;
mod orders;

use super::reference;
use products::{Asked, KINDS, Promises, Retraining};
use serde_json::{Value, json};

/// An object with properties, of which some are always there.
fn object(required: &[&str], properties: &Value) -> Value {
    json!({ "type": "object", "required": required, "properties": properties })
}

fn array(items: &Value) -> Value {
    json!({ "type": "array", "items": items })
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

fn whole(description: &str) -> Value {
    json!({ "type": "integer", "minimum": 0, "description": description })
}

fn number(description: &str) -> Value {
    json!({ "type": "number", "description": description })
}

fn flag(description: &str) -> Value {
    json!({ "type": "boolean", "description": description })
}

fn moment(description: &str) -> Value {
    json!({ "type": "string", "format": "date-time", "description": description })
}

fn probability(description: &str) -> Value {
    json!({ "type": "number", "minimum": 0, "maximum": 1, "description": description })
}

/// The same, or null.
fn or_null(mut schema: Value) -> Value {
    let kind = schema["type"].clone();
    schema["type"] = json!([kind, "null"]);
    schema
}

fn asked() -> Value {
    let mut asked = serde_json::to_value(schemars::schema_for!(Asked)).unwrap_or_default();
    if let Some(fields) = asked.as_object_mut() {
        fields.remove("$schema");
    }
    let placements: Vec<&str> = KINDS
        .iter()
        .flat_map(|k| k.card().placements)
        .copied()
        .collect();
    asked["properties"]["placement"]["examples"] = json!(placements);
    asked
}

/// The fields of table `events`.
fn event() -> Value {
    let mut properties = serde_json::Map::new();
    let mut required = Vec::new();
    for column in schema::table::table("events").map_or(&[][..], |t| &t.columns) {
        let (kind, format) = match column.kind {
            schema::table::ColumnType::Integer | schema::table::ColumnType::Cents => {
                ("integer", None)
            }
            schema::table::ColumnType::Number => ("number", None),
            schema::table::ColumnType::Boolean => ("boolean", None),
            schema::table::ColumnType::Text => ("string", None),
            schema::table::ColumnType::Date => ("string", Some("date")),
            schema::table::ColumnType::Timestamp => ("string", Some("date-time")),
        };
        let mut property = json!({ "type": kind, "description": column.meaning });
        if column.nullable {
            property = or_null(property);
        } else if column.name != "event_id" {
            required.push(column.name.clone());
        }
        if let Some(format) = format {
            property["format"] = json!(format);
        }
        if !column.allowed.is_empty() {
            property["enum"] = json!(column.allowed);
        }
        if let Some(pattern) = &column.pattern {
            property["pattern"] = json!(pattern);
        }
        for (name, limit) in [("minimum", column.min), ("maximum", column.max)] {
            if let Some(limit) = limit {
                property[name] = json!(limit);
            }
        }
        properties.insert(column.name.clone(), property);
    }
    json!({ "type": "object", "additionalProperties": false, "required": required, "properties": properties })
}

/// A figure with its interval, or why there is none.
fn estimate() -> Value {
    let only = |name: &str, schema: Value| object(&[name], &json!({ name: schema }));
    let why = json!({ "oneOf": [
        only("too_few", object(&["what", "found", "needed"], &json!({
            "what": text("What is counted."), "found": whole("How many there are."), "needed": whole("How many are needed."),
        }))),
        only("no_variation", object(&["what"], &json!({ "what": text("What does not vary.") }))),
        only("history_too_short", object(&["found_days", "needed_days"], &json!({
            "found_days": whole("Days there are."), "needed_days": whole("Days needed."),
        }))),
        only("does_not_apply", object(&["because"], &json!({ "because": text("Why not.") }))),
    ] });
    let measured = object(
        &["point", "low", "high", "units"],
        &json!({
            "point": number("The estimate."),
            "low": number("Lower bound of the 95 % interval."),
            "high": number("Upper bound of the 95 % interval."),
            "units": whole("Independent units, such as customers, that it rests on."),
        }),
    );
    json!({
        "description": "The figure with its interval, or why it is not measurable.",
        "oneOf": [only("measured", measured), only("exact", number("Computed from all rows, so without an interval.")), only("not_measurable", why)],
    })
}

fn reason() -> Value {
    object(
        &["code", "values", "text"],
        &json!({
            "code": text("Stable, such as `bought_with`."),
            "values": { "type": "object", "additionalProperties": true, "description": "The figures and names in the sentence." },
            "text": text("The sentence, in English."),
        }),
    )
}

fn action() -> Value {
    object(
        &["position", "id", "unit", "propensity", "reasons"],
        &json!({
            "position": { "type": "integer", "minimum": 1 },
            "id": text("What is decided: a product, a segment, the name of a figure."),
            "label": text("What a person reads for it."),
            "score": number("Higher is better; comparable within one answer. Absent where there is none."),
            "estimate": reference("Estimate"),
            "unit": text("Unit of the figure or of the score."),
            "propensity": probability("Probability with which this action was drawn at this place."),
            "reasons": array(&reference("Reason")),
        }),
    )
}

fn answer() -> Value {
    object(
        &[
            "decision_id",
            "product",
            "version",
            "decided_at",
            "holdout",
            "fallback",
            "actions",
            "method",
        ],
        &json!({
            "decision_id": text("Send it back with events that answer this decision."),
            "product": text("The data product."),
            "version": whole("Its version that answered."),
            "decided_at": moment("When."),
            "holdout": flag("The customer belongs to the universal holdout and got the baseline."),
            "fallback": flag("The baseline answered because the version failed or was late."),
            "reserved_cents": whole("What the answer promises at most, reserved of the product's budget; absent where it promises nothing."),
            "placement": text("Where it is shown, where the product has placements."),
            "actions": array(&reference("Action")),
            "short_of": object(&["missing", "because"], &json!({
                "missing": whole("How many actions are missing from the number asked for."),
                "because": { "type": "object", "additionalProperties": { "type": "integer" }, "description": "Which limits took how many candidates." },
            })),
            "method": text("The method that scored."),
        }),
    )
}

fn explained() -> Value {
    let line = object(
        &["what", "contribution"],
        &json!({ "what": text("What contributes."), "contribution": number("How much, in the unit of the score.") }),
    );
    let explanation = object(
        &["about", "summary", "score", "unit", "lines", "rules"],
        &json!({
            "about": text("What is explained: a product, a segment, a figure."),
            "summary": text("In one sentence."),
            "score": number("The contributions add up to it."),
            "unit": text("Unit of the score."),
            "lines": array(&line),
            "why_not": text("Why it is not in the answer, where it is not."),
            "rules": array(&text("A rule that touched it.")),
            "flips": array(&reference("Reason")),
        }),
    );
    object(
        &["product", "version", "holdout", "explanation"],
        &json!({
            "product": text("The data product."),
            "version": whole("The version that is explained."),
            "holdout": flag("The customer belongs to the universal holdout: the baseline answers, and not what is explained."),
            "note": text("What the explanation is not, where it does not explain what is answered."),
            "explanation": explanation,
        }),
    )
}

/// A decision as it stands in the log.
fn decision() -> Value {
    let logged = object(
        &["propensity"],
        &json!({
            "action": text("What was decided."),
            "score": number("The model's score of it."),
            "propensity": probability("Probability with which it was drawn at this place."),
            "reasons": array(&reference("Reason")),
        }),
    );
    let nothing = object(
        &["propensity", "reasons"],
        &json!({
            "propensity": probability("Probability with which nothing was answered."),
            "reasons": { "type": ["array", "null"], "items": reference("Reason") },
        }),
    );
    let answer = json!({ "oneOf": [
        object(&["actions"], &json!({ "actions": array(&logged) })),
        object(&["nothing"], &json!({ "nothing": nothing })),
    ] });
    object(
        &[
            "decision_id",
            "decided_at",
            "product",
            "version",
            "answer",
            "holdout",
            "fallback",
        ],
        &json!({
            "decision_id": text("That of the answer."),
            "decided_at": moment("When."),
            "product": text("The data product."),
            "version": whole("Its version that decided."),
            "customer_id": text("For whom."),
            "subject_product_id": text("The product it is about."),
            "placement": text("Where it is shown."),
            "answer": answer,
            "holdout": flag("The customer belongs to the universal holdout and got the baseline."),
            "fallback": flag("The baseline answered because the version failed or was late."),
            "fingerprint": text("Fingerprint of the product file that decided."),
            "reserved": object(&["lease", "cents"], &json!({
                "lease": text("The lease that it promised from."),
                "cents": whole("What it reserved of the product's budget."),
            })),
        }),
    )
}

/// A section of a product file, as the file says it.
fn section<T: schemars::JsonSchema>() -> Value {
    let inline = schemars::generate::SchemaSettings::default().with(|s| s.inline_subschemas = true);
    let schema = inline.into_generator().into_root_schema_for::<T>();
    let mut section = serde_json::to_value(schema).unwrap_or_default();
    if let Some(section) = section.as_object_mut() {
        section.remove("$schema");
        section.remove("title");
    }
    section
}

/// A data product and the version that answers.
fn product_line() -> Value {
    let header = object(
        &[
            "name",
            "kind",
            "owner",
            "description",
            "deadline_ms",
            "promises",
            "retraining",
            "fingerprint",
        ],
        &json!({
            "name": text("That of its file."),
            "kind": text("Its kind."),
            "owner": text("Who answers for it."),
            "description": text("What it is for."),
            "deadline_ms": whole("Milliseconds that a version has to score a question."),
            "promises": reference("Promises"),
            "retraining": reference("Retraining"),
            "fingerprint": text("Fingerprint of the file."),
        }),
    );
    json!({
        "product": header,
        "version": or_null(whole("The version that answers; null where none does.")),
        "as_of": or_null(json!({ "type": "string", "format": "date", "description": "The first day that version does not know." })),
        "problem": or_null(text("Why the champion does not answer, where it does not.")),
    })
}

const LINE: [&str; 4] = ["product", "version", "as_of", "problem"];

/// What a version's answers hang on; absent in scorecards written before it was kept.
fn weights() -> Value {
    let columns = json!({
        "type": "object", "additionalProperties": { "type": "number", "minimum": 0, "maximum": 1 },
        "description": "Shares of columns, named as table.column, that sum to 1; none where it answers the same whatever they say.",
    });
    object(
        &["state"],
        &json!({
            "state": { "type": "string", "enum": ["known", "unknown"] },
            "by": { "type": "string", "enum": ["gains", "parts", "alike"], "description": "How they were found: by gains of trees, by parts of scores, or alike for each column that a method without features reads." },
            "columns": columns,
            "beside": array(&text("A column that is used beside what was learnt.")),
            "because": text("Why they are not known."),
        }),
    )
}

fn product_page() -> Value {
    let output = object(
        &["name", "unit", "meaning"],
        &json!({ "name": text("Name."), "unit": text("Unit."), "meaning": text("Meaning.") }),
    );
    let texts = |description: &str| array(&text(description));
    let card = object(
        &[
            "kind",
            "question",
            "criterion",
            "baseline",
            "measures",
            "reads",
            "outputs",
            "subjects",
            "placements",
            "sources",
            "example",
        ],
        &json!({
            "kind": text("Name of the kind."),
            "question": text("The question it answers."),
            "criterion": text("By which it is judged."),
            "baseline": text("What it must beat."),
            "measures": texts("A measure of its scorecards that can be told a worth in money."),
            "reads": texts("A table it reads."),
            "outputs": array(&output),
            "subjects": texts("What an answer can be about."),
            "placements": texts("A placement that can be asked for."),
            "sources": texts("A paper that the method comes from."),
            "example": text("A complete product file."),
        }),
    );
    let metric = object(
        &[
            "name",
            "scope",
            "unit",
            "better",
            "value",
            "baseline",
            "baseline_name",
            "gain",
        ],
        &json!({
            "name": text("The measure."),
            "scope": text("Where it was measured; empty for the whole product."),
            "unit": text("Its unit."),
            "better": { "type": "string", "enum": ["higher", "lower"] },
            "role": { "type": "string", "enum": ["decides", "shown"], "description": "Whether it has a say at the gate." },
            "value": reference("Estimate"),
            "baseline": reference("Estimate"),
            "baseline_name": text("What the baseline is."),
            "gain": reference("Estimate"),
        }),
    );
    let mut held_out = object(
        &["from", "days"],
        &json!({ "from": text("The first held-out day."), "days": whole("How many there are.") }),
    );
    // Absent in scorecards written before it was kept.
    held_out["type"] = json!(["object", "null"]);
    let part = object(
        &[
            "by",
            "first",
            "last",
            "forecasts",
            "error",
            "baseline",
            "gain",
            "covered",
            "baseline_covered",
        ],
        &json!({
            "by": text("What tells parts apart: steps ahead, tenths of the series by what they are forecast to sell, the least first, or levels of what they add up to."),
            "label": text("What the part is called, where a number does not say it: a level."),
            "first": whole("The first of the part, from 1."), "last": whole("The last."),
            "forecasts": whole("Forecasts measured: one for each series and period."),
            "error": reference("Estimate"), "baseline": reference("Estimate"), "gain": reference("Estimate"),
            "covered": probability("Share of them whose interval held what was sold."),
            "baseline_covered": probability("The same of the baseline."),
        }),
    );
    let scorecard = object(
        &["split", "metrics", "notes"],
        &json!({
            "split": text("How the data was split."), "metrics": array(&metric),
            "held_out": held_out,
            "notes": texts("What a reader must know to judge the figures."),
            "parts": array(&part),
            "weights": weights(),
        }),
    );
    let version = object(
        &[
            "product",
            "number",
            "run",
            "kind",
            "format_version",
            "artefact_sha256",
            "artefact_bytes",
            "scorecard",
            "created_at",
        ],
        &json!({
            "product": text("The data product."),
            "number": { "type": "integer", "minimum": 1 },
            "run": text("The run that made it."),
            "kind": text("The kind that can read it."),
            "format_version": whole("Version of the format of its artefact."),
            "artefact_sha256": text("SHA-256 of its artefact."),
            "artefact_bytes": whole("Size of its artefact, bytes."),
            "scorecard": scorecard,
            "created_at": moment("When it was registered."),
        }),
    );
    let mut properties = product_line();
    properties["card"] = card;
    properties["versions"] = array(&version);
    object(&[&LINE[..], &["card", "versions"]].concat(), &properties)
}

/// How requests are answered.
fn requests() -> Value {
    let ms = |meaning: &str| json!({ "type": ["number", "null"], "description": meaning });
    let counts = |meaning: &str| json!({ "type": "object", "additionalProperties": { "type": "integer", "minimum": 0 }, "description": meaning });
    let or_null = |meaning: &str| json!({ "type": ["string", "null"], "description": meaning });
    let route = object(
        &[
            "route",
            "requests",
            "p50_ms",
            "p99_ms",
            "max_ms",
            "by_status",
            "problems",
            "request_bytes",
            "response_bytes",
            "largest_response_bytes",
        ],
        &json!({
            "route": text("The pattern, without identifiers; `none` where nothing is there."),
            "requests": whole("How many."),
            "p50_ms": ms("Milliseconds within which half were answered."),
            "p99_ms": ms("Milliseconds within which 99 of 100 were."),
            "max_ms": ms("The longest."),
            "by_status": counts("By HTTP status."),
            "problems": counts("Answered by a problem, by its `type`."),
            "request_bytes": whole("Bytes of all bodies that came."),
            "response_bytes": whole("Bytes of all bodies that went."),
            "largest_response_bytes": whole("The largest that went."),
        }),
    );
    let version = object(
        &["answered", "p50_ms", "p99_ms", "fallbacks", "unanswered"],
        &json!({
            "answered": whole("Decisions of the version."),
            "p50_ms": ms("Milliseconds within which half of its single questions were answered, the log included."),
            "p99_ms": ms("Milliseconds within which 99 of 100 were."),
            "fallbacks": whole("Answered by the baseline in its place."),
            "unanswered": whole("Without an answer."),
        }),
    );
    let product = object(
        &[
            "product",
            "by_version",
            "p50_ms",
            "p99_ms",
            "deadline_ms",
            "fallbacks",
            "unanswered",
            "refused",
        ],
        &json!({
            "product": text("The data product."),
            "by_version": { "type": "object", "additionalProperties": version, "description": "By version; 0 where there was none." },
            "p50_ms": ms("Milliseconds within which half of the single questions were answered, the log included."),
            "p99_ms": ms("Milliseconds within which 99 of 100 were."),
            "deadline_ms": whole("Milliseconds after which the baseline answers."),
            "fallbacks": whole("Answered by the baseline, because the version was late or failed."),
            "unanswered": whole("Without an answer, for want of a version or of a log."),
            "refused": whole("Questions that could not be answered as they were asked."),
        }),
    );
    let stage = object(
        &["what", "after_micros", "took_micros"],
        &json!({
            "what": text("The part."),
            "after_micros": whole("Microseconds from the request's beginning to the part's."),
            "took_micros": whole("Microseconds that it took."),
        }),
    );
    let slow = object(
        &[
            "at",
            "method",
            "route",
            "product",
            "version",
            "status",
            "problem",
            "took_micros",
            "stages",
            "request_bytes",
            "response_bytes",
            "request_id",
            "trace_id",
        ],
        &json!({
            "at": { "type": "string", "format": "date-time", "description": "When it was answered." },
            "method": text("The HTTP method."),
            "route": text("The pattern."),
            "product": or_null("The data product that was asked."),
            "version": { "type": ["integer", "null"], "description": "The version that answered." },
            "status": whole("The HTTP status."),
            "problem": or_null("The `type` of the problem, where it is one."),
            "took_micros": whole("Microseconds."),
            "stages": { "type": "array", "items": stage },
            "request_bytes": whole("Bytes of the body that came."),
            "response_bytes": whole("Bytes of the body that went."),
            "request_id": or_null("`x-request-id` of the request."),
            "trace_id": or_null("Its trace, where it was sent to a collector."),
        }),
    );
    object(
        &["since", "routes", "products", "slowest"],
        &json!({
            "since": { "type": "string", "format": "date-time", "description": "When the server started." },
            "routes": { "type": "array", "items": route, "description": "Those with most requests first." },
            "products": { "type": "array", "items": product },
            "slowest": { "type": "array", "items": slow, "description": "At most 20 of the last hour, the slowest first." },
        }),
    )
}

fn ready() -> Value {
    let product = object(
        &["version", "problem"],
        &json!({
            "version": or_null(whole("The version that answers.")),
            "problem": or_null(text("Why the champion does not answer.")),
        }),
    );
    object(
        &["ready", "problem", "products"],
        &json!({
            "ready": flag("Whether everything answers as it should."),
            "problem": or_null(text("Why lake or registry could not be read at the last look.")),
            "products": { "type": "object", "additionalProperties": product },
        }),
    )
}

/// All schemas by name.
pub(super) fn all() -> Value {
    json!({
        "Asked": asked(),
        "Promises": section::<Promises>(),
        "Retraining": section::<Retraining>(),
        "Answer": answer(),
        "Answers": object(&["answers"], &json!({ "answers": array(&reference("Answer")) })),
        "Action": action(),
        "Reason": reason(),
        "Estimate": estimate(),
        "Explained": explained(),
        "Decision": decision(),
        "Products": object(&["products"], &json!({ "products": array(&object(&LINE, &product_line())) })),
        "ProductPage": product_page(),
        "Event": event(),
        "Taken": object(&["accepted", "duplicates"], &json!({
            "accepted": whole("Events that are now on disk."),
            "duplicates": whole("Events that had been sent before; they change nothing."),
        })),
        "Requests": requests(),
        "Promotion": object(&["version", "why"], &json!({
            "version": { "type": "integer", "minimum": 1, "description": "The version that is to answer." },
            "why": text("For the audit."),
            "who": text("Who says so, for the audit: needed where requests need no key, else beside the key's name."),
        })),
        "Rollback": object(&["why"], &json!({
            "why": text("For the audit."),
            "who": text("Who says so, for the audit: needed where requests need no key, else beside the key's name."),
        })),
        "Merchants": merchants::all(),
        "Merchant": merchants::one(),
        "MerchantRecord": merchants::record(),
        "OrderAnswer": orders::answer(),
        "OrderAnswered": orders::answered(),
        "AliasChange": object(
            &["id", "product", "alias", "from", "to", "cause", "who", "why", "at"],
            &json!({
                "id": whole("Number of the change, over all products."),
                "product": text("The data product."),
                "alias": text("`champion`: the version that answers."),
                "from": { "type": ["integer", "null"], "description": "The version that answered before." },
                "to": whole("The version that answers now."),
                "cause": { "type": "string", "enum": ["chosen", "promoted", "rolled_back"] },
                "who": text("Who did it."),
                "why": text("Why, with what the gate said."),
                "at": { "type": "string", "format": "date-time", "description": "When." },
            }),
        ),
        "Redemption": object(&["decision_id", "redeemed_cents"], &json!({
            "decision_id": text("That of the answer that promised."),
            "redeemed_cents": { "type": "integer", "minimum": 0, "description": "What it cost." },
        })),
        "Redeemed": object(
            &["product", "period", "redeemed_cents", "freed_cents", "excess_cents", "repeated"],
            &json!({
                "product": text("The data product whose budget pays."),
                "period": text("The period whose budget pays."),
                "redeemed_cents": whole("What it cost."),
                "freed_cents": whole("What of the reservation is free again."),
                "excess_cents": whole("What of it nothing was reserved for."),
                "repeated": flag("It had been told before, and changes nothing now."),
            }),
        ),
        "Ready": ready(),
        "Problem": {
            "type": "object", "description": "RFC 9457.", "required": ["type", "title", "status", "detail"],
            "properties": {
                "type": text("A stable name of the sort of problem."),
                "title": text("The sort of problem."),
                "status": { "type": "integer", "minimum": 400, "maximum": 599 },
                "detail": text("What was found and what is allowed."),
                "field": text("The field of the request that is wrong, where one is."),
            },
        },
    })
}
