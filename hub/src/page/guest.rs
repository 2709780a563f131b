//! Whoever looks at a page: in which language, light or dark, and who it is where they have signed in.

use std::convert::Infallible;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::{self, COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use muster_model::health::Health;
use muster_model::time::Time;
use muster_model::user::Right;
use muster_tell::Language;

use super::assets;
use super::look::Look;
use crate::Hub;
use crate::admission::{self, From};
use crate::problem::{self, Problem};
use crate::speech::LANGUAGE_COOKIE;

/// The cookie of light or dark, which the script writes.
const THEME_COOKIE: &str = "muster_theme";
/// A browser keeps a choice for a year.
const KEPT_SECONDS: u32 = 365 * 86_400;

/// Somebody who looks.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    pub(super) language: Language,
    /// `light`, `dark`, or empty: as the machine has it.
    pub(super) theme: &'static str,
    /// The name on their token, and what it allows.
    pub(super) user: Option<(String, Right)>,
    pub(super) path: String,
    /// The language was chosen with this request, and is to be kept.
    chosen: bool,
}

impl FromRequestParts<Hub> for Guest {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, hub: &Hub) -> Result<Guest, Infallible> {
        let from = parts.extensions.get::<ConnectInfo<From>>().map_or(From::Socket, |info| info.0);
        let user = match admission::token(&parts.headers) {
            Some(_) => admission::right(hub, &parts.headers, from).await.ok(),
            None => None,
        };
        let theme = match cookie(&parts.headers, THEME_COOKIE) {
            Some("light") => "light",
            Some("dark") => "dark",
            _ => "",
        };
        let chosen = parts.uri.query().is_some_and(|query| query.split('&').any(|pair| pair.starts_with("lang=")));
        Ok(Guest { language: hub.speech.language(parts), theme, user, path: parts.uri.path().to_owned(), chosen })
    }
}

impl Guest {
    /// Somebody of whom nothing else is known.
    pub(super) fn unknown(language: Language) -> Guest {
        Guest { language, theme: "", user: None, path: "/".to_owned(), chosen: false }
    }

    /// A page for them.
    pub(super) fn answer(&self, status: StatusCode, page: &impl askama::Template) -> Response {
        let Ok(html) = page.render() else { return problem::of_panic(self.language).into_response() };
        let mut response = (status, [(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))], html).into_response();
        let headers = response.headers_mut();
        // A form of ours then says in `Origin` that it is ours; nobody else is told where somebody was.
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding, Accept-Language, Cookie"));
        if self.chosen {
            let cookie = format!("{LANGUAGE_COOKIE}={}; Path=/; Max-Age={KEPT_SECONDS}; SameSite=Lax", self.language);
            if let Ok(cookie) = HeaderValue::from_str(&cookie) {
                headers.append(header::SET_COOKIE, cookie);
            }
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"muster\""));
        }
        response
    }

    /// What went wrong, as a page.
    pub(super) fn problem(&self, problem: &Problem) -> Response {
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let frame = Frame::new(self, Time::default(), format!("{} — Muster", problem.title));
        self.answer(status, &super::ProblemPage { frame, problem })
    }

    pub(super) fn may_act(&self) -> bool {
        matches!(self.user, Some((_, Right::Act)))
    }
}

/// What a browser keeps under this name.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    pairs.filter_map(|pair| pair.trim().split_once('=')).find_map(|(key, value)| (key == name).then_some(value))
}

/// What all pages have around what they show.
pub(super) struct Frame {
    pub(super) look: Look,
    pub(super) title: String,
    pub(super) guest: Guest,
    pub(super) worst: Health,
    /// Where its changes come from, where it has any.
    pub(super) live: Option<String>,
}

impl Frame {
    pub(super) fn new(guest: &Guest, now: Time, title: String) -> Frame {
        Frame { look: Look { language: guest.language, now }, title, guest: guest.clone(), worst: Health::Present, live: None }
    }

    /// With what changes on it.
    pub(super) fn of(guest: &Guest, sheet: &super::sheet::Sheet) -> Frame {
        let live = format!("/live?page={}&mark={}&lang={}", guest.path, sheet.mark(), guest.language);
        Frame { worst: sheet.worst, live: Some(live), ..Frame::new(guest, sheet.at, sheet.title.clone()) }
    }

    pub(super) fn say(&self, key: &'static str) -> String {
        self.look.say(key)
    }

    /// `d|h|min|s` with `{n}` for the number, so that the script counts in the language of the page.
    pub(super) fn units(&self) -> String {
        let of = |key| self.look.tell(key, &[("n", &"{n}")]);
        [of("length-d"), of("length-h"), of("length-min"), of("length-s")].join("|")
    }

    pub(super) fn style(&self) -> String {
        assets::style()
    }

    pub(super) fn script(&self) -> String {
        assets::script()
    }

    pub(super) fn icon(&self) -> String {
        assets::icon(self.worst)
    }

    pub(super) fn edition(&self) -> String {
        assets::edition()
    }

    pub(super) fn now(&self) -> u64 {
        super::look::millis(&self.look.now)
    }

    /// Where `{time}` stands, the script writes since when.
    pub(super) fn cut_off(&self) -> String {
        self.look.tell("page-cut-off", &[("time", &"{time}")])
    }

    pub(super) fn may(&self) -> &'static str {
        match &self.guest.user {
            Some((_, Right::Act)) => "act",
            Some((_, Right::Read)) => "read",
            None => "look",
        }
    }

    pub(super) fn signed_in(&self) -> Option<String> {
        self.guest.user.as_ref().map(|(name, _)| self.look.tell("page-signed-in", &[("user", name)]))
    }
}
