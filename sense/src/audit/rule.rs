//! Audit rules as the kernel takes and lists them (`struct audit_rule_data` of include/uapi/linux/audit.h).

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

const LIST_TASK: u32 = 1;
const LIST_EXIT: u32 = 4;
const NEVER: u32 = 0;
const ALWAYS: u32 = 2;

const ARCH: u32 = 11;
const SUCCESS: u32 = 104;
const PERM: u32 = 106;
const DIR: u32 = 107;
const ARG0: u32 = 200;
const KEY: u32 = 210;

const EQUAL: u32 = 0x4000_0000;
const AT_LEAST: u32 = 0x2000_0000 | EQUAL;
const AT_MOST: u32 = 0x1000_0000 | EQUAL;
/// `AUDIT_PERM_WRITE | AUDIT_PERM_ATTR`: opened for writing, or owner or mode altered.
const ALTERS: u32 = 2 | 8;

/// Words for the system calls that are meant, one bit each.
const MASK_WORDS: usize = 64;
const FIELDS_MAX: usize = 64;
/// Flags, action, number of fields; mask; fields, values, operators; length of the texts.
const HEAD_BYTES: usize = 12 + 4 * MASK_WORDS + 3 * 4 * FIELDS_MAX + 4;

/// By `AUDIT_ARCH_…` a rule and a record say what a system call's number means. `None`: Muster does not know this one.
pub(crate) const ARCHITECTURE: Option<u32> = if cfg!(target_arch = "x86_64") {
    Some(0xc000_003e)
} else if cfg!(target_arch = "aarch64") {
    Some(0xc000_00b7)
} else if cfg!(target_arch = "riscv64") {
    Some(0xc000_00f3)
} else {
    None
};

/// A rule of Muster's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rule {
    calls: Vec<libc::c_long>,
    fields: Vec<(u32, u32, u32)>,
    folder: Option<Vec<u8>>,
}

impl Rule {
    /// These system calls, when they succeed and their argument (0 is the first) is one of a range.
    pub(crate) fn calls(calls: &[libc::c_long], argument: u32, range: std::ops::RangeInclusive<u32>) -> Rule {
        let fields = vec![(SUCCESS, EQUAL, 1), (ARG0 + argument, AT_LEAST, *range.start()), (ARG0 + argument, AT_MOST, *range.end())];
        Rule { calls: calls.to_vec(), fields, folder: None }
    }

    /// One that no call ever meets: it says that its owner is there, and proves that records arrive.
    pub(super) fn marker() -> Rule {
        Rule::calls(&[libc::SYS_reboot], 0, 0..=0)
    }

    /// These system calls, when they succeed in altering something below a folder.
    pub(crate) fn folder(folder: &Path, calls: &[libc::c_long]) -> Rule {
        let folder = folder.as_os_str().as_bytes().to_vec();
        Rule { calls: calls.to_vec(), fields: vec![(SUCCESS, EQUAL, 1), (PERM, EQUAL, ALTERS)], folder: Some(folder) }
    }

    /// Whether it goes when its folder goes.
    pub(super) fn is_on_folder(&self) -> bool {
        self.folder.is_some()
    }

    /// As the kernel takes it, under this key.
    pub(super) fn encode(&self, architecture: u32, key: &str) -> Vec<u8> {
        let mut mask = [0u32; MASK_WORDS];
        for call in &self.calls {
            if let Some(word) = usize::try_from(call / 32).ok().and_then(|word| mask.get_mut(word)) {
                *word |= 1 << (call % 32);
            }
        }
        // The architecture comes first: by it the kernel knows what the mask means.
        let mut fields = vec![(ARCH, EQUAL, architecture)];
        let mut texts: Vec<u8> = Vec::new();
        if let Some(folder) = &self.folder {
            fields.push((DIR, EQUAL, folder.len() as u32));
            texts.extend(folder);
        }
        fields.extend(&self.fields);
        fields.push((KEY, EQUAL, key.len() as u32));
        texts.extend(key.as_bytes());

        let mut bytes = Vec::with_capacity(HEAD_BYTES + texts.len());
        let mut put = |word: u32| bytes.extend(word.to_ne_bytes());
        [LIST_EXIT, ALWAYS, fields.len() as u32].into_iter().for_each(&mut put);
        mask.into_iter().for_each(&mut put);
        let column =
            |of: fn(&(u32, u32, u32)) -> u32| fields.iter().map(of).chain(std::iter::repeat(0)).take(FIELDS_MAX).collect::<Vec<_>>();
        [column(|field| field.0), column(|field| field.2), column(|field| field.1)].into_iter().flatten().for_each(&mut put);
        put(texts.len() as u32);
        bytes.extend(texts);
        bytes
    }
}

/// The key of a listed rule.
pub(super) fn key(rule: &[u8]) -> Option<String> {
    let word = |at: usize| Some(u32::from_ne_bytes(rule.get(at..at + 4)?.try_into().ok()?));
    let fields = usize::try_from(word(8)?).ok()?.min(FIELDS_MAX);
    let (kinds, values) = (12 + 4 * MASK_WORDS, 12 + 4 * MASK_WORDS + 4 * FIELDS_MAX);
    let mut text = HEAD_BYTES;
    for field in 0..fields {
        let (kind, value) = (word(kinds + 4 * field)?, usize::try_from(word(values + 4 * field)?).ok()?);
        let end = text.checked_add(value)?;
        match kind {
            KEY => return String::from_utf8(rule.get(text..end)?.to_vec()).ok(),
            // Those that have a text: subject and object labels, watch, folder, program.
            13..=17 | 19..=23 | 105 | DIR | 112 => text = end,
            _ => {}
        }
    }
    None
}

/// Whether a listed rule keeps all new processes out of auditing (`-a never,task`, as some distributions set it).
pub(super) fn keeps_all_out(rule: &[u8]) -> bool {
    let word = |at: usize| rule.get(at..at + 4).and_then(|word| Some(u32::from_ne_bytes(word.try_into().ok()?)));
    word(0) == Some(LIST_TASK) && word(4) == Some(NEVER) && word(8) == Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_rule_is_found_again() {
        let signals = Rule::calls(&[62, 424], 1, 1..=9).encode(0xc000_003e, "muster-signals-1-2-3");
        let folder = Rule::folder(Path::new("/etc/nginx"), &[257]).encode(0xc000_003e, "muster-files-1-2-3");
        assert_eq!(key(&signals).as_deref(), Some("muster-signals-1-2-3"));
        assert_eq!(key(&folder).as_deref(), Some("muster-files-1-2-3"));
        assert_eq!((signals[12 + 4 + 3], signals[12 + 13 * 4 + 1]), (0x40, 1), "bits 62 and 424");
        assert!(!keeps_all_out(&signals));
        for length in 0..folder.len() {
            assert_eq!(key(&folder[..length]), None, "{length} bytes");
        }
    }

    #[test]
    fn a_rule_that_keeps_all_out_is_known() {
        let mut rule = vec![0; HEAD_BYTES];
        rule[0] = LIST_TASK as u8;
        assert!(keeps_all_out(&rule));
        rule[4] = ALWAYS as u8;
        assert!(!keeps_all_out(&rule));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(0u8.., 0..1200)) {
            let _ = (key(&bytes), keeps_all_out(&bytes));
        }
    }
}
