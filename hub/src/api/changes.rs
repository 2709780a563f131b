//! `changes`: what was altered, by whom; and the contents before and after.

use axum::extract::State;
use muster_model::hub::Ask;
use muster_model::id::ChangeId;
use muster_model::request::Reply;
use muster_tell::document::{Changes, DiffDocument};
use serde::Deserialize;
use utoipa::IntoParams;

use super::input::{Path, Query, cursor, limit, moment};
use super::{ask, odd};
use crate::Hub;
use crate::admission::Caller;
use crate::problem::Problem;
use crate::speech::Tongue;

/// Which changes.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Only what touches this service.
    service: Option<String>,
    /// Only since then (RFC 3339).
    #[param(format = DateTime)]
    since: Option<String>,
    /// How many; 100 unless told otherwise.
    #[param(minimum = 1, maximum = 1_000)]
    limit: Option<u32>,
    /// `next` of the page before.
    #[param(pattern = r"^c[0-9]{1,18}$")]
    cursor: Option<String>,
    /// `en` or `zh-CN`: the language of sentences.
    #[serde(rename = "lang")]
    _lang: Option<String>,
}

/// What was altered, newest first.
#[utoipa::path(get, path = "/api/v1/changes", tag = "record", operation_id = "changes", params(Which),
    responses((status = 200, description = "A page of changes.", body = Changes)))]
pub(crate) async fn list(
    State(hub): State<Hub>,
    Tongue(language): Tongue,
    Query(which): Query<Which>,
) -> Result<axum::Json<Changes>, Problem> {
    let limit = limit(language, which.limit)?;
    let since = moment(language, which.since.as_deref())?;
    // The agent gives no more than a thousand at once: of so many the last only tells that there are more.
    let shown = limit.min(super::PAGE_MAX - 1);
    let before = cursor(language, which.cursor.as_deref(), "c")?.map(|seq| ChangeId::from(format!("c{seq}")));
    let query = Ask::Changes { service: which.service.map(Into::into), since, before, limit: Some(shown + 1) };
    let Reply::Changes(mut changes) = ask(&hub, language, query).await? else { return Err(odd(language)) };
    let more = changes.len() > shown as usize;
    changes.truncate(shown as usize);
    let next = changes.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(axum::Json(Changes { next, ..Changes::new(&changes) }))
}

/// A change with the contents before and after. Configuration files hold secrets: it needs a token.
#[utoipa::path(get, path = "/api/v1/changes/{id}", tag = "record", operation_id = "change", security(("token" = [])),
    params(("id" = String, Path, description = "Its id.")),
    responses((status = 200, description = "The change.", body = DiffDocument), (status = 401, description = "No token."),
              (status = 404, description = "There is no such change.")))]
pub(crate) async fn show(
    State(hub): State<Hub>,
    Tongue(language): Tongue,
    caller: Caller,
    Path(id): Path,
) -> Result<axum::Json<DiffDocument>, Problem> {
    let reply = ask(&hub, language, Ask::Diff { change: id.into(), token: caller.token }).await?;
    let Reply::Diff(report) = reply else { return Err(odd(language)) };
    Ok(axum::Json(DiffDocument::new(&report)))
}
