//! `/healthz` and `/readyz`, for those who keep an eye on Muster itself.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use muster_model::hub::Ask;

use crate::Hub;

/// The hub serves. That the agent does is `/readyz`'s to say: a hub that is ended for its agent's fault helps nobody.
pub(crate) async fn alive() -> Response {
    (StatusCode::OK, "ok\n").into_response()
}

/// The agent answers: what is asked here is answered.
pub(crate) async fn ready(State(hub): State<Hub>) -> Response {
    match hub.agent.ask(Ask::Measures).await {
        Ok(_) => (StatusCode::OK, "ready\n").into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the agent does not answer\n").into_response(),
    }
}
