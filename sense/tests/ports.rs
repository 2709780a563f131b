//! The watcher of ports, each rung alone, with real sockets and real processes.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};
use muster_model::id::ServiceName;
use muster_model::observation::{Fact, Observation};
use muster_model::time::Length;
use muster_sense::ports::{self, Ladder, Ports, Socket, Whose};

const DEADLINE: Duration = Duration::from_secs(20);
const EVERY: Length = Length::ms(50);

/// A process that holds a listening socket as its standard input; it ends with the test, and its children with it.
struct Holder(Child, u16);

/// A shell whose child has the socket open, and which itself closes it, saying so, or keeps it.
const PASSES_ON: &str = "exec 3<&0; sleep 1000 & exec 3<&- 0<&-; echo; wait";
const SHARES: &str = "exec 3<&0; sleep 1000 & wait";

impl Holder {
    fn start(program: &str, args: &[&str]) -> Holder {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        Holder::of(Command::new(program).args(args).stdin(Stdio::from(OwnedFd::from(listener))), port)
    }

    /// A shell that has passed its socket on.
    fn passing_on() -> Holder {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut command = Command::new("sh");
        command.args(["-c", PASSES_ON]).stdin(Stdio::from(OwnedFd::from(listener))).stdout(Stdio::piped());
        let mut holder = Holder::of(&mut command, port);
        let mut said = [0];
        holder.0.stdout.take().unwrap().read_exact(&mut said).unwrap();
        holder
    }

    fn of(command: &mut Command, port: u16) -> Holder {
        Holder(command.process_group(0).spawn().unwrap(), port)
    }

    fn pid(&self) -> i32 {
        self.0.id().cast_signed()
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let group = rustix::process::Pid::from_raw(self.pid()).unwrap();
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let _ = self.0.wait();
    }
}

fn own() -> i32 {
    std::process::id().cast_signed()
}

fn port_of(listener: &TcpListener) -> u16 {
    listener.local_addr().unwrap().port()
}

fn whose(service: &str, pids: &[i32]) -> Whose {
    Whose { service: service.into(), pids: pids.to_vec(), wanted: Vec::new() }
}

/// The next word on a service's ports.
fn told(seen: &Receiver<Observation>, source: &str) -> (ServiceName, Vec<u16>) {
    let observation = seen.recv_timeout(DEADLINE).expect("something is told");
    assert_eq!(observation.source, source);
    match observation.fact {
        Fact::Listens { ports, .. } => (observation.service.unwrap(), ports),
        other => panic!("{other:?}"),
    }
}

#[test]
fn listening_sockets_are_listed_with_address_inode_and_user() {
    let four = TcpListener::bind("127.0.0.1:0").unwrap();
    let six = TcpListener::bind("[::1]:0").ok();
    // A root of its own has no kernel to ask, so that its /proc is read.
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("proc/net")).unwrap();
    for file in ["proc/net/tcp", "proc/net/tcp6"] {
        fs::write(root.path().join(file), fs::read(Path::new("/").join(file)).unwrap_or_default()).unwrap();
    }
    for root in [Path::new("/"), root.path()] {
        let all = ports::listening(root).unwrap();
        let found = |addr: IpAddr, port| all.iter().find(|s| s.addr == addr && s.port == port).cloned();
        let Socket { inode, uid, .. } = found(Ipv4Addr::LOCALHOST.into(), port_of(&four)).unwrap();
        let link = fs::read_link(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&four))).unwrap();
        assert_eq!(link.to_str().unwrap(), format!("socket:[{inode}]"));
        assert_eq!(Some(uid), muster_sense::proc::Proc::here().uid(own()).unwrap());
        if let Some(six) = &six {
            assert!(found(Ipv6Addr::LOCALHOST.into(), port_of(six)).is_some());
        }
    }
    assert_eq!(ports::listening(Path::new("/nowhere")).unwrap(), []);
}

#[test]
fn all_who_hold_a_port_are_named_and_a_free_port_is_missing() {
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = port_of(&held);
    let shared = Holder::of(Command::new("sleep").arg("1000").stdin(Stdio::from(OwnedFd::from(held.try_clone().unwrap()))), port);
    let free = port_of(&TcpListener::bind("127.0.0.1:0").unwrap());
    let mut expected = [(port, Some(own())), (port, Some(shared.pid()))];
    expected.sort();
    assert_eq!(ports::holders(&[port, free]), expected);
    assert_eq!(ports::holders(&[]), []);
}

/// A service's ports are told at first and when they change, also those of its processes' children.
fn changes_are_told(ladder: Ladder, source: &str) {
    let (sink, seen) = bounded(100);
    let (ports, rung) = Ports::start_on(sink, EVERY, ladder);
    assert_eq!((rung.fact.as_str(), rung.source.as_str()), ("port", source));
    let silent = Holder::of(Command::new("sleep").arg("1000").stdin(Stdio::null()), 0);
    let parent = Holder::passing_on();
    ports.watch(vec![whose("quiet", &[silent.pid()]), whose("web", &[parent.pid()])]);
    assert_eq!(told(&seen, source), ("quiet".into(), vec![]), "also that there is none");
    assert_eq!(told(&seen, source), ("web".into(), vec![parent.1]), "the child has it open");

    let other = Holder::start("sleep", &["1000"]);
    ports.watch(vec![whose("quiet", &[silent.pid(), other.pid()]), whose("web", &[parent.pid()])]);
    assert_eq!(told(&seen, source), ("quiet".into(), vec![other.1]), "another process of the service");
    assert_eq!(ports.look(&"quiet".into()), [other.1]);
    let gone = other.1;
    drop(other);
    assert_eq!(told(&seen, source), ("quiet".into(), vec![]), "{gone} is closed");
    assert_eq!(ports.look(&"quiet".into()), [] as [u16; 0]);
    assert!(seen.try_recv().is_err(), "what did not change is not told");

    ports.watch(vec![]);
    ports.watch(vec![whose("web", &[parent.pid()])]);
    assert_eq!(ports.look(&"web".into()), [parent.1]);
    assert_eq!(ports.look(&"nobody".into()), [] as [u16; 0]);
}

#[test]
fn changes_are_told_through_sock_diag() {
    changes_are_told(Ladder::SockDiag, "sock_diag");
}

#[test]
fn changes_are_told_through_proc() {
    changes_are_told(Ladder::Proc, "proc");
}

#[test]
fn a_port_passed_on_to_another_process_is_noticed() {
    let (sink, seen) = bounded(100);
    let (ports, _) = Ports::start(sink, EVERY);
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = port_of(&held);
    let holder = || Holder::of(Command::new("sleep").arg("1000").stdin(Stdio::from(OwnedFd::from(held.try_clone().unwrap()))), port);
    let (first, second) = (holder(), holder());
    drop(held);
    ports.watch(vec![whose("first", &[first.pid()]), whose("second", &[second.pid()])]);
    assert_eq!(told(&seen, "sock_diag"), ("first".into(), vec![port]));
    assert_eq!(told(&seen, "sock_diag"), ("second".into(), vec![port]), "both have it open");
    drop(first);
    assert_eq!(told(&seen, "sock_diag"), ("first".into(), vec![]));
    assert_eq!(ports.look(&"second".into()), [port]);
}

#[test]
fn a_wanted_port_that_somebody_else_holds_is_told() {
    let (sink, seen) = bounded(100);
    let (ports, _) = Ports::start(sink, EVERY);
    let silent = Holder::of(Command::new("sleep").arg("1000").stdin(Stdio::null()), 0);
    let thief = Holder::start("sleep", &["1000"]);
    let free = port_of(&TcpListener::bind("127.0.0.1:0").unwrap());
    let mut wanted = vec![free, thief.1];
    wanted.sort_unstable();
    let web = |wanted| vec![Whose { service: "web".into(), pids: vec![silent.pid()], wanted }];
    let next = || match seen.recv_timeout(DEADLINE).expect("something is told").fact {
        Fact::Listens { ports, taken } => (ports, taken),
        other => panic!("{other:?}"),
    };
    ports.watch(web(Vec::new()));
    assert_eq!(next(), (vec![], vec![]), "nobody said that it should hold any");
    ports.watch(web(wanted));
    assert_eq!(next(), (vec![], vec![thief.1]), "that nobody holds the other is no theft");
    drop(thief);
    assert_eq!(next(), (vec![], vec![]));
}

#[test]
fn what_there_is_no_room_for_is_told_later() {
    let (sink, seen) = bounded(1);
    let (ports, _) = Ports::start(sink, EVERY);
    let holders: Vec<Holder> = (0..3).map(|_| Holder::start("sleep", &["1000"])).collect();
    ports.watch(holders.iter().enumerate().map(|(n, h)| whose(&format!("s{n}"), &[h.pid()])).collect());
    let mut all: Vec<_> = holders.iter().map(|_| told(&seen, "sock_diag")).collect();
    all.sort();
    let expected: Vec<_> = holders.iter().enumerate().map(|(n, h)| (ServiceName::from(format!("s{n}")), vec![h.1])).collect();
    assert_eq!(all, expected);
}

#[test]
fn what_listens_and_nobody_watches_is_listed_by_process() {
    let (sink, _seen) = bounded(100);
    let (ports, _) = Ports::start(sink, EVERY);
    let master = Holder::start("sh", &["-c", SHARES]);
    let of_master = |pids: &[i32], units: &[String]| -> Vec<_> {
        ports.unwatched(pids, units).into_iter().filter(|found| found.ports.contains(&master.1)).collect()
    };
    let found = of_master(&[], &[]);
    assert_eq!(found.len(), 1, "the worker is not a row of its own: {found:?}");
    assert_eq!((found[0].pid, found[0].ports.as_slice()), (Some(master.pid()), &[master.1][..]));
    assert!(["sh", "dash", "bash", "busybox"].contains(&found[0].program.as_str()), "{found:?}");
    assert!(found[0].command.contains("sleep 1000"), "{found:?}");
    assert_eq!(of_master(&[master.pid()], &[]), [], "it is watched");
    assert_eq!(of_master(&[own()], &[]), [], "its parent is watched");
    if let Some(unit) = &found[0].unit {
        assert_eq!(of_master(&[], std::slice::from_ref(unit)), [], "its unit is watched");
    }
}
