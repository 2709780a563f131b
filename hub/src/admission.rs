//! Who may come in: by which name they ask for the hub, how often, and with what right.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::{DefaultKeyedRateLimiter, Quota};
use muster_model::hub::{Answer, Ask};
use muster_model::text::Text;
use muster_model::user::Right;

use crate::Hub;
use crate::problem::Problem;

/// The cookie in which a browser keeps the token.
pub(crate) const TOKEN_COOKIE: &str = "muster_token";
/// No token is longer.
const TOKEN_BYTES_MAX: usize = 256;
/// Requests from one address: a second, and at once.
const REQUESTS: (u32, u32) = (10_000, 10_000);
/// Those of one user that act, or show files.
const ACTS: (u32, u32) = (20, 60);
/// Tokens that nobody has, from one address.
const WRONG: (u32, u32) = (1, 20);

/// How often who may ask.
pub(crate) struct Limits {
    requests: DefaultKeyedRateLimiter<IpAddr>,
    acts: DefaultKeyedRateLimiter<String>,
    wrong: DefaultKeyedRateLimiter<IpAddr>,
}

impl Default for Limits {
    fn default() -> Limits {
        let quota = |(a_second, at_once): (u32, u32)| {
            let number = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
            Quota::per_second(number(a_second)).allow_burst(number(at_once))
        };
        let keyed = DefaultKeyedRateLimiter::keyed;
        Limits { requests: keyed(quota(REQUESTS)), acts: DefaultKeyedRateLimiter::keyed(quota(ACTS)), wrong: keyed(quota(WRONG)) }
    }
}

impl Limits {
    /// Forgets who has not come for a while.
    pub(crate) fn forget(&self) {
        self.requests.retain_recent();
        self.acts.retain_recent();
        self.wrong.retain_recent();
    }
}

/// From where a request comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    /// By TCP.
    Address(SocketAddr),
    /// By the socket, which only root and Muster's own user can reach.
    Socket,
}

impl From {
    /// Whom the limits count it to.
    fn counted(self) -> IpAddr {
        match self {
            From::Address(address) => address.ip(),
            From::Socket => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        }
    }
}

impl std::fmt::Display for From {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            From::Address(address) => write!(f, "{address}"),
            From::Socket => f.write_str("muster.sock"),
        }
    }
}

/// What every request has to pass.
pub(crate) async fn admit(State(hub): State<Hub>, ConnectInfo(from): ConnectInfo<From>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let language = hub.speech.language(&parts);
    let refuse = |why: &'static str, problem: Problem| {
        hub.counts.refused(why);
        problem.into_response()
    };
    let path = parts.uri.path();
    let acts = parts.method != Method::GET && parts.method != Method::HEAD;
    if hub.limits.requests.check_key(&from.counted()).is_err() {
        return refuse("rate", Problem::too_many(language));
    }
    if !hub.token_to_read && from != From::Socket && !is_this_machine(&parts.headers) {
        return refuse("host", Problem::new(language, StatusCode::MISDIRECTED_REQUEST, &Text::new("problem-host")));
    }
    if acts && is_cross_site(&parts.headers) {
        return refuse("cross-site", Problem::new(language, StatusCode::FORBIDDEN, &Text::new("problem-cross-site")));
    }
    let open = matches!(path, "/healthz" | "/readyz" | "/sign-in") || path.starts_with("/assets/");
    if hub.token_to_read && from != From::Socket && !open {
        let problem = match right(&hub, &parts.headers, from).await {
            Ok(_) => None,
            Err(refusal) => Some(refusal.problem(language)),
        };
        if let Some(problem) = problem {
            hub.counts.refused("token");
            return if crate::page::is_page(path) {
                crate::page::sign_in(language, StatusCode::UNAUTHORIZED)
            } else {
                problem.into_response()
            };
        }
    }
    next.run(Request::from_parts(parts, body)).await
}

/// A page of somebody else's whose name was made to lead here (DNS rebinding) has that name in `Host`. This machine's own
/// names, and addresses, are nobody else's.
fn is_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else { return true };
    let host = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let host = host.trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok()
        || rustix::system::uname().nodename().to_str().is_ok_and(|name| host.eq_ignore_ascii_case(name))
}

/// A browser says whose page it is that asks: by Fetch Metadata where the way is safe (HTTPS, or this machine), else by `Origin`.
/// What is no browser says nothing.
fn is_cross_site(headers: &HeaderMap) -> bool {
    match (headers.get("sec-fetch-site"), headers.get(ORIGIN)) {
        (Some(site), _) => site != "same-origin" && site != "none",
        (None, Some(origin)) => {
            let ours = headers.get(HOST).and_then(|host| host.to_str().ok());
            let theirs = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
            theirs.is_none() || theirs != ours
        }
        (None, None) => false,
    }
}

/// Why somebody may not.
pub(crate) enum Refusal {
    /// No token, or one that nobody has.
    Unknown,
    /// Too many tokens that nobody has.
    TooMany,
    /// There is nobody to ask.
    Gone,
}

impl Refusal {
    pub(crate) fn problem(self, language: muster_tell::Language) -> Problem {
        match self {
            Refusal::Unknown => Problem::unauthorized(language),
            Refusal::TooMany => Problem::too_many(language),
            Refusal::Gone => Problem::of(language, &crate::line::NoAnswer::Gone),
        }
    }
}

/// What the token of a request allows, and whose it is.
pub(crate) async fn right(hub: &Hub, headers: &HeaderMap, from: From) -> Result<(String, Right), Refusal> {
    let Some(token) = token(headers) else { return Err(Refusal::Unknown) };
    match hub.agent.answer(Ask::Who { token }).await {
        Ok(Answer::Who(Some(holder))) => Ok(holder),
        Ok(_) if hub.limits.wrong.check_key(&from.counted()).is_err() => Err(Refusal::TooMany),
        Ok(_) => Err(Refusal::Unknown),
        Err(_) => Err(Refusal::Gone),
    }
}

/// The token: in `Authorization: Bearer` (RFC 6750), or in the cookie of a browser.
pub(crate) fn token(headers: &HeaderMap) -> Option<String> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    });
    let cookie = || crate::page::cookie(headers, TOKEN_COOKIE);
    bearer.or_else(cookie).filter(|token| !token.is_empty() && token.len() <= TOKEN_BYTES_MAX).map(str::to_owned)
}

/// Whoever wants something done: their token, which the agent will look at, and where it comes from.
pub(crate) struct Caller {
    /// Empty where there is none: the agent knows nobody of that name.
    pub(crate) token: String,
    pub(crate) via: String,
}

impl FromRequestParts<Hub> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, hub: &Hub) -> Result<Caller, Problem> {
        let from = parts.extensions.get::<ConnectInfo<From>>().map_or(From::Socket, |info| info.0);
        let via = format!("{} {} from {from}", parts.method, parts.uri.path());
        // A guess costs its guesser something here already; and who may act may not do so without end.
        match right(hub, &parts.headers, from).await {
            Ok((user, _)) if hub.limits.acts.check_key(&user).is_err() => {
                hub.counts.refused("rate");
                Err(Problem::too_many(hub.speech.language(parts)))
            }
            Ok(_) => Ok(Caller { token: token(&parts.headers).unwrap_or_default(), via }),
            Err(refusal) => {
                hub.counts.refused("token");
                Err(refusal.problem(hub.speech.language(parts)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (axum::http::HeaderName::from_static(name), axum::http::HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_name_that_is_somebody_elses_is_turned_away() {
        for ours in ["localhost:7373", "LOCALHOST", "127.0.0.1:7373", "127.0.0.1", "[::1]:7373", "[::1]", "192.0.2.7:80"] {
            assert!(is_this_machine(&headers(&[("host", ours)])), "{ours}");
        }
        for theirs in ["evil.example:7373", "localhost.evil.example", "127.0.0.1.evil.example", "", "x:y:z"] {
            assert!(!is_this_machine(&headers(&[("host", theirs)])), "{theirs}");
        }
    }

    #[test]
    fn another_sites_page_is_known_by_what_its_browser_says() {
        for ours in [
            &[("host", "h:1"), ("sec-fetch-site", "same-origin"), ("origin", "null")][..],
            &[("host", "h:1"), ("origin", "http://h:1")],
            &[("host", "h:1")],
        ] {
            assert!(!is_cross_site(&headers(ours)), "{ours:?}");
        }
        for theirs in [
            &[("host", "h:1"), ("sec-fetch-site", "cross-site")][..],
            &[("host", "h:1"), ("sec-fetch-site", "same-site"), ("origin", "http://h:1")],
            &[("host", "h:1"), ("origin", "http://h:2")],
            &[("host", "h:1"), ("origin", "null")],
            &[("origin", "http://h:1")],
        ] {
            assert!(is_cross_site(&headers(theirs)), "{theirs:?}");
        }
    }

    #[test]
    fn the_token_is_where_programs_and_browsers_put_it() {
        assert_eq!(token(&headers(&[("authorization", "Bearer muster_x")])).as_deref(), Some("muster_x"));
        assert_eq!(token(&headers(&[("cookie", "a=b; muster_token=muster_y; c")])).as_deref(), Some("muster_y"));
        for none in
            [("authorization", "Basic eDp5"), ("authorization", "Bearer"), ("cookie", "muster_token="), ("cookie", "xmuster_token=z")]
        {
            assert_eq!(token(&headers(&[none])), None, "{none:?}");
        }
    }
}
