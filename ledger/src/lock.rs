//! One writer for a ledger: `DATA/ledger.lock`, held with flock(2) as long as the process lives. The kernel lets go of
//! it when the process ends in whatever way, so there is nothing to clean up; the pid inside is only for the message.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::error::Error;

/// The lock; let go of when dropped.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "it is held, not used")] File);

/// A pid has at most 7 digits (PID_MAX_LIMIT is 4,194,304).
const PID_DIGITS_MAX: u64 = 16;

/// Takes the lock, or says who holds it.
pub(crate) fn take(dir: &Path) -> Result<Lock, Error> {
    let path = dir.join("ledger.lock");
    let failed = |source: std::io::Error| Error::File { doing: "lock", path: path.clone(), source };
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(failed)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => {
            let mut text = String::new();
            let read = file.take(PID_DIGITS_MAX).read_to_string(&mut text);
            return Err(Error::Held { path, pid: read.ok().and_then(|_| text.trim().parse().ok()) });
        }
        Err(e) => return Err(failed(e.into())),
    }
    // A full disk must not keep Muster from starting: without the pid the message is poorer, the lock is as good.
    let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    Ok(Lock(file))
}
