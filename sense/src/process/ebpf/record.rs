//! What the eBPF programs hand over, read from bytes. The layouts are those of `bpf/muster.bpf.c`; anything shorter than
//! its layout is refused.

use muster_model::id::{Pid, ProcessKey};
use muster_model::observation::End;
use muster_model::time::Mono;

use crate::proc::{end_of_status, split_arguments, terminal_of_name};

/// The size of `struct person`.
pub(super) const PERSON_BYTES: usize = 832;
const PARENTS: usize = 8;
const ARGS_BYTES: usize = 384;

const ENDED: u32 = 1;
const VICTIM: u32 = 2;
const SIGNALLED: u32 = 3;
const STARTED: u32 = 4;

/// What comes through the ring of ends (`struct end`).
#[derive(Debug, PartialEq, Eq)]
pub(in crate::process) enum Ending {
    /// A watched process ended.
    Ended { process: ProcessKey, at: Mono, end: End },
    /// The kernel chose a watched process to be ended for want of memory.
    Victim { process: ProcessKey, at: Mono },
}

impl Ending {
    pub(in crate::process) fn parse(bytes: &[u8]) -> Option<Ending> {
        let mut bytes = Bytes(bytes);
        let kind = bytes.u32()?;
        let pid = bytes.i32()?;
        let process = ProcessKey { pid: Pid::new(pid)?, start: bytes.u64()? };
        let at = Mono(bytes.u64()?);
        let end = end_of_status(bytes.i32()?);
        let memory = bytes.u32()? != 0;
        match kind {
            ENDED if memory && end == End::Signal(libc::SIGKILL) => Some(Ending::Ended { process, at, end: End::Memory }),
            ENDED => Some(Ending::Ended { process, at, end }),
            VICTIM => Some(Ending::Victim { process, at }),
            _ => None,
        }
    }
}

/// What comes through the ring of deeds (`struct deed`).
#[derive(Debug, PartialEq, Eq)]
pub(in crate::process) enum Deed {
    /// A signal was sent to a watched process.
    Signalled { target: ProcessKey, at: Mono, signal: i32, sender: Option<Person> },
    /// A program was started.
    Started { at: Mono, who: Person },
}

impl Deed {
    pub(in crate::process) fn parse(bytes: &[u8]) -> Option<Deed> {
        let mut bytes = Bytes(bytes);
        let kind = bytes.u32()?;
        let pid = bytes.i32()?;
        let start = bytes.u64()?;
        let at = Mono(bytes.u64()?);
        let signal = bytes.i32()?;
        let by_kernel = bytes.u32()? != 0;
        match kind {
            SIGNALLED => {
                let target = ProcessKey { pid: Pid::new(pid)?, start };
                // After the kernel's own signals the rest is left over from an earlier record.
                let sender = if by_kernel { None } else { Some(Person::parse(bytes.0)?) };
                Some(Deed::Signalled { target, at, signal, sender })
            }
            STARTED => Some(Deed::Started { at, who: Person::parse(bytes.0)? }),
            _ => None,
        }
    }
}

/// A process and where it comes from (`struct person`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::process) struct Person {
    /// In ticks since boot.
    pub(super) start: u64,
    /// 0: it is in another pid namespace than Muster.
    pub(super) pid: i32,
    pub(super) uid: u32,
    pub(super) login_uid: Option<u32>,
    pub(in crate::process) comm: String,
    pub(super) tty: Option<String>,
    /// Nearest first.
    pub(in crate::process) parents: Vec<Ancestor>,
    /// The file it was started from, where this is known here.
    pub(in crate::process) exe: Option<String>,
    /// The first [`ARGS_BYTES`] of them, the last then with an ellipsis.
    pub(in crate::process) arguments: Vec<String>,
}

/// A parent (`struct ancestor`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::process) struct Ancestor {
    pub(super) pid: i32,
    pub(super) start: u64,
    pub(super) comm: String,
}

impl Person {
    pub(in crate::process) fn parse(bytes: &[u8]) -> Option<Person> {
        let mut bytes = Bytes(bytes);
        let start = bytes.u64()?;
        let pid = bytes.i32()?;
        let uid = bytes.u32()?;
        let login_uid = Some(bytes.u32()?).filter(|uid| *uid != u32::MAX);
        let parents_len = bytes.u32()? as usize;
        let args_len = bytes.u32()? as usize;
        let args_cut = bytes.u32()? != 0;
        let comm = bytes.text::<16>()?;
        let tty = terminal_of_name(&bytes.text::<16>()?);
        let mut parents = Vec::with_capacity(PARENTS);
        for _ in 0..PARENTS {
            let (pid, _) = (bytes.i32()?, bytes.u32()?);
            parents.push(Ancestor { pid, start: bytes.u64()?, comm: bytes.text::<16>()? });
        }
        parents.truncate(parents_len);
        let exe = Some(bytes.text::<128>()?).filter(|exe| !exe.is_empty());
        let block = bytes.take::<ARGS_BYTES>()?;
        let mut arguments = split_arguments(block.get(..args_len).unwrap_or(&block));
        if let Some(last) = arguments.last_mut().filter(|_| args_cut) {
            last.push('…');
        }
        Some(Person { start, pid, uid, login_uid, comm, tty, parents, exe, arguments })
    }
}

/// Bytes that are read from the front.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.0.split_first_chunk::<N>()?;
        self.0 = tail;
        Some(*head)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_ne_bytes)
    }

    fn i32(&mut self) -> Option<i32> {
        self.take().map(i32::from_ne_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_ne_bytes)
    }

    /// Text up to the first NUL.
    fn text<const N: usize>(&mut self) -> Option<String> {
        let bytes = self.take::<N>()?;
        let end = bytes.iter().position(|b| *b == 0).unwrap_or(N);
        Some(String::from_utf8_lossy(&bytes[..end]).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person() -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(77u64.to_ne_bytes());
        for word in [42, 1000, u32::MAX, 1, 9, 1] {
            bytes.extend(word.to_ne_bytes());
        }
        bytes.extend(b"kill\0leftover\0\0\0");
        bytes.extend(b"pts3\0\0\0\0\0\0\0\0\0\0\0\0");
        for pid in 7..15u32 {
            bytes.extend(pid.to_ne_bytes());
            bytes.extend(0u32.to_ne_bytes());
            bytes.extend(5u64.to_ne_bytes());
            bytes.extend(b"bash\0\0\0\0\0\0\0\0\0\0\0\0");
        }
        bytes.extend(*b"/bin/kill\0");
        bytes.resize(448, b'x');
        bytes.extend(*b"kill\0-9\0aXXXX");
        bytes.resize(PERSON_BYTES, b'X');
        bytes
    }

    #[test]
    fn a_person_is_read_without_what_earlier_records_left_behind() {
        let who = Person::parse(&person()).unwrap();
        assert_eq!((who.start, who.pid, who.uid, who.login_uid), (77, 42, 1000, None));
        assert_eq!((who.comm.as_str(), who.tty.as_deref(), who.exe.as_deref()), ("kill", Some("pts/3"), Some("/bin/kill")));
        assert_eq!(who.arguments, ["kill", "-9", "a…"]);
        assert_eq!(who.parents, [Ancestor { pid: 7, start: 5, comm: "bash".into() }]);
    }

    #[test]
    fn short_and_strange_records_are_refused() {
        let mut deed: Vec<u8> = [SIGNALLED, 42].iter().flat_map(|w| w.to_ne_bytes()).collect();
        deed.extend([1u64, 2].iter().flat_map(|w| w.to_ne_bytes()));
        deed.extend([9u32, 0].iter().flat_map(|w| w.to_ne_bytes()));
        deed.extend(person());
        assert!(matches!(Deed::parse(&deed), Some(Deed::Signalled { signal: 9, sender: Some(_), .. })));
        for length in 0..deed.len() {
            assert_eq!(Deed::parse(&deed[..length]), None, "{length} bytes");
        }
        deed[0] = 99;
        assert_eq!(Deed::parse(&deed), None);
        for length in 0..32 {
            assert_eq!(Ending::parse(&vec![1; length]), None);
        }
    }

    #[test]
    fn a_memory_kill_is_told_from_another_kill() {
        let ending = |code: u32, memory: u32| {
            let mut bytes: Vec<u8> = [ENDED, 42].iter().flat_map(|w| w.to_ne_bytes()).collect();
            bytes.extend([1u64, 2].iter().flat_map(|w| w.to_ne_bytes()));
            bytes.extend([code, memory].iter().flat_map(|w| w.to_ne_bytes()));
            match Ending::parse(&bytes) {
                Some(Ending::Ended { end, .. }) => end,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(ending(9, 1), End::Memory);
        assert_eq!(ending(9, 0), End::Signal(9));
        assert_eq!(ending(3 << 8, 1), End::Code(3), "it got away and ended by itself later");
    }
}
