//! The prober against servers made for the purpose, most of them hostile, and plugins that are small shell scripts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};
use muster_model::id::ServiceName;
use muster_model::observation::Fact;
use muster_model::probe::{Answer, Ask, Probe, Talk};
use muster_model::time::{Length, Time};
use muster_sense::clock;
use muster_sense::probe::{ASKS_OF_A_HOST_MAX, Prober};

/// A machine under load is slow; a test that waits longer than this has failed.
const DEADLINE: Duration = Duration::from_secs(20);

/// What was told of one probe.
#[derive(Debug)]
struct Told {
    at: Time,
    service: String,
    answer: Answer,
    took: Length,
    times: u32,
}

fn told(observations: &Receiver<muster_model::observation::Observation>) -> Told {
    let observation = observations.recv_timeout(DEADLINE).expect("something is told within the deadline");
    assert_eq!(observation.source, "probe");
    let Fact::Probed { answer, took, times, .. } = observation.fact else { panic!("{observation:?}") };
    Told { at: observation.at, service: observation.service.unwrap().as_str().to_owned(), answer, took, times }
}

/// The first thing told about this question.
fn ask(ask: Ask, timeout_ms: u64) -> Told {
    let (sink, observations) = bounded(16);
    let prober = Prober::start(sink).unwrap();
    let probe = Probe::new(ask, Length::seconds(600), Length::ms(timeout_ms));
    prober.set(vec![("a".into(), vec![probe])]);
    told(&observations)
}

/// A server on a port of its own; `handle` gets each connection and its number, in a thread of its own.
fn serve(handle: impl Fn(TcpStream, usize) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let handle = Arc::new(handle);
    thread::spawn(move || {
        for (number, stream) in listener.incoming().flatten().enumerate() {
            let handle = Arc::clone(&handle);
            thread::spawn(move || handle(stream, number));
        }
    });
    port
}

/// Reads up to the empty line that ends a request.
fn request(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    let mut byte = [0];
    while !read.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        read.extend(byte);
    }
    String::from_utf8_lossy(&read).into_owned()
}

fn respond(text: impl AsRef<[u8]> + Send + Sync + 'static) -> u16 {
    serve(move |mut stream, _| {
        request(&mut stream);
        let _ = stream.write_all(text.as_ref());
    })
}

/// Holds the connection and says nothing until the other side hangs up.
fn silence() -> u16 {
    serve(|mut stream, _| drop(stream.read_to_end(&mut Vec::new())))
}

/// A port on which nobody listens. It was free a moment ago and is not given out again soon.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn http(port: u16, expect: Option<u16>, body: Option<&str>) -> Ask {
    Ask::Http { url: format!("http://127.0.0.1:{port}/health?x=1"), expect, body: body.map(str::to_owned), roots: None }
}

fn tcp(port: u16, talk: Option<(&str, &str)>) -> Ask {
    Ask::Tcp { address: format!("127.0.0.1:{port}"), talk: talk.map(words) }
}

fn words((send, expect): (&str, &str)) -> Talk {
    Talk { send: send.to_owned(), expect: expect.to_owned() }
}

fn exec(command: &str) -> Ask {
    Ask::Exec { command: command.to_owned() }
}

#[test]
fn http_answers_are_judged_by_status_and_body() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nxxheal\r\n5\r\nthyyy\r\n0\r\n\r\n";
    let ok = "HTTP/1.0 200 OK\r\n\r\nall is healthy";
    for (response, expect, body, expected) in [
        (ok, None, None, ("right", "")),
        (ok, Some(200), Some("healthy"), ("right", "")),
        (chunked, Some(200), Some("healthy"), ("right", "")),
        (ok, None, Some("sick"), ("wrong", "status 200 OK, but the body does not hold `sick`")),
        ("HTTP/1.1 404 Not Found\r\n\r\n", None, None, ("right", "")),
        ("HTTP/1.1 404 Not Found\r\n\r\n", Some(200), None, ("wrong", "status 404 Not Found")),
        ("HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\n\r\n", Some(302), None, ("right", "")),
        ("HTTP/1.1 503 Service Unavailable\r\n\r\n", None, None, ("wrong", "status 503 Service Unavailable")),
        ("SSH-2.0-OpenSSH_9.2p1\r\n", None, None, ("wrong", "not an answer over HTTP: ")),
        ("", None, None, ("wrong", "not an answer over HTTP: ")),
        ("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nbroken off", None, Some("whole"), ("wrong", "status 200 OK, but ")),
    ] {
        let told = ask(http(respond(response), expect, body), 5_000);
        assert_eq!(told.answer.kind(), expected.0, "{response:?}: {told:?}");
        assert!(told.answer.text().starts_with(expected.1), "{response:?}: {told:?}");
        assert_eq!(told.times, if expected.0 == "right" { 1 } else { 3 }, "what is not right is confirmed");
    }
}

#[test]
fn redirects_are_followed_where_they_are_not_the_answer_and_a_circle_is_named() {
    let port = serve(|mut stream, _| {
        let path = request(&mut stream).split_whitespace().nth(1).unwrap_or_default().to_owned();
        let to = match path.as_str() {
            "/a" => "/b?c",
            "/b?c" => "d#e",
            "/ring" => "/ring2",
            "/ring2" => "/ring",
            "/bad" => "ftp://192.0.2.1/",
            "/odd" => "http://[",
            far if far.starts_with("/far") => &format!("{far}x"),
            _ => return drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine")),
        };
        let _ = stream.write_all(format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").as_bytes());
    });
    let at = |path: &str, expect, body: Option<&str>| {
        let url = format!("http://127.0.0.1:{port}{path}");
        ask(Ask::Http { url, expect, body: body.map(str::to_owned), roots: None }, 5_000).answer
    };
    for (path, expect, body, expected) in [
        ("/a", Some(200), None, "right: "),
        ("/a", None, Some("fine"), "right: "),
        ("/a", None, None, "right: "),
        ("/a", Some(302), None, "right: "),
        ("/a", Some(404), None, "wrong: status 200 OK"),
        ("/ring", Some(200), None, "wrong: redirected in a circle: http://H/ring → http://H/ring2 → http://H/ring"),
        ("/far", Some(200), None, "wrong: redirected more than 5 times, lastly to http://H/farxxxxxx"),
        (
            "/bad",
            Some(200),
            None,
            "wrong: redirected to where nobody can go: `ftp://192.0.2.1/` is not an address: only http:// and https:// are asked",
        ),
    ] {
        let answer = at(path, expect, body);
        let text = answer.text().replace(&format!("127.0.0.1:{port}"), "H");
        assert_eq!(format!("{}: {text}", answer.kind()), expected, "{path} {expect:?} {body:?}");
    }
    assert!(at("/odd", Some(200), None).text().starts_with("redirected to where nobody can go: "));
}

#[test]
fn the_time_of_each_step_is_told() {
    let Answer::Right { perfdata, .. } = ask(http(respond("HTTP/1.1 200 OK\r\n\r\nx"), None, None), 5_000).answer else {
        panic!("not right")
    };
    let steps: Vec<(&str, f64)> =
        perfdata.iter().map(|p| p.split_once('=').unwrap()).map(|(k, v)| (k, v.trim_end_matches("ms").parse().unwrap())).collect();
    assert_eq!(steps.iter().map(|(k, _)| *k).collect::<Vec<_>>(), ["resolve", "connect", "first", "whole"]);
    let parts: f64 = steps[..3].iter().map(|(_, ms)| ms).sum();
    assert!(parts > 0.0 && parts <= steps[3].1 + 0.01, "{steps:?}");
}

#[test]
fn an_http_question_is_a_proper_one() {
    let (seen, requests) = bounded(1);
    let port = serve(move |mut stream, _| {
        let _ = seen.try_send(request(&mut stream));
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    ask(http(port, None, None), 5_000);
    let request = requests.recv_timeout(DEADLINE).unwrap().to_lowercase();
    assert!(request.starts_with("get /health?x=1 http/1.1\r\n"), "{request}");
    for header in [&format!("host: 127.0.0.1:{port}\r\n"), "user-agent: muster/", "connection: close\r\n"] {
        assert!(request.contains(header), "{request}");
    }
}

#[test]
fn a_silent_http_server_is_told_with_how_far_it_got() {
    let told = ask(http(silence(), None, None), 200);
    assert!(matches!(&told.answer, Answer::Silent { text } if text.starts_with("connected after ")), "{told:?}");
    assert!(told.took >= Length::ms(200) && told.times == 3, "{told:?}");
    let slow_body = serve(|mut stream, _| {
        request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nx");
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let told = ask(http(slow_body, None, Some("y")), 200);
    assert!(matches!(&told.answer, Answer::Silent { text } if text.contains("status 200 after ")), "{told:?}");
    assert_eq!(ask(http(slow_body, None, None), 5_000).answer.kind(), "right", "a body nobody asked for is not waited for");
}

#[test]
fn hostile_http_servers_cost_no_more_than_the_bounds() {
    let endless = |head: &'static str, chunk: Vec<u8>| {
        serve(move |mut stream, _| {
            request(&mut stream);
            let _ = stream.write_all(head.as_bytes());
            while stream.write_all(&chunk).is_ok() {}
        })
    };
    let one_gigabyte = "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n";
    for (server, what, expected) in [
        (endless("HTTP/1.1 200 OK\r\n\r\n", vec![0xff; 65_536]), "an endless body that is not UTF-8", "wrong"),
        (endless(one_gigabyte, vec![b'x'; 65_536]), "a large body", "wrong"),
        (endless("HTTP/1.1 200 OK\r\n", b"X-Long: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n".repeat(100)), "an endless head", "wrong"),
        (endless("", vec![b'A'; 65_536]), "an endless line", "wrong"),
        (endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n".repeat(1000)), "endless chunks", "wrong"),
    ] {
        let told = ask(http(server, None, Some("needle")), 10_000);
        assert_eq!(told.answer.kind(), expected, "{what}: {told:?}");
        assert!(told.took < Length::seconds(5) && told.answer.text().len() < 500, "{what}: {told:?}");
    }
}

#[test]
fn nobody_there_is_refused_and_an_unknown_name_does_not_resolve() {
    for question in [http(closed_port(), None, None), tcp(closed_port(), None)] {
        let told = ask(question, 5_000);
        assert!(matches!(&told.answer, Answer::Refused { text } if text.contains("refused")), "{told:?}");
    }
    // A label of more than 63 letters is no name (RFC 1035 §2.3.4), so that no resolver is asked.
    let told = ask(Ask::Tcp { address: format!("{}:80", "a".repeat(70)), talk: None }, 5_000);
    assert!(matches!(&told.answer, Answer::Unresolved { text } if text.contains("does not resolve")), "{told:?}");
}

#[test]
fn talk_over_tcp_is_held_to_what_is_expected() {
    let redis = || {
        serve(|mut stream, _| {
            let mut heard = [0; 6];
            stream.read_exact(&mut heard).unwrap();
            // In two pieces, as a network may deliver them.
            stream.write_all(b"+PO").unwrap();
            stream.write_all(b"NG\r\n").unwrap();
            let _ = stream.read_to_end(&mut Vec::new());
        })
    };
    let hang_up = || serve(|stream, _| drop(stream));
    for (port, talk, expected) in [
        (silence(), None, "right"),
        (redis(), Some(("PING\r\n", "+PONG")), "right"),
        (redis(), Some(("hex:50494e470d0a", "hex:2b504f4e47")), "right"),
        (redis(), Some(("PING\r\n", "re:^(\\+PONG|-NOAUTH)")), "right"),
        (redis(), Some(("PING\r\n", "-")), "wrong"),
        (respond("greeting"), Some(("x\r\n\r\n", "re:^nothing")), "wrong"),
        (hang_up(), Some(("PING\r\n", "+PONG")), "wrong"),
        (hang_up(), Some(("PING\r\n", "re:")), "right"),
        (silence(), Some(("PING\r\n", "re:")), "silent"),
        (silence(), Some(("PING\r\n", "+PONG")), "silent"),
    ] {
        let told = ask(tcp(port, talk), if expected == "silent" { 200 } else { 5_000 });
        assert_eq!(told.answer.kind(), expected, "{talk:?}: {told:?}");
    }
    let endless = serve(|mut stream, _| while stream.write_all(&[b'z'; 4096]).is_ok() {});
    let told = ask(tcp(endless, Some(("", "re:needle"))), 10_000);
    assert!(matches!(&told.answer, Answer::Wrong { text, .. } if text.len() < 200), "{told:?}");
}

#[test]
fn unix_sockets_answer_refuse_and_fall_silent() {
    let scratch = tempfile::tempdir().unwrap();
    let path = |name: &str| scratch.path().join(name).to_str().unwrap().to_owned();
    let unix = |path: String, talk: Option<(&str, &str)>| Ask::Unix { path, talk: talk.map(words) };

    let listener = UnixListener::bind(path("good")).unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(b"Name: HAProxy\n");
        }
    });
    assert_eq!(ask(unix(path("good"), Some(("show info\n", "Name: "))), 5_000).answer.kind(), "right");
    assert_eq!(ask(unix(path("none"), None), 5_000).answer.kind(), "refused");
    drop(UnixListener::bind(path("left")).unwrap());
    assert_eq!(ask(unix(path("left"), None), 5_000).answer.kind(), "refused");

    // Its owner stands still: the queue of connections fills up, and connect(2) says so at once.
    let _still = UnixListener::bind(path("still")).unwrap();
    let mut waiting = Vec::new();
    let full = loop {
        let stream = rustix::net::socket_with(
            rustix::net::AddressFamily::UNIX,
            rustix::net::SocketType::STREAM,
            rustix::net::SocketFlags::NONBLOCK,
            None,
        )
        .unwrap();
        match rustix::net::connect(&stream, &rustix::net::SocketAddrUnix::new(path("still")).unwrap()) {
            Ok(()) => waiting.push(UnixStream::from(stream)),
            Err(error) => break error,
        }
        assert!(waiting.len() < 10_000, "the queue never fills");
    };
    assert_eq!(full, rustix::io::Errno::AGAIN);
    let told = ask(unix(path("still"), None), 5_000);
    assert!(matches!(&told.answer, Answer::Silent { text } if text.contains("queue")), "{told:?}");
}

#[test]
fn plugins_are_judged_by_their_exit_code() {
    let line = "echo 'TEMP is 21 | temp=21;30;40'; exit";
    for (command, expected, text) in [
        (format!("{line} 0"), "right", "TEMP is 21"),
        (format!("{line} 1"), "warning", "TEMP is 21"),
        (format!("{line} 2"), "wrong", "TEMP is 21"),
        (format!("{line} 3"), "unasked", "TEMP is 21"),
        (format!("{line} 77"), "unasked", "exit code 77: TEMP is 21"),
        ("/nonexistent/plugin".to_owned(), "unasked", "exit code 127: "),
        ("kill -9 $$".to_owned(), "unasked", "ended by signal 9: "),
        ("true".to_owned(), "right", ""),
        ("echo only there >&2; exit 2".to_owned(), "wrong", "only there"),
        ("printf 'a\\377b\\n'".to_owned(), "right", "a\u{fffd}b"),
        ("head -c 3000000 /dev/zero | tr '\\0' x; echo; exit 2".to_owned(), "wrong", "xxx"),
    ] {
        let told = ask(exec(&command), 10_000);
        assert_eq!(told.answer.kind(), expected, "{command}: {told:?}");
        assert!(told.answer.text().starts_with(text) && told.answer.text().len() <= 600, "{command}: {told:?}");
        if let Answer::Right { perfdata, .. } | Answer::Warning { perfdata, .. } | Answer::Wrong { perfdata, .. } = &told.answer
            && command.starts_with(line)
        {
            assert_eq!(perfdata, &["temp=21;30;40"]);
        }
    }
}

/// Waits until the process is gone or dead; it may be a zombie of somebody who does not look after his children.
fn gone(pid: &str) -> bool {
    let (tick, ticks) = bounded::<()>(0);
    for _ in 0..400 {
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok().and_then(|s| s.rsplit_once(") ").map(|(_, s)| s.to_owned()));
        if state.is_none_or(|s| s.starts_with('Z')) {
            return true;
        }
        let _ = ticks.recv_timeout(Duration::from_millis(25));
    }
    drop(tick);
    false
}

#[test]
fn a_plugin_that_does_not_end_is_ended_with_all_its_children() {
    let scratch = tempfile::tempdir().unwrap();
    let pids = scratch.path().join("pids");
    let told = ask(exec(&format!("sleep 1000 & echo $! $$ >> {}; yes", pids.display())), 300);
    assert!(matches!(&told.answer, Answer::Silent { text } if text.contains("did not end within 300ms")), "{told:?}");
    let pids = std::fs::read_to_string(&pids).unwrap();
    assert_eq!(pids.split_whitespace().count(), 6, "three times a child and its shell: {pids}");
    assert!(pids.split_whitespace().all(gone), "{pids}");
}

#[test]
fn a_plugin_that_leaves_a_child_behind_is_done_when_it_ends_itself() {
    let scratch = tempfile::tempdir().unwrap();
    let pid = scratch.path().join("pid");
    // The child holds the output open.
    let told = ask(exec(&format!("sleep 1000 & echo $! > {}; echo fine", pid.display())), 10_000);
    assert!(matches!(&told.answer, Answer::Right { text: Some(text), .. } if text == "fine"), "{told:?}");
    assert!(told.took < Length::seconds(5) && gone(std::fs::read_to_string(&pid).unwrap().trim()), "{told:?}");
}

#[test]
fn a_plugin_is_ended_when_nobody_wants_its_answer_any_more() {
    let scratch = tempfile::tempdir().unwrap();
    let pid = scratch.path().join("pid");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pid, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
    let (sink, _observations) = bounded(16);
    let prober = Prober::start(sink).unwrap();
    let ask = exec(&format!("echo $$ > {}; sleep 1000", pid.display()));
    let probe = Probe::new(ask, Length::seconds(600), Length::seconds(600));
    let service = vec![("a".into(), vec![probe])];
    prober.set(service.clone());
    let running = std::fs::read_to_string(&pid).unwrap();
    prober.set(Vec::new());
    assert!(gone(running.trim()), "{running}");
    prober.set(service);
    let running = std::fs::read_to_string(&pid).unwrap();
    drop(prober);
    assert!(gone(running.trim()), "{running}");
}

#[test]
fn only_a_change_of_the_kind_of_answer_is_told_and_a_single_slip_is_not() {
    let broken = Arc::new(AtomicBool::new(false));
    let asked = Arc::new(AtomicUsize::new(0));
    let (mode, count) = (Arc::clone(&broken), Arc::clone(&asked));
    let port = serve(move |mut stream, number| {
        request(&mut stream);
        count.fetch_add(1, Ordering::SeqCst);
        // The second question meets a slip, the third is answered well again; from the sixth on it is broken for good.
        let ill = number == 1 || (number >= 5 && mode.load(Ordering::SeqCst));
        let status = if ill { "500 Oh" } else { "200 OK" };
        let _ = stream.write_all(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").as_bytes());
    });
    broken.store(true, Ordering::SeqCst);
    let (sink, observations) = bounded(16);
    let prober = Prober::start(sink).unwrap();
    let probe = Probe::new(http(port, None, None), Length::ms(100), Length::ms(100));
    let before = clock::now().0;
    prober.set(vec![("a".into(), vec![probe])]);
    let first = told(&observations);
    assert_eq!((first.answer.kind(), first.times), ("right", 1), "{first:?}");
    let second = told(&observations);
    assert_eq!((second.answer.kind(), second.times), ("wrong", 3), "{second:?}");
    assert!(asked.load(Ordering::SeqCst) >= 8, "the slip was not told");
    assert!(before < first.at && first.at < second.at && second.at < clock::now().0);
    assert_eq!(prober.last(&"a".into()).len(), 1);
    broken.store(false, Ordering::SeqCst);
    assert_eq!(told(&observations).answer.kind(), "right");
}

#[test]
fn a_probe_that_is_right_and_wrong_in_turn_is_told_once_and_well_only_when_steady() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let port = serve(move |mut stream, number| {
        request(&mut stream);
        count.fetch_add(1, Ordering::SeqCst);
        // Three wrong answers, which confirm each other, and a right one, again and again; from the 41st on all is well.
        let status = if number % 4 == 3 || number >= 40 { "200 OK" } else { "500 Oh" };
        let _ = stream.write_all(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").as_bytes());
    });
    let (sink, observations) = bounded(16);
    let prober = Prober::start(sink).unwrap();
    prober.set(vec![("a".into(), vec![Probe::new(http(port, None, None), Length::ms(100), Length::ms(100))])]);
    let turns: Vec<Told> = (0..7).map(|_| told(&observations)).collect();
    let kinds: Vec<&str> = turns.iter().map(|t| t.answer.kind()).collect();
    assert_eq!(kinds, ["wrong", "right", "wrong", "right", "wrong", "wrong", "right"], "{turns:?}");
    let flaps = turns[5].answer.text();
    assert_eq!(flaps, "right and wrong in turn, 5 changes in 6 answers; lastly: status 500 Internal Server Error");
    assert!(asked.load(Ordering::SeqCst) >= 49, "it was steady for ten answers");
}

#[test]
fn one_host_is_asked_so_many_questions_at_once_and_no_more() {
    const MORE: usize = 40;
    let (sink, observations) = bounded(1024);
    let (arrived, arrivals) = bounded(1024);
    let (release, released) = bounded::<()>(0);
    let port = serve(move |mut stream, _| {
        let _ = arrived.send(());
        request(&mut stream);
        let _ = released.recv();
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    let prober = Prober::start(sink).unwrap();
    let probe = Probe::new(http(port, None, None), Length::seconds(600), Length::seconds(600));
    let all = ASKS_OF_A_HOST_MAX + MORE;
    prober.set((0..all).map(|n| (format!("s{n}").into(), vec![probe.clone()])).collect());
    for _ in 0..ASKS_OF_A_HOST_MAX {
        arrivals.recv_timeout(DEADLINE).unwrap();
    }
    // All are due within a second of the start; those that wait for room would have come by now.
    assert!(arrivals.recv_timeout(Duration::from_millis(1500)).is_err(), "one more than the bound");
    drop(release);
    for _ in 0..all {
        assert!(told(&observations).answer.is_right());
    }
    let late = prober.lateness();
    assert!(late.asked >= all as u64, "{late:?}");
    assert!(late.max >= Length::ms(500) && late.p50 < late.max, "{late:?}: those that waited for room were late");
}

#[test]
fn a_slow_target_delays_nobody() {
    let (slow, quick) = (silence(), respond("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    let (sink, observations) = bounded(256);
    let prober = Prober::start(sink).unwrap();
    let probe = |port| Probe::new(http(port, None, None), Length::seconds(60), Length::seconds(60));
    let named = |prefix: &str, port: u16, n: usize| -> Vec<(ServiceName, Vec<Probe>)> {
        (0..n).map(|i| (format!("{prefix}{i}").into(), vec![probe(port)])).collect()
    };
    prober.set([named("slow", slow, 50), named("quick", quick, 50)].concat());
    for _ in 0..50 {
        let told = told(&observations);
        assert!(told.service.starts_with("quick") && told.answer.is_right(), "{told:?}");
    }
}

#[test]
fn a_probe_that_stays_is_not_disturbed_by_a_new_roster() {
    let port = respond("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let (sink, observations) = bounded(16);
    let prober = Prober::start(sink).unwrap();
    let probe = |path: &str| {
        let ask = Ask::Http { url: format!("http://127.0.0.1:{port}/{path}"), expect: None, body: None, roots: None };
        Probe::new(ask, Length::ms(100), Length::ms(100))
    };
    prober.set(vec![("stays".into(), vec![probe("1")]), ("goes".into(), vec![probe("1")])]);
    let mut first = [told(&observations).service, told(&observations).service];
    first.sort();
    assert_eq!(first, ["goes", "stays"]);
    prober.set(vec![("stays".into(), vec![probe("1"), probe("2")]), ("comes".into(), vec![probe("1")])]);
    let mut next = [told(&observations).service, told(&observations).service];
    next.sort();
    assert_eq!(next, ["comes", "stays"], "the first probe of `stays` has nothing new to tell");
    assert_eq!((prober.last(&"stays".into()).len(), prober.last(&"goes".into()).len()), (2, 0));
    assert!(matches!(prober.last(&"comes".into()).as_slice(), [Some((Answer::Right { .. }, _))]));
}

#[test]
fn whoever_waits_for_a_service_to_come_back_hears_of_it_at_once() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("socket");
    let (sink, observations) = bounded(16);
    let prober = Prober::start(sink).unwrap();
    let ask = Ask::Unix { path: path.to_str().unwrap().to_owned(), talk: None };
    prober.set(vec![("a".into(), vec![Probe::new(ask, Length::seconds(3_600), Length::seconds(1))])]);
    assert_eq!(told(&observations).answer.kind(), "refused");
    prober.ask_now(&"a".into());
    // It comes up some time after the poke.
    let _listener = UnixListener::bind(&path).unwrap();
    let told = told(&observations);
    assert_eq!((told.answer.kind(), told.times), ("right", 1));
}

#[test]
fn what_the_sink_has_no_room_for_is_told_again() {
    let port = silence();
    let (sink, observations) = bounded(1);
    let prober = Prober::start(sink).unwrap();
    let probe = Probe::new(tcp(port, None), Length::ms(100), Length::ms(100));
    prober.set(vec![("a".into(), vec![probe.clone()]), ("b".into(), vec![probe])]);
    let mut both = [told(&observations).service, told(&observations).service];
    both.sort();
    assert_eq!(both, ["a", "b"]);
}

#[test]
fn a_question_that_can_never_be_put_says_why() {
    for question in [
        Ask::Http { url: "ftp://x/".to_owned(), expect: None, body: None, roots: None },
        Ask::Tcp { address: "127.0.0.1:1".to_owned(), talk: Some(words(("", "re:("))) },
        Ask::Tcp { address: "127.0.0.1:1".to_owned(), talk: Some(words(("hex:xyz", "a"))) },
        Ask::Unix { path: "x".repeat(500), talk: None },
    ] {
        let told = ask(question, 1_000);
        assert!(matches!(&told.answer, Answer::Unasked { text } | Answer::Refused { text } if !text.is_empty()), "{told:?}");
    }
}
