//! Reading a JSON body: what is wrong is named with its field.

use crate::problem::Problem;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

/// Reads a JSON body.
pub(crate) fn read<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<T, Problem> {
    parse(&json(headers, body)?)
}

/// The bytes of a body that says it is JSON.
pub(crate) fn json(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Bytes, Problem> {
    let body = body.map_err(|rejected| match rejected.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "/problems/too-large",
            "The request is too large",
            "the body is larger than [server] body_max of the project",
        ),
        _ => Problem::malformed("the body ended early"),
    })?;
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    if kind
        .split(';')
        .next()
        .is_none_or(|k| k.trim() != "application/json")
    {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "/problems/media-type",
            "The body must be JSON",
            format!("content-type is {kind:?}, expected application/json"),
        ));
    }
    Ok(body)
}

/// Reads JSON.
pub(crate) fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, Problem> {
    let reader = &mut serde_json::Deserializer::from_slice(json);
    serde_path_to_error::deserialize(reader).map_err(problem)
}

/// Reads a part of a body that was read as JSON before.
pub(crate) fn part<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(problem)
}

/// The field of a field, or the outer one where the inner has no name.
pub(crate) fn within(outer: &str, inner: Option<&str>) -> String {
    inner.map_or_else(|| outer.to_owned(), |inner| format!("{outer}.{inner}"))
}

fn problem(error: serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let field = error.path().iter().next().map(|_| error.path().to_string());
    let inner = error.into_inner();
    match inner.classify() {
        serde_json::error::Category::Data => {
            let problem = Problem::invalid(inner.to_string());
            // What is wrong with the whole body, such as a field that is missing, is named by the sentence.
            match field {
                Some(field) => problem.field(field),
                None => problem,
            }
        }
        serde_json::error::Category::Syntax
        | serde_json::error::Category::Eof
        | serde_json::error::Category::Io => {
            Problem::malformed(format!("the body is no JSON: {inner}"))
        }
    }
}
