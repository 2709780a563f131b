//! `GET discover`: what runs here.

use axum::extract::State;
use muster_model::hub::Ask;
use muster_model::request::Reply;
use muster_tell::document::DiscoverDocument;

use super::{ask, odd};
use crate::Hub;
use crate::problem::Problem;
use crate::speech::Tongue;

/// What runs here, what it needs, and who has it watched.
#[utoipa::path(get, path = "/api/v1/discover", tag = "roll call", operation_id = "discover",
    responses((status = 200, description = "All that was discovered.", body = DiscoverDocument)))]
pub(crate) async fn show(State(hub): State<Hub>, Tongue(language): Tongue) -> Result<axum::Json<DiscoverDocument>, Problem> {
    let Reply::Discovered(all) = ask(&hub, language, Ask::Discover).await? else { return Err(odd(language)) };
    Ok(axum::Json(DiscoverDocument::new(&all)))
}
