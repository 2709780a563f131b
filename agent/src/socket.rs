//! The agent's socket, `DATA/agent.sock`: a JSON line each way, one thread for each asker.
//!
//! Who may ask: the file's mode lets only the user in under whom Muster runs, and root. Who it is that tells Muster to
//! do something is taken from the kernel (SO_PEERCRED, unix(7)), never from what is said.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use muster_model::actor::Actor;
use muster_model::request::{Reply, Request};
use muster_model::text::Text;

use crate::desk::Desk;

/// At most so many askers at once.
const ASKERS_MAX: usize = 64;
/// A longer line is not a request.
pub(crate) const REQUEST_BYTES_MAX: u64 = 256 << 10;
/// An asker who says nothing for so long is let go.
const IDLE: Duration = Duration::from_secs(30);

/// The open socket; dropping it takes the file away.
pub(crate) struct Socket {
    path: PathBuf,
}

impl Drop for Socket {
    fn drop(&mut self) {
        // The file is of no use without us; that it is gone already is no harm.
        let _ = fs::remove_file(&self.path);
    }
}

/// Opens the socket and answers on threads of its own. The ledger's lock guarantees that no other Muster uses it.
pub(crate) fn open(path: &Path, desk: Desk) -> std::io::Result<Socket> {
    if path.exists() {
        fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    let desk = Arc::new(desk);
    let askers = Arc::new(AtomicUsize::new(0));
    std::thread::Builder::new().name("muster-socket".to_owned()).spawn(move || {
        for stream in listener.incoming().flatten() {
            if askers.fetch_add(1, Ordering::Relaxed) >= ASKERS_MAX {
                askers.fetch_sub(1, Ordering::Relaxed);
                continue; // closed unheard: the asker is told that nobody answered
            }
            let (desk, count) = (Arc::clone(&desk), Arc::clone(&askers));
            let spawned = std::thread::Builder::new().name("muster-asker".to_owned()).stack_size(512 << 10).spawn(move || {
                // An asker who hangs up in the middle is no trouble of Muster's.
                let _ = attend(&stream, &desk);
                count.fetch_sub(1, Ordering::Relaxed);
            });
            if spawned.is_err() {
                askers.fetch_sub(1, Ordering::Relaxed);
            }
        }
    })?;
    Ok(Socket { path: path.to_owned() })
}

fn attend(stream: &UnixStream, desk: &Desk) -> std::io::Result<()> {
    stream.set_read_timeout(Some(IDLE))?;
    stream.set_write_timeout(Some(IDLE))?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.by_ref().take(REQUEST_BYTES_MAX).read_line(&mut line)? == 0 {
            return Ok(());
        }
        match serde_json::from_str::<Request>(&line) {
            Ok(Request::Events(query)) if query.follow => {
                return desk.follow(&query, &AtomicBool::new(false), |reply| say(stream, &reply));
            }
            Ok(request) => say(stream, &desk.answer(&|| who(stream, desk), request))?,
            Err(error) => say(stream, &Reply::Refused { why: Text::new("refused-not-a-request").with("error", error) })?,
        }
    }
}

fn say(mut stream: &UnixStream, reply: &Reply) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    stream.write_all(&line)
}

fn who(stream: &UnixStream, desk: &Desk) -> Actor {
    let Ok(peer) = rustix::net::sockopt::socket_peercred(stream) else { return Actor::default() };
    let pid = peer.pid.as_raw_nonzero().get();
    desk.processes.actor(pid).unwrap_or_else(|| Actor { uid: Some(peer.uid.as_raw()), pid: Some(pid), ..Actor::default() })
}
