//! The records of one event, joined.

use std::collections::BTreeMap;

use muster_model::time::Time;

use super::record::Record;

/// How many events may be under way at once; of more, the oldest is given up.
pub(super) const UNDER_WAY_MAX: usize = 256;
/// How many files of one event are kept.
pub(super) const ITEMS_MAX: usize = 64;
/// How many processes: a whole group may be signalled at once.
pub(super) const TARGETS_MAX: usize = 4096;

// include/uapi/linux/audit.h
pub(super) const SYSCALL: u16 = 1300;
const PATH: u16 = 1302;
const CONFIG_CHANGE: u16 = 1305;
const CWD: u16 = 1307;
const OBJ_PID: u16 = 1318;
const END: u16 = 1320;
const PROCTITLE: u16 = 1327;

/// What the kernel said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// A system call that a rule meant.
    Call(Box<Call>),
    /// The rules or the switches of auditing were altered; with the key of the rule.
    Altered(Option<Vec<u8>>),
}

/// A system call, who made it, and on what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Call {
    /// By the wall clock, as of the last tick before it.
    pub(crate) at: Time,
    /// `AUDIT_ARCH_…`: by it goes what the number means.
    pub(crate) arch: u64,
    /// The number of the system call.
    pub(crate) number: i64,
    /// Whether it did what it was asked.
    pub(crate) success: bool,
    /// Its first four arguments.
    pub(crate) args: [u64; 4],
    /// Who made it, in the initial pid namespace.
    pub(crate) pid: i32,
    /// Its parent.
    pub(crate) ppid: i32,
    /// Its real user id.
    pub(crate) uid: Option<u32>,
    /// Who logged in.
    pub(crate) login_uid: Option<u32>,
    /// Its terminal as the kernel names it (`pts0`).
    pub(crate) tty: Option<String>,
    /// Its name.
    pub(crate) comm: Vec<u8>,
    /// Its program file.
    pub(crate) exe: Option<Vec<u8>>,
    /// Its arguments, each ended by NUL, as far as the kernel keeps them (128 bytes).
    pub(crate) title: Option<Vec<u8>>,
    /// The key of the rule that meant it.
    pub(crate) key: Option<Vec<u8>>,
    /// Its working directory.
    pub(crate) cwd: Option<Vec<u8>>,
    /// The files it concerned.
    pub(crate) items: Vec<Item>,
    /// The processes it signalled.
    pub(crate) targets: Vec<i32>,
}

/// A file that a system call concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Item {
    /// As the caller named it: relative to its working directory, or to a directory that it had open.
    pub(crate) name: Option<Vec<u8>>,
    /// Its inode.
    pub(crate) inode: Option<u64>,
    /// It is the directory of another item.
    pub(crate) is_parent: bool,
}

/// The events under way, by serial number.
#[derive(Debug, Default)]
pub(crate) struct Joiner {
    calls: BTreeMap<u64, Call>,
    given_up: u64,
}

impl Joiner {
    /// Takes one record in, and gives what is complete with it.
    pub(crate) fn take(&mut self, kind: u16, text: &[u8]) -> Option<Heard> {
        let record = Record::parse(text)?;
        let serial = record.stamp.serial;
        match kind {
            CONFIG_CHANGE => return Some(Heard::Altered(record.text("key"))),
            SYSCALL => {
                if self.calls.len() >= UNDER_WAY_MAX {
                    self.calls.pop_first();
                    self.given_up += 1;
                }
                self.calls.insert(serial, call(&record)?);
            }
            END => return self.calls.remove(&serial).map(|call| Heard::Call(Box::new(call))),
            _ => {}
        }
        // A call that no rule meant may still have records: without its first one they are of no use.
        let call = self.calls.get_mut(&serial)?;
        match kind {
            PATH => call.items.push(Item {
                name: record.text("name"),
                inode: record.number("inode"),
                is_parent: record.raw("nametype") == Some(b"PARENT"),
            }),
            OBJ_PID => call.targets.extend(record.number::<i32>("opid")),
            CWD => call.cwd = record.text("cwd"),
            PROCTITLE => call.title = record.text("proctitle"),
            _ => {}
        }
        call.items.truncate(ITEMS_MAX);
        call.targets.truncate(TARGETS_MAX);
        None
    }

    /// How many events are not yet complete.
    pub(super) fn under_way(&self) -> usize {
        self.calls.len()
    }

    /// How many events were given up because too many were under way.
    pub(crate) fn given_up(&self) -> u64 {
        self.given_up
    }
}

fn call(record: &Record<'_>) -> Option<Call> {
    let argument = |name| record.hex(name).unwrap_or_default();
    Some(Call {
        at: record.stamp.at,
        arch: record.hex("arch")?,
        number: record.number("syscall")?,
        success: record.raw("success") == Some(b"yes"),
        args: [argument("a0"), argument("a1"), argument("a2"), argument("a3")],
        pid: record.number("pid")?,
        ppid: record.number("ppid").unwrap_or_default(),
        uid: record.user("uid"),
        login_uid: record.user("auid"),
        tty: record.raw("tty").filter(|tty| !tty.starts_with(b"(")).map(|tty| String::from_utf8_lossy(tty).into_owned()),
        comm: record.text("comm").unwrap_or_default(),
        exe: record.text("exe"),
        key: record.text("key"),
        ..Call::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As this kernel said it: `/bin/kill -9 24151`, and `echo >> x` with a blank in the name.
    const KILL: [(u16, &str); 4] = [
        (
            SYSCALL,
            r#"audit(1795404848.818:3): arch=c000003e syscall=62 success=yes exit=0 a0=5e57 a1=9 a2=0 a3=7f86585a6ac0 items=0 ppid=24003 pid=24152 auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=2 comm="kill" exe="/usr/bin/kill" key="muster""#,
        ),
        (OBJ_PID, r#"audit(1795404848.818:3): opid=24151 oauid=-1 ouid=0 oses=-1 ocomm="sleep""#),
        (PROCTITLE, "audit(1795404848.818:3): proctitle=2F62696E2F6B696C6C002D39003234313531"),
        (END, "audit(1795404848.818:3): "),
    ];

    fn join(records: &[(u16, &str)]) -> Vec<Heard> {
        let mut joiner = Joiner::default();
        records.iter().filter_map(|(kind, text)| joiner.take(*kind, text.as_bytes())).collect()
    }

    #[test]
    fn the_records_of_a_signal_become_one_call() {
        let [Heard::Call(call)] = &join(&KILL)[..] else { panic!("not one call") };
        assert_eq!((call.number, call.success, call.args[1], call.targets.as_slice()), (62, true, 9, &[24151][..]));
        assert_eq!((call.pid, call.ppid, call.uid, call.login_uid), (24152, 24003, Some(0), Some(1000)));
        assert_eq!((call.tty.as_deref(), call.title.as_deref()), (Some("pts0"), Some(&b"/bin/kill\0-9\x0024151"[..])));
    }

    #[test]
    fn records_of_two_events_may_come_mixed() {
        let other: Vec<(u16, String)> = KILL.iter().map(|(kind, text)| (*kind, text.replace(":3)", ":4)").replace("24151", "7"))).collect();
        let mixed: Vec<(u16, &str)> = KILL.iter().zip(&other).flat_map(|(a, b)| [*a, (b.0, b.1.as_str())]).collect();
        let targets: Vec<Vec<i32>> = join(&mixed)
            .into_iter()
            .map(|heard| match heard {
                Heard::Call(call) => call.targets,
                Heard::Altered(_) => panic!("nothing was altered"),
            })
            .collect();
        assert_eq!(targets, [[24151], [7]]);
    }

    #[test]
    fn the_files_of_a_call_are_kept() {
        let head = KILL[0].1.replace("syscall=62", "syscall=257");
        let records = [
            (SYSCALL, head.as_str()),
            (CWD, r#"audit(1795404848.818:3): cwd="/etc/nginx""#),
            (PATH, r#"audit(1795404848.818:3): item=0 name="./" inode=1 dev=fe:00 mode=040755 ouid=0 ogid=0 rdev=00:00 nametype=PARENT"#),
            (PATH, r#"audit(1795404848.818:3): item=1 name=6120622E636F6E66 inode=2 dev=fe:00 mode=0100644 nametype=CREATE cap_fp=0"#),
            KILL[3],
        ];
        let [Heard::Call(call)] = &join(&records)[..] else { panic!("not one call") };
        assert_eq!(call.cwd.as_deref(), Some(&b"/etc/nginx"[..]));
        let item = |name: &[u8], inode, is_parent| Item { name: Some(name.to_vec()), inode: Some(inode), is_parent };
        assert_eq!(call.items, [item(b"./", 1, true), item(b"a b.conf", 2, false)]);
    }

    #[test]
    fn altered_rules_are_told_with_their_key() {
        let text = r#"audit(1795404848.814:2): auid=4294967295 ses=4294967295 op=add_rule key="muster-probe" list=4 res=1"#;
        assert_eq!(join(&[(CONFIG_CHANGE, text)]), [Heard::Altered(Some(b"muster-probe".to_vec()))]);
    }

    #[test]
    fn events_that_never_end_are_given_up() {
        let mut joiner = Joiner::default();
        for serial in 0..1000 {
            joiner.take(SYSCALL, KILL[0].1.replace(":3)", &format!(":{serial})")).as_bytes());
        }
        assert_eq!((joiner.calls.len(), joiner.given_up()), (UNDER_WAY_MAX, 1000 - UNDER_WAY_MAX as u64));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_survived(records in proptest::collection::vec((1300u16..1330, proptest::collection::vec(0u8.., 0..200)), 0..20)) {
            let mut joiner = Joiner::default();
            for (kind, bytes) in records {
                joiner.take(kind, &bytes);
                joiner.take(kind, &[KILL[0].1.as_bytes(), &bytes].concat());
            }
        }
    }
}
