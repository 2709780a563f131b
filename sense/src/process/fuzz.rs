//! What the kernel may say of processes, as functions of bytes for the fuzz targets (`fuzz/`).

use super::connector::Event;
use super::ebpf::record::{Deed, Ending, Person};
use super::{kernel_log, memory};

/// A record of the eBPF programs.
pub fn ebpf(bytes: &[u8]) {
    let _ = (Ending::parse(bytes), Deed::parse(bytes));
    if let Some(person) = Person::parse(bytes) {
        // What is not UTF-8 is replaced, by three bytes for each.
        let text = person.comm.len() + person.exe.map_or(0, |exe| exe.len()) + person.arguments.iter().map(String::len).sum::<usize>();
        assert!(person.parents.len() <= 8 && text <= 3 * bytes.len() + 3);
    }
}

/// A message of the proc connector.
pub fn connector(bytes: &[u8]) {
    let _ = Event::parse(bytes);
}

/// Lines of the kernel's log.
pub fn kernel_log(bytes: &[u8]) {
    for line in bytes.split(|b| *b == b'\n') {
        let _ = kernel_log::victim(line);
    }
}

/// A file of a control group.
pub fn cgroup(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = (memory::limit(&text), memory::counts_oom(&text));
}
