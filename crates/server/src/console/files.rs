//! Style sheet, script and icon, held in the binary.

use crate::charts;
use crate::problem::Problem;
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sha2::Digest;
use std::sync::LazyLock;

const SCRIPT: &str = include_str!("console.js");
const ICON: &str = include_str!("icon.svg");

static STYLE: LazyLock<String> =
    LazyLock::new(|| format!("{}\n{}\n", include_str!("console.css"), charts::STYLE));

/// Changes with any of the files, so that a browser keeps them for ever and still takes new ones at once.
static STAMP: LazyLock<String> = LazyLock::new(|| {
    let mut hash = sha2::Sha256::new();
    for file in [STYLE.as_str(), SCRIPT, ICON] {
        hash.update(file.as_bytes());
    }
    hash.finalize()
        .iter()
        .take(6)
        .map(|b| format!("{b:02x}"))
        .collect()
});

/// The style sheet, for a page that stands alone.
pub(super) fn style() -> &'static str {
    STYLE.as_str()
}

/// Address of a file.
pub(super) fn address(file: &str) -> String {
    format!("/static/{file}?v={}", *STAMP)
}

pub(super) async fn serve(Path(file): Path<String>) -> Response {
    let (kind, text) = match file.as_str() {
        "console.css" => ("text/css; charset=utf-8", STYLE.as_str()),
        "console.js" => ("text/javascript; charset=utf-8", SCRIPT),
        "icon.svg" => ("image/svg+xml", ICON),
        _ => return Problem::not_found(format!("there is no file {file:?}")).into_response(),
    };
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, text).into_response()
}
