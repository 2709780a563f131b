//! What went wrong, as RFC 9457 has it told: one shape for every error of the API.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use muster_model::text::Text;
use muster_tell::{Language, say, say_key};
use serde::Serialize;
use utoipa::ToSchema;

use crate::line::NoAnswer;

/// The media type of problem details.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// A problem (RFC 9457). `type` is left out, which means `about:blank`: the status says what kind of problem it is.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// What kind of problem, in the words of HTTP.
    pub title: String,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What went wrong here and what to do, in the language of the asker.
    pub detail: String,
    /// The key of `detail` in the message catalogue: the same in every language.
    pub code: String,
}

impl Problem {
    /// A problem of this status, said in a message of the catalogue.
    pub(crate) fn new(language: Language, status: StatusCode, text: &Text) -> Problem {
        Problem {
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: say(language, text),
            code: text.key.clone(),
        }
    }

    /// There is no answer from the agent.
    pub(crate) fn of(language: Language, why: &NoAnswer) -> Problem {
        match why {
            NoAnswer::Gone => Problem::new(language, StatusCode::SERVICE_UNAVAILABLE, &Text::new("problem-gone")),
            NoAnswer::Unknown => Problem::unauthorized(language),
            NoAnswer::Forbidden => Problem::new(language, StatusCode::FORBIDDEN, &Text::new("problem-forbidden")),
            NoAnswer::Refused(text) => Problem::new(language, status_of(&text.key), text),
        }
    }

    /// A token is needed, or this one is not known.
    pub(crate) fn unauthorized(language: Language) -> Problem {
        Problem::new(language, StatusCode::UNAUTHORIZED, &Text::new("problem-unauthorized"))
    }

    /// What was asked is not what can be asked.
    pub(crate) fn bad(language: Language, why: impl std::fmt::Display) -> Problem {
        Problem::new(language, StatusCode::BAD_REQUEST, &Text::new("problem-bad-request").with("why", why))
    }

    /// There is nothing at this address.
    pub(crate) fn nowhere(language: Language) -> Problem {
        Problem::new(language, StatusCode::NOT_FOUND, &Text::new("problem-nowhere"))
    }

    /// Too much at once.
    pub(crate) fn too_many(language: Language) -> Problem {
        Problem::new(language, StatusCode::TOO_MANY_REQUESTS, &Text::new("problem-too-many"))
    }
}

/// How HTTP calls a refusal of the agent.
fn status_of(key: &str) -> StatusCode {
    match key {
        "refused-no-such-service" | "refused-no-such-incident" | "refused-no-such-change" => StatusCode::NOT_FOUND,
        "refused-nothing-to-recover" => StatusCode::CONFLICT,
        "refused-busy" => StatusCode::SERVICE_UNAVAILABLE,
        "refused-not-a-request" => StatusCode::BAD_REQUEST,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON))], body).into_response();
        let headers = response.headers_mut();
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"muster\""));
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}

/// What is said where a handler panicked: nothing of why, which is nobody's business outside.
pub(crate) fn of_panic(language: Language) -> Problem {
    Problem {
        title: "Internal Server Error".to_owned(),
        status: 500,
        detail: say_key(language, "problem-panic", &[]),
        code: "problem-panic".to_owned(),
    }
}
