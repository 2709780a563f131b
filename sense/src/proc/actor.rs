//! Who a process is, from /proc.

use muster_model::actor::Actor;

use super::Proc;
use super::stat::terminal_of_number;

/// How many parents are named.
pub const PARENTS_MAX: usize = 8;
/// The longest command line that is kept, in bytes.
pub(super) const COMMAND_MAX_BYTES: usize = 4096;

/// Best effort: what cannot be read is left out. `None` when the process itself is gone.
pub(super) fn of(proc: &Proc, pid: i32) -> Option<Actor> {
    let stat = proc.stat(pid).ok()??;
    let uid = proc.uid(pid).ok().flatten();
    let login_uid = proc.login_uid(pid).ok().flatten();
    let mut actor = Actor {
        uid,
        user: uid.and_then(|uid| proc.users().name(uid)),
        login_uid,
        login_user: login_uid.and_then(|uid| proc.users().name(uid)),
        tty: terminal_of_number(stat.terminal),
        pid: Some(pid),
        exe: proc.exe(pid).ok().flatten().map(|exe| exe.to_string_lossy().into_owned()),
        command: proc.command(pid).ok().flatten(),
        parents: Vec::new(),
        parent_pids: Vec::new(),
    };
    let mut parent = stat.parent;
    while parent > 0 && actor.parents.len() < PARENTS_MAX {
        let Ok(Some(stat)) = proc.stat(parent) else { break };
        actor.parents.push(proc.command(parent).ok().flatten().unwrap_or_else(|| format!("[{}]", stat.comm)));
        actor.parent_pids.push(parent);
        parent = stat.parent;
    }
    Some(actor)
}

/// The arguments in a block where each ends with NUL, as the kernel keeps them. Programs that write their own title
/// leave a tail of NULs.
pub(crate) fn split_arguments(block: &[u8]) -> Vec<String> {
    let end = block.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
    if end == 0 {
        return Vec::new();
    }
    block[..end].split(|b| *b == 0).map(|argument| String::from_utf8_lossy(argument).into_owned()).collect()
}

/// Arguments as one would type them: those with blanks in quotes. A single one is a title that a program gave itself
/// (`nginx: master process …`) and stays as it is.
pub fn command_line(arguments: &[String]) -> String {
    let quoted = |argument: &String| match argument.contains(|c: char| c.is_whitespace() || "'\"\\$&|;<>()`".contains(c)) {
        true => format!("'{}'", argument.replace('\'', r"'\''")),
        false if argument.is_empty() => "''".to_owned(),
        false => argument.clone(),
    };
    let line = match arguments {
        [title] => title.clone(),
        _ => arguments.iter().map(quoted).collect::<Vec<_>>().join(" "),
    };
    shorten(line)
}

fn shorten(mut line: String) -> String {
    if line.len() > COMMAND_MAX_BYTES {
        line.truncate(line.floor_char_boundary(COMMAND_MAX_BYTES));
        line.push('…');
    }
    line
}
