//! The lesser parts of the pages, and the templates of all parts.

use askama::Template;
use muster_model::health::Health;
use muster_model::observation::Rung;
use muster_model::request::Status;
use muster_tell::{Words, clock};

use super::look::{Look, few, mark, moment};
use super::row::Row;
use super::story::Story;

/// How many services are how: the filters of the roll call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Counts {
    /// So many in all, in words.
    pub(super) all: String,
    /// Health, its mark, and so many of them in words.
    pub(super) by: Vec<(&'static str, &'static str, String)>,
}

/// Something that whoever looks has to know before all else.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Notice {
    pub(super) tone: &'static str,
    pub(super) text: String,
}

/// What is said where no incident is open, and where too many are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Calm {
    pub(super) well: bool,
    pub(super) text: Option<String>,
}

/// What listens here and nobody watches.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Listener {
    pub(super) program: String,
    pub(super) pid: String,
    pub(super) ports: String,
    pub(super) belongs: String,
}

/// How well Muster sees.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sight {
    pub(super) best: Option<String>,
    /// What is seen less well: the fact, by what, why.
    pub(super) lower: Vec<(String, String, String)>,
}

impl Counts {
    pub(super) fn new(look: &Look, status: &Status) -> Counts {
        let all = [Health::Lost, Health::Degraded, Health::Unknown, Health::Paused, Health::Present];
        let count = |health: Health| status.services.iter().filter(|service| service.health == health).count();
        let told = |health: Health| {
            let text = look.tell("status-count", &[("n", &count(health)), ("health", &look.health(&health))]);
            (health.code(), mark(health), text)
        };
        Counts {
            all: look.tell("page-all", &[("n", &status.services.len())]),
            by: all.into_iter().filter(|health| count(*health) > 0).map(told).collect(),
        }
    }
}

impl Notice {
    pub(super) fn all(look: &Look, status: &Status) -> Vec<Notice> {
        let mut notices = Vec::new();
        if let Some((until, reason)) = &status.paused {
            let text = look.tell("page-paused-all", &[("until", &moment(until)), ("reason", reason)]);
            notices.push(Notice { tone: "warn", text });
        }
        notices.extend(status.troubles.iter().map(|trouble| Notice { tone: "bad", text: look.text(trouble) }));
        let blind = |spot: &muster_model::request::BlindSpot| {
            let text = look.tell("status-blind", &[("at", &clock(spot.since)), ("why", &look.text(&spot.why))]);
            Notice { tone: "bad", text }
        };
        notices.extend(status.blind.iter().map(blind));
        notices
    }
}

impl Calm {
    pub(super) fn new(look: &Look, status: &Status, open: usize, open_max: usize) -> Calm {
        let there = status.services.iter().all(|service| service.health == Health::Present);
        let text = if status.services.is_empty() {
            Some(look.say("status-empty"))
        } else if open > open_max {
            Some(look.tell("page-more-open", &[("n", &open_max)]))
        } else if open > 0 {
            None
        } else if there {
            Some(look.tell("page-all-there", &[("n", &status.services.len())]))
        } else {
            Some(look.say("page-none-open"))
        };
        Calm { well: open == 0 && there && !status.services.is_empty(), text }
    }
}

impl Listener {
    pub(super) fn all(look: &Look, status: &Status) -> Vec<Listener> {
        let told = |found: &muster_model::request::Unwatched| Listener {
            program: found.program.clone(),
            pid: found.pid.map(|pid| pid.to_string()).unwrap_or_default(),
            ports: look.tell("status-listens", &[("ports", &few(&found.ports))]),
            belongs: match (&found.unit, found.pid) {
                (Some(unit), _) => unit.clone(),
                (None, Some(_)) => found.command.clone(),
                (None, None) => look.say("status-holder-unseen"),
            },
        };
        status.unwatched.iter().map(told).collect()
    }
}

impl Sight {
    pub(super) fn new(look: &Look, status: &Status) -> Sight {
        let (best, lower): (Vec<&Rung>, Vec<&Rung>) = status.rungs.iter().partition(|rung| rung.rung == 1 && rung.source != "none");
        let named = best.iter().map(|rung| format!("{} ({})", look.word(Words::Fact, &rung.fact), rung.source));
        let named = named.collect::<Vec<_>>().join(&look.say("list-comma"));
        let told = |rung: &&Rung| {
            let source = if rung.source == "none" { look.say("status-sees-not") } else { rung.source.clone() };
            (look.word(Words::Fact, &rung.fact), source, rung.why.clone().unwrap_or_default())
        };
        Sight { best: (!best.is_empty()).then(|| look.tell("status-sees", &[("facts", &named)])), lower: lower.iter().map(told).collect() }
    }
}

#[derive(Template)]
#[template(path = "piece/counts.html")]
pub(super) struct CountsPiece<'a> {
    pub(super) counts: &'a Counts,
}

#[derive(Template)]
#[template(path = "piece/notices.html")]
pub(super) struct NoticesPiece<'a> {
    pub(super) notices: &'a [Notice],
}

#[derive(Template)]
#[template(path = "piece/calm.html")]
pub(super) struct CalmPiece<'a> {
    pub(super) calm: &'a Calm,
}

#[derive(Template)]
#[template(path = "piece/card.html")]
pub(super) struct CardPiece<'a> {
    pub(super) look: Look,
    pub(super) story: &'a Story,
}

#[derive(Template)]
#[template(path = "piece/over.html")]
pub(super) struct OverPiece<'a> {
    pub(super) look: Look,
    pub(super) stories: &'a [Story],
}

#[derive(Template)]
#[template(path = "piece/row.html")]
pub(super) struct RowPiece<'a> {
    pub(super) look: Look,
    pub(super) row: &'a Row,
}

#[derive(Template)]
#[template(path = "piece/tile.html")]
pub(super) struct TilePiece<'a> {
    pub(super) row: &'a Row,
}

#[derive(Template)]
#[template(path = "piece/service.html")]
pub(super) struct ServicePiece<'a> {
    pub(super) look: Look,
    pub(super) row: &'a Row,
}

#[derive(Template)]
#[template(path = "piece/listeners.html")]
pub(super) struct ListenersPiece<'a> {
    pub(super) title: String,
    pub(super) listeners: &'a [Listener],
}

#[derive(Template)]
#[template(path = "piece/sight.html")]
pub(super) struct SightPiece<'a> {
    pub(super) look: Look,
    pub(super) sight: &'a Sight,
}
