use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;

#[test]
fn entries_are_read_as_journalctl_writes_them() {
    let check = |json: &str, expected: Option<(i64, u8, Option<i32>, &str)>| {
        let read = line(json.as_bytes()).map(|line| (line.at.0, line.level, line.pid, line.text));
        assert_eq!(read, expected.map(|(at, level, pid, text)| (at, level, pid, text.to_owned())), "{json}");
    };
    let stamp = r#""__REALTIME_TIMESTAMP":"1790000000000001""#;
    let at = 1_790_000_000_000_001_000;
    check(&format!(r#"{{{stamp},"MESSAGE":"ready","PRIORITY":"4","_PID":"42","_BOOT_ID":"x"}}"#), Some((at, 4, Some(42), "ready")));
    check(&format!(r#"{{{stamp},"MESSAGE":"bare"}}"#), Some((at, 6, None, "bare")));
    check(&format!(r#"{{{stamp},"MESSAGE":[104,105,255,10]}}"#), Some((at, 6, None, "hi\u{fffd}")));
    check(&format!(r#"{{{stamp},"MESSAGE":["first","second"]}}"#), Some((at, 6, None, "first")));
    check(&format!(r#"{{{stamp},"MESSAGE":[[104,105],"second"]}}"#), Some((at, 6, None, "hi")));
    check(&format!(r#"{{{stamp},"MESSAGE":"x","PRIORITY":"99","_PID":"-1"}}"#), Some((at, 6, None, "x")));
    check(&format!(r#"{{{stamp},"MESSAGE":[300]}}"#), None);
    check(&format!(r#"{{{stamp},"MESSAGE":null}}"#), None);
    check(&format!(r#"{{{stamp}}}"#), None);
    check(r#"{"MESSAGE":"no time"}"#, None);
    check(r#"{"MESSAGE":"cut of"#, None);
}

#[test]
fn a_long_line_is_cut_between_characters() {
    assert_eq!(text("é".repeat(5000).as_bytes()).len(), LINE_BYTES_MAX);
    assert!(text(&[0xff; 5000]).len() <= LINE_BYTES_MAX);
    assert_eq!(text(format!("a{}", "é".repeat(5000)).as_bytes()).chars().next(), Some('a'));
}

proptest::proptest! {
    #[test]
    fn any_output_is_survived(bytes: Vec<u8>, message in "\\PC*") {
        let _ = line(&bytes);
        let _ = line(format!(r#"{{"__REALTIME_TIMESTAMP":"1","MESSAGE":{message}}}"#).as_bytes());
    }
}

/// What `lines` gives where journalctl is this shell script.
fn with_journalctl(script: &str, within: Length) -> Result<Vec<LogLine>, JournalError> {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("journalctl");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    // A fork elsewhere in this process may hold the script open for writing for a moment.
    loop {
        match lines_by(&program, "web.service", Time(0), Path::new("/"), within) {
            Err(JournalError::Run { source, .. }) if source.kind() == io::ErrorKind::ExecutableFileBusy => {}
            done => return done,
        }
    }
}

const ENTRY: &str = r#"{"__REALTIME_TIMESTAMP":"1","MESSAGE":"x"}"#;

#[test]
fn a_journalctl_that_does_not_end_is_ended() {
    let started = crate::clock::now().1;
    let silent = with_journalctl("exec sleep 1000", Length::ms(200));
    assert!(matches!(silent, Err(JournalError::Late { .. })), "{silent:?}");
    let spoke = with_journalctl(&format!("echo '{ENTRY}'; exec sleep 1000"), Length::ms(500)).unwrap();
    assert_eq!(spoke.len(), 1, "what came by then is given");
    let hidden = with_journalctl("exec sleep 1000 >&- 2>&-", Length::ms(200));
    assert!(matches!(hidden, Err(JournalError::Late { .. })), "{hidden:?}");
    assert!(crate::clock::now().1.since(started) < Length::seconds(60));
}

#[test]
fn endless_output_is_cut_off() {
    let lines = with_journalctl(&format!("while :; do echo '{ENTRY}'; done"), Length::seconds(60)).unwrap();
    assert_eq!(lines.len(), LINES_MAX);
    let noise = with_journalctl("exec cat /dev/zero", Length::seconds(60)).unwrap();
    assert_eq!(noise, []);
}

#[test]
fn a_journalctl_that_fails_or_is_not_there_is_said() {
    let failed = with_journalctl("echo 'no permission' >&2; exit 1", Length::seconds(60)).unwrap_err().to_string();
    assert!(failed.contains("no permission") && failed.contains("exit status: 1"), "{failed}");
    let partly = with_journalctl(&format!("echo '{ENTRY}'; echo 'damaged, ignoring' >&2; exit 1"), Length::seconds(60)).unwrap();
    assert_eq!(partly.len(), 1, "what a damaged journal still gives is taken");
    let absent = lines_by(Path::new("/nowhere/journalctl"), "web.service", Time(0), Path::new("/"), WITHIN).unwrap_err().to_string();
    assert!(absent.contains("/nowhere/journalctl"), "{absent}");
}

#[test]
fn the_rung_says_where_lines_come_from() {
    let rung = rung();
    assert_eq!(rung.fact, "log");
    assert!(rung.source == "journald" || (rung.source == "files" && rung.why.is_some()), "{rung:?}");
}
