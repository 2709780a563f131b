//! `GET events`: the ledger, a page at a time.

use axum::extract::State;
use muster_model::hub::Ask;
use muster_model::request::{EventQuery, Reply};
use muster_tell::document::Events;
use serde::Deserialize;
use utoipa::IntoParams;

use super::input::{Query, cursor, limit, moment};
use super::{ask, odd};
use crate::Hub;
use crate::problem::Problem;
use crate::speech::Tongue;

/// Which events.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Only since then (RFC 3339).
    #[param(format = DateTime)]
    since: Option<String>,
    /// Only what is about this service, incident or path.
    service: Option<String>,
    /// Only this kind, or kinds that begin with it and a dot.
    #[param(example = "incident")]
    kind: Option<String>,
    /// Only what has these words in it.
    search: Option<String>,
    /// How many; 100 unless told otherwise.
    #[param(minimum = 1, maximum = 1_000)]
    limit: Option<u32>,
    /// `next` of the page before: older events.
    #[param(pattern = r"^[0-9]{1,18}$")]
    cursor: Option<String>,
    /// `en` or `zh-CN`: the language of sentences.
    #[serde(rename = "lang")]
    _lang: Option<String>,
}

/// The newest events, oldest first; with `cursor`, those before.
#[utoipa::path(get, path = "/api/v1/events", tag = "record", operation_id = "events", params(Which),
    responses((status = 200, description = "A page of events.", body = Events)))]
pub(crate) async fn list(
    State(hub): State<Hub>,
    Tongue(language): Tongue,
    Query(which): Query<Which>,
) -> Result<axum::Json<Events>, Problem> {
    let limit = limit(language, which.limit)?;
    let before = cursor(language, which.cursor.as_deref(), "")?;
    let query = EventQuery {
        since: moment(language, which.since.as_deref())?,
        subject: which.service,
        kind: which.kind,
        words: which.search,
        before,
        limit: Some(limit + 1),
        ..EventQuery::default()
    };
    let Reply::Events(mut records) = ask(&hub, language, Ask::Events(query)).await? else { return Err(odd(language)) };
    let next = if records.len() > limit as usize {
        records.remove(0);
        records.first().map(|first| first.seq.to_string())
    } else {
        None
    };
    Ok(axum::Json(Events { next, ..Events::new(language, &records) }))
}
