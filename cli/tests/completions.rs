//! What is typed is finished in real shells: commands, flags, and the names of the services of a Muster that runs.
#![allow(clippy::unwrap_used, clippy::panic)] // a test ends with what went wrong

mod support;

use std::process::Command;

use support::{Muster, text};

const ROSTER: &str =
    "[[service]]\nname = \"web@1\"\nrun = \"/bin/sleep 100000\"\n\n[[service]]\nname = \"worker\"\nrun = \"/bin/sleep 100000\"\n";

/// What a shell says, with `muster` in its path and the script of its completions in `SCRIPT`; `None` where there is no such shell.
fn shell(muster: &Muster, shell: &str, arguments: &[&str], words: &str) -> Option<String> {
    let script = muster.folder.path().join(format!("_muster.{shell}"));
    let made = muster.ask(&["completions", shell]);
    assert!(made.status.success());
    std::fs::write(&script, &made.stdout).unwrap();
    let programs = std::path::Path::new(env!("CARGO_BIN_EXE_muster")).parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let output = Command::new(shell)
        .args(arguments)
        .arg(words)
        .env("PATH", path)
        .env("SCRIPT", &script)
        .env("DATA", muster.folder.path().join("data"))
        .env("HOME", muster.folder.path())
        .env("LC_ALL", "C.UTF-8")
        .current_dir(muster.folder.path())
        .output();
    let Ok(output) = output else {
        println!("skipped: {shell} is not installed");
        return None;
    };
    assert!(output.stderr.is_empty(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
    Some(text(&output))
}

#[test]
fn bash_finishes_commands_names_and_files() {
    let muster = Muster::up(ROSTER);
    let complete = |line: &str| {
        let words = format!(
            "set -u; . \"$SCRIPT\"; COMP_LINE=\"{line}\"; COMP_POINT=${{#COMP_LINE}}; COMP_WORDS=({line}); \
             [[ $COMP_LINE == *' ' ]] && COMP_WORDS+=(''); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _muster; printf '%s\\n' \"${{COMPREPLY[@]-}}\""
        );
        shell(&muster, "bash", &["--norc", "-c"], &words)
    };
    let Some(said) = complete("muster stat") else { return };
    assert_eq!(said, "status\n");
    assert_eq!(complete("muster --data $DATA why w").unwrap(), "web@1\nworker\n");
    assert_eq!(complete("muster --data $DATA recover worker --dr").unwrap(), "--dry-run\n");
    assert_eq!(complete("muster config check muster.t").unwrap(), "muster.toml\n");
    assert_eq!(complete("muster completions ").unwrap(), "bash\nzsh\nfish\n");
    // Where nothing runs there are no names, no errors, and no waiting.
    assert_eq!(complete("muster --data /nonexistent why w").unwrap(), "\n");
}

#[test]
fn fish_finishes_commands_and_names_and_says_what_they_are() {
    let muster = Muster::up(ROSTER);
    let complete = |line: &str| shell(&muster, "fish", &["--no-config", "-c"], &format!("source $SCRIPT; complete -C \"{line}\""));
    let Some(said) = complete("muster stat") else { return };
    assert_eq!(said, "status\tThe roll call: who is there, and who is not\n");
    assert!(complete("muster --data $DATA why w").unwrap().starts_with("web@1\t"), "{:?}", complete("muster --data $DATA why w"));
    assert_eq!(complete("muster --data $DATA recover worker --dr").unwrap(), "--dry-run\tOnly say what would be done\n");
    assert_eq!(complete("muster config check muster.t").unwrap().split_whitespace().next(), Some("muster.toml"));
}

#[test]
fn zsh_finishes_commands_and_names() {
    let muster = Muster::up(ROSTER);
    // compadd as it is called, outside of a line that is being typed.
    let complete = |line: &str| {
        let words = format!(
            "autoload -Uz compinit; compinit -u -d $HOME/zcompdump; compadd() {{ print -rl -- $names }}; _files() {{ print files }}; \
             . $SCRIPT; words=({line}); [[ \"{line}\" == *' ' ]] && words+=(''); CURRENT=$#words; _muster"
        );
        shell(&muster, "zsh", &["-f", "-c"], &words)
    };
    let Some(said) = complete("muster stat") else { return };
    assert_eq!(said, "status\n");
    assert_eq!(complete("muster --data $DATA why w").unwrap(), "web@1\nworker\n");
    assert_eq!(complete("muster config check muster.t").unwrap(), "files\n");
}
