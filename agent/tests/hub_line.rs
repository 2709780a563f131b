//! What a hub in strangers' hands can get from its agent: nothing beyond its typed questions, and nothing done without a token.
//!
//! The agent is given a program as its hub that says, one life after the other, whatever it is told to say.
#![allow(clippy::unwrap_used, clippy::panic)] // a test ends with what went wrong

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use muster_agent::{Options, Standing, socket_path, up};
use muster_model::request::{EventQuery, Reply, Request};
use muster_model::user::{Admission, Right};
use serde_json::{Value, json};

/// Says in each life the next of the lines in `say`, and writes what came back to `heard`.
const STRANGER: &str = r#"#!/usr/bin/python3
import json, os, socket
here = os.path.dirname(os.path.abspath(__file__))
line = socket.socket(fileno=0)
line.settimeout(10)
reader = line.makefile("rb")
reader.readline()
rung = {"of": "hub", "source": "none", "rung": 4, "why": "a test"}
line.sendall(json.dumps({"addresses": ["http://stranger"], "rung": rung, "trouble": None}).encode() + b"\n")
life = 0
while os.path.exists(f"{here}/heard.{life}"):
    life += 1
says = open(f"{here}/say").read().split("\n---\n")
if life < len(says):
    wanted = says[life].count("\n") + 1
    heard = []
    try:
        line.sendall(says[life].encode() + b"\n")
        while len(heard) < wanted:
            answer = reader.readline()
            if not answer:
                heard.append(b"HUNG UP\n")
                break
            heard.append(answer)
    except OSError:
        heard.append(b"HUNG UP\n")
    with open(f"{here}/heard.new", "wb") as file:
        file.write(b"".join(heard))
    os.rename(f"{here}/heard.new", f"{here}/heard.{life}")
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

/// What came back in a life.
fn heard(folder: &Path, life: usize) -> Vec<String> {
    let file = folder.join(format!("heard.{life}"));
    for _ in 0..600 {
        if let Ok(text) = std::fs::read_to_string(&file) {
            return text.lines().map(str::to_owned).collect();
        }
        std::thread::sleep(Duration::from_millis(100)); // another process writes it
    }
    panic!("life {life} never came to its end");
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
    let lives = |hub: &str| {
        let (sender, ready) = std::sync::mpsc::channel();
        let options = Options {
            config: Some(config.clone()),
            data: data.clone(),
            hub: Some(PathBuf::from(hub)),
            announce: Box::new(move |standing: &Standing| drop(sender.send(standing.clone()))),
        };
        let agent = std::thread::spawn(move || up(options).map_err(|e| e.to_string()));
        (agent, ready.recv_timeout(Duration::from_secs(60)).unwrap())
    };
    let socket = socket_path(&data);
    let (agent, standing) = lives("/bin/false");
    assert!(standing.addresses.is_empty(), "{standing:?}");
    let token = |user: &str, right| match ask(&socket, &Request::Admit(Admission { user: user.to_owned(), right, length: None })) {
        Reply::Token(token) => token,
        other => panic!("{other:?}"),
    };
    let (screen, ann) = (token("screen", Right::Read), token("ann", Right::Act));
    assert_eq!(ask(&socket, &Request::Down { services: false }), Reply::Taken);
    agent.join().unwrap().unwrap();

    let asked = |ask: Value| json!({"id": 1, "ask": ask}).to_string();
    let tell = |token: &str, command: Value| asked(json!({"ask": "tell", "token": token, "via": "a\u{7}test", "command": command}));
    let recover = json!({"command": "pause", "service": "victim", "length": "1m", "reason": "x"});
    let admit = json!({"command": "admit", "user": "eve", "right": "act", "until": null});
    let restore = json!({"command": "restore", "path": "/etc/passwd", "version": "00"});
    let hung_up = ["HUNG UP"];
    let said: Vec<(String, &[&str])> = vec![
        // What anybody at the socket may ask is not a hub's to ask.
        (asked(json!({"ask": "down", "services": true})), &hung_up),
        (asked(json!({"ask": "restore", "path": "/etc/passwd", "to": "good"})), &hung_up),
        (asked(json!({"ask": "admit", "user": "eve", "right": "act", "length": null})), &hung_up),
        (asked(json!({"ask": "users"})), &hung_up),
        (asked(json!({"ask": "verify"})), &hung_up),
        ("what?".to_owned(), &hung_up),
        (format!("{{\"id\": 1, \"ask\": \"{}\"}}", "x".repeat(300 << 10)), &hung_up),
        // A word without a right to it.
        (tell("muster_guess", recover.clone()), &["\"unknown\""]),
        (tell("", recover.clone()), &["\"unknown\""]),
        (tell(&screen, recover.clone()), &["\"forbidden\""]),
        (tell(&ann, admit), &["\"forbidden\""]),
        (tell(&ann, restore), &["\"forbidden\""]),
        (asked(json!({"ask": "diff", "change": "c1", "token": "muster_guess"})), &["\"unknown\""]),
        // And with one.
        (tell(&ann, recover), &["taken"]),
        // More at once than a hub needs.
        (vec![asked(json!({"ask": "status"})); 100].join("\n"), &["status"]),
        (
            (0..12).map(|id| json!({"id": id, "ask": {"ask": "events", "follow": true}}).to_string()).collect::<Vec<_>>().join("\n"),
            &["refused-busy"],
        ),
    ];
    std::fs::write(here.join("say"), said.iter().map(|(say, _)| say.as_str()).collect::<Vec<_>>().join("\n---\n")).unwrap();
    let (agent, standing) = lives(hub.to_str().unwrap());
    assert_eq!(standing.addresses, ["http://stranger"]);
    for (life, (say, answers)) in said.iter().enumerate() {
        let heard = heard(here, life);
        for answer in *answers {
            assert!(heard.iter().any(|line| line.contains(answer)), "{say:.200}\n{answer} is not in {heard:?}");
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
