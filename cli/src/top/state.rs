//! What `top` shows and what keys do to it: keys and data in, what is to be done out. No terminal, no socket, no clock.

use muster_model::event::Command;
use muster_model::health::Health;
use muster_model::id::{IncidentId, ServiceName};
use muster_model::incident::Incident;
use muster_model::request::{DiffReport, ServiceStatus, Status};
use muster_model::text::Text;
use muster_model::time::Length;

use super::keys::Key;

/// A filter or an answer longer than this is not typed by a person.
const TYPED_MAX: usize = 200;
/// What has to be typed before anything is done.
pub(crate) const YES: &str = "yes";

/// Something that came in.
#[derive(Debug)]
pub(crate) enum Input {
    /// A key was pressed.
    Key(Key),
    /// The terminal has another size, or was somebody else's meanwhile.
    Anew,
    /// The roll call.
    Status(Box<Status>),
    /// Muster is not reached, and why.
    Away(Text),
    /// The story that was asked for, or why there is none.
    Story { of: String, told: Result<Box<Told>, Text> },
    /// What became of something that Muster was told.
    Said(Result<Text, Text>),
    /// The program is to end.
    End,
}

/// Something to be done outside.
#[derive(Debug, PartialEq)]
pub(crate) enum Effect {
    /// End.
    Leave,
    /// Draw the whole screen anew.
    Redraw,
    /// Ask for a service's story.
    Ask { of: String },
    /// Tell Muster something; what to say when it was taken.
    Tell { command: Command, taken: Text },
}

/// A service's incident with the change that caused it; no incident: it never had one.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) incident: Option<Incident>,
    pub(crate) change: Option<DiffReport>,
}

/// A column by which the rows can be sorted, in the order in which `s` goes through them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Column {
    /// Who needs somebody first: open incidents, then by health.
    #[default]
    Health,
    Name,
    Since,
    Kind,
    Ports,
    Processes,
}

impl Column {
    const ALL: [Column; 6] = [Column::Health, Column::Name, Column::Since, Column::Kind, Column::Ports, Column::Processes];

    fn next(self) -> Column {
        let place = Column::ALL.iter().position(|column| *column == self).unwrap_or(0);
        Column::ALL[(place + 1) % Column::ALL.len()]
    }
}

/// What fills the screen.
#[derive(Debug)]
pub(crate) enum View {
    /// The roll call.
    Roll,
    /// Why a service was lost.
    Story(Story),
    /// The keys.
    Help { scroll: usize },
}

/// An open story.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) of: ServiceName,
    /// `None`: it has been asked for.
    pub(crate) told: Option<Result<Box<Told>, Text>>,
    pub(crate) scroll: usize,
}

/// What is being typed in the last line.
#[derive(Debug, PartialEq)]
pub(crate) enum Typing {
    /// The filter itself.
    Filter,
    /// An answer to a question.
    Answer { to: Question, typed: String },
}

/// What is asked before something is done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Question {
    Recover { service: ServiceName },
    PauseFor { service: ServiceName },
    PauseWhy { service: ServiceName, length: Length },
    Resume { service: ServiceName },
    Acknowledge { service: ServiceName, incident: IncidentId },
}

/// All that `top` knows.
#[derive(Debug)]
pub(crate) struct Top {
    pub(crate) status: Status,
    /// Why Muster is not reached just now.
    pub(crate) away: Option<Text>,
    pub(crate) column: Column,
    pub(crate) reversed: bool,
    pub(crate) filter: String,
    /// The services that are shown, as places in the roll call, in their order.
    pub(crate) rows: Vec<usize>,
    /// The service that was gone to; `None`: whichever stands first.
    chosen: Option<ServiceName>,
    /// Its row.
    pub(crate) at: usize,
    /// The first row on the screen, and how many have room.
    pub(crate) first: usize,
    room: usize,
    pub(crate) view: View,
    pub(crate) typing: Option<Typing>,
    /// What became of the last thing that was done: taken or not.
    pub(crate) said: Option<Result<Text, Text>>,
}

impl Top {
    /// The state at the beginning.
    pub(crate) fn new(status: Status) -> Top {
        let mut top = Top {
            status,
            away: None,
            column: Column::default(),
            reversed: false,
            filter: String::new(),
            rows: Vec::new(),
            chosen: None,
            at: 0,
            first: 0,
            room: 1,
            view: View::Roll,
            typing: None,
            said: None,
        };
        top.arrange();
        top
    }

    /// Takes in what came, and says what is to be done.
    pub(crate) fn update(&mut self, input: Input) -> Option<Effect> {
        match input {
            Input::Key(key) => return self.key(key),
            Input::Anew => return Some(Effect::Redraw),
            Input::End => return Some(Effect::Leave),
            Input::Status(status) => {
                self.status = *status;
                self.away = None;
                self.arrange();
                // The story on the screen goes on, too.
                if let View::Story(story) = &self.view {
                    return Some(Effect::Ask { of: story.of.to_string() });
                }
            }
            Input::Away(why) => self.away = Some(why),
            Input::Story { of, told } => {
                if let View::Story(story) = &mut self.view
                    && story.of.as_str() == of
                {
                    story.told = Some(told);
                }
            }
            Input::Said(said) => self.said = Some(said),
        }
        None
    }

    /// The drawing says how many rows it has room for; the row that was gone to stays in sight.
    pub(crate) fn fit(&mut self, room: usize) {
        self.room = room.max(1);
        self.first = self.first.min(self.rows.len().saturating_sub(self.room)).min(self.at);
        if self.at >= self.first + self.room {
            self.first = self.at + 1 - self.room;
        }
    }

    /// The drawing says how much of a text it has room for, and how far it can be scrolled.
    pub(crate) fn fit_scroll(&mut self, room: usize, most: usize) {
        self.room = room.max(1);
        if let Some(scroll) = self.scroll() {
            *scroll = (*scroll).min(most);
        }
    }

    /// The service that was gone to.
    pub(crate) fn service(&self) -> Option<&ServiceStatus> {
        self.rows.get(self.at).and_then(|place| self.status.services.get(*place))
    }

    fn scroll(&mut self) -> Option<&mut usize> {
        match &mut self.view {
            View::Roll => None,
            View::Story(story) => Some(&mut story.scroll),
            View::Help { scroll } => Some(scroll),
        }
    }

    /// Filters and sorts, and finds the row that was gone to again.
    fn arrange(&mut self) {
        let services = &self.status.services;
        let wanted = self.filter.to_lowercase();
        self.rows = (0..services.len()).filter(|place| fits(&services[*place], &wanted)).collect();
        let column = self.column;
        self.rows.sort_by(|a, b| {
            let (a, b) = (&services[*a], &services[*b]);
            let order = match column {
                Column::Health => urgency(a).cmp(&urgency(b)),
                Column::Name => std::cmp::Ordering::Equal,
                Column::Since => b.since.cmp(&a.since), // what happened last stands first
                Column::Kind => a.kind.cmp(&b.kind),
                Column::Ports => a.ports.cmp(&b.ports),
                Column::Processes => b.pids.len().cmp(&a.pids.len()),
            };
            let order = order.then_with(|| a.name.cmp(&b.name));
            if self.reversed { order.reverse() } else { order }
        });
        let found = self.chosen.as_ref().and_then(|name| self.rows.iter().position(|place| services[*place].name == *name));
        self.at = match (&self.chosen, found) {
            (_, Some(row)) => row,
            (None, _) => 0,
            (Some(_), None) => self.at.min(self.rows.len().saturating_sub(1)),
        };
    }

    fn key(&mut self, key: Key) -> Option<Effect> {
        if key == Key::Interrupt {
            return Some(Effect::Leave);
        }
        if key == Key::Redraw {
            return Some(Effect::Redraw);
        }
        match self.typing.take() {
            Some(Typing::Filter) => {
                self.key_in_filter(key);
                None
            }
            Some(Typing::Answer { to, typed }) => self.key_in_answer(key, to, typed),
            None => {
                self.said = None;
                self.key_in_view(key)
            }
        }
    }

    fn key_in_filter(&mut self, key: Key) {
        match key {
            Key::Enter => return,
            Key::Escape => self.filter.clear(),
            Key::Up | Key::Down | Key::PageUp | Key::PageDown => self.go(key),
            _ => edit(&mut self.filter, key),
        }
        if key != Key::Escape {
            self.typing = Some(Typing::Filter);
        }
        self.arrange();
    }

    /// An answer is typed until Enter; Esc takes the question back.
    fn key_in_answer(&mut self, key: Key, to: Question, mut typed: String) -> Option<Effect> {
        match key {
            Key::Escape => return None,
            Key::Enter => {}
            _ => {
                edit(&mut typed, key);
                self.typing = Some(Typing::Answer { to, typed });
                return None;
            }
        }
        let typed = typed.trim();
        let (command, taken) = match to {
            Question::PauseFor { service } => {
                match typed.parse::<Length>() {
                    Ok(length) if length.0 > 0 => self.ask(Question::PauseWhy { service, length }),
                    _ if typed.is_empty() => {}
                    _ => self.said = Some(Err(Text::new("top-no-length").with("typed", typed))),
                }
                return None;
            }
            Question::PauseWhy { .. } if typed.is_empty() => return None,
            Question::PauseWhy { service, length } => {
                let taken = Text::new("pause-taken").with("service", &service).with("length", length);
                (Command::Pause { service: Some(service), length, reason: typed.to_owned() }, taken)
            }
            _ if !typed.eq_ignore_ascii_case(YES) => {
                self.said = Some(Err(Text::new("top-not-done")));
                return None;
            }
            Question::Recover { service } => {
                let taken = Text::new("recover-taken").with("service", &service);
                (Command::Recover { service }, taken)
            }
            Question::Resume { service } => {
                let taken = Text::new("resume-taken").with("service", &service);
                (Command::Resume { service: Some(service) }, taken)
            }
            Question::Acknowledge { incident, .. } => {
                let taken = Text::new("incident-acknowledged").with("id", &incident);
                (Command::Acknowledge { incident }, taken)
            }
        };
        Some(Effect::Tell { command, taken })
    }

    fn key_in_view(&mut self, key: Key) -> Option<Effect> {
        match key {
            Key::Char('q') | Key::Escape | Key::Backspace | Key::Left if !matches!(self.view, View::Roll) => self.view = View::Roll,
            Key::Char('q') => return Some(Effect::Leave),
            Key::Escape if !self.filter.is_empty() => {
                self.filter.clear();
                self.arrange();
            }
            Key::Char('?') | Key::Char('h') => self.view = View::Help { scroll: 0 },
            Key::Char('r') => self.ask_of_service(|service| Ok(Question::Recover { service: service.name.clone() })),
            Key::Char('p') => self.ask_of_service(|service| {
                let name = service.name.clone();
                Ok(if service.paused.is_some() { Question::Resume { service: name } } else { Question::PauseFor { service: name } })
            }),
            Key::Char('a') => self.ask_of_service(|service| match &service.incident {
                Some(incident) => Ok(Question::Acknowledge { service: service.name.clone(), incident: incident.clone() }),
                None => Err(Text::new("top-no-incident").with("service", &service.name)),
            }),
            _ if self.scroll().is_some() => self.turn(key),
            Key::Enter | Key::Right => {
                let of = self.service()?.name.clone();
                let effect = Effect::Ask { of: of.to_string() };
                self.chosen = Some(of.clone());
                self.view = View::Story(Story { of, told: None, scroll: 0 });
                return Some(effect);
            }
            Key::Char('/') => self.typing = Some(Typing::Filter),
            Key::Char('s') => {
                self.column = self.column.next();
                self.arrange();
            }
            Key::Char('S') => {
                self.reversed = !self.reversed;
                self.arrange();
            }
            _ => self.go(key),
        }
        None
    }

    /// Moves in the roll call.
    fn go(&mut self, key: Key) {
        let last = self.rows.len().saturating_sub(1);
        let to = match key {
            Key::Up | Key::Char('k') => self.at.saturating_sub(1),
            Key::Down | Key::Char('j') => self.at + 1,
            Key::PageUp => self.at.saturating_sub(self.room),
            Key::PageDown | Key::Char(' ') => self.at + self.room,
            Key::Home | Key::Char('g') => 0,
            Key::End | Key::Char('G') => last,
            _ => return,
        };
        self.at = to.min(last);
        // At the top one stays at the top, whoever comes to stand there.
        self.chosen = if self.at == 0 { None } else { self.service().map(|service| service.name.clone()) };
    }

    /// Moves in a text.
    fn turn(&mut self, key: Key) {
        let page = self.room.max(2) - 1;
        let Some(scroll) = self.scroll() else { return };
        *scroll = match key {
            Key::Up | Key::Char('k') => scroll.saturating_sub(1),
            Key::Down | Key::Char('j') => *scroll + 1,
            Key::PageUp => scroll.saturating_sub(page),
            Key::PageDown | Key::Char(' ') => *scroll + page,
            Key::Home | Key::Char('g') => 0,
            Key::End | Key::Char('G') => usize::MAX,
            _ => *scroll,
        };
    }

    fn ask(&mut self, to: Question) {
        self.typing = Some(Typing::Answer { to, typed: String::new() });
    }

    /// Asks about the service whose story is open, else the one that was gone to.
    fn ask_of_service(&mut self, question: impl FnOnce(&ServiceStatus) -> Result<Question, Text>) {
        let service = match &self.view {
            View::Story(story) => self.status.services.iter().find(|service| service.name == story.of),
            View::Roll => self.service(),
            View::Help { .. } => None,
        };
        match service.map(question) {
            Some(Ok(question)) => self.ask(question),
            Some(Err(why)) => self.said = Some(Err(why)),
            None => {}
        }
    }
}

/// Who needs somebody first.
fn urgency(service: &ServiceStatus) -> (bool, u8) {
    let rank = match service.health {
        Health::Lost => 0,
        Health::Degraded => 1,
        Health::Unknown => 2,
        Health::Paused => 3,
        Health::Present => 4,
    };
    (service.incident.is_none(), rank)
}

/// Whether a service has what was typed in its name, kind, health, loss, program or pack.
fn fits(service: &ServiceStatus, wanted: &str) -> bool {
    let loss = service.loss.map_or("", |loss| loss.code());
    let places =
        [service.name.as_str(), &service.kind, service.health.code(), loss, &service.target, service.pack.as_deref().unwrap_or("")];
    wanted.is_empty() || places.iter().any(|text| text.to_lowercase().contains(wanted))
}

fn edit(text: &mut String, key: Key) {
    match key {
        Key::Char(c) if text.chars().count() < TYPED_MAX => text.push(c),
        Key::Backspace => {
            text.pop();
        }
        Key::Clear => text.clear(),
        _ => {}
    }
}
