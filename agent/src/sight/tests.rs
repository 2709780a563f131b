//! A real sensor, its pulse, the comparison and the guard, by the test's own clock.
#![allow(clippy::unwrap_used, clippy::panic)] // a test ends with what went wrong

use std::collections::VecDeque;
use std::process::{Command, Stdio};
use std::time::Duration;

use crossbeam_channel::bounded;
use muster_guard::host::Guard;
use muster_model::event::{Event, Started};
use muster_model::id::{BootId, HostName, Pid, ProcessKey, Seq};
use muster_model::incident::{Incident, State};
use muster_model::loss::Loss;
use muster_model::plan::{Done, Outcome};
use muster_sense::files::{self, Files};
use muster_sense::proc;
use muster_sense::process::{Ladder, Processes};

use super::*;

/// Longer than anything takes, even on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// A guard with its ledger: what is told is stepped, and what is decided with it.
struct Record {
    guard: Guard,
    seq: u64,
}

impl Record {
    fn begin(now: (Time, Mono)) -> Record {
        let mut record = Record { guard: Guard::new(), seq: 0 };
        record.tell(now, Body::Started(Started { version: String::new(), pid: 1, booted_at: now.0, rungs: Vec::new() }));
        record
    }

    fn tell(&mut self, (at, mono): (Time, Mono), body: Body) {
        let mut next = VecDeque::from([body]);
        while let Some(body) = next.pop_front() {
            self.seq += 1;
            let event = Event { seq: Seq(self.seq), at, mono, boot: BootId::from("boot"), host: HostName::from("box"), body };
            let effects = self.guard.step(&event);
            // A step that only waits is answered at once.
            next.extend(effects.orders.into_iter().map(|order| {
                assert!(!order.step.acts(), "{order:?}");
                let (said, replaced) = (String::new(), Vec::new());
                Body::Done(Done { order, outcome: Outcome::Done, rehearsed: false, said, replaced, began: at, took: Length(0) })
            }));
            next.extend(effects.decided.map(|(_, decision)| Body::Decided(decision)));
        }
    }

    fn told(&mut self, now: (Time, Mono), news: Vec<Sight>) {
        for sight in news {
            let service = Some(ServiceName::from(OWN_NAME));
            self.tell(now, Body::Observed(Observation { at: now.0, source: "pulse".to_owned(), service, fact: Fact::Sight(sight) }));
        }
    }

    fn own(&self) -> Option<&Incident> {
        self.guard.incident_of(OWN_NAME)
    }
}

fn later(now: (Time, Mono), length: Length) -> (Time, Mono) {
    (now.0.after(length), now.1.after(length))
}

#[test]
fn ends_that_find_no_room_are_an_incident_until_all_is_calm_and_are_told_when_looked_for() {
    let (sink, seen) = bounded(1);
    let (processes, _) = Processes::start(sink, Ladder::Pidfd);
    let start = clock::now();
    let mut sights = Sights::new(processes.pulses(), start);
    let mut record = Record::begin(start);
    let service = ServiceName::from("web");
    let mut children: Vec<_> = (0..3).map(|_| Command::new("sleep").arg("100000").stdin(Stdio::null()).spawn().unwrap()).collect();
    let keys: Vec<ProcessKey> =
        children.iter().map(|c| proc::process_key(Pid::new(c.id().cast_signed()).unwrap().get()).unwrap()).collect();
    keys.iter().for_each(|key| processes.watch(&service, *key));
    for child in &mut children {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    // The queue has room for one; nobody takes it out, so each of the others is given up after a second.
    let given_up = std::iter::repeat_with(|| (std::thread::yield_now(), processes.lost()).1);
    let deadline = start.1.after(Length::from(DEADLINE));
    assert!(given_up.take_while(|_| clock::now().1 < deadline).any(|lost| lost == 2), "{} were given up", processes.lost());

    let now = later(start, Length::seconds(1));
    let (news, lost) = sights.round(now);
    assert!(lost);
    let blind = Blind { since: start.0, why: Blindness::Crowded { lost: 2 } };
    assert_eq!(news, [Sight { sensor: "pidfd".to_owned(), facts: vec!["process_end".to_owned()], blind: Some(blind.clone()) }]);
    record.told(now, news);
    let incident = record.own().unwrap();
    assert_eq!((incident.loss, incident.lost_at, incident.state.is_open()), (Loss::Slow, start.0, true));
    assert_eq!(incident.evidence()[0].text, blind.why.text("pidfd", &["process_end".to_owned()]));
    assert_eq!(record.guard.blind().len(), 1);
    assert_eq!(record.guard.services().count(), 0, "Muster itself is in no roster");

    // Looked for anew, the lost ends are told.
    let mut told = std::collections::BTreeSet::new();
    for _ in 0..keys.len() {
        for key in &keys {
            processes.watch(&service, *key);
            if let Ok(Observation { fact: Fact::ProcessExited { process, .. }, .. }) = seen.recv_timeout(DEADLINE) {
                told.insert(process);
            }
        }
    }
    assert_eq!(told, keys.into_iter().collect());

    // Calm is counted from the last loss. Nothing that was lost meanwhile is news while it is less than twice as much.
    let (news, _) = sights.round(later(now, Length::seconds(1)));
    record.told(later(now, Length::seconds(1)), news);
    let (news, lost) = sights.round(later(now, Length::seconds(30)));
    assert!(!lost);
    assert_eq!(news.iter().map(|sight| &sight.blind).collect::<Vec<_>>(), [&None]);
    record.told(later(now, Length::seconds(30)), news);
    assert_eq!(record.own().unwrap().state, State::Recovered);
    assert!(record.guard.blind().is_empty());
}

#[test]
fn a_sensor_that_stands_still_is_an_incident_until_it_comes_round_again() {
    // Who a writer is is asked for in the sensor's own thread: one that does not answer holds it up.
    let (asked, was_asked) = bounded::<()>(1);
    let (go_on, answer) = bounded::<()>(1);
    let held: files::Who = Arc::new(move |_| {
        let _ = asked.try_send(());
        let _ = answer.recv_timeout(DEADLINE);
        None
    });
    let (out, touched) = bounded(16);
    let (files, rung) = Files::start(out, held, files::Ladder::Fanotify);
    if rung.source != "fanotify" {
        println!("skipped: only fanotify names a writer, and it is not to be had: {:?}", rung.why);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.conf");
    files.watch(vec![("web".into(), vec![file.display().to_string()])]);
    let start = clock::now();
    let mut sights = Sights::new(vec![files.pulse().unwrap()], start);
    let mut record = Record::begin(start);

    std::fs::write(&file, "x").unwrap();
    was_asked.recv_timeout(DEADLINE).unwrap();
    let mut now = start;
    let mut stalled = Vec::new();
    for _ in 0..25 {
        now = later(now, Length::seconds(1));
        let (news, _) = sights.round(now);
        record.told(now, news.clone());
        stalled.extend(news.into_iter().map(|sight| (now.1.since(start.1), sight.blind.unwrap().why)));
    }
    assert_eq!(stalled.len(), 1, "it is told once");
    assert!(stalled[0].1 == Blindness::Stalled && stalled[0].0 > STALLED_AFTER, "{stalled:?}");
    let incident = record.own().unwrap();
    assert_eq!((incident.loss, incident.state), (Loss::Hung, State::Escalated));
    assert_eq!(incident.cause().unwrap().subject.as_deref(), Some("files"));

    // It goes on, and what it was held up with is told.
    drop(go_on);
    assert_eq!(touched.recv_timeout(DEADLINE).unwrap().path, file);
    // The clock of the test is ahead of the pulse: back to the real one.
    sights.last = clock::now();
    let now = clock::now();
    let (news, _) = sights.round(now);
    assert_eq!(news.iter().map(|sight| &sight.blind).collect::<Vec<_>>(), [&None]);
    record.told(later(start, Length::seconds(26)), news);
    assert_eq!(record.own().unwrap().state, State::Recovered);
}

#[test]
fn a_loop_that_stood_still_itself_does_not_blame_the_sensors() {
    let start = clock::now();
    let (sink, _seen) = bounded(16);
    let (processes, _) = Processes::start(sink, Ladder::Pidfd);
    let mut sights = Sights::new(processes.pulses(), start);
    // As after a night of suspend: all pulses are old, and nobody had a chance to beat.
    let mut now = later(start, Length::seconds(3_600));
    assert_eq!(sights.round(now), (Vec::new(), false));
    now = later(now, Length::seconds(9));
    assert_eq!(sights.round(now), (Vec::new(), false));
    // But one that does not come round after that either stands still.
    now = later(now, Length::seconds(9));
    sights.round(now);
    let (news, _) = sights.round(later(now, Length::seconds(9)));
    assert_eq!(
        news[0].blind.as_ref().map(|b| (&b.why, b.since)),
        Some((&Blindness::Stalled, clock_of(processes.pulses()[0].read().beat, now)))
    );
}

#[test]
fn what_is_lost_is_told_at_once_and_then_at_every_doubling() {
    let mut sensor = Sensor { pulse: Pulse::new("files", &["file_change"]), read: Reading::default(), spell: None, told: None };
    let mut told = Vec::new();
    for second in 1..=100 {
        let read = Reading { beat: Mono(second * 1_000_000_000), overflowed: second, crowded: 0 };
        let now = (Time(0), read.beat);
        sensor.count(read, Time(0), now.1);
        let blind = sensor.blind(read, Mono(0), now);
        if sensor.is_news(blind.as_ref()) {
            told.push(second);
            sensor.told = blind;
        }
    }
    assert_eq!(told, [1, 2, 4, 8, 16, 32, 64]);
}
