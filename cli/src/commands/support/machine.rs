//! What a bug report needs to know of the machine: files of /proc and /etc, and what a few programs say.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use muster_model::text::Text;

use super::bundle::{Raw, why};

/// So much is read of one file, or of what a program says.
const READ_BYTES_MAX: u64 = 8 << 20;
/// A program that has not ended by then is ended.
const PROGRAM_WITHIN: Duration = Duration::from_secs(15);
/// More processes of one name are not looked at.
const PROCESSES_MAX: usize = 64;
/// More files of the data folder are not counted.
const FILES_MAX: usize = 20_000;

/// A file's text.
pub(super) fn read(path: &Path) -> Result<String, Text> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(READ_BYTES_MAX).read_to_end(&mut bytes));
    read.map_err(|error| why(format!("{}: {error}", path.display())))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What a program says on standard output and error; `Err` also where it says nothing but that it failed.
pub(super) fn program(words: &[&str], left: Duration) -> Result<String, Text> {
    let (name, arguments) = words.split_first().ok_or_else(|| Text::new("support-silent").with("program", ""))?;
    let mut child = Command::new(name)
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| why(format!("{name}: {error}")))?;
    let (sender, read) = mpsc::channel();
    let outputs: [Option<Box<dyn Read + Send>>; 2] =
        [child.stdout.take().map(|pipe| Box::new(pipe) as _), child.stderr.take().map(|pipe| Box::new(pipe) as _)];
    for (place, pipe) in outputs.into_iter().enumerate() {
        let sender = sender.clone();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = pipe.map(|pipe| pipe.take(READ_BYTES_MAX).read_to_end(&mut bytes));
            let _ = sender.send((place, String::from_utf8_lossy(&bytes).into_owned()));
        });
    }
    let mut said = [String::new(), String::new()];
    for _ in 0..2 {
        match read.recv_timeout(left.min(PROGRAM_WITHIN)) {
            Ok((place, text)) => said[place] = text,
            Err(_) => {
                end(&mut child);
                return Err(Text::new("support-slow").with("program", name).with("s", left.min(PROGRAM_WITHIN).as_secs()));
            }
        }
    }
    end(&mut child);
    let [output, errors] = said;
    match (output.is_empty(), errors.is_empty()) {
        (true, true) => Err(Text::new("support-silent").with("program", name)),
        (true, false) => Err(why(errors.trim())),
        (false, true) => Ok(output),
        (false, false) => Ok(format!("{output}\n{errors}")),
    }
}

/// Its outputs are closed, or it has had its time.
fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// Kernel, distribution, processors, memory, load, and what decides how much Muster may see.
pub(super) fn system() -> Raw {
    let uname = rustix::system::uname();
    let mut text = String::new();
    let words = [uname.sysname(), uname.release(), uname.version(), uname.machine()].map(|word| word.to_string_lossy().into_owned());
    let _ = writeln!(text, "uname: {}", words.join(" "));
    let _ = writeln!(text, "uid: {}", rustix::process::geteuid().as_raw());
    let _ = writeln!(text, "processors: {}", std::thread::available_parallelism().map_or(0, usize::from));
    let _ = writeln!(text, "BTF of the kernel: {}", Path::new("/sys/kernel/btf/vmlinux").exists());
    let _ = writeln!(text, "cgroup v2: {}", Path::new("/sys/fs/cgroup/cgroup.controllers").exists());
    for path in [
        "/etc/os-release",
        "/proc/uptime",
        "/proc/loadavg",
        "/proc/meminfo",
        "/proc/cmdline",
        "/proc/sys/kernel/unprivileged_bpf_disabled",
        "/proc/sys/kernel/perf_event_paranoid",
        "/proc/sys/fs/inotify/max_user_watches",
        "/proc/sys/fs/file-nr",
        "/proc/pressure/memory",
        "/sys/kernel/security/lsm",
        "/sys/kernel/security/lockdown",
    ] {
        let what = read(Path::new(path)).unwrap_or_else(|why| why.args.values().cloned().collect());
        let _ = writeln!(text, "\n== {path}\n{}", what.trim_end());
    }
    Raw::Text(text)
}

/// Muster's own processes as /proc has them: memory, processor time, limits, open files.
pub(super) fn processes() -> Result<Raw, Text> {
    let mut text = String::new();
    let mut pids: Vec<i32> = std::fs::read_dir("/proc")
        .map_err(|error| why(format!("/proc: {error}")))?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "muster"))
        .collect();
    pids.sort_unstable();
    for pid in pids.iter().take(PROCESSES_MAX) {
        let own = if u32::try_from(*pid).is_ok_and(|pid| pid == std::process::id()) { " (this command)" } else { "" };
        let _ = writeln!(text, "== process {pid}{own}");
        for name in ["cmdline", "cgroup", "stat", "status", "io", "limits"] {
            let what = read(Path::new(&format!("/proc/{pid}/{name}"))).unwrap_or_else(|why| why.args.values().cloned().collect());
            let _ = writeln!(text, "-- {name}\n{}", what.replace('\0', " ").trim_end());
        }
        let open = std::fs::read_dir(format!("/proc/{pid}/fd")).map_or_else(|error| error.to_string(), |all| all.count().to_string());
        let _ = writeln!(text, "-- open files: {open}\n");
    }
    Ok(Raw::Text(text))
}

/// The unit in which a process runs, by its cgroup.
pub(super) fn unit_of(pid: rustix::process::Pid) -> Option<String> {
    let text = read(Path::new(&format!("/proc/{}/cgroup", pid.as_raw_nonzero()))).ok()?;
    text.lines().next_back()?.rsplit('/').find(|part| part.ends_with(".service")).map(str::to_owned)
}

/// The files of a folder with their sizes, and how much room its file system has.
pub(super) fn sizes(folder: &Path) -> Result<Raw, Text> {
    let mut text = String::new();
    let (mut left, mut sum) = (FILES_MAX, (0_u64, 0_u64));
    let mut folders = vec![folder.to_owned()];
    let mut first = true;
    while let Some(within) = folders.pop() {
        let entries = match std::fs::read_dir(&within) {
            Ok(entries) => entries,
            Err(error) if first => return Err(why(format!("{}: {error}", within.display()))),
            Err(error) => {
                let _ = writeln!(text, "{}: {error}", within.display());
                continue;
            }
        };
        for entry in entries.flatten() {
            let Ok(about) = entry.metadata() else { continue };
            left = left.saturating_sub(1);
            if left == 0 {
                let _ = writeln!(text, "more than {FILES_MAX} files");
                return Ok(Raw::Text(text));
            }
            if about.is_dir() {
                folders.push(entry.path());
                continue;
            }
            sum = (sum.0 + 1, sum.1 + about.len());
            if first {
                let _ = writeln!(text, "{:>14}  {}", about.len(), entry.path().display());
            }
        }
        first = false;
    }
    let _ = writeln!(text, "\n{} files, {} bytes in all", sum.0, sum.1);
    if let Ok(disk) = rustix::fs::statvfs(folder) {
        let _ = writeln!(text, "the file system has {} of {} bytes free", disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize);
    }
    Ok(Raw::Text(text))
}
