//! The live page.

use axum::Router;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use muster_tell::Language;

use crate::Hub;

/// Its routes.
pub(crate) fn router() -> Router<Hub> {
    Router::new().route("/", get(|| async { Html("muster") }))
}

/// The page on which a token is asked for.
pub(crate) fn sign_in(_language: Language, status: StatusCode) -> Response {
    (status, Html("sign in")).into_response()
}
