//! `services`: one service of the roll call, and what Muster can be told to do with it.

use axum::extract::State;
use axum::http::StatusCode;
use muster_model::event::Command;
use muster_model::hub::Ask;
use muster_model::request::Reply;
use muster_model::text::Text;
use muster_model::time::Length;
use muster_tell::Language;
use muster_tell::document::{PlanDocument, ServiceDocument};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::input::{Json, Path, words};
use super::{Taken, ask, odd, tell};
use crate::Hub;
use crate::admission::Caller;
use crate::problem::Problem;
use crate::speech::Tongue;

/// The longest reason of a pause.
const REASON_CHARS_MAX: usize = 1_000;
/// The longest pause: a year.
const PAUSE_MAX: Length = Length::seconds(366 * 86_400);

/// One service of the roll call.
#[utoipa::path(get, path = "/api/v1/services/{name}", tag = "roll call", operation_id = "service",
    params(("name" = String, Path, description = "Its name.")),
    responses((status = 200, description = "The service.", body = ServiceDocument), (status = 404, description = "No service has that name.")))]
pub(crate) async fn show(
    State(hub): State<Hub>,
    Tongue(language): Tongue,
    Path(name): Path,
) -> Result<axum::Json<ServiceDocument>, Problem> {
    let call = hub.roll.call().await.map_err(|why| Problem::of(language, &why))?;
    let service = call.status.services.iter().find(|service| service.name.as_str() == name);
    let none = || Problem::new(language, StatusCode::NOT_FOUND, &Text::new("error-no-such-service").with("service", &name));
    service.map(|service| axum::Json(ServiceDocument::new(service))).ok_or_else(none)
}

/// What would be done.
#[derive(Serialize, ToSchema)]
pub(crate) struct Planned {
    /// The plan; `null`: nothing is lost, or nothing is known that would help.
    plan: Option<PlanDocument>,
}

/// What `recover` would do, without doing it.
#[utoipa::path(get, path = "/api/v1/services/{name}/plan", tag = "roll call", operation_id = "plan",
    params(("name" = String, Path, description = "The service's name."),
           ("lang" = Option<String>, Query, description = "`en` or `zh-CN`: the language of sentences.")),
    responses((status = 200, description = "The plan.", body = Planned), (status = 404, description = "No service has that name.")))]
pub(crate) async fn plan(State(hub): State<Hub>, Tongue(language): Tongue, Path(name): Path) -> Result<axum::Json<Planned>, Problem> {
    let reply = ask(&hub, language, Ask::Rehearse { service: name.into() }).await?;
    let Reply::Plan(plan) = reply else { return Err(odd(language)) };
    Ok(axum::Json(Planned { plan: plan.map(|plan| PlanDocument::new(language, &plan)) }))
}

/// Bring a lost service back now; a yes to a plan that waits for one.
#[utoipa::path(post, path = "/api/v1/services/{name}/recover", tag = "acting", operation_id = "recover", security(("token" = [])),
    params(("name" = String, Path, description = "The service's name.")),
    responses((status = 200, description = "It is on record, and being done.", body = Taken), (status = 401, description = "No token."),
              (status = 403, description = "The token does not allow it."), (status = 404, description = "No service has that name."),
              (status = 409, description = "It is not lost.")))]
pub(crate) async fn recover(
    State(hub): State<Hub>,
    Tongue(language): Tongue,
    caller: Caller,
    Path(name): Path,
) -> Result<axum::Json<Taken>, Problem> {
    tell(&hub, language, caller, Command::Recover { service: name.into() }).await
}

/// A pause.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pause {
    /// For how long: `90s`, `30m`, `2h`, `1d`; at most a year.
    #[serde(rename = "for")]
    #[schema(example = "30m", pattern = r"^[1-9][0-9]{0,2}[smh]$")]
    pub(crate) length: String,
    /// Why.
    #[schema(min_length = 1, max_length = 1_000, pattern = r"\S", example = "moving the database")]
    pub(crate) reason: String,
}

impl Pause {
    /// Its length and its reason, within bounds.
    pub(crate) fn read(&self, language: Language) -> Result<(Length, String), Problem> {
        let length: Length = self.length.parse().map_err(|error| Problem::bad(language, format!("for: {error}")))?;
        if length == Length(0) || length > PAUSE_MAX {
            return Err(Problem::bad(language, format!("for: {length} is outside 1ns to {PAUSE_MAX}")));
        }
        Ok((length, words(language, "reason", &self.reason, REASON_CHARS_MAX)?))
    }
}

/// Leave a service alone for a while.
#[utoipa::path(post, path = "/api/v1/services/{name}/pause", tag = "acting", operation_id = "pause", security(("token" = [])),
    params(("name" = String, Path, description = "The service's name.")), request_body = Pause,
    responses((status = 200, description = "It is paused.", body = Taken), (status = 401, description = "No token."),
              (status = 403, description = "The token does not allow it."), (status = 404, description = "No service has that name.")))]
pub(crate) async fn pause(
    State(hub): State<Hub>,
    Tongue(language): Tongue,
    caller: Caller,
    Path(name): Path,
    Json(pause): Json<Pause>,
) -> Result<axum::Json<Taken>, Problem> {
    let (length, reason) = pause.read(language)?;
    tell(&hub, language, caller, Command::Pause { service: Some(name.into()), length, reason }).await
}

/// The pause of a service is over.
#[utoipa::path(post, path = "/api/v1/services/{name}/resume", tag = "acting", operation_id = "resume", security(("token" = [])),
    params(("name" = String, Path, description = "The service's name.")),
    responses((status = 200, description = "The pause is over.", body = Taken), (status = 401, description = "No token."),
              (status = 403, description = "The token does not allow it."), (status = 404, description = "No service has that name.")))]
pub(crate) async fn resume(
    State(hub): State<Hub>,
    Tongue(language): Tongue,
    caller: Caller,
    Path(name): Path,
) -> Result<axum::Json<Taken>, Problem> {
    tell(&hub, language, caller, Command::Resume { service: Some(name.into()) }).await
}

/// The stop switch: Muster does nothing on this host for a while but watch and tell.
#[utoipa::path(post, path = "/api/v1/pause", tag = "acting", operation_id = "pause_all", security(("token" = [])), request_body = Pause,
    responses((status = 200, description = "All is paused.", body = Taken), (status = 401, description = "No token."),
              (status = 403, description = "The token does not allow it.")))]
pub(crate) async fn pause_all(
    State(hub): State<Hub>,
    Tongue(language): Tongue,
    caller: Caller,
    Json(pause): Json<Pause>,
) -> Result<axum::Json<Taken>, Problem> {
    let (length, reason) = pause.read(language)?;
    tell(&hub, language, caller, Command::Pause { service: None, length, reason }).await
}

/// The pause of all is over.
#[utoipa::path(post, path = "/api/v1/resume", tag = "acting", operation_id = "resume_all", security(("token" = [])),
    responses((status = 200, description = "The pause is over.", body = Taken), (status = 401, description = "No token."),
              (status = 403, description = "The token does not allow it.")))]
pub(crate) async fn resume_all(State(hub): State<Hub>, Tongue(language): Tongue, caller: Caller) -> Result<axum::Json<Taken>, Problem> {
    tell(&hub, language, caller, Command::Resume { service: None }).await
}
