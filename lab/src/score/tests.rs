//! What passes and what does not, each with the reason that is given.

use serde_json::{Value, json};

use super::*;
use crate::scenario::load;

fn kill_nginx() -> Scenario {
    // A test runs in the folder of its package.
    load(std::path::Path::new("scenarios"), Some("kill9_root_shell")).unwrap().remove(0)
}

/// The document of an incident that `kill9_root_shell` expects.
fn killed() -> Value {
    json!({
        "id": "i40", "service": "nginx", "host": "lab", "state": "recovered", "loss": "killed",
        "lost_at": "2026-09-21T14:13:20.000000000Z", "detected_at": "2026-09-21T14:13:20.000900000Z",
        "recovered_at": "2026-09-21T14:13:20.300000000Z",
        "cause": {"code": "operator.killed", "confidence": 0.95, "confirmed": false, "summary": "root killed it", "subject": "nginx",
                  "actor": {"uid": 0, "user": "root", "login_uid": 0, "tty": "pts/0", "pid": 9, "exe": "/bin/bash", "command": "bash --login -i",
                            "parents": ["script -qec"]}},
        "causes": [{"code": "operator.killed", "confidence": 0.95}],
        "evidence": [{"at": "2026-09-21T14:13:20.000000000Z", "source": "ebpf", "weight": 3.0, "text": "SIGKILL from bash", "ref": "e39"}],
        "actions": [{"at": "2026-09-21T14:13:20.010000000Z", "step": "start", "target": "nginx.service", "rehearsed": false,
                     "outcome": "done", "took_ms": 250}],
        "impact": {}, "notices": []
    })
}

fn seen(incidents: &[Value]) -> Seen {
    let services = json!(["nginx", "redis", "postgres", "haproxy"].map(|name| json!({"name": name, "health": "present", "since": null})));
    Seen {
        incidents: incidents.iter().map(|i| Incident::read(i.clone()).unwrap()).collect(),
        status: serde_json::from_value(json!({"at": "2026-09-21T14:13:22.000000000Z", "services": services})).unwrap(),
        runs: BTreeMap::from([
            ("redis".to_owned(), ("a".to_owned(), "a".to_owned())),
            ("nginx".to_owned(), ("b".to_owned(), "c".to_owned())),
        ]),
        altered: Vec::new(),
        failed: Vec::new(),
        verdicts: BTreeMap::from([("i40".to_owned(), Verdicts { first_ms: Some(0.2), settled_ms: Some(12.0) })]),
    }
}

/// The incident with the value at `pointer` replaced.
fn with(pointer: &str, value: Value) -> Value {
    let mut document = killed();
    *document.pointer_mut(pointer).unwrap() = value;
    document
}

fn refused(seen: &Seen, why: &str) -> Score {
    let score = judge(&kill_nginx(), seen);
    assert!(score.why_not.iter().any(|w| w.contains(why)), "{:?} does not say `{why}`", score.why_not);
    score
}

#[test]
fn what_is_as_expected_passes_with_its_figures() {
    let score = judge(&kill_nginx(), &seen(&[killed()]));
    assert_eq!(score.why_not, Vec::<String>::new());
    let mark = &score.marks[0];
    assert!(mark.detected && mark.cause_right && mark.actor_right == Some(true) && mark.recovered == Some(true));
    assert_eq!((mark.detect_ms, mark.recovered_ms, mark.verdicts.settled_ms), (Some(0.9), Some(300.0), Some(12.0)));
    assert_eq!((score.accusations, score.wrong_accusations.len()), (1, 0));
}

#[test]
fn a_loss_nobody_saw_fails_and_counts_as_undetected() {
    let score = refused(&seen(&[]), "nginx: no incident killed");
    assert_eq!(score.marks[0], Mark { service: "nginx".into(), actor_right: Some(false), recovered: Some(false), ..Mark::default() });
}

#[test]
fn a_wrong_cause_fails_and_accuses_only_when_it_is_sure() {
    let mut sure = with("/cause/code", json!("crash.bug"));
    assert_eq!(refused(&seen(&[sure.clone()]), "the cause is crash.bug (0.95)").wrong_accusations.len(), 1);
    sure["cause"]["confidence"] = json!(0.79);
    assert_eq!(refused(&seen(&[sure]), "the cause is crash.bug (0.79)").wrong_accusations.len(), 0);
}

#[test]
fn another_hand_fails() {
    refused(&seen(&[with("/cause/actor/login_uid", json!(1000))]), "another login uid");
    refused(&seen(&[with("/cause/actor/user", json!("alice"))]), "another user");
    refused(&seen(&[with("/cause/actor/tty", Value::Null)]), "the terminal is wrong");
    refused(&seen(&[with("/cause/actor", Value::Null)]), "no actor is named");
}

#[test]
fn another_state_or_a_late_return_or_a_late_detection_fails() {
    refused(&seen(&[with("/state", json!("open"))]), "its state is open, not recovered");
    refused(&seen(&[with("/recovered_at", json!("2026-09-21T14:14:20.000000000Z"))]), "back after");
    refused(&seen(&[with("/detected_at", json!("2026-09-21T14:13:25.000000000Z"))]), "detected after");
    refused(&seen(&[with("/detected_at", json!("2026-09-21T14:13:19.000000000Z"))]), "before it was lost");
}

#[test]
fn an_innocent_service_with_an_incident_or_a_restart_fails() {
    let mut other = killed();
    other["service"] = json!("redis");
    let score = refused(&seen(&[killed(), other]), "an incident that is none: redis");
    assert_eq!((score.innocent.len(), score.wrong_accusations.len()), (1, 1));
    let mut restarted = seen(&[killed()]);
    restarted.runs.insert("redis".into(), ("a".into(), "z".into()));
    refused(&restarted, "redis was touched");
}

#[test]
fn a_failed_check_a_changed_file_and_a_missing_service_fail() {
    let mut seen = seen(&[killed()]);
    seen.failed.push(("curl".into(), "refused".into()));
    seen.altered.push("/etc/nginx/nginx.conf".into());
    seen.status.services[1].health = Health::Lost;
    refused(&seen, "`curl` failed: refused");
    refused(&seen, "/etc/nginx/nginx.conf is not as it was");
    refused(&seen, "redis is lost, not present");
}

#[test]
fn a_document_without_a_key_of_the_contract_is_refused() {
    let mut document = killed();
    document.as_object_mut().unwrap().remove("notices");
    assert!(Incident::read(document).unwrap_err().to_string().contains("lacks notices"));
}

#[test]
fn steps_must_be_done_in_their_order() {
    let wanted = ["config.restore".to_owned(), "start".to_owned()];
    assert!(in_order(&wanted, &["config.restore", "none", "start"]));
    assert!(!in_order(&wanted, &["start", "config.restore"]));
    assert!(in_order(&[], &["start"]));
}
