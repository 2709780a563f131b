//! Commands run by people, and programs that were asked for.

use std::process::Command;

use muster_model::observation::Fact;
use muster_sense::clock;
use muster_sense::process::Ladder;

use crate::support::{Ours, Scene, done, scene, with_scene};

fn commands(scene: &Scene) {
    let begun = clock::now().0;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("web.conf");
    std::fs::write(&file, "x").unwrap();
    let path = file.to_str().unwrap();
    scene.processes.mentions(vec![("web".into(), vec![path.to_owned(), "web.service".to_owned()]), ("db".into(), vec!["db".to_owned()])]);
    done(Command::new("sh").args(["-c", &format!("rm {path}.bak 2>/dev/null; chmod 600 {path}; sleep 0.05; exit 0")]));
    let (service, who) = scene.wait("command", |seen| match &seen.fact {
        Fact::CommandRun { actor } => Some((seen.service.clone(), actor.clone())),
        _ => None,
    });
    assert_eq!(service, Some("web".into()));
    assert_eq!(who.command, Some(format!("chmod 600 {path}")));
    assert!(who.parents[0].starts_with("sh -c 'rm "), "{:?}", who.parents);
    assert_eq!(who.parent_pids[1], std::process::id() as i32);
    let kept = scene.processes.commands(begun);
    let mine: Vec<_> = kept.iter().filter(|(_, actor)| actor.descends_from(std::process::id() as i32)).collect();
    assert!(mine.iter().any(|(at, actor)| *at >= begun && actor.command.as_deref() == Some(&format!("rm {path}.bak"))), "{mine:?}");
    assert!(!mine.iter().any(|(_, actor)| actor.command.as_deref() == Some("sleep 0.05")), "sleep changes nothing");
    // The command has ended; who it was is still known.
    assert_eq!(scene.processes.actor(who.pid.unwrap()).unwrap().command, who.command);
}

fn programs(scene: &Scene) {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("a-program-with-a-long-name");
    std::fs::copy("/bin/sleep", &program).unwrap();
    scene.processes.report_programs(vec!["a-program-with-a-long-name".to_owned()]);
    let run = Ours::run(Command::new(&program).arg("1000"));
    let command = scene.wait("program", |seen| match &seen.fact {
        Fact::ProcessSeen { process, command } if *process == run.key() => Some((seen.service.clone(), command.clone())),
        _ => None,
    });
    assert_eq!(command, (None, format!("{} 1000", program.display())));
}

#[test]
fn ebpf_tells_commands_that_name_a_service() {
    with_scene(Ladder::Ebpf, commands);
}

#[test]
fn ebpf_tells_a_program_that_was_asked_for() {
    with_scene(Ladder::Ebpf, programs);
}

#[test]
fn the_proc_connector_tells_a_program_that_was_asked_for() {
    with_scene(Ladder::Connector, programs);
}

#[test]
fn the_proc_connector_tells_commands_that_last_long_enough_to_be_looked_at() {
    let Some(scene) = scene(Ladder::Connector) else { return };
    scene.processes.mentions(vec![("web".into(), vec!["web.conf".to_owned()])]);
    // tee(1) stays until its input ends.
    let folder = tempfile::tempdir().unwrap();
    let run = Ours::run(Command::new("tee").arg("web.conf").current_dir(folder.path()));
    let who = scene.wait("command", |seen| match &seen.fact {
        Fact::CommandRun { actor } if seen.service == Some("web".into()) => Some(actor.clone()),
        _ => None,
    });
    assert_eq!((who.command.as_deref(), who.pid), (Some("tee web.conf"), Some(run.pid())));
}

#[test]
fn a_process_that_ended_is_still_known_with_its_parents() {
    let Some(scene) = scene(Ladder::Ebpf) else { return };
    let mut gone = Ours::shell("sh -c 'echo $$; exit 0'; exit 0");
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(gone.0.stdout.as_mut().unwrap()), &mut line).unwrap();
    gone.0.wait().unwrap();
    let who = scene.processes.actor(line.trim().parse().unwrap()).unwrap();
    assert_eq!(who.command.as_deref(), Some("sh -c 'echo $$; exit 0'"));
    assert_eq!(who.parents[0], "sh -c 'sh -c '\\''echo $$; exit 0'\\''; exit 0'");
    assert_eq!(scene.processes.actor(i32::MAX), None);
    // One that was there before Muster looked is read from /proc.
    let us = scene.processes.actor(std::process::id() as i32).unwrap();
    assert!(us.command.is_some_and(|command| command.contains("process")));
}
