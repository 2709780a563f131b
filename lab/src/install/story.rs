//! The story: install, break, recover, break the configuration, upgrade, uninstall.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::machine::Machine;

/// How Muster comes to the machine.
pub(super) enum Way<'a> {
    /// `muster install` of this program.
    Program(&'a Path),
    /// This package, and then that.
    Package(&'a Path, &'a Path),
}

const ROSTER: &str = "/etc/muster/services.d/box.toml";
const ROSTER_TEXT: &str = r#"
[[service]]
name = "nginx"
unit = "nginx.service"

[[service]]
name = "redis"
unit = "redis-server.service"

[[service]]
name = "worker"
run  = "/bin/sleep 100000"
"#;
const SERVICES: [&str; 3] = ["nginx", "redis", "worker"];

/// All of it, in its order.
pub(super) fn play(machine: &Machine, way: &Way<'_>) -> Result<()> {
    // The root of the boxes has this folder for the scenarios.
    machine.run("rmdir /etc/muster")?;
    let before = machine.likeness()?;
    install(machine, way, &before).context("installing")?;
    lives(machine).context("watching")?;
    configuration(machine).context("altering the configuration")?;
    ends_and_begins(machine).context("ending by hand")?;
    upgrade(machine, way).context("upgrading")?;
    take_back(machine, way, &before).context("taking it back")
}

fn said(step: &str) {
    println!("  ✓ {step}");
}

fn install(machine: &Machine, way: &Way<'_>, before: &std::collections::BTreeSet<String>) -> Result<()> {
    match way {
        Way::Program(program) => {
            machine.copy(program, "/root/muster")?;
            machine.run("chmod 755 /root && install -m 755 /root/muster /tmp/muster")?;
            let words = machine.refused("su alice -c '/tmp/muster install'", 1)?;
            ensure!(words.contains("sudo /tmp/muster install"), "{words}");
            machine.run("/root/muster install --dry-run && rm /tmp/muster")?;
            machine.is_as(before).context("after a dry run")?;
            print!("{}", machine.run("/root/muster install")?);
            let again: Value = serde_json::from_str(&machine.run("/root/muster --json install")?)?;
            let there = again["steps"].as_array().is_some_and(|steps| steps.len() > 7 && steps.iter().all(|step| step["did"] == "there"));
            ensure!(there, "a second run did something: {again:#}");
            said("a person without rights is refused, a dry run alters nothing, a second run finds all there");
        }
        Way::Package(old, _) => {
            machine.copy(old, "/root/muster.deb")?;
            machine.run("dpkg --install /root/muster.deb")?;
            let words = machine.refused("muster install", 1)?;
            ensure!(words.contains("apt"), "{words}");
            said("the package is installed, and `muster install` leaves it to its manager");
        }
    }
    machine.run("systemctl is-active muster.service && systemctl is-enabled muster.service")?;
    machine.run("test \"$(stat -c '%a %U' /var/lib/muster)\" = '700 root'")?;
    let user = machine.run("getent passwd muster")?;
    ensure!(user.trim().ends_with("/usr/sbin/nologin") && user.contains("/nonexistent"), "{user}");
    machine.run("systemd-analyze verify --man=no muster.service")?;
    said("it runs, comes up with the machine, its user cannot log in");
    Ok(())
}

/// Breaks a service, and lets Muster bring it back.
fn lives(machine: &Machine) -> Result<()> {
    machine.place.write(ROSTER, ROSTER_TEXT.as_bytes())?;
    machine.present(&SERVICES)?;
    let (id, loss) = machine.killed("nginx.service", "nginx", "true", || Ok(()))?;
    ensure!(loss == "killed", "the loss is {loss}");
    machine.present(&SERVICES)?;
    said(&format!("nginx, killed, is back: {id}"));

    let score = |pid: &str| machine.run(&format!("cat /proc/{pid}/oom_score_adj"));
    let (own, worker) = (score(machine.muster_pid()?.trim())?, score(&machine.pid("worker")?.to_string())?);
    // Not every container may protect a process so.
    let allowed = machine.run("(echo -900 > /proc/self/oom_score_adj) 2>/dev/null && echo -900 || echo 0")?;
    ensure!((own.trim(), worker.trim()) == (allowed.trim(), "0"), "scores {own} {worker}, allowed {allowed}");
    said(&format!("want of memory ends Muster late ({}), and its `run` services as any other (0)", own.trim()));
    Ok(())
}

/// Breaks the configuration and mends it, while Muster runs.
fn configuration(machine: &Machine) -> Result<()> {
    let (muster, broken) = (machine.muster_pid()?, "/etc/muster/services.d/broken.toml");
    machine.place.write(broken, b"[[service]]\nname = \"more\"\nunti = \"cron.service\"\n")?;
    let place = format!("{broken}:3:1");
    machine.until("the broken file is told of", || {
        let troubles = machine.ask("status")?["troubles"].to_string();
        ensure!(troubles.contains(&place), "{troubles}");
        Ok(())
    })?;
    machine.present(&SERVICES)?;
    ensure!(!machine.try_run("systemctl reload muster.service")?.status.success(), "a reload with a broken file succeeds");
    let journal = machine.journal();
    ensure!(journal.contains(&place), "the failed reload does not say where: {journal}");

    machine.run(&format!(
        "rm {broken} && cp -a /etc/muster/muster.toml /root/ && printf '[muster]\nkeep = \"31d\"\n' >> /etc/muster/muster.toml"
    ))?;
    machine.run("systemctl reload muster.service")?;
    machine.until("what waits for a restart is told", || {
        let troubles = machine.ask("status")?["troubles"].to_string();
        ensure!(troubles.contains("keep"), "{troubles}");
        Ok(())
    })?;
    machine.run("cp -a /root/muster.toml /etc/muster/ && systemctl reload muster.service")?;
    machine.until("nothing is left to say", || {
        let troubles = machine.ask("status")?["troubles"].to_string();
        ensure!(troubles == "[]", "{troubles}");
        Ok(())
    })?;
    ensure!(machine.muster_pid()? == muster, "it was restarted");
    said("a broken file leaves the old roster in force and fails `systemctl reload`, with its place; a mended one is taken up");
    Ok(())
}

/// `muster down` is not undone by systemd; `run` services go on, and are adopted.
fn ends_and_begins(machine: &Machine) -> Result<()> {
    let worker = machine.pid("worker")?;
    machine.run("muster down")?;
    let state = machine.refused("systemctl is-active muster.service", 3)?;
    ensure!(state.trim() == "inactive", "{state}");
    machine.run("systemctl start muster.service")?;
    machine.present(&SERVICES)?;
    ensure!(machine.pid("worker")? == worker, "the worker was started anew");
    let old = machine.muster_pid()?;
    machine.run(&format!("kill -9 {old}"))?;
    machine.until("systemd starts it anew", || {
        ensure!(machine.muster_pid()? != old);
        machine.run("systemctl is-active muster.service")
    })?;
    machine.present(&SERVICES)?;
    ensure!(machine.pid("worker")? == worker, "the worker was started anew");
    said("`muster down` holds, a killed Muster is started anew, and the worker never noticed");
    Ok(())
}

/// A newer Muster takes over; nginx is killed in between.
fn upgrade(machine: &Machine, way: &Way<'_>) -> Result<()> {
    let (worker, old) = (machine.pid("worker")?, machine.muster_pid()?);
    machine.run("echo '# mine' >> /etc/muster/muster.toml")?;
    machine.run("muster ledger export > /root/before.jsonl")?;
    // While nobody looks: the old one is stopped, as it is in the middle of an upgrade, and the new one not yet started.
    let then: &dyn Fn() -> Result<()> = match way {
        Way::Program(program) => {
            // Another build: the same program, with a byte behind its end.
            machine.copy(program, "/root/newer")?;
            machine.run("printf x >> /root/newer")?;
            &|| {
                let said: Value = serde_json::from_str(&machine.run("/root/newer --json install")?)?;
                let did = |what: &str| said["steps"].as_array().into_iter().flatten().find(|s| s["what"] == what).map(|s| s["did"].clone());
                ensure!(did("/usr/local/bin/muster") == Some("replaced".into()), "{said:#}");
                ensure!(did("/etc/muster/muster.toml") == Some("kept".into()), "{said:#}");
                machine.run("cmp /root/newer /usr/local/bin/muster").map(drop)
            }
        }
        Way::Package(_, newer) => {
            machine.copy(newer, "/root/newer.deb")?;
            machine.run("dpkg --unpack /root/newer.deb")?;
            ensure!(machine.muster_pid()? == old, "the old one does not go on until the new one is there");
            &|| {
                machine.run("dpkg --configure muster")?;
                machine.run("test \"$(dpkg-query -W -f '${Version}' muster)\" = \"$(dpkg-deb -f /root/newer.deb Version)\"").map(drop)
            }
        }
    };
    let (id, loss) = machine.killed("nginx.service", "nginx", "systemctl stop muster.service", then)?;
    machine.run("grep -qx '# mine' /etc/muster/muster.toml")?;
    ensure!(machine.muster_pid()? != old && machine.pid("worker")? == worker, "Muster is the old one, or the worker is not");
    machine.present(&SERVICES)?;
    let verified = machine.ask("ledger verify")?;
    ensure!(verified["whole"] == true, "{verified}");
    machine.run("muster ledger export | head -n $(wc -l < /root/before.jsonl) | cmp - /root/before.jsonl")?;
    said(&format!(
        "upgraded: nginx, killed meanwhile, was found lost ({loss}, {id}) and is back; every event of before is there, the chain holds"
    ));

    // And in one go, under load of nobody: what runs is exchanged, the worker goes on.
    let old = machine.muster_pid()?;
    match way {
        Way::Program(_) => machine.run("printf x >> /root/newer && /root/newer install")?,
        Way::Package(..) => machine.run("dpkg --install /root/newer.deb")?,
    };
    ensure!(machine.muster_pid()? != old, "the old one runs on");
    machine.present(&SERVICES)?;
    ensure!(machine.pid("worker")? == worker, "the worker was started anew");

    // A broken configuration must not cost the machine its guardian.
    let old = machine.muster_pid()?;
    machine.run("echo '[nonsense' > /etc/muster/services.d/broken.toml")?;
    match way {
        Way::Program(_) => {
            let words = machine.refused("printf x >> /root/newer; /root/newer install", 2)?;
            ensure!(words.contains("/etc/muster/services.d/broken.toml:1:"), "{words}");
        }
        Way::Package(..) => {
            let words = machine.run("dpkg --install /root/newer.deb 2>&1")?;
            ensure!(words.contains("broken.toml:1:") && words.contains("the old Muster goes on"), "{words}");
        }
    }
    ensure!(machine.muster_pid()? == old, "it was restarted with a configuration that it refuses");
    machine.run("rm /etc/muster/services.d/broken.toml")?;
    machine.present(&SERVICES)?;
    said("exchanged in one go; with a broken configuration the old one goes on");
    Ok(())
}

fn take_back(machine: &Machine, way: &Way<'_>, before: &std::collections::BTreeSet<String>) -> Result<()> {
    let worker = machine.pid("worker")?;
    let gone = || machine.run("! systemctl cat muster.service >/dev/null 2>&1 && ! command -v muster && test -d /var/lib/muster");
    match way {
        Way::Program(_) => {
            machine.run("echo '# mine too' >> /etc/systemd/system/muster.service")?;
            let kept = machine.run("/root/newer install --dry-run")?;
            ensure!(kept.contains("- # mine too") && kept.contains("systemctl edit muster"), "{kept}");
            machine.run("muster uninstall --dry-run && systemctl is-active muster.service")?;
            print!("{}", machine.run("muster uninstall")?);
            machine.run("grep -qx '# mine too' /etc/systemd/system/muster.service && ! command -v muster")?;
            machine.run(&format!("kill -0 {worker}"))?;
            said("uninstalled: what was altered by hand is left, configuration and record too, and the worker goes on");
            let again: Value = serde_json::from_str(&machine.run("/root/newer --json uninstall")?)?;
            ensure!(again["steps"].as_array().is_some_and(|s| s.iter().all(|s| s["did"] == "kept")), "{again:#}");
            // All of it once more, and then everything at once.
            machine.run("rm /etc/systemd/system/muster.service && systemctl daemon-reload && /root/newer install")?;
            machine.present(&SERVICES)?;
            ensure!(machine.pid("worker")? == worker, "the worker was not adopted");
            print!("{}", machine.run("muster uninstall --purge --services")?);
            machine.refused(&format!("kill -0 {worker} 2>/dev/null"), 1)?;
            let nothing = machine.run("/root/newer uninstall --purge")?;
            ensure!(nothing.contains("nothing to take back"), "{nothing}");
        }
        Way::Package(..) => {
            machine.run("dpkg --remove muster")?;
            gone().context("after remove")?;
            machine.run(&format!("kill -0 {worker} && grep -qx '# mine' /etc/muster/muster.toml"))?;
            said("removed: configuration and record are left, and the worker goes on");
            machine.run("dpkg --install /root/newer.deb")?;
            machine.present(&SERVICES)?;
            ensure!(machine.pid("worker")? == worker, "the worker was not adopted");
            machine.run("muster down --services && dpkg --purge muster")?;
            machine.refused(&format!("kill -0 {worker} 2>/dev/null"), 1)?;
        }
    }
    machine.is_as(before)?;
    said("purged: the machine is as it was");
    Ok(())
}
