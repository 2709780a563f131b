//! What comes in with a request: read within bounds, and told as a problem where it is wrong.

use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use muster_model::text::Text;
use muster_model::time::Time;
use muster_tell::Language;
use serde::de::DeserializeOwned;

use crate::Hub;
use crate::problem::Problem;

/// What stands behind the `?`. A key that is not known is refused.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Hub> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, hub: &Hub) -> Result<Query<T>, Problem> {
        let language = hub.speech.language(parts);
        let read: Result<axum::extract::Query<T>, QueryRejection> = axum::extract::Query::from_request_parts(parts, hub).await;
        read.map(|query| Query(query.0)).map_err(|rejection| Problem::bad(language, rejection.body_text()))
    }
}

/// A part of the path: a name or an id.
pub(super) struct Path(pub(super) String);

impl FromRequestParts<Hub> for Path {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, hub: &Hub) -> Result<Path, Problem> {
        let language = hub.speech.language(parts);
        let read = axum::extract::Path::<String>::from_request_parts(parts, hub).await;
        read.map(|path| Path(path.0)).map_err(|rejection| Problem::bad(language, rejection.body_text()))
    }
}

/// A body in JSON. A key that is not known is refused.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Hub> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, hub: &Hub) -> Result<Json<T>, Problem> {
        let (parts, body) = request.into_parts();
        let language = hub.speech.language(&parts);
        if !is_json(&parts.headers) {
            return Err(Problem::new(language, StatusCode::UNSUPPORTED_MEDIA_TYPE, &Text::new("problem-not-json")));
        }
        let bytes = axum::body::Bytes::from_request(Request::from_parts(parts, body), hub).await;
        let bytes = bytes.map_err(|rejection: BytesRejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::new(language, StatusCode::PAYLOAD_TOO_LARGE, &Text::new("problem-too-large")),
            _ => Problem::bad(language, rejection.body_text()),
        })?;
        serde_json::from_slice(&bytes).map(Json).map_err(|error| Problem::bad(language, error))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
}

/// How many of a list: as many as asked for, within bounds.
pub(super) fn limit(language: Language, asked: Option<u32>) -> Result<u32, Problem> {
    match asked.unwrap_or(super::PAGE) {
        n if (1..=super::PAGE_MAX).contains(&n) => Ok(n),
        n => Err(Problem::bad(language, format!("limit {n} is outside 1 to {}", super::PAGE_MAX))),
    }
}

/// A moment in the form of RFC 3339. What lies outside the years that Muster counts is the nearest that it does.
pub(super) fn moment(language: Language, text: Option<&str>) -> Result<Option<Time>, Problem> {
    let Some(text) = text else { return Ok(None) };
    // In a query an unescaped `+` means a space; no moment has one.
    let text = text.replace(' ', "+");
    Time::nearest(&text).map(Some).map_err(|error| Problem::bad(language, format!("since: {error}")))
}

/// The place at which a page begins: the number of an event behind the letter of what is listed.
pub(super) fn cursor(language: Language, text: Option<&str>, letter: &str) -> Result<Option<u64>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let number = text.strip_prefix(letter).and_then(|number| number.parse().ok());
    number.map(Some).ok_or_else(|| Problem::bad(language, format!("cursor: `{text}` is none that a page gave as `next`")))
}

/// Text that a person gave, not empty and not longer than a note may be.
pub(super) fn words(language: Language, name: &str, text: &str, chars_max: usize) -> Result<String, Problem> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err(Problem::bad(language, format!("`{name}` is empty"))),
        n if n > chars_max => Err(Problem::bad(language, format!("`{name}` has {n} characters, {chars_max} are the most"))),
        _ => Ok(text.to_owned()),
    }
}
