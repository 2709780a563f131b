//! `check SERVICE`: one line and an exit code for Nagios, Icinga and the like (monitoring-plugins.org, guidelines).

use std::time::Duration;

use muster_model::health::Health;
use muster_model::incident::Incident;
use muster_model::probe::Answer;
use muster_model::request::{Reply, Request, ServiceStatus, Status};
use muster_model::text::Text;
use muster_tell::{Language, Words, say, say_key, word};
use serde::Serialize;

use crate::arguments;
use crate::context::{Context, print};
use crate::failure::{Failure, Outcome};
use crate::socket::{Agent, odd};

/// What the plugin convention calls the health of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Ok,
    Warning,
    Critical,
    Unknown,
}

impl Verdict {
    /// A service that is absent on purpose is no alarm, but not well either.
    const fn of(health: Health) -> Verdict {
        match health {
            Health::Present => Verdict::Ok,
            Health::Degraded | Health::Paused => Verdict::Warning,
            Health::Lost => Verdict::Critical,
            Health::Unknown => Verdict::Unknown,
        }
    }

    const fn exit(self) -> u8 {
        match self {
            Verdict::Ok => 0,
            Verdict::Warning => 1,
            Verdict::Critical => 2,
            Verdict::Unknown => 3,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Verdict::Ok => "OK",
            Verdict::Warning => "WARNING",
            Verdict::Critical => "CRITICAL",
            Verdict::Unknown => "UNKNOWN",
        }
    }
}

/// The document of a check.
#[derive(Serialize)]
struct Checked {
    service: String,
    status: &'static str,
    text: String,
    perfdata: Vec<String>,
}

pub(super) fn run(context: &Context, typed: &arguments::Check) -> Outcome {
    let (verdict, text, perfdata) = match ask_within(context, &typed.service, Duration::from_secs(typed.timeout)) {
        Ok((status, incident)) => judge(context.language, &status, &typed.service, incident.as_ref()),
        // Nobody to ask is UNKNOWN to a plugin, with the reason in the line.
        Err(failure) => (Verdict::Unknown, say(context.language, &failure.text()), Vec::new()),
    };
    if context.json {
        context.json(&Checked { service: typed.service.clone(), status: verdict.word(), text, perfdata })?;
    } else {
        print(&line(&typed.service, verdict, &text, &perfdata))?;
    }
    Ok(verdict.exit())
}

/// Says as a plugin that it was asked what makes no sense: an exit code of wrong usage would be taken for CRITICAL.
pub(crate) fn unknown(wrong: &str) -> u8 {
    // Nobody is left to be told when standard output is gone.
    let _ = print(&line("check", Verdict::Unknown, wrong, &[]));
    Verdict::Unknown.exit()
}

/// The roll call, and the service's open incident. Whatever hangs on the way, connecting too, there is an answer in time.
fn ask_within(context: &Context, service: &str, within: Duration) -> Result<(Status, Option<Incident>), Failure> {
    let (sender, answer) = crossbeam_channel::bounded(1);
    let (agent, name) = (context.agent(), service.to_owned());
    std::thread::Builder::new().name("check".to_owned()).spawn(move || drop(sender.send(ask(&agent, &name))))?;
    answer
        .recv_timeout(within)
        .unwrap_or_else(|_| Err(Failure::Failed(Text::new("error-no-answer").with("within", muster_model::time::Length::from(within)))))
}

fn ask(agent: &Agent, name: &str) -> Result<(Status, Option<Incident>), Failure> {
    let status = match agent.ask(&Request::Status)? {
        Reply::Status(status) => *status,
        other => return Err(odd(&other)),
    };
    let service = status.services.iter().find(|service| service.name.as_str() == name);
    // The line is good without the story, too.
    let incident = service.and_then(|service| service.incident.as_ref()).and_then(|id| super::why::ask(agent, id.as_str()).ok()?);
    Ok((status, incident))
}

/// The plugin's one line. `|` would begin the perfdata, and a line break the long output.
fn line(service: &str, verdict: Verdict, text: &str, perfdata: &[String]) -> String {
    let plain = |text: &str| text.replace('|', "/").split_whitespace().collect::<Vec<_>>().join(" ");
    let perfdata = if perfdata.is_empty() { String::new() } else { format!(" | {}", perfdata.join(" ")) };
    format!("{} {} - {}{perfdata}\n", plain(service).to_uppercase(), verdict.word(), plain(text))
}

fn judge(language: Language, status: &Status, name: &str, incident: Option<&Incident>) -> (Verdict, String, Vec<String>) {
    let Some(service) = status.services.iter().find(|service| service.name.as_str() == name) else {
        return (Verdict::Unknown, say(language, &Text::new("error-no-such-service").with("service", name)), Vec::new());
    };
    (Verdict::of(service.health), text(language, status, service, incident), perfdata(service))
}

fn text(language: Language, status: &Status, service: &ServiceStatus, story: Option<&Incident>) -> String {
    let health = word(language, Words::Health, service.health.code());
    let mut text = match service.since {
        Some(since) => {
            say_key(language, "check-since", &[("health", &health), ("length", &muster_tell::length(language, status.at.since(since)))])
        }
        None => health,
    };
    if let Some(loss) = service.loss {
        text = say_key(language, "check-loss", &[("text", &text), ("loss", &word(language, Words::Loss, loss.code()))]);
    }
    if let Some(incident) = &service.incident {
        text = say_key(language, "check-incident", &[("text", &text), ("incident", incident)]);
    }
    if let Some(cause) = story.and_then(Incident::cause) {
        text = say_key(language, "check-cause", &[("text", &text), ("cause", &say(language, &cause.summary))]);
    }
    if let Some((_, reason)) = &service.paused {
        text = say_key(language, "check-paused", &[("text", &text), ("reason", reason)]);
    }
    text
}

/// How long each probe took, how many processes there are, and what plugins measured.
fn perfdata(service: &ServiceStatus) -> Vec<String> {
    let mut perfdata = vec![format!("processes={};;;0", service.pids.len())];
    for (place, probe) in service.probes.iter().enumerate().filter(|(_, probe)| probe.answer.is_some()) {
        perfdata.push(format!("probe{}={:.3}ms;;;0", place + 1, probe.ms));
        if let Some(answer) = &probe.answer {
            perfdata.extend_from_slice(measured(answer));
        }
    }
    perfdata
}

fn measured(answer: &Answer) -> &[String] {
    match answer {
        Answer::Right { perfdata, .. }
        | Answer::Warning { perfdata, .. }
        | Answer::Late { perfdata, .. }
        | Answer::Wrong { perfdata, .. } => perfdata,
        Answer::Refused { .. }
        | Answer::Unreached { .. }
        | Answer::Unresolved { .. }
        | Answer::CutOff { .. }
        | Answer::Expired { .. }
        | Answer::Silent { .. }
        | Answer::Unasked { .. } => &[],
    }
}

#[cfg(test)]
mod tests {
    use muster_model::request::ProbeStatus;

    use super::*;
    use crate::screen::samples;

    fn checked(language: Language, name: &str, incident: Option<&Incident>) -> String {
        let mut status = samples::status();
        status.services[0].probes = vec![ProbeStatus {
            kind: "exec".to_owned(),
            target: "check_x".to_owned(),
            answer: Some(Answer::Right { text: None, perfdata: vec!["load=0.5".to_owned()] }),
            ms: 1.25,
        }];
        let (verdict, text, perfdata) = judge(language, &status, name, incident);
        format!("{} {}", verdict.exit(), line(name, verdict, &text, &perfdata))
    }

    #[test]
    fn health_becomes_the_plugin_convention() {
        assert_eq!(
            [Health::Present, Health::Degraded, Health::Paused, Health::Lost, Health::Unknown].map(|health| Verdict::of(health).exit()),
            [0, 1, 1, 2, 3]
        );
        assert_eq!(checked(Language::En, "web", None), "0 WEB OK - present, since 3 h | processes=1;;;0 probe1=1.250ms;;;0 load=0.5\n");
        assert_eq!(
            checked(Language::En, "api", None),
            "2 API CRITICAL - lost, since 2 s: killed by a signal (incident i42) | processes=0;;;0 probe1=0.300ms;;;0\n"
        );
        assert_eq!(
            checked(Language::ZhCn, "api", None),
            "2 API CRITICAL - 丢失，已 2 秒：被信号终止（事件 i42） | processes=0;;;0 probe1=0.300ms;;;0\n"
        );
        assert_eq!(checked(Language::En, "nope", None), "3 NOPE UNKNOWN - No service is called nope. `muster status` lists them.\n");
    }

    #[test]
    fn the_cause_and_the_reason_of_a_pause_stand_in_the_line() {
        let said = checked(Language::En, "api", Some(&samples::killed()));
        assert!(said.contains("(incident i42): api got SIGKILL from alice (as root, pts/0, pid 2211): kill -9 1234 | "), "{said}");
        let said = checked(Language::ZhCn, "postgres", None);
        assert!(said.starts_with("1 POSTGRES WARNING - ") && said.contains("换磁盘"), "{said}");
    }

    #[test]
    fn a_text_cannot_break_out_of_its_line() {
        assert_eq!(line("a|b", Verdict::Ok, "x | y=1\nz", &[]), "A/B OK - x / y=1 z\n");
    }
}
