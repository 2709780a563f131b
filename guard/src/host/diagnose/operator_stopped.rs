//! A person stopped it through the service manager.

use muster_model::actor::Actor;
use muster_model::cause::Code;
use muster_model::exam::Finding;
use muster_model::loss::Loss;
use muster_model::text::Text;
use muster_model::time::{Length, Mono, Time};

use super::{Hypothesis, Situation};
use crate::host::traces::Trace;

/// The service manager may take this long to stop a unit.
const REACH: Length = Length::seconds(100);
/// The service manager's commands that take a unit down, the last two with `--now`.
const TAKES_DOWN: [&str; 3] = ["stop", "disable", "mask"];
/// Those that bring one up.
const BRINGS_UP: [&str; 4] = ["start", "restart", "try-restart", "reload-or-restart"];

pub(super) fn look(s: &Situation<'_>) -> Option<Hypothesis> {
    if s.incident.loss != Loss::Stopped {
        return None;
    }
    let service = &s.watched.service.name;
    // What was stopped before the machine was restarted comes up with it all the same.
    let since_boot = |at: Time| s.watched.rebooted.is_none_or(|booted| at >= booted);
    let command = command(s, &["stop", "isolate", "--now"]).filter(|(at, ..)| since_boot(*at));
    let summary = match &command {
        Some((_, _, who)) => Text::new("verdict-operator-stopped").with("service", service).with("who", who),
        None => Text::new("verdict-stopped-by-manager").with("service", service),
    };
    let mut h = Hypothesis::new(Code::OperatorStopped, summary);
    h.subject = s.watched.unit.as_ref().map(|u| u.unit.clone());
    if s.stop_was_ordered() {
        h.weigh(s.incident.lost_at, "dbus", 3.0, Text::new("evidence-stop-job"), None);
    }
    let from = s.incident.lost_at.before(REACH);
    // The service manager's own words, the newest of them: what was stopped to be started anew was not stopped for good.
    let mut managers = s.lines().iter().rev().filter(|l| l.pid == Some(1) && l.at >= from && since_boot(l.at));
    let newest = managers.find(|l| ["Stopping ", "Starting ", "Started "].iter().any(|w| l.text.starts_with(w)));
    if let Some(line) = newest.filter(|l| l.text.starts_with("Stopping ")) {
        h.weigh(line.at, "journal", 2.5, Text::new("evidence-log-line").with("line", &line.text), None);
    }
    if let Some((at, source, who)) = command {
        h.weigh(at, &source, 4.0, Text::new("evidence-command").with("who", &who), None);
        h.actor = Some(who);
    } else if h.evidence.is_empty() && s.watched.unit.as_ref().is_some_and(|u| u.result == "success") {
        h.weigh(s.incident.lost_at, "dbus", 1.0, Text::new("evidence-clean-inactive"), None);
    }
    Some(h)
}

/// Whether somebody wants it down: the service manager was told so, or a person was seen to tell it, be it after a loss
/// of another kind.
pub(crate) fn is_ordered(s: &Situation<'_>) -> bool {
    s.stop_was_ordered() || ordered(s).is_some() || (s.incident.loss == Loss::Stopped && command(s, &TAKES_DOWN).is_some())
}

/// When and by whom the service manager was told to take it down, as far as that was seen happening and nothing followed.
pub(crate) fn ordered<'a>(s: &Situation<'a>) -> Option<(Mono, &'a Actor)> {
    let since_start = s.watched.traces.commands().take_while(|(t, _)| t.mono >= s.watched.started);
    let since_up = since_start.take_while(|(_, who)| !has_word(who, &BRINGS_UP));
    let takes_down = |trace: &Trace, who: &Actor| {
        // To disable what runs takes it down with `--now` only; to disable what is lost says that it may stay so.
        let ended = s.watched.ended.is_some_and(|e| trace.mono >= e.mono);
        let lost_already = s.watched.main.is_none() && (ended || trace.seq > s.watched.work.seq);
        has_word(who, &["stop", "--now"]) || (has_word(who, &TAKES_DOWN) && lost_already)
    };
    since_up.filter(|(trace, who)| takes_down(trace, who)).map(|(trace, who)| (trace.mono, who)).next()
}

pub(super) fn has_word(who: &Actor, words: &[&str]) -> bool {
    who.command.as_deref().is_some_and(|c| c.split_whitespace().any(|w| words.contains(&w)))
}

/// The command around the loss that has one of these words, and names the service where it can: the newest before it, or
/// else, as long as the service is down by a stop, the first after it. Who stops what is stopped already did not do it.
pub(super) fn command(s: &Situation<'_>, words: &[&str]) -> Option<(Time, String, Actor)> {
    command_that(s, |who| has_word(who, words))
}

/// The same of a command that fits.
pub(super) fn command_that(s: &Situation<'_>, fits: impl Fn(&Actor) -> bool) -> Option<(Time, String, Actor)> {
    let always = matches!(s.incident.loss, Loss::UnitDisabled | Loss::UnitMissing);
    let from = if always { Time(0) } else { s.incident.lost_at.before(REACH) };
    let lost = s.incident.lost_at.after(Length::seconds(5));
    let until = if s.incident.loss == Loss::Stopped { Time(i64::MAX) } else { lost };
    let watched = s.watched;
    // Each newest first.
    let traces = || watched.traces.commands().filter(|(t, a)| (always || s.is_since(t, REACH)) && t.at <= until && fits(a));
    let since_start = || traces().filter(|(t, _)| t.mono >= watched.started);
    let trace = since_start().find(|(t, _)| t.at <= lost).or_else(|| since_start().last()).or_else(|| traces().next());
    trace.map(|(t, a)| (t.at, t.source.clone(), a.clone())).or_else(|| {
        let commands = watched.work.finding(|f| match &f.examined.finding {
            Finding::Commands { commands } => Some(commands),
            _ => None,
        })?;
        let listed = || commands.iter().rev().filter(|(at, a)| *at >= from && *at <= until && fits(a));
        let (at, who) = listed().find(|(at, _)| *at <= lost).or_else(|| listed().last())?;
        Some((*at, "commands".to_owned(), who.clone()))
    })
}
