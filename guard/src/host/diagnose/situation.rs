//! All that a diagnosis may read.

use std::collections::{BTreeMap, VecDeque};

use muster_model::actor::Actor;
use muster_model::cause::Code;
use muster_model::change::{Altered, Change};
use muster_model::exam::{Difference, Finding, LogLine};
use muster_model::id::ChangeId;
use muster_model::incident::Incident;
use muster_model::observation::{End, Rung};
use muster_model::probe::Probe;
use muster_model::text::{Phrase, Text};
use muster_model::time::{Length, Mono, Time};

use crate::host::Now;
use crate::host::traces::Trace;
use crate::host::watched::{Ended, Leaving, Probed, Watched};

/// Whether the validator takes the configuration, what it said, the file and line it blames, and when.
pub(crate) type Validity<'a> = (bool, &'a str, Option<&'a (String, Option<u32>)>, Time);

/// A loss, and all that is known around it.
pub(crate) struct Situation<'a> {
    pub(crate) watched: &'a Watched,
    pub(crate) incident: &'a Incident,
    pub(crate) now: Now,
    pub(crate) rungs: &'a BTreeMap<String, Rung>,
    /// Muster's own process ids.
    pub(crate) own: &'a VecDeque<i32>,
}

/// A configuration file that is not as it was when the service was last well, with the change that made it so.
pub(crate) struct Altering<'a> {
    pub(crate) path: &'a str,
    pub(crate) gone: bool,
    pub(crate) trace: Option<(&'a Trace, &'a Change)>,
}

impl<'a> Situation<'a> {
    /// The end of the main process, where it belongs to this loss.
    pub(crate) fn ended(&self) -> Option<Ended> {
        self.watched.ended.filter(|e| e.at >= self.incident.lost_at.before(Length::seconds(5)))
    }

    /// Whether something happened at most `reach` before the loss, or since: by either clock, for that of the wall may have
    /// been set meanwhile.
    pub(crate) fn is_since(&self, trace: &Trace, reach: Length) -> bool {
        let this_boot = trace.mono > Mono(0);
        trace.at >= self.incident.lost_at.before(reach) || (this_boot && trace.mono.after(reach) >= self.watched.work.since)
    }

    /// Whether a process is a hand from outside: not the service manager's, not Muster's, not the service's own.
    pub(crate) fn is_outside(&self, actor: &Actor) -> bool {
        let own = self.ended().map(|e| e.process).or(self.watched.main.map(|(p, _)| p));
        let managers = self.watched.is_managers(actor);
        !managers && !self.is_own(actor) && own.is_none_or(|p| !actor.descends_from(p.pid.get()))
    }

    /// Whether it was Muster itself.
    fn is_own(&self, actor: &Actor) -> bool {
        actor.pid.is_some_and(|pid| self.own.contains(&pid))
    }

    /// The service manager stopped it because it was told to.
    pub(crate) fn stop_was_ordered(&self) -> bool {
        self.watched.leaving == Some(Leaving::Stop)
    }

    /// What the validator said of the configuration as it stands, of which file and line.
    pub(crate) fn validated(&self) -> Option<Validity<'a>> {
        self.watched.work.finding(|f| match &f.examined.finding {
            Finding::Validated { ok, said, blames } if f.seq > self.watched.edited => Some((*ok, said.as_str(), blames.as_ref(), f.at)),
            _ => None,
        })
    }

    /// The file that the validator says is not there: it blames no line of it.
    pub(crate) fn blamed_gone(&self) -> Option<&'a str> {
        let (_, said, blames, _) = self.validated().filter(|(ok, ..)| !ok)?;
        let (path, line) = blames?;
        (line.is_none() && said.contains("No such file or directory")).then_some(path.as_str())
    }

    /// What the comparison with the last good configuration found.
    fn compared(&self) -> Option<&'a [Difference]> {
        self.watched.work.finding(|f| match &f.examined.finding {
            Finding::Compared { differ } => Some(differ.as_slice()),
            _ => None,
        })
    }

    /// Configuration files that are not as they were when the service was last well, those changed last first.
    pub(crate) fn altered(&self) -> Vec<Altering<'a>> {
        let last_change = |path: &str| {
            self.watched
                .traces
                .changes()
                .filter(|(_, c)| !c.actor.as_ref().is_some_and(|a| self.is_own(a)))
                .find(|(_, c)| c.subject == path && !matches!(c.what, Altered::Permission { .. } | Altered::Enablement { .. }))
        };
        let mut altered: Vec<Altering<'a>> = match self.compared() {
            Some(differ) => differ.iter().map(|d| Altering { path: &d.path, gone: d.now.is_none(), trace: last_change(&d.path) }).collect(),
            None => {
                let watched = self.watched;
                watched
                    .good
                    .iter()
                    .filter(|(path, version)| watched.config.get(*path) != Some(version))
                    .map(|(path, _)| Altering { path, gone: !watched.config.contains_key(path), trace: last_change(path) })
                    .collect()
            }
        };
        // A file that was not there when the service was well stands in no list of good ones.
        for (trace, change) in self.watched.traces.changes() {
            let known = altered.iter().any(|a| a.path == change.subject) || self.watched.good.contains_key(&change.subject);
            if matches!(change.what, Altered::Created { .. })
                && !known
                && self.watched.config.contains_key(&change.subject)
                && !self.watched.good.is_empty()
            {
                altered.push(Altering { path: &change.subject, gone: false, trace: Some((trace, change)) });
            }
        }
        altered.sort_by_key(|a| std::cmp::Reverse(a.trace.map(|(t, _)| t.at)));
        altered
    }

    /// Log lines around the loss that the service's pack, or the general list, knows to speak for `code`.
    pub(crate) fn known_lines(&self, code: Code) -> Vec<(&'a LogLine, &'a Phrase)> {
        let from = self.incident.lost_at.before(Length::seconds(30));
        self.lines().iter().filter(|l| l.at >= from).filter_map(|l| Some((l, self.watched.known_lines.means(code, &l.text)?))).collect()
    }

    /// What the service logged around the loss, oldest first.
    pub(crate) fn lines(&self) -> &'a [LogLine] {
        self.watched
            .work
            .finding(|f| match &f.examined.finding {
                Finding::Journal { lines } => Some(lines.as_slice()),
                _ => None,
            })
            .unwrap_or(&[])
    }

    /// Whether senders of signals can be seen.
    pub(crate) fn sees_senders(&self) -> bool {
        self.rungs.get("signal_sender").is_some_and(|r| r.source != "none")
    }

    /// What was asked, and the last answer to it.
    pub(crate) fn answers(&self) -> impl Iterator<Item = (&'a Probe, &'a Probed)> {
        let watched = self.watched;
        watched.questions.iter().zip(&watched.probes).filter_map(|(question, probed)| Some((question, probed.as_ref()?)))
    }

    /// How a process ended, in words.
    pub(crate) fn end_text(&self, end: End) -> Text {
        match end {
            End::Code(code) => Text::new("evidence-exit-code").with("code", code),
            End::Signal(signal) => Text::new("evidence-ended-by-signal").with("signal", signal_name(signal)),
            End::Memory => Text::new("evidence-ended-by-memory"),
            End::Unknown => Text::new("evidence-ended-somehow"),
        }
    }
}

/// The id of the change that a trace is.
pub(crate) fn change_id(trace: &Trace) -> ChangeId {
    ChangeId::from(format!("c{}", trace.seq))
}

/// The name of a signal, `SIGKILL`; its number where it has none.
pub(crate) fn signal_name(signal: i32) -> String {
    const NAMES: [&str; 32] = [
        "0",
        "SIGHUP",
        "SIGINT",
        "SIGQUIT",
        "SIGILL",
        "SIGTRAP",
        "SIGABRT",
        "SIGBUS",
        "SIGFPE",
        "SIGKILL",
        "SIGUSR1",
        "SIGSEGV",
        "SIGUSR2",
        "SIGPIPE",
        "SIGALRM",
        "SIGTERM",
        "SIGSTKFLT",
        "SIGCHLD",
        "SIGCONT",
        "SIGSTOP",
        "SIGTSTP",
        "SIGTTIN",
        "SIGTTOU",
        "SIGURG",
        "SIGXCPU",
        "SIGXFSZ",
        "SIGVTALRM",
        "SIGPROF",
        "SIGWINCH",
        "SIGIO",
        "SIGPWR",
        "SIGSYS",
    ];
    usize::try_from(signal).ok().and_then(|n| NAMES.get(n)).map_or_else(|| signal.to_string(), |n| (*n).to_owned())
}
