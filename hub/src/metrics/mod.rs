//! `/metrics`: what Muster knows of the services and of itself, in numbers (OpenMetrics 1.0, and the older text format of
//! Prometheus for those who do not ask for it).

mod counts;
mod exposition;
mod families;

use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use muster_model::hub::Ask;
use muster_model::request::Reply;

pub(crate) use counts::Counts;

use crate::Hub;
use crate::line::NoAnswer;
use crate::problem::Problem;
use crate::speech::Tongue;
use exposition::{Exposition, Format};

/// All metrics.
pub(crate) async fn show(State(hub): State<Hub>, Tongue(language): Tongue, headers: HeaderMap) -> Result<Response, Problem> {
    let (call, measures) = tokio::join!(hub.roll.call(), hub.agent.ask(Ask::Measures));
    let (call, measures) = match (call, measures) {
        (Ok(call), Ok(Reply::Measures(measures))) => (call, measures),
        (Err(why), _) | (_, Err(why)) => return Err(Problem::of(language, &why)),
        (Ok(_), Ok(_)) => return Err(Problem::of(language, &NoAnswer::Gone)),
    };
    let format = Format::accepted(headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default());
    let mut exposition = Exposition::new(format);
    families::of_services(&mut exposition, &call.status, &measures);
    families::of_muster(&mut exposition, &call.status, &measures);
    hub.counts.write(&mut exposition);
    Ok(([(CONTENT_TYPE, HeaderValue::from_static(format.media()))], exposition.finish()).into_response())
}
