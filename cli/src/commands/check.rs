//! `check SERVICE`: one line and an exit code for Nagios, Icinga and the like (monitoring-plugins.org, guidelines).

use muster_model::health::Health;
use muster_model::probe::Answer;
use muster_model::request::{ServiceStatus, Status};
use muster_model::text::Text;
use muster_tell::{Language, Words, say, say_key, word};
use serde::Serialize;

use crate::arguments;
use crate::context::{Context, print};
use crate::failure::{Failure, Outcome};

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
    let (verdict, text, perfdata) = match super::status::ask(context) {
        Ok(status) => judge(context.language, &status, &typed.service),
        // Nobody to ask is UNKNOWN to a plugin, with the reason in the line.
        Err(Failure::Failed(why) | Failure::NotReached(why)) => (Verdict::Unknown, say(context.language, &why), Vec::new()),
        Err(other) => return Err(other),
    };
    if context.json {
        context.json(&Checked { service: typed.service.clone(), status: verdict.word(), text, perfdata })?;
    } else {
        print(&line(&typed.service, verdict, &text, &perfdata))?;
    }
    Ok(verdict.exit())
}

/// The plugin's one line. `|` would begin the perfdata, and a line break the long output.
fn line(service: &str, verdict: Verdict, text: &str, perfdata: &[String]) -> String {
    let plain = |text: &str| text.replace('|', "/").split_whitespace().collect::<Vec<_>>().join(" ");
    let perfdata = if perfdata.is_empty() { String::new() } else { format!(" | {}", perfdata.join(" ")) };
    format!("{} {} - {}{perfdata}\n", plain(service).to_uppercase(), verdict.word(), plain(text))
}

fn judge(language: Language, status: &Status, name: &str) -> (Verdict, String, Vec<String>) {
    let Some(service) = status.services.iter().find(|service| service.name.as_str() == name) else {
        return (Verdict::Unknown, say(language, &Text::new("error-no-such-service").with("service", name)), Vec::new());
    };
    (Verdict::of(service.health), text(language, status, service), perfdata(service))
}

fn text(language: Language, status: &Status, service: &ServiceStatus) -> String {
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
    text
}

/// How long each probe took, how many processes there are, and what plugins measured.
fn perfdata(service: &ServiceStatus) -> Vec<String> {
    let mut perfdata = vec![format!("processes={}", service.pids.len())];
    for (place, probe) in service.probes.iter().enumerate().filter(|(_, probe)| probe.answer.is_some()) {
        perfdata.push(format!("probe{}={:.3}ms", place + 1, probe.ms));
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

    fn checked(language: Language, name: &str) -> String {
        let mut status = samples::status();
        status.services[0].probes = vec![ProbeStatus {
            kind: "exec".to_owned(),
            target: "check_x".to_owned(),
            answer: Some(Answer::Right { text: None, perfdata: vec!["load=0.5".to_owned()] }),
            ms: 1.25,
        }];
        let (verdict, text, perfdata) = judge(language, &status, name);
        format!("{} {}", verdict.exit(), line(name, verdict, &text, &perfdata))
    }

    #[test]
    fn health_becomes_the_plugin_convention() {
        assert_eq!(
            [Health::Present, Health::Degraded, Health::Paused, Health::Lost, Health::Unknown].map(|health| Verdict::of(health).exit()),
            [0, 1, 1, 2, 3]
        );
        assert_eq!(checked(Language::En, "web"), "0 WEB OK - present, since 3 h | processes=1 probe1=1.250ms load=0.5\n");
        assert_eq!(
            checked(Language::En, "api"),
            "2 API CRITICAL - lost, since 2 s: killed by a signal (incident i42) | processes=0 probe1=0.300ms\n"
        );
        assert_eq!(checked(Language::ZhCn, "api"), "2 API CRITICAL - 丢失，已 2 秒：被信号终止（事件 i42） | processes=0 probe1=0.300ms\n");
        assert_eq!(checked(Language::En, "nope"), "3 NOPE UNKNOWN - No service is called nope. `muster status` lists them.\n");
    }

    #[test]
    fn a_text_cannot_break_out_of_its_line() {
        assert_eq!(line("a|b", Verdict::Ok, "x | y=1\nz", &[]), "A/B OK - x / y=1 z\n");
    }
}
