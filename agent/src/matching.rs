//! Which processes are those of a service that Muster only watches (`process`).

use std::collections::BTreeMap;

use muster_model::id::{ProcessKey, ServiceName};
use muster_model::roster::{Kind, Match, Roster};
use muster_sense::proc::{Proc, command_line};
use regex::{Regex, RegexBuilder};

/// A larger pattern is refused.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// What is looked for, by the program file's name.
#[derive(Default)]
pub(crate) struct Matching {
    by_program: BTreeMap<String, Vec<Wanted>>,
    any_program: Vec<Wanted>,
}

struct Wanted {
    service: ServiceName,
    exe: Option<String>,
    args: Option<Regex>,
}

/// A process that was found.
pub(crate) struct Found {
    pub(crate) service: ServiceName,
    pub(crate) process: ProcessKey,
    pub(crate) command: String,
}

impl Matching {
    /// What a roster looks for.
    pub(crate) fn of(roster: &Roster) -> Matching {
        let mut matching = Matching::default();
        for service in roster.services.values() {
            let Kind::Process(Match { exe, args, .. }) = &service.kind else { continue };
            let args = args.as_ref().and_then(|a| RegexBuilder::new(a).size_limit(PATTERN_BYTES_MAX).build().ok());
            let wanted = Wanted { service: service.name.clone(), exe: exe.clone(), args };
            match exe {
                Some(exe) => matching.by_program.entry(base(exe).to_owned()).or_default().push(wanted),
                None => matching.any_program.push(wanted),
            }
        }
        matching
    }

    /// Whether nothing is looked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_program.is_empty() && self.any_program.is_empty()
    }

    /// The names of the programs looked for.
    pub(crate) fn programs(&self) -> Vec<String> {
        self.by_program.keys().cloned().collect()
    }

    /// The services to which a process belongs.
    pub(crate) fn of_process(&self, here: &Proc, pid: i32) -> Vec<Found> {
        let (fitting, arguments) = self.fitting(here, pid);
        if fitting.is_empty() {
            return Vec::new();
        }
        let Ok(Some(process)) = here.process_key(pid) else { return Vec::new() };
        let command = command_line(&arguments);
        fitting.into_iter().map(|service| Found { service: service.clone(), process, command: command.clone() }).collect()
    }

    /// The services that process 1 would be. It is nobody's to watch: it cannot end, and is never to be signalled.
    pub(crate) fn of_init(&self) -> Vec<&ServiceName> {
        self.fitting(&Proc::here(), 1).0
    }

    /// The services that a process looks like, and its arguments.
    fn fitting(&self, here: &Proc, pid: i32) -> (Vec<&ServiceName>, Vec<String>) {
        let nobody = (Vec::new(), Vec::new());
        // Whose program may not be looked at, another user's or a guarded one, is known by its arguments alone.
        let exe = here.exe(pid).ok().flatten().map(|exe| exe.to_string_lossy().into_owned());
        let exe = exe.as_deref().map(|exe| exe.strip_suffix(" (deleted)").unwrap_or(exe));
        let named = exe.and_then(|exe| self.by_program.get(base(exe))).into_iter().flatten();
        let of_program = |wanted: &str| exe.is_some_and(|exe| wanted == exe || !wanted.contains('/'));
        let mut candidates = named.chain(&self.any_program).filter(|w| w.exe.as_deref().is_none_or(of_program)).peekable();
        if candidates.peek().is_none() {
            return nobody;
        }
        let Ok(Some(arguments)) = here.arguments(pid) else { return nobody };
        if exe.is_none() && arguments.is_empty() {
            return nobody; // the kernel's own, or a dead one
        }
        let joined = arguments.join(" ");
        let fitting = candidates.filter(|w| w.args.as_ref().is_none_or(|a| a.is_match(&joined))).map(|w| &w.service).collect();
        (fitting, arguments)
    }

    /// Every process of every service that is looked for.
    pub(crate) fn everywhere(&self) -> Vec<Found> {
        if self.is_empty() {
            return Vec::new();
        }
        let here = Proc::here();
        here.pids().unwrap_or_default().into_iter().flat_map(|pid| self.of_process(&here, pid)).collect()
    }
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
