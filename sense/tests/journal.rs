//! Log lines from real journal files and real log files.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use muster_model::time::Time;
use muster_sense::journal::{JournalError, LINE_BYTES_MAX, LINES_MAX, lines, tail};

const SECOND: i64 = 1_790_000_000;
const MACHINE: &str = "0123456789abcdef0123456789abcdef";

/// The file of a root directory's journal with these entries, each given by its fields; `None`, with a word, where it
/// cannot be made here.
fn journal(root: &Path, entries: &[&[(&str, &[u8])]]) -> Option<PathBuf> {
    let maker = Path::new("/lib/systemd/systemd-journal-remote");
    if !maker.exists() || Command::new("journalctl").arg("--version").stdout(Stdio::null()).status().is_err() {
        println!("skipped: no journalctl or no systemd-journal-remote (package systemd-journal-remote)");
        return None;
    }
    // The journal export format: a field whose value is binary has its length before it.
    let mut export = Vec::new();
    for (number, fields) in entries.iter().enumerate() {
        export.extend(format!("__REALTIME_TIMESTAMP={}\n", SECOND * 1_000_000 + number as i64).bytes());
        export.extend(format!("__MONOTONIC_TIMESTAMP={}\n_BOOT_ID={MACHINE}\n_MACHINE_ID={MACHINE}\n", number + 1).bytes());
        for (name, value) in *fields {
            export.extend(name.bytes().chain(*b"\n"));
            export.extend((value.len() as u64).to_le_bytes());
            export.extend(value.iter().chain(b"\n"));
        }
        export.push(b'\n');
    }
    let dir = root.join("var/log/journal").join(MACHINE);
    fs::create_dir_all(&dir).unwrap();
    let input = root.join("export");
    fs::write(&input, export).unwrap();
    let file = dir.join("system.journal");
    let made = Command::new(maker).arg("-o").arg(&file).arg(&input).stderr(Stdio::null()).status().unwrap();
    assert!(made.success());
    Some(file)
}

fn at(micros: i64) -> Time {
    Time((SECOND * 1_000_000 + micros) * 1000)
}

#[test]
fn the_lines_of_a_unit_and_what_systemd_said_of_it_are_given_oldest_first() {
    let root = tempfile::tempdir().unwrap();
    let unit: (&str, &[u8]) = ("_SYSTEMD_UNIT", b"web.service");
    let long = vec![b'x'; 10_000];
    let entries: [&[(&str, &[u8])]; 6] = [
        &[unit, ("MESSAGE", b"started"), ("PRIORITY", b"6"), ("_PID", b"42")],
        &[("_SYSTEMD_UNIT", b"other.service"), ("MESSAGE", b"of another")],
        &[unit, ("MESSAGE", b"caf\xe9 \0\x1b"), ("PRIORITY", b"3"), ("_PID", b"42")],
        &[unit, ("MESSAGE", b"two\nlines")],
        &[unit, ("MESSAGE", &long)],
        &[("UNIT", b"web.service"), ("_PID", b"1"), ("_UID", b"0"), ("PRIORITY", b"5"), ("MESSAGE", b"web.service: Main process exited")],
    ];
    if journal(root.path(), &entries).is_none() {
        return;
    }
    let all = lines("web.service", at(0), root.path()).unwrap();
    let seen: Vec<_> = all.iter().map(|line| (line.at, line.level, line.pid, line.text.as_str())).collect();
    let cut = "x".repeat(LINE_BYTES_MAX);
    let expected = [
        (at(0), 6, Some(42), "started"),
        (at(2), 3, Some(42), "caf\u{fffd} \0\x1b"),
        (at(3), 6, None, "two\nlines"),
        (at(4), 6, None, cut.as_str()),
        (at(5), 5, Some(1), "web.service: Main process exited"),
    ];
    assert_eq!(seen, expected);
    let since: Vec<Time> = lines("web.service", at(4), root.path()).unwrap().iter().map(|line| line.at).collect();
    assert_eq!(since, [at(4), at(5)], "from that moment on, to the microsecond");
    assert_eq!(lines("nobody.service", at(0), root.path()).unwrap(), []);
    assert_eq!(lines("--help", at(0), root.path()).map_err(|e| e.to_string()).unwrap_or_default(), [], "a unit is never an option");
}

#[test]
fn of_many_lines_the_newest_are_given() {
    let root = tempfile::tempdir().unwrap();
    let messages: Vec<Vec<u8>> = (0..200).map(|number: i32| number.to_string().into_bytes()).collect();
    let entries: Vec<Vec<(&str, &[u8])>> =
        messages.iter().map(|message| vec![("_SYSTEMD_UNIT", &b"web.service"[..]), ("MESSAGE", message.as_slice())]).collect();
    let entries: Vec<&[(&str, &[u8])]> = entries.iter().map(Vec::as_slice).collect();
    if journal(root.path(), &entries).is_none() {
        return;
    }
    let lines = lines("web.service", Time(0), root.path()).unwrap();
    assert_eq!((lines.len(), lines[0].text.as_str(), lines[LINES_MAX - 1].text.as_str()), (LINES_MAX, "150", "199"));
}

#[test]
fn a_damaged_journal_is_survived() {
    let root = tempfile::tempdir().unwrap();
    let entry: &[(&str, &[u8])] = &[("_SYSTEMD_UNIT", b"web.service"), ("MESSAGE", b"started")];
    let Some(file) = journal(root.path(), &[entry; 20]) else { return };
    let whole = fs::read(&file).unwrap();
    let (mut head, mut middle) = (whole.clone(), whole.clone());
    head[..256].fill(0xff);
    middle[4096..].iter_mut().for_each(|byte| *byte ^= 0x5a);
    for damaged in [&head[..], &middle[..], &whole[..1000], b""] {
        fs::write(&file, damaged).unwrap();
        match lines("web.service", Time(0), root.path()) {
            Ok(lines) => assert!(lines.len() <= 20),
            Err(error) => assert!(error.to_string().starts_with("journalctl"), "{error}"),
        }
    }
}

#[test]
fn the_end_of_a_log_file_is_given_line_by_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let texts = |since: u64| tail(&path, since).unwrap().into_iter().map(|line| line.text).collect::<Vec<_>>();
    assert!(matches!(tail(&path, 0), Err(JournalError::File { .. })), "it is not there");
    fs::write(&path, "").unwrap();
    assert_eq!(texts(0), [] as [String; 0]);
    fs::write(&path, "one\r\ntwo\n\nlast without an end").unwrap();
    assert_eq!(texts(0), ["one", "two", "", "last without an end"]);
    assert_eq!(texts(5), ["two", "", "last without an end"], "from there on");
    assert_eq!(texts(1_000_000), ["one", "two", "", "last without an end"], "it was begun anew");
    fs::write(&path, b"bin\xff\0ary\n").unwrap();
    assert_eq!(texts(0), ["bin\u{fffd}\0ary"]);

    let mut many = String::new();
    for number in 0..100_000 {
        writeln!(many, "line {number}").unwrap();
    }
    fs::write(&path, &many).unwrap();
    let last = texts(0);
    assert_eq!((last.len(), last[0].as_str(), last[LINES_MAX - 1].as_str()), (LINES_MAX, "line 99950", "line 99999"));
    fs::write(&path, format!("{}\nend\n", "x".repeat(1_000_000))).unwrap();
    assert_eq!(texts(0), ["end"], "a line of which the beginning is not read is left out");
    fs::write(&path, "y".repeat(1_000_000)).unwrap();
    assert_eq!(texts(0), ["y".repeat(LINE_BYTES_MAX)], "unless there is no other");
}

#[test]
fn what_is_not_a_log_file_is_refused_without_waiting() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [pipe.as_path(), dir.path(), Path::new("/dev/null")] {
        assert!(tail(path, 0).unwrap_err().to_string().contains("not a regular file"), "{}", path.display());
    }
}
