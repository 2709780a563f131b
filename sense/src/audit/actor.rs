//! From a record to who it was.

use muster_model::actor::Actor;
use muster_model::time::{Length, Mono, Time};

use super::Call;
use crate::clock;
use crate::proc::{PARENTS_MAX, Proc, TICKS_PER_SECOND, command_line, split_arguments, terminal_of_name};

/// A record's time is that of the tick before it, and so is a start time.
pub(crate) const TICK: Length = Length::ms(20);
/// The kernel keeps so much of a command line in a record.
const TITLE_MAX_BYTES: usize = 128;

impl Call {
    /// Who made it: as the record has it, and its parents as `/proc` still has them, else as `remembered` knows the nearest.
    pub(crate) fn actor(&self, proc: &Proc, remembered: impl Fn(i32) -> Option<Actor>) -> Actor {
        let name = |uid: Option<u32>| uid.and_then(|uid| proc.users().name(uid));
        let parent = if still_there(proc, self.ppid, self.at) { proc.actor(self.ppid) } else { remembered(self.ppid) };
        let (mut parents, mut parent_pids) = match parent {
            Some(parent) => {
                let command = parent.command.or(parent.exe).unwrap_or_else(|| format!("[{}]", self.ppid));
                ([vec![command], parent.parents].concat(), [vec![self.ppid], parent.parent_pids].concat())
            }
            None if self.ppid > 0 => (vec![format!("[pid {}, ended]", self.ppid)], vec![self.ppid]),
            None => (Vec::new(), Vec::new()),
        };
        parents.truncate(PARENTS_MAX);
        parent_pids.truncate(PARENTS_MAX);
        Actor {
            uid: self.uid,
            user: name(self.uid),
            login_uid: self.login_uid,
            login_user: name(self.login_uid),
            tty: self.tty.as_deref().and_then(terminal_of_name),
            pid: Some(self.pid),
            exe: self.exe.as_deref().map(|exe| String::from_utf8_lossy(exe).into_owned()),
            command: self.command(proc).or_else(|| Some(format!("[{}]", String::from_utf8_lossy(&self.comm)))),
            parents,
            parent_pids,
        }
    }

    /// The command line: the record has the beginning of it, `/proc` the whole where it is still the same.
    fn command(&self, proc: &Proc) -> Option<String> {
        let title = self.title.as_deref()?;
        let mut arguments = split_arguments(title);
        if title.len() < TITLE_MAX_BYTES {
            return Some(command_line(&arguments)).filter(|line| !line.is_empty());
        }
        let whole = if still_there(proc, self.pid, self.at) { proc.arguments(self.pid).ok().flatten() } else { None };
        if let Some(whole) = whole.filter(|whole| whole.join("\0").starts_with(&arguments.join("\0"))) {
            return Some(command_line(&whole));
        }
        if let Some(last) = arguments.last_mut() {
            last.push('…');
        }
        Some(command_line(&arguments))
    }
}

/// Whether a process that was there then is still the one with this id.
fn still_there(proc: &Proc, pid: i32, then: Time) -> bool {
    let started = |start: u64| clock::wall_of(Mono(start.saturating_mul(1_000_000_000 / TICKS_PER_SECOND)));
    matches!(proc.stat(pid), Ok(Some(stat)) if !stat.ended() && started(stat.start) <= then.after(TICK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_names_who_is_gone_and_proc_the_parent_that_is_not() {
        let us = std::process::id().cast_signed();
        let call = Call {
            at: clock::now().0,
            pid: i32::MAX,
            ppid: us,
            uid: Some(0),
            tty: Some("pts3".into()),
            comm: b"kill".to_vec(),
            title: Some(b"/bin/kill\0-9\0a b".to_vec()),
            ..Call::default()
        };
        let actor = call.actor(&Proc::here(), |_| None);
        assert_eq!((actor.command.as_deref(), actor.tty.as_deref()), (Some("/bin/kill -9 'a b'"), Some("pts/3")));
        assert_eq!((actor.pid, actor.user.as_deref(), actor.parent_pids[0]), (Some(i32::MAX), Some("root"), us));
        assert_eq!(actor.parents.len(), actor.parent_pids.len());

        let long_ago = Call { at: Time(1), title: None, ..call.clone() }.actor(&Proc::here(), |_| None);
        assert_eq!((long_ago.command.as_deref(), long_ago.parent_pids), (Some("[kill]"), vec![us]));
        assert_eq!(long_ago.parents, [format!("[pid {us}, ended]")], "another process may have that id by now");

        let cut = Call { title: Some(vec![b'x'; TITLE_MAX_BYTES]), ..call };
        assert_eq!(cut.actor(&Proc::here(), |_| None).command, Some(format!("{}…", "x".repeat(TITLE_MAX_BYTES))));
    }
}
