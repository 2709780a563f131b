//! `GET /live`: the pieces of a page as they change, as server-sent events (HTML, §9.2).
//!
//! The id of each event is the mark of the page after it. A browser that was cut off sends the last one, and a page that was
//! just read has that of what it was read with: where it is not that of now, all pieces are sent.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use muster_model::text::Text;
use muster_tell::Language;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::assets;
use super::guest::Guest;
use super::look::{Look, millis, moment};
use super::sheet::{self, Piece, Sheet, Subject};
use crate::Hub;
use crate::live::Watcher;
use crate::problem::Problem;

/// What happens within this time is one change.
const TOGETHER: Duration = Duration::from_millis(25);
/// A roll call that does not know of an event yet is asked for again after this time.
const LOOK_AGAIN: Duration = Duration::from_millis(25);
/// A sign of life, and with it what changes without an event.
const BEAT: Duration = Duration::from_secs(5);

/// A browser that was cut off tries again after this time.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// Which page, and what is on it.
#[derive(Deserialize)]
pub(super) struct Which {
    page: String,
    #[serde(default)]
    mark: String,
}

/// What is sent.
#[derive(Serialize)]
struct Change {
    /// When it was so, in milliseconds since 1970 and in words.
    now: u64,
    at: String,
    title: String,
    icon: String,
    /// The edition of style and script that goes with it.
    edition: String,
    /// These are all the pieces that there are.
    whole: bool,
    pieces: Vec<Shown>,
    /// Ids of pieces that are no more.
    gone: Vec<String>,
    /// For those who cannot see it.
    say: Vec<String>,
}

#[derive(Serialize)]
struct Shown {
    id: String,
    place: &'static str,
    /// The id of the piece before it at that place.
    after: Option<String>,
    html: String,
}

/// A page that is open somewhere.
struct Open {
    hub: Hub,
    language: Language,
    subject: Subject,
    watcher: Watcher,
    beat: Interval,
    /// What it shows; `None`: what it was read with, which has this mark.
    shown: Option<Arc<Sheet>>,
    mark: String,
    /// The newest event that is known to have happened.
    newest: u64,
}

/// Follows a page.
pub(super) async fn follow(State(hub): State<Hub>, guest: Guest, headers: HeaderMap, Query(which): Query<Which>) -> Response {
    let Some(subject) = Subject::at(&which.page) else { return Problem::nowhere(guest.language).into_response() };
    let watcher = match hub.live.watch().await {
        Ok(Some(watcher)) => watcher,
        Ok(None) => {
            let text = Text::new("problem-too-many-watch");
            return Problem::new(guest.language, StatusCode::SERVICE_UNAVAILABLE, &text).into_response();
        }
        Err(why) => return Problem::of(guest.language, &why).into_response(),
    };
    let mark = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map_or(which.mark, str::to_owned);
    let mut beat = tokio::time::interval_at(Instant::now() + BEAT, BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let open = Open { language: guest.language, subject, watcher, beat, shown: None, mark, newest: 0, hub };
    Sse::new(events(open)).into_response()
}

fn events(open: Open) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(open, |mut open| async move {
        let event = open.next().await?;
        Some((Ok(event), open))
    })
}

impl Open {
    /// The next thing to send; `None`: there is nothing to follow any more.
    async fn next(&mut self) -> Option<Event> {
        // What has changed since it was read.
        if self.shown.is_none() {
            let sheet = self.sheet().await?;
            let event = (sheet.mark() != self.mark).then(|| self.change(&sheet, None, false));
            self.shown = Some(sheet);
            return event.or_else(|| Some(self.sign_of_life()));
        }
        loop {
            let beat = tokio::select! {
                event = self.watcher.events.recv() => {
                    match event {
                        Ok(record) => self.newest = self.newest.max(record.seq),
                        Err(RecvError::Lagged(_)) => {}
                        Err(RecvError::Closed) => return None,
                    }
                    self.gather().await;
                    false
                }
                _ = self.beat.tick() => true,
            };
            let before = self.shown.clone();
            let sheet = self.sheet().await?;
            let is_other = |old: &Sheet| old.mark() != sheet.mark() || old.title != sheet.title || (beat && paces(old) != paces(&sheet));
            let event = before.as_ref().filter(|old| is_other(old)).map(|old| self.change(&sheet, Some(old), beat));
            self.shown = Some(sheet);
            match event {
                Some(event) => return Some(event),
                None if beat => return Some(self.sign_of_life()),
                None => {}
            }
        }
    }

    /// Waits for what comes with an event.
    async fn gather(&mut self) {
        let end = Instant::now() + TOGETHER;
        while let Ok(Ok(record)) = tokio::time::timeout_at(end, self.watcher.events.recv()).await {
            self.newest = self.newest.max(record.seq);
        }
    }

    /// What the page is to show, which is not older than the newest event.
    async fn sheet(&mut self) -> Option<Arc<Sheet>> {
        // What comes meanwhile is for the next time: where things happen without pause, something is to be seen all the same.
        let mut again = tokio::time::interval_at(Instant::now() + LOOK_AGAIN, LOOK_AGAIN);
        loop {
            let sheet = sheet::sheet(&self.hub, self.language, &self.subject).await.ok()??;
            if sheet.newest >= self.newest {
                return Some(sheet);
            }
            again.tick().await;
        }
    }

    fn change(&self, sheet: &Sheet, before: Option<&Arc<Sheet>>, beat: bool) -> Event {
        let look = Look { language: self.language, now: sheet.at };
        let old: BTreeMap<&str, &Piece> = before.iter().flat_map(|sheet| &sheet.pieces).map(|piece| (piece.id.as_str(), piece)).collect();
        let is_same =
            |piece: &Piece| old.get(piece.id.as_str()).is_some_and(|old| old.mark == piece.mark && (!beat || old.pace == piece.pace));
        let mut pieces = Vec::new();
        let mut last: BTreeMap<&str, &str> = BTreeMap::new();
        for piece in &sheet.pieces {
            let after = last.insert(piece.place, &piece.id);
            if !is_same(piece) {
                let after = after.map(str::to_owned);
                pieces.push(Shown { id: piece.id.clone(), place: piece.place, after, html: piece.html.clone() });
            }
        }
        let there: BTreeSet<&str> = sheet.pieces.iter().map(|piece| piece.id.as_str()).collect();
        let change = Change {
            title: sheet.title.clone(),
            icon: assets::icon(sheet.worst),
            whole: before.is_none(),
            pieces,
            gone: old.keys().filter(|id| !there.contains(*id)).map(|id| (*id).to_owned()).collect(),
            say: before.map(|before| sheet::said(&look, before, sheet)).unwrap_or_default(),
            ..Change::nothing(sheet)
        };
        // It is plain data, which can be written.
        Event::default().retry(TRY_AGAIN).id(sheet.mark()).event("change").json_data(change).unwrap_or_default()
    }

    fn sign_of_life(&self) -> Event {
        let Some(sheet) = &self.shown else { return Event::default().comment("") };
        Event::default().retry(TRY_AGAIN).id(sheet.mark()).event("change").json_data(Change::nothing(sheet)).unwrap_or_default()
    }
}

impl Change {
    fn nothing(sheet: &Sheet) -> Change {
        Change {
            now: millis(&sheet.at),
            at: moment(&sheet.at),
            title: sheet.title.clone(),
            icon: assets::icon(sheet.worst),
            edition: assets::edition(),
            whole: false,
            pieces: Vec::new(),
            gone: Vec::new(),
            say: Vec::new(),
        }
    }
}

fn paces(sheet: &Sheet) -> Vec<u64> {
    sheet.pieces.iter().map(|piece| piece.pace).collect()
}
