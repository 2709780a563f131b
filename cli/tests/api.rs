//! The API of a Muster that runs, as programs ask it and as strangers try it.
#![allow(clippy::unwrap_used, clippy::panic)] // a test ends with what went wrong

mod support;

use serde_json::{Value, json};

use support::http::{Site, event, get_by_socket};
use support::{Muster, pid, text};

const ROSTER: &str = "[muster]\nlisten = \"127.0.0.1:0\"\n[[service]]\nname = \"victim\"\nrun = \"/bin/sleep 100000\"\n";

fn site(muster: &Muster) -> Site {
    let url = muster.until(|| {
        let status = muster.json(&["status"]);
        status["addresses"][0].as_str().map(str::to_owned).ok_or_else(|| status.to_string())
    });
    Site::at(&url)
}

fn token(muster: &Muster, name: &str, may: &str) -> String {
    muster.json(&["user", "add", name, "--may", may])["token"].as_str().unwrap().to_owned()
}

/// The routes of the document, with names and ids filled in.
fn routes(site: &Site) -> Vec<(String, String, bool)> {
    let document = site.get("/api/v1/openapi.json", &[]).json();
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let path = path.replace("{name}", "victim").replace("{id}", "i999");
            routes.push((method.to_uppercase(), path, operation["security"].is_array()));
        }
    }
    routes
}

/// A body that every route that takes one would take.
fn body(path: &str) -> Value {
    match path.rsplit('/').next().unwrap() {
        "pause" => json!({"for": "1m", "reason": "a test"}),
        "notes" => json!({"text": "a note"}),
        "assign" => json!({"to": "ann"}),
        _ => json!({}),
    }
}

#[test]
fn whatever_acts_or_shows_files_is_refused_without_a_right() {
    let muster = Muster::up(ROSTER);
    let site = site(&muster);
    let (reader, actor) = (token(&muster, "screen", "read"), token(&muster, "ann", "act"));
    let routes = routes(&site);
    assert!(routes.len() >= 20, "{routes:?}");
    for (method, path, needs_a_token) in &routes {
        if path.ends_with("/stream") {
            continue;
        }
        let ask = |token: Option<&str>| match method.as_str() {
            "GET" => {
                let bearer = format!("Bearer {}", token.unwrap_or_default());
                let headers = [("Authorization", bearer.as_str())];
                site.get(path, if token.is_some() { &headers } else { &[] })
            }
            _ => site.post(path, token, &body(path)),
        };
        let nobody = ask(None);
        if !needs_a_token {
            assert_ne!(nobody.status / 100, 5, "{method} {path}: {}", nobody.text());
            assert!(!matches!(nobody.status, 401 | 403), "{method} {path} is for all to read");
            continue;
        }
        for (who, answer) in [("nobody", nobody), ("a stranger", ask(Some("muster_stranger")))] {
            assert_eq!(answer.status, 401, "{who}: {method} {path}: {}", answer.text());
            assert_eq!(answer.header("content-type").as_deref(), Some("application/problem+json"));
            assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer"));
            assert_eq!(answer.json()["status"], 401);
        }
        let read = ask(Some(&reader));
        if method == "POST" {
            assert_eq!(read.status, 403, "one who may read: {method} {path}: {}", read.text());
            assert_eq!(read.json()["code"], "problem-forbidden");
        } else {
            assert!(matches!(read.status, 200 | 404), "{method} {path}: {}", read.text());
        }
        let may = ask(Some(&actor));
        assert!(matches!(may.status, 200 | 404 | 409), "one who may act: {method} {path}: {} {}", may.status, may.text());
    }
    // What was done is on record under the name of the one who did it, and by which way.
    let told = muster.json(&["events", "--kind", "told.pause"]);
    let by = &told["events"][0]["body"]["by"];
    assert_eq!(by["user"], "ann", "{told}");
    assert!(by["command"].as_str().unwrap().contains("POST /api/v1/"), "{told}");
    // A token that was taken back is nobody's.
    assert_eq!(muster.json(&["user", "remove", "ann"])["done"], true);
    assert_eq!(site.post("/api/v1/resume", Some(&actor), &json!({})).status, 401);
    assert!(!text(&muster.ask(&["ledger", "export"])).contains(&actor), "the token is on record");
}

#[test]
fn where_reading_needs_a_token_nothing_is_read_without_one() {
    let muster = Muster::up(&ROSTER.replace("[muster]", "[muster]\nread = \"token\""));
    let site = site(&muster);
    let reader = format!("Bearer {}", token(&muster, "screen", "read"));
    let headers = [("Authorization", reader.as_str())];
    let data = muster.folder.path().join("data");
    for path in ["/", "/metrics", "/api/v1/status", "/api/v1/events", "/api/v1/events/stream", "/api/v1/openapi.json", "/nowhere"] {
        assert_eq!(site.get(path, &[]).status, 401, "{path}");
    }
    for path in ["/metrics", "/api/v1/status", "/api/v1/openapi.json"] {
        assert_eq!(site.get(path, &headers).status, 200, "{path}");
        assert_eq!(get_by_socket(&data.join("muster.sock"), path).status, 200, "{path}, for whoever runs Muster");
    }
    for path in ["/healthz", "/readyz"] {
        assert_eq!(site.get(path, &[]).status, 200, "{path}");
    }
}

#[test]
fn what_strangers_pages_send_and_what_makes_no_sense_is_refused_and_says_why() {
    let muster = Muster::up(ROSTER);
    let site = site(&muster);
    let actor = token(&muster, "ann", "act");
    let bearer = format!("Bearer {actor}");
    let code = |answer: &support::http::Answer| answer.json()["code"].as_str().unwrap().to_owned();

    let rebound = site.get("/api/v1/status", &[("Host", "evil.example")]);
    assert_eq!((rebound.status, code(&rebound)), (421, "problem-host".to_owned()));
    let headers = [("Authorization", bearer.as_str()), ("Sec-Fetch-Site", "cross-site"), ("Content-Type", "application/json")];
    let foreign = site.ask("POST", "/api/v1/resume", &headers, Some(b"{}"));
    assert_eq!((foreign.status, code(&foreign)), (403, "problem-cross-site".to_owned()));

    let pause = "/api/v1/services/victim/pause";
    let json = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let plain = [("Authorization", bearer.as_str()), ("Content-Type", "text/plain")];
    let large = format!("{{\"for\": \"1m\", \"reason\": \"{}\"}}", "x".repeat(70_000));
    for (headers, body, status, says) in [
        (&plain, "{}", 415, "application/json"),
        (&json, large.as_str(), 413, "64 KiB"),
        (&json, "{", 400, "line 1"),
        (&json, "{\"for\": \"1m\"}", 400, "reason"),
        (&json, "{\"for\": \"1m\", \"reason\": \" \"}", 400, "reason"),
        (&json, "{\"for\": \"soon\", \"reason\": \"x\"}", 400, "for"),
        (&json, "{\"for\": \"0s\", \"reason\": \"x\"}", 400, "for"),
        (&json, "{\"for\": \"1m\", \"reason\": \"x\", \"until\": 3}", 400, "until"),
    ] {
        let answer = site.ask("POST", pause, headers, Some(body.as_bytes()));
        assert_eq!(answer.status, status, "{body:.80}: {}", answer.text());
        assert!(answer.json()["detail"].as_str().unwrap().contains(says), "{body:.80}: {}", answer.text());
    }
    for (path, status) in [
        ("/api/v1/events?limit=0", 400),
        ("/api/v1/events?limit=1001", 400),
        ("/api/v1/events?limti=5", 400),
        ("/api/v1/events?since=yesterday", 400),
        ("/api/v1/events?cursor=x", 400),
        ("/api/v1/incidents?open=perhaps", 400),
        ("/api/v1/services/nobody", 404),
        ("/api/v1/services/nobody/plan", 404),
        ("/api/v1/incidents/i999999", 404),
        ("/api/v1/nowhere", 404),
        ("/api/v1/services/%ff", 400),
    ] {
        let answer = site.get(path, &[]);
        assert_eq!((answer.status, answer.header("content-type").unwrap().as_str()), (status, "application/problem+json"), "{path}");
        assert!(!answer.json()["detail"].as_str().unwrap().is_empty());
    }
    let wrong = site.ask("DELETE", "/api/v1/status", &[], None);
    assert_eq!((wrong.status, code(&wrong)), (405, "problem-method".to_owned()));
    // In the language of whoever asks.
    let chinese = site.get("/api/v1/nowhere", &[("Accept-Language", "zh-CN")]).json();
    assert!(chinese["detail"].as_str().unwrap().contains("没有内容"), "{chinese}");
}

#[test]
fn a_list_is_read_page_by_page_and_a_stream_goes_on_where_it_was() {
    let muster = Muster::up(ROSTER);
    let site = site(&muster);
    let first = muster.until(|| pid(&muster, "victim"));
    let mut stream = site.stream("/api/v1/events/stream?kind=incident.opened", &[]);
    assert!(std::process::Command::new("/bin/kill").args(["-9", &first.to_string()]).status().unwrap().success());
    let (id, kind, data) = event(&mut stream);
    let opened: Value = serde_json::from_str(&data).unwrap();
    assert_eq!((kind.as_str(), &opened["subject"]), ("incident.opened", &json!("victim")), "{opened}");
    assert_eq!(opened["seq"].to_string(), id);

    // Cut off, and on from there: nothing twice, nothing left out.
    let seq: u64 = id.parse().unwrap();
    let mut resumed = site.stream("/api/v1/events/stream", &[("Last-Event-ID", &id)]);
    let next: Vec<u64> = (0..3).map(|_| event(&mut resumed).0.parse().unwrap()).collect();
    assert_eq!(next, [seq + 1, seq + 2, seq + 3]);

    let incident = muster.until(|| {
        let why = muster.json(&["why", "victim"]);
        if why["recovered_at"].is_string() { Ok(why) } else { Err(why.to_string()) }
    });
    let of_api = site.get(&format!("/api/v1/incidents/{}", incident["id"].as_str().unwrap()), &[]).json();
    assert_eq!(of_api, incident, "the API and the terminal show the same");

    let all = muster.json(&["events", "--limit", "100000"]);
    let all: Vec<u64> = all["events"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()).collect();
    let newest = *all.last().unwrap();
    let (mut paged, mut cursor): (Vec<u64>, Option<String>) = (Vec::new(), None);
    loop {
        let at = cursor.as_deref().map_or_else(String::new, |cursor| format!("&cursor={cursor}"));
        let page = site.get(&format!("/api/v1/events?limit=7{at}"), &[]).json();
        let seqs: Vec<u64> = page["events"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()).collect();
        assert!(seqs.len() <= 7 && seqs.is_sorted(), "{seqs:?}");
        paged.splice(0..0, seqs);
        match page["next"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    paged.retain(|seq| *seq <= newest);
    assert_eq!(paged, all);
    let incidents = site.get("/api/v1/incidents?limit=1&service=victim", &[]).json();
    assert_eq!((incidents["incidents"].as_array().unwrap().len(), incidents["next"].is_null()), (1, true), "{incidents}");
}

#[test]
fn the_hub_can_be_killed_and_whatever_it_was_asked_goes_on_without_it() {
    let mut muster = Muster::up(ROSTER);
    let first_site = site(&muster);
    let agent = muster.child.id();
    let hub = || -> Vec<i32> {
        let of_hub = |pid: &i32| std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.starts_with(b"muster-hub\0"));
        // Whichever thread has started it.
        let tasks = std::fs::read_dir(format!("/proc/{agent}/task")).unwrap().flatten();
        let children = tasks.map(|task| std::fs::read_to_string(task.path().join("children")).unwrap_or_default());
        let pids: Vec<i32> = children.flat_map(|c| c.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<_>>()).collect();
        pids.into_iter().filter(of_hub).collect()
    };
    let first = *hub().first().unwrap();
    let status = std::fs::read_to_string(format!("/proc/{first}/status")).unwrap();
    for field in ["CapEff:\t0000000000000000", "CapBnd:\t", "NoNewPrivs:\t1"] {
        assert!(status.contains(field), "{field}: {status}");
    }
    if rustix::process::geteuid().is_root() {
        assert!(!status.contains("Uid:\t0\t"), "{status}");
    }
    let service = muster.until(|| pid(&muster, "victim"));
    let kill = |pid: i64| assert!(std::process::Command::new("/bin/kill").args(["-9", &pid.to_string()]).status().unwrap().success());
    kill(first.into());
    kill(service);
    // The service is brought back whether there is a hub or not, and the hub comes back too.
    muster.until(|| pid(&muster, "victim").and_then(|now| if now == service { Err("the same".to_owned()) } else { Ok(()) }));
    let second = muster.until(|| hub().first().copied().filter(|pid| *pid != first).ok_or_else(|| "no other hub".to_owned()));
    assert_ne!(second, first);
    let again = muster.until(|| {
        let status = muster.json(&["status"]);
        status["addresses"][0].as_str().map(str::to_owned).filter(|_| status["troubles"] == json!([])).ok_or_else(|| status.to_string())
    });
    assert_eq!(Site::at(&again).get("/readyz", &[]).status, 200);
    drop(first_site);
    let trouble = muster.json(&["events", "--kind", "trouble"]).to_string();
    assert!(trouble.contains("trouble-hub-ended"), "{trouble}");

    // Without its agent a hub has nothing to serve; what the agent ran goes on.
    let service = muster.until(|| pid(&muster, "victim"));
    kill(muster.child.id().into());
    let deadline = std::time::Duration::from_secs(20);
    let fd = rustix::process::pidfd_open(rustix::process::Pid::from_raw(second).unwrap(), rustix::process::PidfdFlags::empty());
    if let Ok(fd) = fd {
        let within = rustix::event::Timespec { tv_sec: deadline.as_secs().cast_signed(), tv_nsec: 0 };
        let mut fds = [rustix::event::PollFd::new(&fd, rustix::event::PollFlags::IN)];
        assert_eq!(rustix::event::poll(&mut fds, Some(&within)), Ok(1), "the hub outlived its agent");
    }
    assert!(std::path::Path::new(&format!("/proc/{service}")).exists(), "the service went with the agent");
    // The next Muster takes it over, and says that nobody watched meanwhile.
    let _ = muster.child.wait();
    muster.again();
    assert_eq!(muster.until(|| pid(&muster, "victim")), service);
    let troubles = muster.json(&["status"])["troubles"].to_string();
    assert!(troubles.contains("killed, or crashed"), "{troubles}");
}

#[test]
fn metrics_are_what_prometheus_takes_and_tell_of_a_loss() {
    let muster = Muster::up(ROSTER);
    let site = site(&muster);
    let first = muster.until(|| pid(&muster, "victim"));
    assert!(std::process::Command::new("/bin/kill").args(["-9", &first.to_string()]).status().unwrap().success());
    let text = muster.until(|| {
        let text = site.get("/metrics", &[]).text();
        let over = text.contains("muster_loss_duration_seconds_count 1");
        if over { Ok(text) } else { Err(text) }
    });
    // An answer is counted when it is given: the next one tells of it.
    let text = if text.contains("route=\"/metrics\"") { text } else { site.get("/metrics", &[]).text() };
    for line in [
        "muster_service_health{service=\"victim\",health=\"present\"} 1",
        "muster_losses_total{service=\"victim\",loss=\"killed\"} 1",
        "muster_incidents_open 0",
        "muster_rung{fact=\"hub\",",
        "muster_observations_lost_total{sensor=",
        "muster_hub_requests_total{route=\"/metrics\",method=\"GET\",status=\"200\"}",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
    let open = site.get("/metrics", &[("Accept", "application/openmetrics-text; version=1.0.0")]);
    assert!(open.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    assert!(open.text().ends_with("# EOF\n") && open.text().contains("# TYPE muster_losses counter\n"), "{}", open.text());

    promtool_takes(&text);
    if let Some(told) = scraped(&muster, &site) {
        let health = |health: &str| {
            let of = |row: &&Value| row["metric"]["service"] == "victim" && row["metric"]["health"] == health;
            told["data"]["result"].as_array().unwrap().iter().find(of).map(|row| row["value"][1].clone())
        };
        assert_eq!((health("present"), health("lost")), (Some(json!("1")), Some(json!("0"))), "{told}");
    }
}

fn promtool_takes(text: &str) {
    let Ok(mut promtool) = std::process::Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
    else {
        println!("skipped: no promtool");
        return;
    };
    std::io::Write::write_all(&mut promtool.stdin.take().unwrap(), text.as_bytes()).unwrap();
    let said = promtool.wait_with_output().unwrap();
    assert!(said.status.success(), "{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
}

/// What a real Prometheus has of the services after it has scraped the hub, in OpenMetrics; `None`: there is none here.
fn scraped(muster: &Muster, site: &Site) -> Option<Value> {
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nscrape_configs: [{{job_name: muster, static_configs: [{{targets: ['{}']}}]}}]\n",
        site.address
    );
    let file = folder.path().join("prometheus.yml");
    std::fs::write(&file, config).unwrap();
    // Prometheus does not say which port it was given; one that was free a moment ago is.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let log = std::fs::File::create(folder.path().join("log")).unwrap();
    let started = std::process::Command::new("prometheus")
        .arg(format!("--config.file={}", file.display()))
        .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .stdout(std::process::Stdio::null())
        .stderr(log)
        .spawn();
    let Ok(mut prometheus) = started else {
        println!("skipped: no prometheus");
        return None;
    };
    let here = Site { address: format!("127.0.0.1:{port}") };
    let told = muster.until(|| {
        let ended = prometheus.try_wait().unwrap().is_some();
        assert!(!ended, "{}", std::fs::read_to_string(folder.path().join("log")).unwrap_or_default());
        std::net::TcpStream::connect(&here.address).map_err(|e| e.to_string())?;
        let told = here.get("/api/v1/query?query=muster_service_health", &[]);
        let has_rows = told.status == 200 && told.json()["data"]["result"].as_array().is_some_and(|rows| rows.len() >= 5);
        if has_rows { Ok(told.json()) } else { Err(told.text()) }
    });
    let _ = prometheus.kill();
    let _ = prometheus.wait();
    Some(told)
}
