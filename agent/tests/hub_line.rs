//! What a hub in strangers' hands can get from its agent: nothing beyond its typed questions, and nothing done without a token.
//!
//! The agent is given a program as its hub that says, one life after the other, whatever it is told to say.
#![allow(clippy::unwrap_used, clippy::panic)] // a test ends with what went wrong

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use muster_agent::{Options, Standing, socket_path, up};
use muster_model::request::{EventQuery, Reply, Request};
use muster_model::user::{Admission, Right};
use serde_json::{Value, json};

/// Asks at `report.sock` what to say in this life, says it, and reports what came back.
const STRANGER: &str = r#"#!/usr/bin/python3
import json, os, socket
here = os.path.dirname(os.path.abspath(__file__))
line = socket.socket(fileno=0)
line.settimeout(10)
reader = line.makefile("rb")
reader.readline()
rung = {"of": "hub", "source": "none", "rung": 4, "why": "a test"}
line.sendall(json.dumps({"addresses": ["http://stranger"], "rung": rung, "trouble": None}).encode() + b"\n")
report = socket.socket(socket.AF_UNIX)
report.connect(f"{here}/report.sock")
says = report.makefile("r").readline()
if says:
    says = json.loads(says)
    wanted = {json.loads(say)["id"] for say in says.split("\n")}
    heard = []
    try:
        line.sendall(says.encode() + b"\n")
        while wanted:
            answer = reader.readline()
            if not answer:
                break
            heard.append(answer.decode())
            wanted.discard(json.loads(answer)["id"])
    except OSError:
        pass
    report.sendall(json.dumps({"heard": heard, "hung_up": bool(wanted)}).encode() + b"\n")
else:
    reader.readline()
"#;

fn ask(socket: &Path, request: &Request) -> Reply {
    let stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    (&stream).write_all((serde_json::to_string(request).unwrap() + "\n").as_bytes()).unwrap();
    let mut answer = String::new();
    BufReader::new(&stream).read_line(&mut answer).unwrap();
    serde_json::from_str(&answer).unwrap_or_else(|e| panic!("{e}: {answer}"))
}

/// What a life came to.
#[derive(Debug, serde::Deserialize)]
struct Life {
    heard: Vec<String>,
    hung_up: bool,
}

/// Tells one life after the other what to say, and passes on what it came to.
fn director(folder: &Path, lives: Vec<String>) -> std::sync::mpsc::Receiver<Life> {
    let listener = UnixListener::bind(folder.join("report.sock")).unwrap();
    let (sender, came) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for say in lives {
            let (stream, _) = listener.accept().unwrap();
            (&stream).write_all((serde_json::to_string(&say).unwrap() + "\n").as_bytes()).unwrap();
            let mut report = String::new();
            BufReader::new(&stream).read_line(&mut report).unwrap();
            sender.send(serde_json::from_str(&report).unwrap()).unwrap();
        }
        // Those that come later have nothing to say.
        while listener.accept().is_ok() {}
    });
    came
}

#[test]
fn a_stranger_in_the_hubs_place_is_understood_as_far_as_a_hub_may_ask_and_no_farther() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let (config, data, hub) = (here.join("muster.toml"), here.join("data"), here.join("stranger"));
    std::fs::write(&config, "[[service]]\nname = \"victim\"\nrun = \"/bin/sleep 100000\"\n").unwrap();
    std::fs::write(&hub, STRANGER).unwrap();
    std::fs::set_permissions(&hub, std::fs::Permissions::from_mode(0o755)).unwrap();
    if !Path::new("/usr/bin/python3").exists() {
        println!("skipped: no /usr/bin/python3");
        return;
    }
    // First without a hub worth the name, to have tokens made; then with the stranger.
    let start = |hub: &str| {
        let (sender, ready) = std::sync::mpsc::channel();
        let options = Options {
            config: Some(config.clone()),
            usual: config.clone(),
            data: data.clone(),
            hub: Some(PathBuf::from(hub)),
            announce: Box::new(move |standing: &Standing| drop(sender.send(standing.clone()))),
        };
        let agent = std::thread::spawn(move || up(options).map_err(|e| e.to_string()));
        (agent, ready.recv_timeout(Duration::from_secs(60)).unwrap())
    };
    let socket = socket_path(&data);
    let (agent, standing) = start("/bin/false");
    assert!(standing.addresses.is_empty(), "{standing:?}");
    let token = |user: &str, right| match ask(&socket, &Request::Admit(Admission { user: user.to_owned(), right, length: None })) {
        Reply::Token(token) => token,
        other => panic!("{other:?}"),
    };
    let (screen, ann) = (token("screen", Right::Read), token("ann", Right::Act));
    assert_eq!(ask(&socket, &Request::Down { services: false }), Reply::Taken);
    agent.join().unwrap().unwrap();

    let asked = |id: u64, ask: Value| json!({"id": id, "ask": ask}).to_string();
    let tell =
        |id, token: &str, command: &Value| asked(id, json!({"ask": "tell", "token": token, "via": "a\u{7}test", "command": command}));
    let pause = json!({"command": "pause", "service": "victim", "length": "1m", "reason": "x"});
    let admit = json!({"command": "admit", "user": "eve", "right": "act", "until": null});
    let restore = json!({"command": "restore", "path": "/etc/passwd", "version": "00"});
    let mut lives: Vec<(String, Vec<(u64, &str)>)> = vec![
        // A word without a right to it, and one with.
        (
            [
                tell(1, "muster_guess", &pause),
                tell(2, "", &pause),
                tell(3, &screen, &pause),
                tell(4, &ann, &admit),
                tell(5, &ann, &restore),
                asked(6, json!({"ask": "diff", "change": "c1", "token": "muster_guess"})),
                tell(7, &ann, &pause),
            ]
            .join("\n"),
            vec![(1, "unknown"), (2, "unknown"), (3, "forbidden"), (4, "forbidden"), (5, "forbidden"), (6, "unknown"), (7, "taken")],
        ),
        // More at once than a hub needs: some are told to come again, and all are answered.
        ((1..=100).map(|id| asked(id, json!({"ask": "status"}))).collect::<Vec<_>>().join("\n"), (1..=100).map(|id| (id, "")).collect()),
        ((1..=12).map(|id| asked(id, json!({"ask": "events", "follow": true}))).collect::<Vec<_>>().join("\n"), vec![(12, "refused-busy")]),
    ];
    // What anybody at the socket may ask is not a hub's to ask, and what is not understood ends the line.
    for ask in [
        json!({"ask": "down", "services": true}),
        json!({"ask": "restore", "path": "/etc/passwd", "to": "good"}),
        json!({"ask": "admit", "user": "eve", "right": "act", "length": null}),
        json!({"ask": "users"}),
        json!("x".repeat(300 << 10)),
    ] {
        lives.push((asked(1, ask), Vec::new()));
    }
    let came = director(here, lives.iter().map(|(say, _)| say.clone()).collect());
    let (agent, standing) = start(hub.to_str().unwrap());
    assert_eq!(standing.addresses, ["http://stranger"]);
    for (say, answers) in &lives {
        let life = came.recv_timeout(Duration::from_secs(60)).unwrap();
        assert_eq!(life.hung_up, answers.is_empty(), "{say:.200}: {life:?}");
        for (id, answer) in answers {
            let of = format!("{{\"id\":{id},");
            assert!(life.heard.iter().any(|line| line.starts_with(&of) && line.contains(answer)), "{id}: {answer} is not in {life:?}");
        }
    }
    // Nothing came of it but the one word that somebody had the right to.
    let told = ask(&socket, &Request::Events(EventQuery { kind: Some("told".to_owned()), ..EventQuery::default() }));
    let Reply::Events(told) = told else { panic!("{told:?}") };
    let kinds: Vec<&str> = told.iter().map(|record| record.kind.as_str()).collect();
    assert_eq!(kinds, ["told.admit", "told.admit", "told.pause"]);
    assert_eq!(told[2].body["by"]["user"], "ann", "{:?}", told[2]);
    assert_eq!(told[2].body["by"]["command"], "a test", "what cannot be printed is not on record");
    let Reply::Users(users) = ask(&socket, &Request::Users) else { panic!() };
    assert_eq!(users.iter().map(|user| user.user.as_str()).collect::<Vec<_>>(), ["ann", "screen"]);
    let Reply::Status(status) = ask(&socket, &Request::Status) else { panic!() };
    assert_eq!(status.services[0].pids.len(), 1, "{status:?}");

    assert_eq!(ask(&socket, &Request::Down { services: true }), Reply::Taken);
    agent.join().unwrap().unwrap();
}
