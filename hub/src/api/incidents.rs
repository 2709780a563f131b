//! `incidents`: the stories of losses, and what a person has to say of them.

use axum::extract::State;
use muster_model::event::Command;
use muster_model::hub::Ask;
use muster_model::id::IncidentId;
use muster_model::incident::Incident;
use muster_model::request::{IncidentQuery, Reply};
use muster_model::text::Text;
use muster_tell::Language;
use muster_tell::document::{IncidentDocument, Incidents};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::input::{Json, Path, Query, cursor, limit, words};
use super::{Taken, ask, odd, tell};
use crate::Hub;
use crate::admission::Caller;
use crate::problem::Problem;
use crate::speech::Tongue;

/// The longest note.
const NOTE_CHARS_MAX: usize = 4_000;
/// The longest name of whoever takes it on.
const NAME_CHARS_MAX: usize = 200;

/// Which incidents.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Only of this service.
    service: Option<String>,
    /// Only those in which the service is still missing.
    #[serde(default)]
    #[param(required = false)]
    open: bool,
    /// How many; 100 unless told otherwise.
    #[param(minimum = 1, maximum = 1_000)]
    limit: Option<u32>,
    /// `next` of the page before.
    #[param(pattern = r"^i[0-9]{1,18}$")]
    cursor: Option<String>,
    /// `en` or `zh-CN`: the language of sentences.
    #[serde(rename = "lang")]
    _lang: Option<String>,
}

/// Incidents, newest first.
#[utoipa::path(get, path = "/api/v1/incidents", tag = "incidents", operation_id = "incidents", params(Which),
    responses((status = 200, description = "A page of incidents.", body = Incidents)))]
pub(crate) async fn list(
    State(hub): State<Hub>,
    Tongue(language): Tongue,
    Query(which): Query<Which>,
) -> Result<axum::Json<Incidents>, Problem> {
    let limit = limit(language, which.limit)?;
    let before = cursor(language, which.cursor.as_deref(), "i")?.map(|seq| IncidentId::from(format!("i{seq}")));
    // One more than is shown tells whether there is a next page.
    let query = IncidentQuery { service: which.service, open: which.open, before, limit: Some(limit + 1) };
    let Reply::Incidents(mut incidents) = ask(&hub, language, Ask::Incidents(query)).await? else { return Err(odd(language)) };
    let more = incidents.len() > limit as usize;
    incidents.truncate(limit as usize);
    let next = incidents.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(axum::Json(Incidents { next, ..Incidents::new(language, &incidents) }))
}

/// An incident: cause, evidence, actions. A service's name stands for its open incident, else its latest.
#[utoipa::path(get, path = "/api/v1/incidents/{id}", tag = "incidents", operation_id = "incident",
    params(("id" = String, Path, description = "Its id, or a service's name."),
           ("lang" = Option<String>, Query, description = "`en` or `zh-CN`: the language of sentences.")),
    responses((status = 200, description = "The incident.", body = IncidentDocument), (status = 404, description = "There is none.")))]
pub(crate) async fn show(
    State(hub): State<Hub>,
    Tongue(language): Tongue,
    Path(id): Path,
) -> Result<axum::Json<IncidentDocument>, Problem> {
    find(&hub, language, &id).await.map(|incident| axum::Json(IncidentDocument::new(language, &incident)))
}

async fn find(hub: &Hub, language: Language, id: &str) -> Result<Incident, Problem> {
    let Reply::Incident(incident) = ask(hub, language, Ask::Incident { of: id.to_owned() }).await? else { return Err(odd(language)) };
    let none = || Problem::new(language, axum::http::StatusCode::NOT_FOUND, &Text::new("problem-no-incident").with("service", id));
    incident.ok_or_else(none)
}

/// I have seen it. On an operator's stop: it is meant to be so.
#[utoipa::path(post, path = "/api/v1/incidents/{id}/ack", tag = "acting", operation_id = "ack", security(("token" = [])),
    params(("id" = String, Path, description = "The incident's id.")),
    responses((status = 200, description = "It is on record.", body = Taken), (status = 401, description = "No token."),
              (status = 403, description = "The token does not allow it."), (status = 404, description = "There is no such incident.")))]
pub(crate) async fn ack(
    State(hub): State<Hub>,
    Tongue(language): Tongue,
    caller: Caller,
    Path(id): Path,
) -> Result<axum::Json<Taken>, Problem> {
    tell(&hub, language, caller, Command::Acknowledge { incident: id.into() }).await
}

/// A note.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Note {
    /// What is to be remembered.
    #[schema(min_length = 1, max_length = 4_000, pattern = r"\S")]
    pub(crate) text: String,
}

impl Note {
    /// Its words, within bounds.
    pub(crate) fn read(&self, language: Language) -> Result<String, Problem> {
        words(language, "text", &self.text, NOTE_CHARS_MAX)
    }
}

/// Adds a note to an incident.
#[utoipa::path(post, path = "/api/v1/incidents/{id}/notes", tag = "acting", operation_id = "note", security(("token" = [])),
    params(("id" = String, Path, description = "The incident's id.")), request_body = Note,
    responses((status = 200, description = "It is on record.", body = Taken), (status = 401, description = "No token."),
              (status = 403, description = "The token does not allow it."), (status = 404, description = "There is no such incident.")))]
pub(crate) async fn note(
    State(hub): State<Hub>,
    Tongue(language): Tongue,
    caller: Caller,
    Path(id): Path,
    Json(note): Json<Note>,
) -> Result<axum::Json<Taken>, Problem> {
    let words = note.read(language)?;
    tell(&hub, language, caller, Command::Note { incident: id.into(), words }).await
}

/// Somebody to take it on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Assignment {
    /// Who.
    #[schema(min_length = 1, max_length = 200, pattern = r"\S")]
    to: String,
}

/// Gives an incident to somebody.
#[utoipa::path(post, path = "/api/v1/incidents/{id}/assign", tag = "acting", operation_id = "assign", security(("token" = [])),
    params(("id" = String, Path, description = "The incident's id.")), request_body = Assignment,
    responses((status = 200, description = "It is on record.", body = Taken), (status = 401, description = "No token."),
              (status = 403, description = "The token does not allow it."), (status = 404, description = "There is no such incident.")))]
pub(crate) async fn assign(
    State(hub): State<Hub>,
    Tongue(language): Tongue,
    caller: Caller,
    Path(id): Path,
    Json(assignment): Json<Assignment>,
) -> Result<axum::Json<Taken>, Problem> {
    let to = words(language, "to", &assignment.to, NAME_CHARS_MAX)?;
    tell(&hub, language, caller, Command::Assign { incident: id.into(), to }).await
}

/// Nothing is left to do: closes an incident.
#[utoipa::path(post, path = "/api/v1/incidents/{id}/resolve", tag = "acting", operation_id = "resolve", security(("token" = [])),
    params(("id" = String, Path, description = "The incident's id.")),
    responses((status = 200, description = "It is on record.", body = Taken), (status = 401, description = "No token."),
              (status = 403, description = "The token does not allow it."), (status = 404, description = "There is no such incident.")))]
pub(crate) async fn resolve(
    State(hub): State<Hub>,
    Tongue(language): Tongue,
    caller: Caller,
    Path(id): Path,
) -> Result<axum::Json<Taken>, Problem> {
    tell(&hub, language, caller, Command::Resolve { incident: id.into() }).await
}
