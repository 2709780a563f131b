//! `GET status`: the roll call.

use axum::extract::State;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use muster_tell::document::StatusDocument;

use crate::Hub;
use crate::problem::Problem;
use crate::speech::Tongue;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The roll call: all services, how they are, what is not watched, how well Muster sees.
#[utoipa::path(get, path = "/api/v1/status", tag = "roll call", operation_id = "status",
    params(("lang" = Option<String>, Query, description = "`en` or `zh-CN`: the language of sentences.")),
    responses((status = 200, description = "The roll call.", body = StatusDocument)))]
pub(crate) async fn show(State(hub): State<Hub>, Tongue(language): Tongue, headers: HeaderMap) -> Result<Response, Problem> {
    let call = hub.roll.call().await.map_err(|why| Problem::of(language, &why))?;
    let document = call.document(language);
    let vary = (VARY, HeaderValue::from_static("Accept-Encoding, Accept-Language"));
    // Compressed once for all who ask, not for each.
    Ok(if takes_gzip(&headers) {
        ([(CONTENT_TYPE, JSON), (CONTENT_ENCODING, HeaderValue::from_static("gzip")), vary], document.gzip).into_response()
    } else {
        ([(CONTENT_TYPE, JSON), vary], document.plain).into_response()
    })
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        name.trim().eq_ignore_ascii_case("gzip") && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
    })
}
