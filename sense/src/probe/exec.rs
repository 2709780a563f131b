//! A command that keeps the monitoring-plugin convention (Monitoring Plugins Development Guidelines): its exit code is the
//! answer, its first line the text, and after `|` comes performance data.

use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use muster_model::probe::Answer;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use super::answers::line;
use super::pidfd::PidFd;
use super::progress::{Progress, Reached};

/// Bytes of output that are kept of each stream; the rest is read and dropped, so that a talkative plugin can end.
const OUTPUT_BYTES_MAX: usize = 8 << 10;
/// Items of performance data that are kept.
const PERFDATA_MAX: usize = 64;
/// A process that left the plugin's group may hold its output open; what has not come by then is not waited for.
const LAST_WORDS_WITHIN: Duration = Duration::from_millis(100);

pub(super) async fn put(command: &str, progress: &Progress) -> Answer {
    let mut plugin = match Plugin::start(command) {
        Ok(plugin) => plugin,
        Err(error) => return Answer::Unasked { text: format!("the plugin could not be started: {error}") },
    };
    progress.reached(Reached::Started);
    match plugin.finish().await {
        Ok((status, out, err)) => understand(status, &out, &err),
        Err(error) => Answer::Unasked { text: format!("the plugin could not be waited for: {error}") },
    }
}

/// A running plugin, in a process group of its own. Dropped, it is ended with all its group.
struct Plugin {
    child: Child,
    /// `None` once it was waited for: from then on the number may be another's.
    group: Option<Pid>,
    pidfd: PidFd,
}

impl Plugin {
    fn start(command: &str) -> std::io::Result<Plugin> {
        let mut child = Command::new("/bin/sh")
            .args(["-c", command])
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        match group.ok_or_else(|| std::io::Error::other("it has no process id")).and_then(PidFd::open) {
            Ok(pidfd) => Ok(Plugin { child, group, pidfd }),
            Err(error) => {
                let _ = child.start_kill();
                Err(error)
            }
        }
    }

    /// Its exit status, and the beginnings of its output and of its errors.
    async fn finish(&mut self) -> std::io::Result<(ExitStatus, Vec<u8>, Vec<u8>)> {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let (stdout, stderr) = (self.child.stdout.take(), self.child.stderr.take());
        {
            let output = async { tokio::join!(keep(stdout, &mut out), keep(stderr, &mut err)) };
            tokio::pin!(output);
            let told_all = tokio::select! {
                _ = &mut output => true,
                ended = self.pidfd.ended() => { ended?; false }
            };
            if told_all {
                self.pidfd.ended().await?;
            }
            // The leader is dead and not yet waited for, so the group's number is still its own: whoever is left in it goes too.
            self.end_group();
            if !told_all {
                let _ = tokio::time::timeout(LAST_WORDS_WITHIN, output).await;
            }
        }
        self.group = None;
        let status = self.child.wait().await?;
        Ok((status, out, err))
    }

    fn end_group(&self) {
        if let Some(group) = self.group {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        // Here its leader has not been waited for either.
        self.end_group();
    }
}

/// Reads to the end and keeps the beginning.
async fn keep(stream: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>) {
    let Some(mut stream) = stream else { return };
    let mut chunk = [0; 1024];
    while let Ok(n @ 1..) = stream.read(&mut chunk).await {
        let room = OUTPUT_BYTES_MAX.saturating_sub(kept.len());
        kept.extend_from_slice(chunk.get(..n.min(room)).unwrap_or_default());
    }
}

pub(super) fn understand(status: ExitStatus, out: &[u8], err: &[u8]) -> Answer {
    let (mut text, perfdata) = read_output(&String::from_utf8_lossy(out));
    if text.is_empty() {
        text = line(String::from_utf8_lossy(err).lines().next().unwrap_or_default());
    }
    match (status.code(), status.signal()) {
        (Some(0), _) => Answer::Right { text: Some(text).filter(|t| !t.is_empty()), perfdata },
        (Some(1), _) => Answer::Warning { text, perfdata },
        (Some(2), _) => Answer::Wrong { text, perfdata },
        (Some(3), _) if !text.is_empty() => Answer::Unasked { text },
        (Some(code), _) => Answer::Unasked { text: format!("exit code {code}: {text}") },
        (None, signal) => Answer::Unasked { text: format!("ended by signal {}: {text}", signal.unwrap_or_default()) },
    }
}

/// The first line's text, and all performance data: after the `|` of the first line, and from the next `|` in a later
/// line to the end.
fn read_output(output: &str) -> (String, Vec<String>) {
    let mut lines = output.lines();
    let (text, first) = lines.next().unwrap_or_default().split_once('|').unwrap_or((output.lines().next().unwrap_or_default(), ""));
    let mut items = split_perfdata(first);
    let mut in_perfdata = false;
    for later in lines {
        match (in_perfdata, later.split_once('|')) {
            (true, _) => items.extend(split_perfdata(later)),
            (false, Some((_, data))) => {
                in_perfdata = true;
                items.extend(split_perfdata(data));
            }
            (false, None) => {}
        }
    }
    items.truncate(PERFDATA_MAX);
    (line(text), items)
}

/// `label=value[unit];warn;crit;min;max` items, parted by blanks; a label in single quotes may have blanks in it.
fn split_perfdata(data: &str) -> Vec<String> {
    let mut quoted = false;
    let parts = data.split(|c: char| {
        quoted ^= c == '\'';
        c.is_whitespace() && !quoted
    });
    parts.filter(|item| item.contains('=')).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::super::answers::TEXT_CHARS_MAX;
    use super::*;

    #[test]
    fn performance_data_is_found_in_the_first_line_and_in_later_ones() {
        let output = "DISK OK - free space: / 3326 MB (56%); | /=2643MB;5948;5958;0;5968\n/ 15272 MB (77%);\n\
                      /boot 68 MB (69%); | /boot=68MB;88;93;0;98\n'my home'=69357MB;253404;253409;0;253414 rta=0.5ms\n";
        let (text, perfdata) = read_output(output);
        assert_eq!(text, "DISK OK - free space: / 3326 MB (56%);");
        let all = ["/=2643MB;5948;5958;0;5968", "/boot=68MB;88;93;0;98", "'my home'=69357MB;253404;253409;0;253414", "rta=0.5ms"];
        assert_eq!(perfdata, all);
    }

    #[test]
    fn odd_output_gives_a_short_line_and_bounded_data() {
        for (output, text, items) in [("", "", 0), ("\n\n|", "", 0), ("|a=1 b='", "", 2), ("\u{7}x\u{0}y|=", "xy", 1), ("a|b|c=1", "a", 1)]
        {
            assert_eq!((read_output(output).0.as_str(), read_output(output).1.len()), (text, items), "{output:?}");
        }
        let many = format!("x|{}", "a=1 ".repeat(1000));
        assert_eq!(read_output(&many).1.len(), PERFDATA_MAX);
        assert_eq!(read_output(&"é".repeat(5000)).0.chars().count(), TEXT_CHARS_MAX);
    }
}
