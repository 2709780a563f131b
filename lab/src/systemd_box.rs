//! A box: a real systemd as process 1 of namespaces of its own, on an overlay of a root file system.
//!
//! It boots in half a second, has a network of its own (only loopback), and leaves nothing behind: its processes die with
//! the laboratory however that ends, its file system is a tmpfs of its mount namespace.

use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use muster_model::time::Length;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use tempfile::TempDir;

use crate::clock::{Deadline, look_until};

const BOOT: &str = include_str!("../box/boot.sh");

/// Half a second is usual; a loaded machine may take many times that.
const BOOT_WITHIN: Length = Length::seconds(60);
const END_WITHIN: Length = Length::seconds(10);
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// What one command may say.
const OUTPUT_BYTES_MAX: u64 = 64 << 20;
/// What is typed to one command: no more than a pipe holds, so that writing never waits.
const INPUT_BYTES_MAX: usize = 64 << 10;

/// Where the kernel may have put the control groups of a box.
const CGROUP_ROOTS: [&str; 10] = [
    "/sys/fs/cgroup",
    "/sys/fs/cgroup/unified",
    "/sys/fs/cgroup/systemd",
    "/sys/fs/cgroup/memory",
    "/sys/fs/cgroup/pids",
    "/sys/fs/cgroup/cpu",
    "/sys/fs/cgroup/cpuacct",
    "/sys/fs/cgroup/blkio",
    "/sys/fs/cgroup/devices",
    "/sys/fs/cgroup/freezer",
];

/// What a command in a box said.
#[derive(Debug)]
pub(crate) struct Said {
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// What it printed.
    pub(crate) out: String,
    /// What it complained.
    pub(crate) err: String,
}

impl Said {
    /// What it printed, where it succeeded; else an error with what it complained.
    pub(crate) fn ok(self) -> Result<String> {
        ensure!(self.status.success(), "{}: {}", self.status, if self.err.trim().is_empty() { &self.out } else { &self.err }.trim());
        Ok(self.out)
    }
}

/// A running box. It ends when dropped.
#[derive(Debug)]
pub(crate) struct SystemdBox {
    name: String,
    /// The process that holds the namespaces (`unshare`).
    holder: Child,
    /// The box's process 1, as seen from here.
    init: Pid,
    _state: TempDir,
}

impl SystemdBox {
    /// Boots a box on `root`. Keep the thread that calls it alive: the box dies with it.
    pub(crate) fn boot(root: &Path) -> Result<SystemdBox> {
        static BOXES: AtomicU32 = AtomicU32::new(0);
        let name = format!("muster-lab-{}-{}", std::process::id(), BOXES.fetch_add(1, Ordering::Relaxed));
        let state = tempfile::Builder::new().prefix("muster-lab-").tempdir().context("cannot make a directory for a box")?;
        let log = state.path().with_extension("log");
        let complaints = fs::File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut holder = Command::new("setpriv")
            .args(["--pdeathsig", "KILL"])
            .args(["unshare", "--pid", "--fork", "--mount", "--uts", "--ipc", "--net", "--kill-child=SIGKILL", "--propagation", "private"])
            .args(["bash", "-c", BOOT, "boot.sh"])
            .args([root.as_os_str(), state.path().as_os_str(), name.as_ref()])
            .stdin(Stdio::null())
            .stdout(complaints.try_clone()?)
            .stderr(complaints)
            .spawn()
            .context("cannot run setpriv and unshare; install util-linux")?;
        let deadline = Deadline::after(BOOT_WITHIN);
        let first = look_until(deadline, LOOK_EVERY, || first_child(&holder).map(Ok).or_else(|| ended(&mut holder).map(Err)));
        let booted = match first {
            Some(Ok(init)) => {
                let mut this = SystemdBox { name, holder, init, _state: state };
                let booted = this.wait_until_booted(deadline);
                booted.map(|()| this)
            }
            _ => {
                // It may never have got as far as a child of its own; then there is nothing else to end.
                let _ = holder.kill();
                let _ = holder.wait();
                Err(anyhow::anyhow!("its first process did not start"))
            }
        };
        let why = fs::read_to_string(&log).unwrap_or_default();
        let _ = fs::remove_file(&log);
        booted.with_context(|| format!("the box did not boot: {}", why.trim()))
    }

    fn wait_until_booted(&mut self, deadline: Deadline) -> Result<()> {
        let mut last = String::new();
        let running = look_until(deadline, LOOK_EVERY, || {
            if let Some(status) = ended(&mut self.holder) {
                return Some(Err(status));
            }
            let said = self.sh("systemctl is-system-running", BOOT_WITHIN).ok()?;
            last = said.out.trim().to_owned();
            matches!(last.as_str(), "running" | "degraded").then_some(Ok(()))
        });
        match running {
            Some(Ok(())) => Ok(()),
            Some(Err(status)) => bail!("systemd ended: {status}"),
            None => bail!("after {BOOT_WITHIN} systemd says `{last}`"),
        }
    }

    /// A command to be run in the box by nobody in particular: no terminal, no login.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.init.as_raw_nonzero().to_string()])
            .args(["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd"])
            // Without a directory of the box, getcwd(3) fails there, which breaks shells, perl and HAProxy.
            .args(["env", "-i", "-C", "/", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])
            .args(["TERM=dumb", "HOME=/root", "LANG=C.UTF-8", "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0", "NO_COLOR=1", program])
            .stdin(Stdio::null());
        command
    }

    /// Runs a line of shell in the box, no longer than `within`.
    pub(crate) fn sh(&self, line: &str, within: Length) -> Result<Said> {
        let mut command = self.command("bash");
        command.args(["-c", line]);
        finish(command, "", within).with_context(|| format!("in the box: {line}"))
    }

    /// Its process 1, as seen from here.
    pub(crate) fn init(&self) -> Pid {
        self.init
    }

    /// A path of the box as seen from here. Absolute symbolic links on it would lead out of the box.
    pub(crate) fn path(&self, inside: &str) -> PathBuf {
        Path::new("/proc").join(self.init.as_raw_nonzero().to_string()).join("root").join(inside.trim_start_matches('/'))
    }

    /// Writes a file in the box; executable where it begins with `#!`.
    pub(crate) fn write(&self, inside: &str, content: &[u8]) -> Result<()> {
        let path = self.path(inside);
        let write = || {
            if let Some(dir) = path.parent() {
                fs::create_dir_all(dir)?;
            }
            fs::write(&path, content)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(if content.starts_with(b"#!") { 0o755 } else { 0o644 }))
        };
        write().with_context(|| format!("cannot write {inside} in the box"))
    }

    /// Puts a program of this machine into the box.
    pub(crate) fn install(&self, program: &Path, inside: &str) -> Result<()> {
        let path = self.path(inside);
        fs::copy(program, &path).with_context(|| format!("cannot copy {} to {inside} in the box", program.display()))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).with_context(|| format!("cannot make {inside} executable"))
    }
}

impl Drop for SystemdBox {
    fn drop(&mut self) {
        // The end of process 1 ends every process of its pid namespace, and with them go the mounts.
        let _ = kill_process(self.init, Signal::KILL);
        let _ = self.holder.wait();
        let groups = CGROUP_ROOTS.map(|root| Path::new(root).join(&self.name));
        look_until(Deadline::after(END_WITHIN), LOOK_EVERY, || groups.iter().all(|g| remove_groups(g)).then_some(()));
    }
}

/// Removes a control group with all below it; `false` while processes are left in it.
fn remove_groups(group: &Path) -> bool {
    let Ok(entries) = fs::read_dir(group) else { return true };
    let mut below = entries.flatten().filter(|e| e.file_type().is_ok_and(|t| t.is_dir()));
    below.all(|e| remove_groups(&e.path())) && fs::remove_dir(group).is_ok()
}

fn first_child(holder: &Child) -> Option<Pid> {
    let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", holder.id())).ok()?;
    Pid::from_raw(children.split_whitespace().next()?.parse().ok()?)
}

fn ended(child: &mut Child) -> Option<ExitStatus> {
    child.try_wait().ok().flatten()
}

/// Runs a command with `input` until it ends, no longer than `within`. What it starts in the background may outlive it.
pub(crate) fn finish(mut command: Command, input: &str, within: Length) -> Result<Said> {
    // Files, not pipes: a background process that inherits a pipe would keep it open.
    let (mut out, mut err) = (tempfile::tempfile()?, tempfile::tempfile()?);
    let mut child = command.stdin(Stdio::piped()).stdout(out.try_clone()?).stderr(err.try_clone()?).spawn().context("cannot run it")?;
    let mut stdin = child.stdin.take().context("it has no standard input")?;
    ensure!(input.len() <= INPUT_BYTES_MAX, "the input is longer than {INPUT_BYTES_MAX} bytes");
    // It may have ended without reading.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let in_time = wait(&child, within)?;
    if !in_time {
        child.kill().context("cannot end it")?;
    }
    let said = Said { status: child.wait()?, out: read_all(&mut out)?, err: read_all(&mut err)? };
    ensure!(in_time, "did not end within {within}; it said: {} {}", said.out.trim(), said.err.trim());
    Ok(said)
}

/// Waits for the end of a child; `false` when it has not come in time. The child is left to be reaped.
pub(crate) fn wait(child: &Child, within: Length) -> Result<bool> {
    let pid = Pid::from_child(child);
    let fd = pidfd_open(pid, PidfdFlags::empty()).context("cannot watch it")?;
    let deadline = Deadline::after(within);
    loop {
        let left = Timespec::try_from(deadline.left())?;
        match poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&left)) {
            Ok(0) if deadline.is_over() => return Ok(false),
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Ok(true),
            Err(e) => bail!("cannot wait for it: {e}"),
        }
    }
}

fn read_all(from: &mut fs::File) -> Result<String> {
    from.seek(SeekFrom::Start(0))?;
    let mut bytes = Vec::new();
    from.take(OUTPUT_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root::{self, Furniture};

    /// The root of the boxes; `None`, with the reason on standard output, where boxes cannot be made.
    fn root() -> Option<PathBuf> {
        if !rustix::process::geteuid().is_root() {
            println!("skipped: a box needs root");
            return None;
        }
        if Command::new("mmdebstrap").arg("--version").output().is_err() {
            println!("skipped: a box needs mmdebstrap");
            return None;
        }
        Some(root::cached(Furniture::Services).unwrap())
    }

    #[test]
    fn a_box_is_a_machine_of_its_own_and_leaves_nothing_behind() {
        let Some(root) = root() else { return };
        let place = SystemdBox::boot(&root).unwrap();
        let second = Length::seconds(20);
        let run = |line: &str| place.sh(line, second).unwrap().ok().unwrap();
        assert_eq!(run("hostname; cat /proc/1/comm; ls /sys/class/net"), "lab\nsystemd\nlo\n");
        assert_eq!(run("systemctl is-active nginx redis-server postgresql@15-main haproxy"), "active\n".repeat(4));
        place.write("/etc/muster/here", b"#!/bin/sh\necho here\n").unwrap();
        assert_eq!(run("/etc/muster/here"), "here\n");
        assert!(!root.join("etc/muster/here").exists(), "the root stays as it was");

        let (init, name) = (place.init(), place.name.clone());
        // What is started in the background does not keep a command from ending, and dies with the box.
        run("sleep 1000 & nc -lk 127.0.0.1 9999 &");
        drop(place);
        assert!(!Path::new("/proc").join(init.as_raw_nonzero().to_string()).exists(), "its process 1 is gone");
        let left: Vec<_> = CGROUP_ROOTS.iter().map(|r| Path::new(r).join(&name)).filter(|p| p.exists()).collect();
        assert_eq!(left, Vec::<PathBuf>::new());
        assert!(!fs::read_to_string("/proc/mounts").unwrap().contains(&name));
    }

    #[test]
    fn a_command_that_does_not_end_is_ended_and_says_what_it_said() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo began; exec sleep 1000"]);
        let error = finish(command, "", Length::ms(300)).unwrap_err().to_string();
        assert!(error.contains("did not end within 300ms") && error.contains("began"), "{error}");
    }

    #[test]
    fn what_is_typed_reaches_the_command_and_a_failure_says_why() {
        let mut command = Command::new("sh");
        command.args(["-c", "read word; echo \"no $word\" >&2; exit 3"]);
        let said = finish(command, "luck\n", Length::seconds(20)).unwrap();
        assert_eq!(said.status.code(), Some(3));
        assert_eq!(said.ok().unwrap_err().to_string(), "exit status: 3: no luck");
    }
}
