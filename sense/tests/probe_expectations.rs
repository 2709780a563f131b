//! What a service must show beside a right answer: that it comes in time, where its users are, from as many processes as there
//! must be, with the files that it needs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::thread;
use std::time::Duration;
use std::{fs, process};

use crossbeam_channel::{Receiver, bounded};
use muster_model::observation::{Fact, Observation};
use muster_model::probe::{Answer, Ask, Counted, FileWanted, Probe};
use muster_model::roster::Count;
use muster_model::time::Length;
use muster_sense::probe::Prober;
use muster_sense::proc::{MARK_DATA, MARK_SERVICE};

/// Far longer than anything here takes.
const DEADLINE: Duration = Duration::from_secs(60);
const OFTEN: Length = Length::ms(100);

fn asking(probe: Probe) -> (Prober, Receiver<Observation>) {
    let (sink, observations) = bounded(16);
    let prober = Prober::start(sink).unwrap();
    prober.set(vec![("a".into(), vec![probe])]);
    (prober, observations)
}

fn next(observations: &Receiver<Observation>) -> Answer {
    match observations.recv_timeout(DEADLINE).expect("something is told").fact {
        Fact::Probed { answer, .. } => answer,
        other => panic!("{other:?}"),
    }
}

/// Answers every request after this time.
fn web(listener: TcpListener, after: Duration) -> u16 {
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let _ = stream.read(&mut [0; 1024]);
                #[allow(clippy::disallowed_methods, reason = "the server is slow: that is what is tested")]
                thread::sleep(after);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            });
        }
    });
    port
}

fn http(address: &str) -> Ask {
    Ask::Http { url: format!("http://{address}/"), expect: Some(200), body: None, roots: None }
}

#[test]
fn a_right_answer_after_its_limit_is_late_and_says_by_how_much() {
    let port = web(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap(), Duration::from_millis(60));
    let probe = Probe::new(http(&format!("127.0.0.1:{port}")), OFTEN, Length::seconds(30));
    let (_prober, observations) = asking(Probe { within: Some(Length::ms(50)), every: Length::seconds(60), ..probe });
    match next(&observations) {
        Answer::Late { text, perfdata } => {
            assert!(text.starts_with("it took ") && text.ends_with(", and may take 50ms"), "{text}");
            assert!(perfdata.iter().any(|step| step.starts_with("first=")), "{perfdata:?}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_right_on_this_host_alone_is_cut_off() {
    // `[::]` is reached over loopback too, but only by IPv6, and the service listens by IPv4 alone.
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        println!("skipped: no IPv6 here");
        return;
    }
    let port = web(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap(), Duration::ZERO);
    let probe = Probe::new(http(&format!("[::]:{port}")), Length::seconds(60), Length::seconds(30));
    let (_prober, observations) = asking(probe.clone());
    match next(&observations) {
        Answer::CutOff { text } => assert!(text.ends_with(&format!("; asked at 127.0.0.1:{port} it is right")), "{text}"),
        other => panic!("{other:?}"),
    }
    let (_prober, observations) = asking(Probe { here: false, ..probe });
    assert!(matches!(next(&observations), Answer::Refused { .. }), "of an endpoint elsewhere this host says nothing");
}

#[test]
fn a_service_that_is_cut_off_and_back_is_told_twice() {
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        println!("skipped: no IPv6 here");
        return;
    }
    let port = web(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap(), Duration::ZERO);
    let (_prober, observations) = asking(Probe::new(http(&format!("[::]:{port}")), OFTEN, OFTEN));
    assert!(matches!(next(&observations), Answer::CutOff { .. }));
    web(TcpListener::bind((Ipv6Addr::LOCALHOST, port)).unwrap(), Duration::ZERO);
    assert!(next(&observations).is_right(), "it was told once that it is cut off");
}

#[test]
fn a_name_that_does_not_resolve_is_told_apart_from_a_service_that_does_not_answer() {
    let ask = Ask::Tcp { address: "no such name:80".to_owned(), talk: None };
    let (_prober, observations) = asking(Probe::new(ask, Length::seconds(60), Length::seconds(30)));
    match next(&observations) {
        Answer::Unresolved { text } => assert!(text.contains("does not resolve"), "{text}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_is_missed_and_its_mode_is_minded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    let wanted = FileWanted { path: path.display().to_string(), owner: None, group: None, mode: Some(0o600) };
    let (_prober, observations) = asking(Probe::new(Ask::File(wanted), OFTEN, OFTEN));
    assert_eq!(next(&observations), Answer::Refused { text: "it is not there".to_owned() });
    // Made elsewhere, so that nobody sees it half-made.
    let made = folder.path().join("new");
    fs::write(&made, "x").unwrap();
    fs::set_permissions(&made, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(&made, &path).unwrap();
    assert!(next(&observations).is_right());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(next(&observations), Answer::Wrong { text: "its mode is 0644, not 0600".to_owned(), perfdata: Vec::new() });
}

#[test]
fn the_processes_of_a_unit_that_has_none_are_too_few() {
    let unit = format!("muster-test-{}.service", process::id());
    let ask = Ask::Processes { whose: Counted::Unit(unit), count: Count { min: 1, max: u32::MAX } };
    let (_prober, observations) = asking(Probe::new(ask, Length::seconds(60), Length::seconds(30)));
    assert_eq!(next(&observations), Answer::Wrong { text: "0 processes, not >=1".to_owned(), perfdata: Vec::new() });
}

#[test]
fn what_carries_the_mark_is_counted_with_its_descendants() {
    let data = tempfile::tempdir().unwrap();
    // Two children, of which one has lost the mark.
    let mut shop = process::Command::new("sh")
        .args(["-c", "sleep 1000 & env -i sleep 1000 & echo up; wait"])
        .envs([(MARK_SERVICE, "shop".as_ref()), (MARK_DATA, data.path().as_os_str())])
        .process_group(0)
        .stdout(process::Stdio::piped())
        .spawn()
        .unwrap();
    shop.stdout.as_mut().unwrap().read_exact(&mut [0; 3]).unwrap();
    let whose = Counted::Marked { service: "shop".to_owned(), data: Some(data.path().to_owned()) };
    let (_prober, observations) =
        asking(Probe::new(Ask::Processes { whose, count: Count { min: 4, max: 4 } }, Length::seconds(60), Length::seconds(30)));
    assert_eq!(next(&observations), Answer::Wrong { text: "3 processes, not =4".to_owned(), perfdata: Vec::new() });
    let group = rustix::process::Pid::from_child(&shop);
    rustix::process::kill_process_group(group, rustix::process::Signal::KILL).unwrap();
    shop.wait().unwrap();
}
