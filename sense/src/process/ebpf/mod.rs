//! The best rung: small programs in the kernel (`bpf/muster.bpf.c`) that look at every end, signal and program start, keep
//! to themselves what concerns no watched process, and hand over the rest within a tenth of a millisecond.

mod heap;
mod people;
mod reader;
pub(super) mod record;

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aya::maps::{Array, HashMap, Map, MapData, MapError, RingBuf};
use aya::programs::RawTracePoint;
use aya::{Btf, Ebpf, EbpfLoader};
use muster_model::actor::Actor;
use muster_model::id::ProcessKey;

use super::Source;
use super::commands::NAME_MAX_BYTES;
use super::desk::Desk;
use super::thread::Stop;
use crate::pulse::Pulse;
use people::People;
use reader::{Budget, Reader};

pub(super) const NAME: &str = "ebpf";

static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/muster.bpf.o"));
/// The programs and the tracepoints they are attached to, the order that of attaching: what fills the table of starts first.
const PROGRAMS: [(&str, &str); 4] =
    [("on_exec", "sched_process_exec"), ("on_exit", "sched_process_exit"), ("on_signal", "signal_generate"), ("on_victim", "mark_victim")];
/// Places in the map LOST.
const LOST_ENDS: u32 = 0;
const LOST_DEEDS: u32 = 1;

/// Why the rung is not there.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("cannot read the kernel's types (/sys/kernel/btf/vmlinux): {0}; the kernel needs CONFIG_DEBUG_INFO_BTF")]
    Btf(String),
    #[error("cannot load the eBPF programs: {0}; it needs root, or CAP_BPF and CAP_PERFMON, and Linux 5.8")]
    Load(String),
    #[error("cannot attach the eBPF program {program} to {tracepoint}: {why}")]
    Attach { program: &'static str, tracepoint: &'static str, why: String },
    #[error("the eBPF object has no map {0}")]
    NoMap(&'static str),
    #[error("cannot open the eBPF map {0}: {1}")]
    Map(&'static str, String),
    #[error("cannot start a thread or read /proc/self/ns/pid: {0}")]
    Io(#[from] io::Error),
}

/// The kernel's side: the maps that are shared with the programs, and the programs themselves, which go when this goes.
struct Kernel {
    watched: Mutex<HashMap<MapData, u32, [u64; 2]>>,
    programs: Mutex<HashMap<MapData, [u8; 16], u32>>,
    lost: Array<MapData, u64>,
    people: People,
    /// Those for which the kernel's table had no room: only the look after all finds their end.
    left_out: Mutex<BTreeSet<ProcessKey>>,
    _loaded: Ebpf,
}

/// The rung's handle.
pub(super) struct EbpfSource {
    kernel: Arc<Kernel>,
}

/// Loads and attaches the programs and starts the thread that reads what they say.
pub(super) fn start(desk: &Arc<Desk>) -> Result<(EbpfSource, Stop), Error> {
    let namespace = std::fs::metadata("/proc/self/ns/pid")?.ino() as u32;
    let types = Btf::from_sys_fs().map_err(|e| Error::Btf(chain(&e)))?;
    let mut loader = EbpfLoader::new();
    loader.btf(Some(&types)).override_global("pid_namespace_inum", &namespace, true);
    let mut loaded = loader.load(OBJECT).map_err(|e| Error::Load(chain(&e)))?;
    drop(loader);
    drop(types);
    heap::give_back();
    for (program, tracepoint) in PROGRAMS {
        attach(&mut loaded, program, tracepoint)?;
    }
    let ends = open(&mut loaded, "ENDS", RingBuf::try_from)?;
    let deeds = open(&mut loaded, "DEEDS", RingBuf::try_from)?;
    let kernel = Arc::new(Kernel {
        watched: Mutex::new(open(&mut loaded, "WATCHED", HashMap::try_from)?),
        programs: Mutex::new(open(&mut loaded, "PROGRAMS", HashMap::try_from)?),
        lost: open(&mut loaded, "LOST", Array::try_from)?,
        people: People::new(open(&mut loaded, "STARTS", HashMap::try_from)?, desk.proc().clone()),
        left_out: Mutex::default(),
        _loaded: loaded,
    });
    let reader = Reader { ends, deeds, kernel: kernel.clone(), desk: desk.clone(), budget: Budget::default(), ends_lost: 0, deeds_lost: 0 };
    let pulse = Pulse::new(NAME, &["process_end", "signal_sender", "command", "memory_kill"]);
    let stop = Stop::spawn("muster-ebpf", desk, pulse, move |stop, pulse| reader.run(stop, pulse))?;
    Ok((EbpfSource { kernel }, stop))
}

fn attach(loaded: &mut Ebpf, program: &'static str, tracepoint: &'static str) -> Result<(), Error> {
    let failed = |why: String| Error::Attach { program, tracepoint, why };
    let found = loaded.program_mut(program).ok_or_else(|| failed("not in the object".to_owned()))?;
    let found: &mut RawTracePoint = found.try_into().map_err(|e| failed(chain(&e)))?;
    found.load().map_err(|e| failed(chain(&e)))?;
    found.attach(tracepoint).map_err(|e| failed(chain(&e)))?;
    Ok(())
}

fn open<T>(loaded: &mut Ebpf, name: &'static str, as_kind: impl FnOnce(Map) -> Result<T, MapError>) -> Result<T, Error> {
    let map = loaded.take_map(name).ok_or(Error::NoMap(name))?;
    as_kind(map).map_err(|e| Error::Map(name, chain(&e)))
}

/// An error with what is behind it: the loader's own words are only the outermost.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(error.to_string().lines().next().unwrap_or_default());
        next = error.source();
    }
    text
}

impl Kernel {
    /// Puts a process into the kernel's table (`struct watched`: start time, flags).
    fn watch(&self, process: ProcessKey) {
        let mut watched = lock(&self.watched);
        if watched.insert(process.pid.get() as u32, [process.start, 0], 0).is_err() {
            lock(&self.left_out).insert(process);
        }
    }

    /// Takes it out; false when it was not there: the kernel has reported its end, or never knew of it.
    fn unwatch(&self, process: ProcessKey) -> bool {
        if lock(&self.left_out).remove(&process) {
            return true;
        }
        let mut watched = lock(&self.watched);
        let pid = process.pid.get() as u32;
        watched.get(&pid, 0).is_ok_and(|[start, _]| start == process.start) && watched.remove(&pid).is_ok()
    }

    fn ends_lost(&self) -> u64 {
        self.lost.get(&LOST_ENDS, 0).unwrap_or(0)
    }

    fn deeds_lost(&self) -> u64 {
        self.lost.get(&LOST_DEEDS, 0).unwrap_or(0)
    }
}

impl Source for EbpfSource {
    fn name(&self) -> &'static str {
        NAME
    }

    fn add(&self, process: ProcessKey) {
        self.kernel.watch(process);
    }

    fn withdraw(&self, process: ProcessKey) -> bool {
        self.kernel.unwatch(process)
    }

    fn actor(&self, pid: i32) -> Option<Actor> {
        self.kernel.people.by_pid(pid)
    }

    fn report_starts(&self, names: &[String]) {
        let wanted: Vec<[u8; 16]> = names.iter().map(|name| key(name)).collect();
        let mut programs = lock(&self.kernel.programs);
        let old: Vec<[u8; 16]> = programs.keys().flatten().filter(|name| !wanted.contains(name)).collect();
        for name in old {
            let _ = programs.remove(&name);
        }
        for name in wanted {
            let _ = programs.insert(name, 1, 0);
        }
    }

    fn lost(&self) -> u64 {
        self.kernel.deeds_lost()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A name as the kernel keeps it: cut, and filled up with NUL.
fn key(name: &str) -> [u8; 16] {
    let mut key = [0; 16];
    let bytes = name.as_bytes();
    let length = bytes.len().min(NAME_MAX_BYTES);
    key[..length].copy_from_slice(&bytes[..length]);
    key
}
