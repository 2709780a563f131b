//! `GET me`: whose token it is.

use axum::extract::{ConnectInfo, State};
use axum::http::HeaderMap;
use muster_model::user::Right;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Hub;
use crate::admission::{self, From};
use crate::problem::Problem;
use crate::speech::Tongue;

/// Somebody who may use the API.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    /// The name under which it goes on record what they do.
    user: String,
    /// What they may do.
    right: Right,
}

/// Whose token this is, and what it allows.
#[utoipa::path(get, path = "/api/v1/me", tag = "acting", operation_id = "me", security(("token" = [])),
    responses((status = 200, description = "The holder.", body = Me), (status = 401, description = "No token, or one that nobody has.")))]
pub(crate) async fn show(
    State(hub): State<Hub>,
    Tongue(language): Tongue,
    ConnectInfo(from): ConnectInfo<From>,
    headers: HeaderMap,
) -> Result<axum::Json<Me>, Problem> {
    match admission::right(&hub, &headers, from).await {
        Ok((user, right)) => Ok(axum::Json(Me { user, right })),
        Err(refusal) => Err(refusal.problem(language)),
    }
}
