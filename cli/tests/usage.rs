//! The program from outside, where no Muster runs: what may be typed, what is answered, and with which exit code.
#![allow(clippy::unwrap_used, clippy::panic)] // a test ends with what went wrong

use std::path::Path;
use std::process::{Command, Output};

/// Runs the program with a home of its own. Root's data are the machine's whatever the home is: what asks a running Muster
/// goes through [`ask`].
fn muster(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_muster"))
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_STATE_HOME", home.join("state"))
        .output()
        .unwrap()
}

/// Asks the Muster of an empty data folder, never that of the machine.
fn ask(home: &Path, arguments: &[&str]) -> Output {
    muster(home, &[&["--data", &home.join("data").display().to_string()], arguments].concat())
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn wrong_usage_exits_2_and_says_what_is_wrong_in_the_language_asked_for() {
    let home = tempfile::tempdir().unwrap();
    let wrong = |arguments: &[&str]| {
        let output = muster(home.path(), arguments);
        assert_eq!((code(&output), stdout(&output)), (2, String::new()), "{arguments:?}: {}", stderr(&output));
        stderr(&output)
    };
    assert!(wrong(&["frobnicate"]).contains("There is no command `frobnicate`."));
    assert!(wrong(&["statsu"]).contains("Did you mean `status`?"));
    assert!(wrong(&["--lang", "zh-CN", "statsu"]).contains("没有命令 `statsu`。"));
    assert!(wrong(&["statsu", "--lang=zh-CN"]).contains("您是否想输入 `status`？"));
    assert!(wrong(&["why"]).contains("This is missing: <SERVICE|INCIDENT>"));
    assert!(wrong(&["status", "--foo"]).contains("There is no `--foo` here."));
    assert!(wrong(&["pause", "web", "--all", "--for", "1h", "--reason", "x"]).contains("do not go together"));
    assert!(wrong(&["pause", "web", "--for", "soon", "--reason", "x"]).contains("500ms, 1s, 5m"));
    assert!(wrong(&["pause", "--for", "1h", "--reason", "x"]).contains("This is missing"));
    assert!(wrong(&["events", "--since", "yesterday"]).contains("10m, 2h"));
    assert!(wrong(&["--lang", "fr", "status"]).contains("en or zh-CN"));
    assert!(wrong(&["restore", "/etc/x"]).contains("--to <VERSION>"));
    assert!(wrong(&[]).contains("Usage:"));
    assert!(wrong(&["config"]).contains("check"));
}

#[test]
fn help_and_version_exit_0_in_both_languages() {
    let home = tempfile::tempdir().unwrap();
    let help = muster(home.path(), &["--help"]);
    assert_eq!(code(&help), 0);
    for word in ["Usage:", "Commands", "The roll call", "Exit codes", "--json"] {
        assert!(stdout(&help).contains(word), "{word} is not in {}", stdout(&help));
    }
    assert!(!stdout(&help).contains("sample-service"));
    let chinese = muster(home.path(), &["pause", "--help", "--lang", "zh-CN"]);
    assert_eq!(code(&chinese), 0);
    for word in ["用法：", "选项", "维护期间", "--for"] {
        assert!(stdout(&chinese).contains(word), "{word} is not in {}", stdout(&chinese));
    }
    let version = muster(home.path(), &["--version"]);
    assert_eq!((code(&version), stdout(&version)), (0, format!("muster {}\n", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn without_a_running_muster_every_question_exits_3_and_says_how_to_start_one() {
    let home = tempfile::tempdir().unwrap();
    for question in [
        &["status"][..],
        &["--json", "status"],
        &["why", "web"],
        &["incidents"],
        &["incident", "i1", "ack"],
        &["incident", "i1", "note", "some", "words"],
        &["events", "--follow", "--since", "10m ago"],
        &["changes", "--service", "web", "--since", "2026-11-22T10:00:00Z"],
        &["diff", "c1"],
        &["restore", "x", "--to", "good"],
        &["recover", "web", "--dry-run"],
        &["pause", "--all", "--for", "1h", "--reason", "disk"],
        &["resume", "web"],
        &["down", "--services"],
    ] {
        let output = ask(home.path(), question);
        assert_eq!((code(&output), stdout(&output)), (3, String::new()), "{question:?}");
        assert!(stderr(&output).contains("`muster up` starts one"), "{question:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(&home.path().join("data").display().to_string()), "{}", stderr(&output));
    }
}

#[test]
fn global_flags_go_before_and_after_the_command() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("there").display().to_string();
    for arguments in [["--data", &data, "status"], ["status", "--data", &data]] {
        let output = muster(home.path(), &arguments);
        assert_eq!(code(&output), 3);
        assert!(stderr(&output).contains(&data), "{}", stderr(&output));
    }
}

#[test]
fn the_environment_and_the_configuration_choose_the_language_and_the_flag_overrides_both() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config/muster");
    std::fs::create_dir_all(&config).unwrap();
    let said = |arguments: &[&str], locale: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
        command.arg("--data").arg(home.path().join("data")).args(arguments).env_clear().env("HOME", home.path()).env("LANG", locale);
        command.env("XDG_CONFIG_HOME", home.path().join("config")).env("XDG_STATE_HOME", home.path().join("state"));
        stderr(&command.output().unwrap())
    };
    assert!(said(&["status"], "zh_CN.UTF-8").contains("没有运行 Muster"));
    assert!(said(&["status"], "C.UTF-8").contains("No Muster runs"));
    assert!(said(&["status", "--lang", "en"], "zh_CN.UTF-8").contains("No Muster runs"));
    // Root's configuration is the machine's; a test does not touch it.
    if !rustix::process::geteuid().is_root() {
        std::fs::write(config.join("muster.toml"), "[muster]\nlanguage = \"zh-CN\"\n").unwrap();
        assert!(said(&["status"], "en_US.UTF-8").contains("没有运行 Muster"));
    }
    let named = home.path().join("m.toml");
    std::fs::write(&named, "[muster]\nlanguage = \"zh-CN\"\n").unwrap();
    assert!(said(&["status", "--config", &named.display().to_string()], "en_US.UTF-8").contains("没有运行 Muster"));
}

#[test]
fn a_wrong_configuration_exits_2_and_points_at_file_line_and_hint() {
    let home = tempfile::tempdir().unwrap();
    let bad = home.path().join("bad.toml");
    std::fs::write(&bad, "[[service]]\nname = \"a\"\nrunn = \"/bin/true\"\n").unwrap();
    let bad = bad.display().to_string();
    for command in [&["config", "check", &bad][..], &["--config", &bad, "config", "check"], &["up", "--config", &bad]] {
        let output = muster(home.path(), command);
        assert_eq!(code(&output), 2, "{command:?}: {}", stderr(&output));
        assert!(stderr(&output).starts_with(&format!("{bad}:3:")), "{}", stderr(&output));
        assert!(stderr(&output).contains("`run`"), "{}", stderr(&output));
    }
    let json = muster(home.path(), &["--json", "config", "check", &bad]);
    let document: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((code(&json), &document["valid"], &document["errors"][0]["line"]), (2, &false.into(), &3.into()));
}

#[test]
fn a_good_configuration_exits_0_and_an_absent_one_only_matters_when_it_is_named() {
    let home = tempfile::tempdir().unwrap();
    let good = home.path().join("good.toml");
    std::fs::write(&good, "[[service]]\nname = \"a\"\nrun = \"/bin/sleep 1000\"\n").unwrap();
    let output = muster(home.path(), &["config", "check", &good.display().to_string()]);
    assert_eq!((code(&output), stdout(&output)), (0, format!("{}: valid, 1 service\n", good.display())));
    let absent = home.path().join("absent.toml").display().to_string();
    for command in [&["config", "check", &absent][..], &["up", "--config", &absent]] {
        let output = muster(home.path(), command);
        assert_eq!(code(&output), 2, "{command:?}");
        assert!(stderr(&output).contains("There is no configuration file"), "{}", stderr(&output));
    }
    if !rustix::process::geteuid().is_root() {
        let output = muster(home.path(), &["config", "check"]);
        assert_eq!(code(&output), 0);
        assert!(stdout(&output).contains("none is needed"), "{}", stdout(&output));
    }
}

#[test]
fn check_without_a_muster_is_unknown_in_one_line() {
    let home = tempfile::tempdir().unwrap();
    let output = ask(home.path(), &["check", "web"]);
    assert_eq!(code(&output), 3);
    assert!(stdout(&output).starts_with("WEB UNKNOWN - No Muster runs"), "{}", stdout(&output));
    assert_eq!(stdout(&output).lines().count(), 1);
}

#[test]
fn a_ledger_that_is_not_there_is_a_failure_with_its_path() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("none");
    for verb in ["verify", "export"] {
        let output = muster(home.path(), &["--data", &data.display().to_string(), "ledger", verb]);
        assert_eq!((code(&output), stdout(&output)), (1, String::new()), "{verb}: {}", stderr(&output));
        assert!(stderr(&output).contains("none"), "{}", stderr(&output));
    }
}

#[test]
fn nothing_is_coloured_that_goes_to_no_terminal() {
    let home = tempfile::tempdir().unwrap();
    for command in [&["--help"][..], &["status"], &["frobnicate"]] {
        let output = ask(home.path(), command);
        assert!(!stdout(&output).contains('\x1b') && !stderr(&output).contains('\x1b'), "{command:?}");
    }
}

#[test]
fn a_pack_is_checked_and_its_mistakes_are_told_with_file_line_and_hint() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("p.toml");
    let path = file.display().to_string();
    let line = "[[line]]\npattern = 'x'\nmeans = { en = 'm', zh-CN = '义' }\ncause = ";
    std::fs::write(&file, format!("name = \"p\"\n[recognise]\nexes = [\"p\"]\n{line}\"config.invalod\"\n")).unwrap();
    let output = muster(home.path(), &["pack", "check", &path]);
    assert_eq!((code(&output), stdout(&output)), (2, String::new()));
    assert_eq!(stderr(&output), format!("{path}:7:9: unknown cause `config.invalod`. Did you mean `config.invalid`?\n"));
    let json = muster(home.path(), &["--json", "pack", "check", &path]);
    let document: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((code(&json), &document["valid"], &document["errors"][0]["column"]), (2, &false.into(), &9.into()));
    std::fs::write(&file, format!("name = \"p\"\n[recognise]\nexes = [\"p\"]\n{line}\"config.invalid\"\n")).unwrap();
    let output = muster(home.path(), &["pack", "check", &path]);
    assert_eq!((code(&output), stdout(&output)), (0, format!("{path}: valid, pack p with 1 known line\n")));
    let absent = muster(home.path(), &["pack", "check", "/nonexistent.toml"]);
    assert_eq!(code(&absent), 2, "{}", stderr(&absent));
}

#[test]
fn the_list_of_packs_has_the_built_in_ones_and_those_beside_the_configuration_in_their_place() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("m.toml");
    std::fs::write(&config, "").unwrap();
    let own = home.path().join("packs.d/nginx.toml");
    std::fs::create_dir(home.path().join("packs.d")).unwrap();
    std::fs::write(&own, "name = \"nginx\"\n[recognise]\nexes = [\"nginx\", \"nginx-of-ours\"]\n").unwrap();
    let output = muster(home.path(), &["--json", "--config", &config.display().to_string(), "pack", "list"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packs = document["packs"].as_array().unwrap();
    let named = |name: &str| packs.iter().filter(|pack| pack["name"] == name).collect::<Vec<_>>();
    assert_eq!(named("nginx").len(), 1);
    assert_eq!((&named("nginx")[0]["file"], &named("nginx")[0]["validates"]), (&own.display().to_string().into(), &false.into()));
    assert_eq!((&named("mariadb")[0]["file"], &named("mariadb")[0]["validates"]), (&serde_json::Value::Null, &true.into()));
    let page = muster(home.path(), &["--config", &config.display().to_string(), "pack", "list"]);
    assert_eq!(code(&page), 0);
    assert!(stdout(&page).contains("postgresql") && stdout(&page).contains("built in"), "{}", stdout(&page));
    // A broken one is a mistake in the configuration.
    std::fs::write(&own, "name = \"nginx\"\n").unwrap();
    for command in [&["pack", "list"][..], &["config", "check"], &["up"]] {
        let output = ask(home.path(), &[&["--config", &config.display().to_string()], command].concat());
        assert_eq!(code(&output), 2, "{command:?}");
        assert!(stderr(&output).starts_with(&format!("{}:1:1: missing field `recognise`", own.display())), "{}", stderr(&output));
    }
}
