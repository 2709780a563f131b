//! The live page at `/`, a page for each incident and each service, and what can be done from them (DESIGN §5).
//!
//! A page is made whole on the server and can be read as it is; the script only exchanges the pieces that have changed
//! (`sheet`), as they come (`stream`). Style and script are two files of their own (`assets`): the content policy lets nothing
//! else in.

mod act;
mod assets;
mod guest;
mod look;
mod row;
mod sheet;
mod sign;
mod story;
mod stream;
mod views;

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use muster_model::hub::Ask;
use muster_model::request::Reply;
use muster_model::text::Text;
use muster_tell::document::DiffDocument;
use serde::Deserialize;

use self::guest::Frame;
use self::sheet::{Sheet, Subject};
use crate::Hub;
use crate::admission;
use crate::problem::Problem;

pub(crate) use self::guest::{Guest, cookie};
pub(crate) use self::sheet::Sheets;
pub(crate) use self::sign::sign_in;

/// Lines of a change on an incident's page; `muster diff` shows all.
const DIFF_LINES_MAX: usize = 60;

/// Its routes.
pub(crate) fn router() -> Router<Hub> {
    Router::new()
        .route("/", get(home))
        .route("/incidents/{id}", get(incident))
        .route("/incidents/{id}/{what}", post(act::of_incident))
        .route("/services/{name}", get(service))
        .route("/services/{name}/{what}", post(act::of_service))
        .route("/live", get(stream::follow))
        .route("/sign-in", get(sign::show).post(sign::take))
        .route("/sign-out", post(sign::out))
        .route("/assets/{name}", get(assets::show))
}

/// Whether people look at this address: what they may not see is answered with a page, not with a problem for programs.
pub(crate) fn is_page(path: &str) -> bool {
    Subject::at(path).is_some()
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    frame: Frame,
    sheet: Arc<Sheet>,
    host: String,
    running: String,
    show: &'static str,
}

#[derive(Template)]
#[template(path = "incident.html")]
struct IncidentPage {
    frame: Frame,
    sheet: Arc<Sheet>,
    id: String,
    /// The lines of the change, each with its tone; where they may be seen.
    diff: Vec<(&'static str, String)>,
}

#[derive(Template)]
#[template(path = "service.html")]
struct ServicePage {
    frame: Frame,
    sheet: Arc<Sheet>,
    name: String,
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    frame: Frame,
    problem: &'a Problem,
}

/// What stands behind the `?` of the first page.
#[derive(Deserialize)]
struct Shown {
    /// Only services of this health.
    health: Option<String>,
}

async fn home(State(hub): State<Hub>, guest: Guest, Query(shown): Query<Shown>) -> Response {
    let call = match hub.roll.call().await {
        Ok(call) => call,
        Err(why) => return guest.problem(&Problem::of(guest.language, &why)),
    };
    match sheet::sheet(&hub, guest.language, &Subject::Home).await {
        Ok(Some(sheet)) => {
            let frame = Frame::of(&guest, &sheet);
            let status = &call.status;
            let up = frame.look.length(status.at.since(status.up_since));
            let running = frame.look.tell("status-running", &[("version", &status.version), ("length", &up)]);
            let known = ["lost", "degraded", "unknown", "paused", "present"];
            let show = known.into_iter().find(|health| shown.health.as_deref() == Some(health)).unwrap_or_default();
            guest.answer(StatusCode::OK, &HomePage { host: status.host.to_string(), running, show, frame, sheet })
        }
        Ok(None) => guest.problem(&Problem::nowhere(guest.language)),
        Err(why) => guest.problem(&Problem::of(guest.language, &why)),
    }
}

async fn incident(
    State(hub): State<Hub>,
    guest: Guest,
    axum::extract::Path(id): axum::extract::Path<String>,
    headers: axum::http::HeaderMap,
) -> Response {
    match sheet::sheet(&hub, guest.language, &Subject::Incident(id.clone())).await {
        Ok(Some(sheet)) => {
            let frame = Frame::of(&guest, &sheet);
            let diff = if guest.user.is_some() { diff(&hub, &id, &headers).await } else { Vec::new() };
            guest.answer(StatusCode::OK, &IncidentPage { frame, sheet, id, diff })
        }
        Ok(None) => {
            let text = Text::new("refused-no-such-incident").with("incident", &id);
            guest.problem(&Problem::new(guest.language, StatusCode::NOT_FOUND, &text))
        }
        Err(why) => guest.problem(&Problem::of(guest.language, &why)),
    }
}

/// The lines of the change that caused an incident, where whoever asks may read files.
async fn diff(hub: &Hub, id: &str, headers: &axum::http::HeaderMap) -> Vec<(&'static str, String)> {
    let Ok(Some(incident)) = sheet::incident(hub, id).await else { return Vec::new() };
    let Some(change) = incident.cause().and_then(|cause| cause.change.clone()) else { return Vec::new() };
    let token = admission::token(headers).unwrap_or_default();
    // Without it the page tells the command that shows it.
    let Ok(Reply::Diff(report)) = hub.agent.ask(Ask::Diff { change, token }).await else { return Vec::new() };
    let unified = DiffDocument::new(&report).unified.unwrap_or_default();
    // The first two lines name the file.
    let tone = |place: usize, line: &str| match line.as_bytes().first() {
        Some(b'+' | b'-') if place < 2 => "faint",
        Some(b'+') => "good",
        Some(b'-') => "bad",
        Some(b'@') => "faint",
        _ => "",
    };
    unified.lines().take(DIFF_LINES_MAX).enumerate().map(|(place, line)| (tone(place, line), line.to_owned())).collect()
}

async fn service(State(hub): State<Hub>, guest: Guest, axum::extract::Path(name): axum::extract::Path<String>) -> Response {
    match sheet::sheet(&hub, guest.language, &Subject::Service(name.clone())).await {
        Ok(Some(sheet)) => guest.answer(StatusCode::OK, &ServicePage { frame: Frame::of(&guest, &sheet), sheet, name }),
        Ok(None) => {
            let text = Text::new("error-no-such-service").with("service", &name);
            guest.problem(&Problem::new(guest.language, StatusCode::NOT_FOUND, &text))
        }
        Err(why) => guest.problem(&Problem::of(guest.language, &why)),
    }
}
