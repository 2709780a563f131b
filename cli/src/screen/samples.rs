//! Fixed values of the model for the golden tests of the pages.

use muster_model::actor::Actor;
use muster_model::cause::{Cause, Code, Evidence};
use muster_model::change::{Altered, Change};
use muster_model::event::{Body, Decision};
use muster_model::health::Health;
use muster_model::id::{HostName, IncidentId, Pid, ProcessKey, VersionId};
use muster_model::incident::{Action, Incident, Note, Said, State};
use muster_model::loss::Loss;
use muster_model::observation::{End, Fact, Observation, Rung};
use muster_model::plan::{Leave, Outcome, Plan, Step};
use muster_model::probe::Answer;
use muster_model::request::{BlindSpot, ChangeReport, DiffReport, Lateness, ProbeStatus, Record, ServiceStatus, Status, Unwatched};
use muster_model::sight::Blindness;
use muster_model::text::Text;
use muster_model::time::{Length, Time};
use muster_tell::Language;

use super::Look;

/// 2026-09-21 14:13:20 UTC.
const NOW: Time = Time(1_790_000_000_000_000_000);

fn back(length: &str) -> Time {
    NOW.before(length.parse().unwrap())
}

fn pid(pid: i32) -> ProcessKey {
    ProcessKey { pid: Pid::new(pid).unwrap(), start: 4_711 }
}

pub(crate) fn look(language: Language) -> Look {
    Look { language, colour: false, width: 100, now: NOW }
}

fn alice(command: &str) -> Actor {
    Actor {
        uid: Some(0),
        user: Some("root".to_owned()),
        login_uid: Some(1000),
        login_user: Some("alice".to_owned()),
        tty: Some("pts/0".to_owned()),
        pid: Some(2211),
        exe: Some("/usr/bin/kill".to_owned()),
        command: Some(command.to_owned()),
        parents: vec!["sudo -s".to_owned(), "-bash".to_owned(), "sshd: alice@pts/0".to_owned()],
        parent_pids: vec![2200, 2100, 2090],
    }
}

fn service(name: &str, kind: &str, target: &str, health: Health) -> ServiceStatus {
    ServiceStatus {
        name: name.into(),
        kind: kind.to_owned(),
        target: target.to_owned(),
        pack: None,
        health,
        since: Some(back("3h")),
        pids: vec![1234],
        ports: vec![80, 443],
        loss: None,
        incident: None,
        sources: vec!["dbus".to_owned(), "ebpf".to_owned()],
        paused: None,
        probes: Vec::new(),
    }
}

pub(crate) fn status() -> Status {
    let probe = ProbeStatus {
        kind: "http".to_owned(),
        target: "http://127.0.0.1:8080/health".to_owned(),
        answer: Some(Answer::Refused { text: "connection refused".to_owned() }),
        ms: 0.3,
    };
    Status {
        at: NOW,
        host: HostName::from("db-7"),
        version: "0.1.0".to_owned(),
        up_since: back("3h"),
        data: "/var/lib/muster".to_owned(),
        services: vec![
            service("web", "unit", "nginx.service", Health::Present),
            ServiceStatus {
                since: Some(back("2s")),
                pids: Vec::new(),
                ports: Vec::new(),
                loss: Some(Loss::Killed),
                incident: Some(IncidentId::from("i42")),
                pack: Some("gunicorn".to_owned()),
                probes: vec![probe],
                ..service("api", "run", "/srv/api/serve --port 8080", Health::Lost)
            },
            ServiceStatus {
                pids: vec![71, 72, 73, 74, 75],
                ports: vec![5432],
                paused: Some((NOW.after(Length::seconds(1_500)), "换磁盘 (disk swap)".to_owned())),
                ..service("postgres", "unit", "postgresql@15-main.service", Health::Paused)
            },
        ],
        unwatched: vec![Unwatched {
            program: "sshd".to_owned(),
            pid: Some(800),
            command: "sshd: /usr/sbin/sshd -D".to_owned(),
            ports: vec![22],
            unit: Some("ssh.service".to_owned()),
            pack: None,
        }],
        rungs: vec![
            Rung { fact: "process_end".to_owned(), source: "ebpf".to_owned(), rung: 1, why: None },
            Rung { fact: "unit".to_owned(), source: "dbus".to_owned(), rung: 1, why: None },
            Rung {
                fact: "file_change".to_owned(),
                source: "inotify".to_owned(),
                rung: 3,
                why: Some("fanotify_init: Operation not permitted".to_owned()),
            },
            Rung { fact: "log".to_owned(), source: "none".to_owned(), rung: 3, why: Some("journalctl is not installed".to_owned()) },
        ],
        troubles: vec![Text::new("error-not-running").with("data", "/var/lib/muster")],
        paused: None,
        blind: vec![BlindSpot {
            facts: vec!["file_change".to_owned()],
            since: back("12s"),
            why: Blindness::Overflowed { lost: 312 }.text("files", &["file_change".to_owned()]),
        }],
        lateness: Lateness { asked: 10_800, p50: Length::ms(1), p99: Length::ms(4), max: Length::ms(37) },
        addresses: vec!["http://127.0.0.1:7373".to_owned()],
    }
}

fn cause(code: Code, confidence: f64, summary: Text) -> Cause {
    Cause { code, confidence, confirmed: false, summary, subject: None, actor: None, change: None, evidence: Vec::new() }
}

fn evidence(at: Time, source: &str, weight: f64, text: Text) -> Evidence {
    Evidence { at, source: source.to_owned(), weight, text, reference: None }
}

/// A service that was killed by a person two seconds ago, and is being started.
pub(crate) fn killed() -> Incident {
    let lost = back("2s");
    let by = alice("kill -9 1234");
    let sent = Text::new("evidence-signal-from").with("signal", "SIGKILL").with("who", &by);
    let verdict = Text::new("verdict-operator-killed").with("service", "api").with("signal", "SIGKILL").with("who", &by);
    Incident {
        id: IncidentId::from("i42"),
        service: "api".into(),
        host: HostName::from("db-7"),
        state: State::Recovering,
        loss: Loss::Killed,
        lost_at: lost,
        detected_at: lost.after(Length(140_000)),
        recovered_at: None,
        causes: vec![
            Cause {
                subject: Some("pid 1234".to_owned()),
                actor: Some(by),
                evidence: vec![
                    evidence(lost, "ebpf", 7.0, sent),
                    evidence(lost, "kernel", 0.5, Text::new("evidence-ended-by-signal").with("signal", "SIGKILL")),
                ],
                ..cause(Code::OperatorKilled, 0.994, verdict)
            },
            cause(Code::Unknown, 0.006, Text::new("verdict-unknown").with("service", "api").with("examined", "journal, unit")),
        ],
        first_verdict_at: Some(lost.after(Length(310_000))),
        settled_at: None,
        plan: Some(Plan { attempt: 1, steps: vec![Step::Start], why: Text::new("plan-start"), leave: Leave::Granted }),
        actions: vec![Action {
            at: lost.after(Length(900_000)),
            step: "start".to_owned(),
            target: "api".to_owned(),
            rehearsed: false,
            outcome: None,
            took: Length(0),
            said: String::new(),
        }],
        notes: Vec::new(),
        assigned: None,
        acknowledged: None,
    }
}

/// A configuration that was broken by an edit, found at a restart, and taken back.
pub(crate) fn config_broken() -> Incident {
    let lost = back("5m");
    let path = "/etc/nginx/nginx.conf";
    let by = alice("vim /etc/nginx/nginx.conf");
    let verdict = Text::new("verdict-config-invalid").with("service", "web").with("place", format!("{path}:3")).with("who", &by);
    let said = "nginx: [emerg] invalid port in \"80x\" of the \"listen\" directive in /etc/nginx/nginx.conf:3";
    let good = VersionId::from("3f2a9c0e51d7");
    let done = |at: Time, step: &str, target: &str, rehearsed, took| Action {
        at,
        step: step.to_owned(),
        target: target.to_owned(),
        rehearsed,
        outcome: Some(Outcome::Done),
        took,
        said: String::new(),
    };
    let evidence = vec![
        evidence(lost.after(Length::ms(30)), "validate", 5.0, Text::new("evidence-validator-refuses").with("said", said)),
        evidence(
            lost.before(Length::seconds(40)),
            "fanotify",
            1.5,
            Text::new("evidence-change").with("path", path).with("what", "edited").with("who", &by),
        ),
        evidence(lost, "guard", -0.5, Text::new("evidence-ended-otherwise").with("loss", "crash_loop")),
    ];
    Incident {
        id: IncidentId::from("i7"),
        service: "web".into(),
        host: HostName::from("db-7"),
        state: State::Recovered,
        loss: Loss::Exited,
        lost_at: lost,
        detected_at: lost.after(Length::ms(2)),
        recovered_at: Some(lost.after(Length::ms(740))),
        causes: vec![
            Cause {
                confirmed: true,
                subject: Some(path.to_owned()),
                actor: Some(by),
                change: Some("c41".into()),
                evidence,
                ..cause(Code::ConfigInvalid, 0.971, verdict)
            },
            cause(Code::CrashBug, 0.02, Text::new("verdict-crash-code").with("service", "web").with("code", 1)),
        ],
        first_verdict_at: Some(lost.after(Length::ms(3))),
        settled_at: Some(lost.after(Length::ms(95))),
        plan: Some(Plan {
            attempt: 1,
            steps: vec![Step::ConfigRestore { files: vec![(path.to_owned(), good)] }, Step::Start],
            why: Text::new("plan-config-restore").with("files", path).with("code", "config.invalid"),
            leave: Leave::Granted,
        }),
        actions: vec![
            done(lost.after(Length::ms(100)), "config.restore", path, true, Length::ms(38)),
            done(lost.after(Length::ms(140)), "start", "nginx.service", false, Length::ms(590)),
        ],
        notes: vec![Note { at: back("4m"), by: "bob".to_owned(), said: Said::Words("told alice".to_owned()) }],
        assigned: None,
        acknowledged: Some("bob".to_owned()),
    }
}

pub(crate) fn changes() -> Vec<ChangeReport> {
    let report = |id: &str, service: Option<&str>, subject: &str, what, actor| ChangeReport {
        id: id.into(),
        at: back("5m 40s"),
        service: service.map(Into::into),
        source: "fanotify".to_owned(),
        change: Change { subject: subject.to_owned(), what, actor },
    };
    let version = |id: &str| Some(VersionId::from(id));
    vec![
        report(
            "c41",
            Some("web"),
            "/etc/nginx/nginx.conf",
            Altered::Edited { before: version("3f2a9c0e51d7"), after: version("77aa01bc9e10") },
            Some(alice("vim /etc/nginx/nginx.conf")),
        ),
        report("c40", Some("web"), "nginx.service", Altered::Enablement { before: "enabled".to_owned(), after: "masked".to_owned() }, None),
        report("c9", None, "/etc/hosts.d/新", Altered::Created { after: None }, None),
    ]
}

pub(crate) fn diff() -> DiffReport {
    DiffReport {
        change: changes().remove(0),
        before: Some("events {}\nhttp {\n  server { listen 80; }\n}\n".to_owned()),
        after: Some("events {}\nhttp {\n  server { listen 80x; }\n}\n".to_owned()),
        before_version: Some(VersionId::from("3f2a9c0e51d7")),
        after_version: Some(VersionId::from("77aa01bc9e10")),
    }
}

pub(crate) fn records() -> Vec<Record> {
    let observed = |fact| Body::Observed(Observation { at: back("2s"), source: "ebpf".to_owned(), service: Some("api".into()), fact });
    let incident = IncidentId::from("i42");
    let bodies = [
        observed(Fact::SignalSent { process: pid(1234), signal: 9, sender: Some(alice("kill -9 1234")) }),
        observed(Fact::ProcessExited { process: pid(1234), end: End::Signal(9) }),
        Body::Decided(Decision::Opened {
            service: "api".into(),
            loss: Loss::Killed,
            lost_at: back("2s"),
            detected_at: back("2s").after(Length(140_000)),
        }),
        Body::Decided(Decision::Verdict { incident: incident.clone(), causes: killed().causes, settled: false }),
        Body::Decided(Decision::Became { incident, state: State::Recovered, at: NOW, why: Text::new("state-recovered-by-muster") }),
    ];
    let record = |(place, body): (usize, Body)| Record {
        seq: 40 + place as u64,
        at: back("2s").after(Length::ms(place as u64)),
        mono: 1,
        boot: "b".to_owned(),
        host: "db-7".to_owned(),
        kind: body.kind().to_owned(),
        subject: body.subject().to_owned(),
        body: serde_json::to_value(&body).unwrap(),
        hash: "00".to_owned(),
    };
    bodies.into_iter().enumerate().map(record).collect()
}
