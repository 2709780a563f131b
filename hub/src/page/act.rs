//! What can be done from the pages: the same as with the API, by forms, so that it works without a script. The answer is the
//! page from which it came.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use muster_model::event::Command;
use muster_model::time::Length;
use serde::Deserialize;

use super::guest::Guest;
use crate::Hub;
use crate::admission::Caller;
use crate::api;
use crate::problem::Problem;

/// What a form sends; each uses its part.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Given {
    /// `home`: from the first page.
    from: String,
    length: String,
    reason: String,
    text: String,
}

type Filled = Result<Form<Given>, FormRejection>;
type Called = Result<Caller, Problem>;

/// `POST /services/NAME/WHAT`.
pub(super) async fn of_service(
    State(hub): State<Hub>,
    guest: Guest,
    caller: Called,
    Path((name, what)): Path<(String, String)>,
    given: Filled,
) -> Response {
    let back = format!("/services/{name}");
    act(&hub, &guest, caller, given, &back, |given| {
        Ok(match what.as_str() {
            "recover" => Command::Recover { service: name.as_str().into() },
            "pause" => {
                let (length, reason): (Length, String) =
                    api::Pause { length: given.length.clone(), reason: given.reason.clone() }.read(guest.language)?;
                Command::Pause { service: Some(name.as_str().into()), length, reason }
            }
            "resume" => Command::Resume { service: Some(name.as_str().into()) },
            _ => return Err(Problem::nowhere(guest.language)),
        })
    })
    .await
}

/// `POST /incidents/ID/WHAT`.
pub(super) async fn of_incident(
    State(hub): State<Hub>,
    guest: Guest,
    caller: Called,
    Path((id, what)): Path<(String, String)>,
    given: Filled,
) -> Response {
    let back = format!("/incidents/{id}");
    act(&hub, &guest, caller, given, &back, |given| {
        Ok(match what.as_str() {
            "ack" => Command::Acknowledge { incident: id.as_str().into() },
            "note" => Command::Note { incident: id.as_str().into(), words: api::Note { text: given.text.clone() }.read(guest.language)? },
            "resolve" => Command::Resolve { incident: id.as_str().into() },
            _ => return Err(Problem::nowhere(guest.language)),
        })
    })
    .await
}

async fn act(
    hub: &Hub,
    guest: &Guest,
    caller: Called,
    given: Filled,
    back: &str,
    command: impl FnOnce(&Given) -> Result<Command, Problem>,
) -> Response {
    let told = async {
        let caller = caller?;
        let Form(given) = given.map_err(|rejection| Problem::bad(guest.language, rejection.body_text()))?;
        let command = command(&given)?;
        api::tell(hub, guest.language, caller, command).await.map(drop)?;
        Ok::<_, Problem>(if given.from == "home" { "/" } else { back }.to_owned())
    };
    match told.await {
        Ok(back) => Redirect::to(&back).into_response(),
        Err(problem) => guest.problem(&problem),
    }
}
