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
    let reader = &mut serde_json::Deserializer::from_slice(&body);
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let field = error.path().to_string();
        let inner = error.into_inner();
        match inner.classify() {
            serde_json::error::Category::Data => Problem::invalid(inner.to_string()).field(field),
            serde_json::error::Category::Syntax
            | serde_json::error::Category::Eof
            | serde_json::error::Category::Io => {
                Problem::malformed(format!("the body is no JSON: {inner}"))
            }
        }
    })
}
