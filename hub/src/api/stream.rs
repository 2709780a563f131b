//! `GET events/stream`: events as they come, as server-sent events (HTML, §9.2). The id of each is its place in the ledger, so
//! a reader that was cut off goes on where it was: browsers send it as `Last-Event-ID` by themselves.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use muster_model::hub::Ask;
use muster_model::request::{EventQuery, Record, Reply};
use muster_model::text::Text;
use muster_tell::Language;
use muster_tell::document::EventDocument;
use serde::Deserialize;
use tokio::sync::broadcast::error::RecvError;
use utoipa::IntoParams;

use super::input::Query;
use crate::Hub;
use crate::live::Watcher;
use crate::problem::Problem;
use crate::speech::Tongue;

/// A sign of life, for what is between.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);
/// Events that are read up at once.
const READ_UP: u32 = 1_000;

/// Which events.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Only what is about this service, incident or path.
    service: Option<String>,
    /// Only this kind, or kinds that begin with it and a dot.
    kind: Option<String>,
    /// Begin after this place in the ledger, not with what comes.
    after: Option<u64>,
    /// `en` or `zh-CN`: the language of sentences.
    #[serde(rename = "lang")]
    _lang: Option<String>,
}

/// Where a reader is.
struct Reader {
    hub: Hub,
    language: Language,
    query: EventQuery,
    watcher: Watcher,
    /// The last place that was seen; `None`: begins with what comes.
    last: Option<u64>,
    /// To be read up before what comes.
    behind: bool,
    ready: std::collections::VecDeque<Arc<Record>>,
}

/// Events as they come: `text/event-stream`, the data of each an `EventDocument`.
#[utoipa::path(get, path = "/api/v1/events/stream", tag = "record", operation_id = "follow", params(Which),
    responses((status = 200, description = "Events without end.", content_type = "text/event-stream", body = String)))]
pub(crate) async fn follow(
    State(hub): State<Hub>,
    Tongue(language): Tongue,
    headers: HeaderMap,
    Query(which): Query<Which>,
) -> Result<Response, Problem> {
    let watcher = hub.live.watch().await.map_err(|why| Problem::of(language, &why))?;
    let full = || Problem::new(language, StatusCode::SERVICE_UNAVAILABLE, &Text::new("problem-too-many-watch"));
    let watcher = watcher.ok_or_else(full)?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok()).or(which.after);
    let query = EventQuery { subject: which.service, kind: which.kind, ..EventQuery::default() };
    let reader = Reader { hub, language, query, watcher, last, behind: last.is_some(), ready: Default::default() };
    Ok(Sse::new(events(reader)).keep_alive(KeepAlive::new().interval(SIGN_OF_LIFE)).into_response())
}

fn events(reader: Reader) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(reader, |mut reader| async move {
        let record = reader.next().await?;
        let document = EventDocument::new(reader.language, &record);
        let event = Event::default().id(record.seq.to_string()).event(&record.kind).json_data(document).unwrap_or_default();
        Some((Ok(event), reader))
    })
}

impl Reader {
    async fn next(&mut self) -> Option<Arc<Record>> {
        loop {
            if let Some(record) = self.ready.pop_front() {
                self.last = Some(record.seq);
                return Some(record);
            }
            if self.behind {
                self.read_up().await?;
                continue;
            }
            match self.watcher.events.recv().await {
                Ok(record) if self.last.is_some_and(|last| record.seq <= last) => {}
                Ok(record) if self.query.fits(&record) => self.ready.push_back(record),
                Ok(record) => self.last = Some(record.seq),
                // Without a place to go on from there is nothing that it would miss.
                Err(RecvError::Lagged(_)) => self.behind = self.last.is_some(),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// Reads what the ledger has after the last place; `None`: there is nobody to ask.
    async fn read_up(&mut self) -> Option<()> {
        let query = EventQuery { after: self.last, limit: Some(READ_UP), ..self.query.clone() };
        let Ok(Reply::Events(records)) = self.hub.agent.ask(Ask::Events(query)).await else { return None };
        self.behind = records.len() == READ_UP as usize;
        self.ready.extend(records.into_iter().map(Arc::new));
        Some(())
    }
}
