//! What a page shows, in pieces. A piece is replaced as a whole when it changes, and only then; a page is its pieces at their
//! places, and what is sent to a page that is open is the pieces that have changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use muster_model::health::Health;
use muster_model::hub::Ask;
use muster_model::incident::Incident;
use muster_model::request::{IncidentQuery, Reply, Status};
use muster_model::time::Time;
use muster_tell::{Language, Words};

use super::assets;
use super::look::Look;
use super::row::Row;
use super::story::{Extent, Story};
use super::views::{self, Calm, Counts, Listener, Notice, Sight};
use crate::Hub;
use crate::line::NoAnswer;
use crate::roll::Call;

/// Open incidents on the page; the rest are counted.
const OPEN_MAX: usize = 50;
/// Incidents that are over, on the page.
const OVER_MAX: usize = 8;
/// More services that are present are shown by name alone.
const ROWS_MAX: usize = 100;

/// A part of a page.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) id: String,
    /// The id of what it stands in.
    pub(super) place: &'static str,
    /// The same as long as it shows the same.
    pub(super) mark: u64,
    /// What changes all the time, such as how quickly probes are answered, roughly.
    pub(super) pace: u64,
    pub(super) html: String,
}

/// What a page shows.
#[derive(Clone, Debug)]
pub(super) struct Sheet {
    pub(super) at: Time,
    /// The newest event that it knows of.
    pub(super) newest: u64,
    pub(super) title: String,
    pub(super) worst: Health,
    pub(super) pieces: Vec<Piece>,
    /// How each service is and since when, to say what has changed.
    pub(super) roll: Vec<(String, Health, Option<Time>)>,
}

/// Which page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// The roll call and the open incidents.
    Home,
    /// One incident.
    Incident(String),
    /// One service.
    Service(String),
}

impl Subject {
    /// The page at this path.
    pub(super) fn at(path: &str) -> Option<Subject> {
        match path.strip_prefix('/')?.split_once('/') {
            None => (path == "/").then_some(Subject::Home),
            Some(("incidents", id)) => Some(Subject::Incident(id.to_owned())),
            Some(("services", name)) => Some(Subject::Service(name.to_owned())),
            Some(_) => None,
        }
    }
}

impl Piece {
    fn new(id: &str, place: &'static str, says: &impl std::hash::Hash, template: &impl Template) -> Piece {
        // It writes into memory, which does not fail.
        let html = template.render().unwrap_or_default();
        Piece { id: id.to_owned(), place, mark: assets::hash(&(place, says)), pace: 0, html }
    }
}

impl Sheet {
    /// The pieces at a place, in order.
    pub(super) fn at<'a>(&'a self, place: &'a str) -> impl Iterator<Item = &'a Piece> {
        self.pieces.iter().filter(move |piece| piece.place == place)
    }

    /// The same as long as all of it shows the same.
    pub(super) fn mark(&self) -> String {
        let marks: Vec<(&str, u64)> = self.pieces.iter().map(|piece| (piece.id.as_str(), piece.mark)).collect();
        format!("{:016x}", assets::hash(&marks))
    }

    fn new(look: &Look, call: &Call, title: &str, pieces: Vec<Piece>) -> Sheet {
        let status = &call.status;
        let count = |health: Health| status.services.iter().filter(|service| service.health == health).count();
        let worst = [Health::Lost, Health::Degraded, Health::Unknown].into_iter().find(|health| count(*health) > 0);
        let before = worst.map_or_else(String::new, |health| {
            format!("({}) ", look.tell("status-count", &[("n", &count(health)), ("health", &look.health(&health))]))
        });
        Sheet {
            at: status.at,
            newest: call.newest,
            title: format!("{before}{title} — Muster"),
            worst: worst.unwrap_or(Health::Present),
            pieces,
            roll: status.services.iter().map(|service| (service.name.to_string(), service.health, service.since)).collect(),
        }
    }
}

/// The sheets of the first page, one a language: many who watch are shown the same one.
#[derive(Default)]
pub(crate) struct Sheets {
    kept: tokio::sync::Mutex<BTreeMap<Language, Kept>>,
}

/// A roll call, and the sheet that was made of it.
type Kept = (Arc<Call>, Arc<Sheet>);

impl Sheets {
    async fn home(&self, hub: &Hub, language: Language) -> Result<Arc<Sheet>, NoAnswer> {
        let mut kept = self.kept.lock().await;
        let call = hub.roll.call().await?;
        if let Some((_, sheet)) = kept.get(&language).filter(|(from, _)| Arc::ptr_eq(from, &call)) {
            return Ok(Arc::clone(sheet));
        }
        let open = incidents(hub, IncidentQuery { open: true, limit: Some(OPEN_MAX as u32 + 1), ..IncidentQuery::default() }).await?;
        let newest = incidents(hub, IncidentQuery { limit: Some((OPEN_MAX + OVER_MAX) as u32), ..IncidentQuery::default() }).await?;
        let sheet = Arc::new(home(Look { language, now: call.status.at }, &call, &open, &newest));
        kept.insert(language, (call, Arc::clone(&sheet)));
        Ok(sheet)
    }
}

/// Which incidents there are.
pub(super) async fn incidents(hub: &Hub, query: IncidentQuery) -> Result<Vec<Incident>, NoAnswer> {
    match hub.agent.ask(Ask::Incidents(query)).await? {
        Reply::Incidents(incidents) => Ok(incidents),
        _ => Err(NoAnswer::Gone),
    }
}

/// What the page shows now; `None`: there is no such incident or service.
pub(super) async fn sheet(hub: &Hub, language: Language, subject: &Subject) -> Result<Option<Arc<Sheet>>, NoAnswer> {
    if *subject == Subject::Home {
        return hub.sheets.home(hub, language).await.map(Some);
    }
    let call = hub.roll.call().await?;
    let look = Look { language, now: call.status.at };
    let sheet = match subject {
        Subject::Home => None,
        Subject::Incident(id) => incident(hub, id).await?.map(|incident| of_incident(&look, &call, &incident)),
        Subject::Service(name) => match call.status.services.iter().find(|service| service.name.as_str() == name) {
            Some(service) => {
                let query = IncidentQuery { service: Some(name.clone()), limit: Some(20), ..IncidentQuery::default() };
                let incidents = incidents(hub, query).await?;
                let row = Row::new(&look, service);
                let stories: Vec<Story> = incidents.iter().map(|incident| Story::new(&look, incident, Extent::Card)).collect();
                let facts = Piece::new("service", "subject", &row, &views::ServicePiece { look, row: &row });
                let told = Piece::new("told", "told", &stories, &views::OverPiece { look, stories: &stories });
                Some(Sheet::new(&look, &call, name, vec![facts, told]))
            }
            None => None,
        },
    };
    Ok(sheet.map(Arc::new))
}

/// One incident; `None`: there is none of that id.
pub(super) async fn incident(hub: &Hub, id: &str) -> Result<Option<Incident>, NoAnswer> {
    match hub.agent.ask(Ask::Incident { of: id.to_owned() }).await {
        // Of a service it would be the latest, which is another one tomorrow.
        Ok(Reply::Incident(incident)) => Ok(incident.filter(|incident| incident.id.as_str() == id)),
        Ok(_) => Err(NoAnswer::Gone),
        Err(NoAnswer::Refused(_)) => Ok(None),
        Err(why) => Err(why),
    }
}

fn of_incident(look: &Look, call: &Call, incident: &Incident) -> Sheet {
    let story = Story::new(look, incident, Extent::Whole);
    let title = format!("{} {}: {}", story.id, story.service, story.loss);
    let piece = card(look, "subject", &story);
    Sheet::new(look, call, &title, vec![piece])
}

fn card(look: &Look, place: &'static str, story: &Story) -> Piece {
    Piece::new(&format!("i-{}", story.id), place, story, &views::CardPiece { look: *look, story })
}

/// The first page.
fn home(look: Look, call: &Call, open: &[Incident], newest: &[Incident]) -> Sheet {
    let status = &call.status;
    let mut pieces = Vec::with_capacity(status.services.len() + open.len() + 6);
    let counts = Counts::new(&look, status);
    pieces.push(Piece::new("counts", "counts-at", &counts, &views::CountsPiece { counts: &counts }));
    let notices = Notice::all(&look, status);
    pieces.push(Piece::new("notices", "notices-at", &notices, &views::NoticesPiece { notices: &notices }));
    let calm = Calm::new(&look, status, open.len(), OPEN_MAX);
    pieces.push(Piece::new("calm", "calm-at", &calm, &views::CalmPiece { calm: &calm }));
    for incident in open.iter().take(OPEN_MAX) {
        pieces.push(card(&look, "open", &Story::new(&look, incident, Extent::Card)));
    }
    let over = newest.iter().filter(|incident| !incident.state.is_open()).take(OVER_MAX);
    let over: Vec<Story> = over.map(|incident| Story::new(&look, incident, Extent::Card)).collect();
    pieces.push(Piece::new("over", "over-at", &over, &views::OverPiece { look, stories: &over }));
    pieces.extend(rows(look, status));
    let listeners = Listener::all(&look, status);
    let title = look.tell("page-unwatched", &[("n", &listeners.len())]);
    pieces.push(Piece::new("listeners", "listeners-at", &listeners, &views::ListenersPiece { title, listeners: &listeners }));
    let sight = Sight::new(&look, status);
    pieces.push(Piece::new("sight", "sight-at", &sight, &views::SightPiece { look, sight: &sight }));
    Sheet::new(&look, call, status.host.as_str(), pieces)
}

/// The services: those that are not there first; of the others, where they are many, the names alone.
fn rows(look: Look, status: &Status) -> Vec<Piece> {
    let mut services: Vec<_> = status.services.iter().collect();
    services.sort_by_key(|service| Row::rank(service.health)); // stable: by name within a rank
    let names_alone = services.len() > ROWS_MAX;
    let piece = |service: &&muster_model::request::ServiceStatus| {
        let row = Row::new(&look, service);
        let id = format!("s-{}", row.name);
        if row.health == Health::Present && names_alone {
            // Nothing else of it is shown, so nothing else of it is a change.
            return Piece::new(&id, "tiles", &(&row.name, &row.kind), &views::TilePiece { row: &row });
        }
        let place = if row.health == Health::Present { "rows-present" } else { "rows-absent" };
        let piece = Piece::new(&id, place, &row, &views::RowPiece { look, row: &row });
        Piece { pace: assets::hash(&Row::pace(service)), ..piece }
    };
    services.iter().map(piece).collect()
}

/// What has changed, in sentences: which services are otherwise than before, or were gone and are back.
pub(super) fn said(look: &Look, before: &Sheet, after: &Sheet) -> Vec<String> {
    const SAID_MAX: usize = 3;
    let was: BTreeMap<&str, (Health, Option<Time>)> =
        before.roll.iter().map(|(name, health, since)| (name.as_str(), (*health, *since))).collect();
    let mut said = Vec::new();
    for (name, health, since) in &after.roll {
        match was.get(name.as_str()) {
            Some((before, _)) if before != health => {
                let health = look.word(Words::Health, health.code());
                said.push(look.tell("page-said", &[("service", name), ("health", &health)]));
            }
            // So quickly brought back that nobody saw it gone.
            Some((_, before)) if before != since && *health == Health::Present => {
                said.push(look.tell("page-said-back", &[("service", name)]));
            }
            _ => {}
        }
    }
    if said.len() > SAID_MAX { vec![look.tell("page-said-many", &[("n", &said.len())])] } else { said }
}

#[cfg(test)]
mod tests {
    use muster_model::request::{ProbeStatus, ServiceStatus};
    use muster_model::time::Length;

    use super::*;

    /// A thousand services, each with a process, a port and a probe of its own.
    fn crowd(health: Health) -> Call {
        let service = |n: usize| {
            // Numbers without a pattern that would be compressed away.
            let odd = n.wrapping_mul(2_654_435_761) % 4_194_301;
            ServiceStatus {
                name: format!("customer-{odd}-api").into(),
                kind: "unit".to_owned(),
                target: format!("customer-{odd}-api.service"),
                pack: None,
                health,
                since: Some(Time(1_790_000_000_000_000_000 - (odd as i64) * 1_000_003)),
                pids: vec![odd as i32],
                ports: vec![(odd % 65_535) as u16],
                loss: (health == Health::Lost).then_some(muster_model::loss::Loss::Killed),
                incident: (health == Health::Lost).then(|| format!("i{odd}").into()),
                sources: vec!["dbus".to_owned(), "ebpf".to_owned()],
                paused: None,
                probes: vec![ProbeStatus {
                    kind: "http".to_owned(),
                    target: format!("http://127.0.0.1:{}/health", odd % 65_535),
                    answer: None,
                    ms: (odd % 1_000) as f64 / 7.0,
                }],
            }
        };
        let status = Status {
            at: Time(1_790_000_000_000_000_000),
            host: "db-7".into(),
            version: "0.1.0".to_owned(),
            up_since: Time(1_789_000_000_000_000_000),
            data: "/var/lib/muster".to_owned(),
            services: (0..1_000).map(service).collect(),
            unwatched: Vec::new(),
            rungs: Vec::new(),
            troubles: Vec::new(),
            paused: None,
            blind: Vec::new(),
            lateness: Default::default(),
            addresses: Vec::new(),
        };
        Call::new(1, status)
    }

    fn of_crowd(health: Health) -> Sheet {
        let call = crowd(health);
        home(Look { language: Language::En, now: call.status.at }, &call, &[], &[])
    }

    #[test]
    fn a_page_on_which_a_thousand_services_are_lost_still_goes_over_a_thin_line() {
        use std::io::Write;
        for health in [Health::Present, Health::Lost] {
            let html: String = of_crowd(health).pieces.into_iter().map(|piece| piece.html).collect();
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            gzip.write_all(html.as_bytes()).unwrap();
            let bytes = gzip.finish().unwrap().len();
            println!("1000 services that are {health}: {} bytes, {bytes} compressed", html.len());
            // The rest of the page, style and script have less than 20,000.
            assert!(bytes < 75_000, "{health}: {bytes}");
        }
    }

    #[test]
    fn what_shows_the_same_has_the_same_mark_and_what_does_not_has_another() {
        let (one, again, lost) = (of_crowd(Health::Present), of_crowd(Health::Present), of_crowd(Health::Lost));
        assert_eq!(one.mark(), again.mark());
        assert_ne!(one.mark(), lost.mark());
        // Time goes by, and nothing else: no piece is another one.
        let call = crowd(Health::Lost);
        let later = home(Look { language: Language::En, now: call.status.at.after(Length::seconds(3_600)) }, &call, &[], &[]);
        assert_eq!(later.mark(), lost.mark());
        assert_ne!(
            later.pieces.iter().map(|piece| &piece.html).collect::<Vec<_>>(),
            lost.pieces.iter().map(|piece| &piece.html).collect::<Vec<_>>()
        );
    }

    #[test]
    fn who_cannot_see_it_is_told_what_has_changed_and_not_a_thousand_times() {
        let look = Look { language: Language::En, now: Time::default() };
        let (before, mut after) = (of_crowd(Health::Present), of_crowd(Health::Present));
        assert_eq!(said(&look, &before, &after), Vec::<String>::new());
        after.roll[0].1 = Health::Lost;
        after.roll[1].2 = None;
        let names = [after.roll[0].0.clone(), after.roll[1].0.clone()];
        let told = [format!("{}: lost.", names[0]), format!("{} was gone for a moment and is back.", names[1])];
        assert_eq!(said(&look, &before, &after), told);
        assert_eq!(said(&look, &before, &of_crowd(Health::Lost)), ["1000 services have changed."]);
    }

    #[test]
    fn a_path_is_that_of_a_page_or_of_none() {
        assert_eq!(Subject::at("/"), Some(Subject::Home));
        assert_eq!(Subject::at("/incidents/i7"), Some(Subject::Incident("i7".to_owned())));
        assert_eq!(Subject::at("/services/web@1"), Some(Subject::Service("web@1".to_owned())));
        for none in ["", "x", "/x", "/api/v1/status", "//evil.example"] {
            assert_eq!(Subject::at(none), None, "{none}");
        }
    }
}
