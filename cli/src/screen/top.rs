//! The live roll call: what is to be seen on a screen of any size. Words and marks are those of `status` and `why`.

use muster_model::request::{ServiceStatus, Status};
use unicode_width::UnicodeWidthStr;

use super::status::{few, heading, remark};
use super::{Line, Look, Page, Style, WIDTH_MAX, why};
use crate::top::state::{Column, Question, Story, Top, Typing, View, YES};

/// Columns between columns.
const GAP: usize = 2;
/// The sign of the chosen row, the sign of an open incident, a blank.
const SIGNS: usize = 3;
/// A column that would leave the remark less than this is left out.
const REMARK_MIN: usize = 28;
/// And the remark itself, with less than this.
const REMARK_LEAST: usize = 10;
/// Lines above the table that tell what is wrong with Muster itself; the rest is in `muster status`.
const NOTES_MAX: usize = 3;
/// On a screen of fewer lines nothing is left empty.
const AIRY: usize = 16;

/// What is to be seen.
pub(crate) struct Sight {
    /// From top to bottom, as many as the screen has.
    pub(crate) lines: Vec<Line>,
    /// The line of the chosen service.
    pub(crate) chosen: Option<usize>,
    /// Where in the last line somebody types, in columns.
    pub(crate) cursor: Option<usize>,
}

/// What is to be seen on a screen of this size. What fits decides how far can be scrolled, so the state is told.
pub(crate) fn sight(look: &Look, width: usize, height: usize, top: &mut Top) -> Sight {
    let look = &Look { width: width.min(WIDTH_MAX), ..*look };
    let (foot, cursor) = foot(look, top);
    let body = height.saturating_sub(foot.len());
    let (mut lines, mut chosen) = (Vec::new(), None);
    match &top.view {
        View::Roll => chosen = roll(look, width, body, top, &mut lines),
        View::Story(story) => {
            let mut page = notes(look, &top.status, top, width, 1);
            page.extend(tale(look, story).0);
            scrolled(page, body, story.scroll, top, &mut lines);
        }
        View::Help { scroll } => scrolled(help(look).0, body, *scroll, top, &mut lines),
    }
    lines.truncate(body);
    lines.resize(body, Line::default());
    lines.extend(foot);
    lines.drain(..lines.len().saturating_sub(height)); // the last line is the one that counts
    Sight { lines: lines.into_iter().map(|line| line.cut(width)).collect(), chosen, cursor }
}

/// The roll call; the line of the chosen service.
fn roll(look: &Look, width: usize, body: usize, top: &mut Top, lines: &mut Vec<Line>) -> Option<usize> {
    lines.push(heading(look, &top.status));
    lines.extend(notes(look, &top.status, top, width, if body < AIRY { 1 } else { NOTES_MAX }));
    if body >= AIRY {
        lines.push(Line::default());
    }
    if top.rows.is_empty() {
        let said =
            if top.status.services.is_empty() { look.say("status-empty", &[]) } else { look.say("top-none", &[("filter", &top.filter)]) };
        lines.extend(look.paragraph(Style::Plain, &said, GAP));
        top.fit(1);
        return None;
    }
    let columns = Columns::new(look, width, top);
    lines.push(columns.headings(look, top));
    top.fit(body.saturating_sub(lines.len()));
    let from = lines.len();
    let shown = top.rows.iter().enumerate().skip(top.first).take(body.saturating_sub(lines.len()));
    let rows = shown.map(|(row, place)| columns.row(look, &top.status.services[*place], row == top.at)).collect::<Vec<_>>();
    lines.extend(rows);
    Some(from + (top.at - top.first))
}

/// What is wrong with Muster itself, a line each.
fn notes(look: &Look, status: &Status, top: &Top, width: usize, most: usize) -> Vec<Line> {
    let bad = |said: String| Line::of(Style::Bad, "! ").and(Style::Plain, said);
    let mut notes = Vec::new();
    if let Some(why) = &top.away {
        let since = look.length(look.now.since(status.at));
        notes.push(Line::of(Style::Bad, "! ").and(Style::Bad, look.say("top-away", &[("length", &since), ("why", &look.text(why))])));
    }
    if let Some((until, reason)) = &status.paused {
        let left = look.length(until.since(look.now));
        notes.push(Line::of(Style::Warn, "‖ ").and(Style::Warn, look.say("status-paused-all", &[("left", &left), ("reason", reason)])));
    }
    notes.extend(status.troubles.iter().map(|trouble| bad(look.text(trouble))));
    notes.extend(
        status
            .blind
            .iter()
            .map(|spot| bad(look.say("status-blind", &[("at", &muster_tell::clock(spot.since)), ("why", &look.text(&spot.why))]))),
    );
    let more = notes.len().saturating_sub(most);
    notes.truncate(most);
    if more > 0
        && let Some(last) = notes.pop()
    {
        let said = look.say("top-more-notes", &[("n", &more)]);
        let room = width.saturating_sub(said.width() + GAP);
        notes.push(last.cut(room).and(Style::Plain, "  ").and(Style::Faint, said));
    }
    notes
}

/// Which columns there is room for, and how wide they are. The remark takes what is left.
struct Columns {
    /// In the order in which they stand.
    shown: Vec<(Column, usize)>,
    remark: usize,
}

impl Columns {
    fn new(look: &Look, width: usize, top: &Top) -> Columns {
        let services = &top.status.services;
        let mut left = width.saturating_sub(SIGNS);
        let widest = services.iter().map(|service| service.name.as_str().width()).max().unwrap_or(0);
        let mut shown = Vec::new();
        let mut add = |column: Column, cells: usize, least: usize| {
            let wide = cells.max(title(look, column).width() + 1); // and the sign of the order
            let fits = wide + GAP + least <= left;
            if fits {
                left -= wide + GAP;
                shown.push((column, wide));
            }
        };
        // The name is always there, cut where the screen is narrow.
        add(Column::Name, widest.min(width / 3).max(width.min(8)), 0);
        let healths = services.iter().map(|service| look.health(service.health).width()).max().unwrap_or(0);
        add(Column::Health, healths, 0);
        let lengths = services.iter().filter_map(|service| service.since).map(|since| look.length(look.now.since(since)).width());
        add(Column::Since, lengths.max().unwrap_or(0).max(SINCE_MIN), REMARK_LEAST);
        add(Column::Kind, services.iter().map(|service| service.kind.width()).max().unwrap_or(0), REMARK_MIN);
        add(Column::Ports, few_width(services, |service| few(&service.ports)), REMARK_MIN);
        add(Column::Processes, few_width(services, |service| few(&service.pids)), REMARK_MIN);
        Columns { shown, remark: left }
    }

    fn headings(&self, look: &Look, top: &Top) -> Line {
        let mut line = Line::of(Style::Plain, " ".repeat(SIGNS));
        for (column, wide) in &self.shown {
            let mut named = title(look, *column);
            if *column == top.column {
                named.push(if top.reversed { '▲' } else { '▼' });
            }
            let style = if *column == top.column { Style::Strong } else { Style::Faint };
            line = cell(line, Line::of(style, named), *wide);
        }
        // The order may be that of a column for which there is no room.
        let hidden = !self.shown.iter().any(|(column, _)| *column == top.column);
        if hidden {
            let sign = if top.reversed { '▲' } else { '▼' };
            line = line.and(Style::Strong, format!("{}{sign}", title(look, top.column)));
        }
        line
    }

    fn row(&self, look: &Look, service: &ServiceStatus, chosen: bool) -> Line {
        let mut line = Line::of(Style::Strong, if chosen { ">" } else { " " });
        line = line.and(Style::Bad, if service.incident.is_some() { "!" } else { " " }).and(Style::Plain, " ");
        for (column, wide) in &self.shown {
            let content = match column {
                Column::Name => Line::of(Style::Strong, &service.name),
                Column::Health => look.health(service.health),
                Column::Since => {
                    let since = service.since.map_or("–".to_owned(), |since| look.length(look.now.since(since)));
                    Line::of(Style::Plain, since)
                }
                Column::Kind => Line::of(Style::Plain, &service.kind),
                Column::Ports => Line::of(Style::Plain, few(&service.ports)),
                Column::Processes => Line::of(Style::Plain, few(&service.pids)),
            };
            line = cell(line, content, *wide);
        }
        let remark = remark(look, service).cut(self.remark);
        line.0.extend(remark.0);
        line
    }
}

/// Most lengths of time fit into this, so that the columns stand still while they grow.
const SINCE_MIN: usize = 11;

fn few_width(services: &[ServiceStatus], cell: impl Fn(&ServiceStatus) -> String) -> usize {
    services.iter().map(|service| cell(service).width()).max().unwrap_or(0)
}

fn title(look: &Look, column: Column) -> String {
    match column {
        Column::Name => look.say("column-service", &[]),
        Column::Health => look.say("column-health", &[]),
        Column::Since => look.say("column-since", &[]),
        Column::Kind => look.say("column-kind", &[]),
        Column::Ports => look.say("column-ports", &[]),
        Column::Processes => look.say("column-pids", &[]),
    }
}

/// Adds a cell, cut or filled up to its width, and a gap.
fn cell(mut line: Line, content: Line, wide: usize) -> Line {
    let content = content.cut(wide);
    let blank = wide + GAP - content.width();
    line.0.extend(content.0);
    line.and(Style::Plain, " ".repeat(blank))
}

/// The story of a service, as `why` tells it.
fn tale(look: &Look, story: &Story) -> Page {
    match &story.told {
        None => Page::of_styled(look, &look.say("top-asking", &[]), Style::Faint),
        Some(Err(why)) => Page::of_styled(look, &look.text(why), Style::Bad),
        Some(Ok(told)) => match &told.incident {
            None => Page::of_text(look, &look.say("why-never", &[("service", &story.of)])),
            Some(incident) => why::page(look, incident, told.change.as_ref()),
        },
    }
}

/// The lines of a text from where it was scrolled to.
fn scrolled(text: Vec<Line>, body: usize, scroll: usize, top: &mut Top, lines: &mut Vec<Line>) {
    let most = text.len().saturating_sub(body);
    lines.extend(text.into_iter().skip(scroll.min(most)).take(body));
    top.fit_scroll(body, most);
}

/// The keys.
fn help(look: &Look) -> Page {
    let mut page = Page::default();
    page.lines(look.paragraph(Style::Strong, &look.say("top-help", &[]), 0));
    page.gap();
    let mut table = super::table::Table::new(GAP);
    for (keys, meaning) in [
        ("↑ ↓  j k  PgUp PgDn  Home End", look.say("top-help-move", &[])),
        ("Enter", look.say("top-help-why", &[])),
        ("Esc", look.say("top-help-back", &[])),
        ("/", look.say("top-help-filter", &[])),
        ("s  S", look.say("top-help-sort", &[])),
        ("r", look.say("top-help-recover", &[])),
        ("p", look.say("top-help-pause", &[])),
        ("a", look.say("top-help-ack", &[])),
        ("Ctrl-L", look.say("top-help-redraw", &[])),
        ("q  Ctrl-C", look.say("top-help-leave", &[])),
    ] {
        table.row([Line::of(Style::Code, keys), Line::of(Style::Plain, meaning)]);
    }
    page.lines(table.lines(look.width));
    page.gap();
    page.lines(look.paragraph(Style::Faint, &look.say("top-help-signs", &[]), 0));
    page
}

/// The last line: what is typed, what became of the last thing, or the keys; and where the cursor stands. A question for which the
/// line has no room stands above what is typed: nobody is to say yes to what is not seen.
fn foot(look: &Look, top: &Top) -> (Vec<Line>, Option<usize>) {
    let typing = |asked: String, typed: &str| {
        let line = Line::of(Style::Strong, &asked).and(Style::Plain, " ").and(Style::Plain, typed);
        if line.width() < look.width {
            let cursor = line.width();
            return (vec![line], Some(cursor));
        }
        // The end of what is being typed stays in sight, however narrow the screen is.
        let typed = tail(typed, look.width.saturating_sub(1));
        let mut lines = look.paragraph(Style::Strong, &asked, 0);
        lines.push(Line::of(Style::Plain, typed));
        (lines, Some(typed.width()))
    };
    match &top.typing {
        Some(Typing::Filter) => return typing(look.say("top-filter", &[]), &top.filter),
        Some(Typing::Answer { to, typed }) => return typing(question(look, to), typed),
        None => {}
    }
    match &top.said {
        Some(Ok(said)) => return (vec![Line::of(Style::Good, look.text(said))], None),
        Some(Err(why)) => return (vec![Line::of(Style::Bad, look.text(why))], None),
        None => {}
    }
    let keys = match &top.view {
        View::Roll if !top.filter.is_empty() => look.say("top-keys-filtered", &[("filter", &top.filter), ("n", &top.rows.len())]),
        View::Roll => look.say("top-keys", &[]),
        View::Story(_) => look.say("top-keys-story", &[]),
        View::Help { .. } => look.say("top-keys-help", &[]),
    };
    // Where there is no room for all of them, the help has them.
    let keys = if keys.width() > look.width { look.say("top-keys-short", &[]) } else { keys };
    (vec![Line::of(Style::Faint, keys)], None)
}

fn question(look: &Look, question: &Question) -> String {
    match question {
        Question::Recover { service } => look.say("top-ask-recover", &[("service", service), ("yes", &YES)]),
        Question::Resume { service } => look.say("top-ask-resume", &[("service", service), ("yes", &YES)]),
        Question::PauseFor { service } => look.say("top-ask-pause-for", &[("service", service)]),
        Question::PauseWhy { service, .. } => look.say("top-ask-pause-why", &[("service", service)]),
        Question::Acknowledge { service, incident } => {
            look.say("top-ask-ack", &[("service", service), ("incident", incident), ("yes", &YES)])
        }
    }
}

/// The end of a text, at most so many columns of it.
fn tail(text: &str, width: usize) -> &str {
    let mut from = 0;
    while text[from..].width() > width {
        from += text[from..].chars().next().map_or(1, char::len_utf8);
    }
    &text[from..]
}
