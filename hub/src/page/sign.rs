//! Signing in: a token in exchange for a cookie that no script can read and no other site can send.

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{ConnectInfo, Form, State};
use axum::http::header::{self, AUTHORIZATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use muster_model::time::Time;
use muster_tell::Language;
use serde::Deserialize;

use super::guest::{Frame, Guest};
use super::look::parts;
use crate::Hub;
use crate::admission::{self, From, Refusal, TOKEN_COOKIE};
use crate::problem::Problem;

/// A browser keeps it for so long; whether it still counts is the agent's to say.
const KEPT_SECONDS: u32 = 30 * 86_400;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: Frame,
    /// Why one should.
    why: String,
    /// Where a token comes from, commands told apart.
    hint: Vec<(bool, String)>,
    wrong: Option<String>,
}

/// What the form sends.
#[derive(Deserialize)]
pub(super) struct Given {
    token: String,
}

/// The page on which a token is asked for, where nothing is shown without.
pub(crate) fn sign_in(language: Language, status: StatusCode) -> Response {
    page(&Guest::unknown(language), status, true, None)
}

pub(super) async fn show(State(hub): State<Hub>, guest: Guest) -> Response {
    page(&guest, StatusCode::OK, hub.token_to_read, None)
}

/// Takes a token, where it is one.
pub(super) async fn take(
    State(hub): State<Hub>,
    ConnectInfo(from): ConnectInfo<From>,
    guest: Guest,
    given: Result<Form<Given>, FormRejection>,
) -> Response {
    let token = match given {
        Ok(Form(given)) => given.token.trim().to_owned(),
        Err(rejection) => return guest.problem(&Problem::bad(guest.language, rejection.body_text())),
    };
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(&format!("Bearer {token}")) {
        headers.insert(AUTHORIZATION, value);
    }
    match admission::right(&hub, &headers, from).await {
        Ok(_) => {
            let cookie = format!("{TOKEN_COOKIE}={token}; Path=/; Max-Age={KEPT_SECONDS}; HttpOnly; SameSite=Strict");
            keep(&cookie)
        }
        Err(Refusal::Unknown) => {
            hub.counts.refused("token");
            page(&guest, StatusCode::UNAUTHORIZED, hub.token_to_read, Some(frame(&guest).say("page-wrong-token")))
        }
        Err(refusal) => guest.problem(&refusal.problem(guest.language)),
    }
}

/// Forgets the token.
pub(super) async fn out() -> Response {
    keep(&format!("{TOKEN_COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"))
}

fn keep(cookie: &str) -> Response {
    let mut response = Redirect::to("/").into_response();
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

fn page(guest: &Guest, status: StatusCode, needed: bool, wrong: Option<String>) -> Response {
    let frame = frame(guest);
    let why = frame.say(if needed { "page-sign-in-needed" } else { "page-sign-in-hint" });
    let hint = parts(&frame.say("page-token-hint"));
    guest.answer(status, &SignInPage { frame, why, hint, wrong })
}

fn frame(guest: &Guest) -> Frame {
    let mut frame = Frame::new(guest, Time::default(), String::new());
    frame.title = format!("{} — Muster", frame.say("page-sign-in"));
    frame
}
