//! One audit record: a line of text that the kernel wrote (kernel/audit.c, kernel/auditsc.c).

use muster_model::time::Time;

/// A field that the kernel writes as a number where it has nothing to say.
const UNSET: u32 = u32::MAX;

/// What a record is about, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// By the wall clock, as of the last tick before it.
    pub(crate) at: Time,
    /// The same for all records of one event.
    pub(crate) serial: u64,
}

/// A record's text: `audit(1795404848.818:3): opid=24151 ocomm="sleep"`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    pub(crate) stamp: Stamp,
    fields: &'a [u8],
}

impl<'a> Record<'a> {
    /// `None` where it does not begin as one does.
    pub(crate) fn parse(text: &'a [u8]) -> Option<Record<'a>> {
        let text = text.strip_prefix(b"audit(")?;
        let end = text.windows(2).position(|two| two == b"):")?;
        let stamp = std::str::from_utf8(&text[..end]).ok()?;
        let (time, serial) = stamp.split_once(':')?;
        let (seconds, thousandths) = time.split_once('.')?;
        let at = seconds.parse::<i64>().ok()?.checked_mul(1000)?.checked_add(thousandths.parse::<u16>().ok()?.into())?;
        Some(Record { stamp: Stamp { at: Time(at.checked_mul(1_000_000)?), serial: serial.parse().ok()? }, fields: &text[end + 2..] })
    }

    /// A field as it stands there, without its quotes.
    pub(crate) fn raw(&self, name: &str) -> Option<&'a [u8]> {
        self.value(name).map(|(value, _)| value)
    }

    /// A decimal field.
    pub(crate) fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        std::str::from_utf8(self.raw(name)?).ok()?.parse().ok()
    }

    /// A field in hexadecimal, such as a system call's argument.
    pub(crate) fn hex(&self, name: &str) -> Option<u64> {
        u64::from_str_radix(std::str::from_utf8(self.raw(name)?).ok()?, 16).ok()
    }

    /// A user id; `None` also where none is set.
    pub(crate) fn user(&self, name: &str) -> Option<u32> {
        self.number(name).filter(|uid| *uid != UNSET)
    }

    /// A text that a program or a person chose. The kernel quotes it; where it holds blanks, quotes or bytes that are no
    /// ASCII it writes it in hexadecimal, so that nobody can forge a field. `None` also for `(none)`, `(null)` and `?`.
    pub(crate) fn text(&self, name: &str) -> Option<Vec<u8>> {
        match self.value(name)? {
            (value, true) => Some(value.to_vec()),
            (value, false) => unhex(value),
        }
    }

    /// The value of a field, and whether it was quoted.
    fn value(&self, name: &str) -> Option<(&'a [u8], bool)> {
        let mut rest = self.fields;
        loop {
            rest = &rest[rest.iter().position(|byte| *byte != b' ')?..];
            let equals = rest.iter().position(|byte| matches!(byte, b'=' | b' '))?;
            let (word, after) = (&rest[..equals], &rest[equals + 1..]);
            if rest[equals] == b' ' {
                rest = after;
                continue;
            }
            let (value, quoted, next) = match after.strip_prefix(b"\"") {
                Some(inside) => {
                    let end = inside.iter().position(|byte| *byte == b'"')?;
                    (&inside[..end], true, &inside[end + 1..])
                }
                None => {
                    let end = after.iter().position(|byte| matches!(byte, b' ' | b'\n' | 0)).unwrap_or(after.len());
                    (&after[..end], false, &after[end..])
                }
            };
            if word == name.as_bytes() {
                return Some((value, quoted));
            }
            rest = next;
        }
    }
}

fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    if digits.is_empty() || !digits.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    digits.chunks_exact(2).map(|two| Some(digit(two[0])? << 4 | digit(two[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_this_kernel_is_read_field_by_field() {
        let text = br#"audit(1795404848.818:3): arch=c000003e syscall=62 success=yes exit=0 a0=5e57 a1=9 items=0 ppid=24003 pid=24152 auid=4294967295 uid=0 tty=(none) comm="kill" exe="/usr/bin/kill" key="muster""#;
        let record = Record::parse(text).unwrap();
        assert_eq!(record.stamp, Stamp { at: Time(1_795_404_848_818_000_000), serial: 3 });
        assert_eq!((record.hex("a0"), record.hex("a1"), record.number("syscall")), (Some(0x5e57), Some(9), Some(62u32)));
        assert_eq!((record.user("uid"), record.user("auid"), record.number("ppid")), (Some(0), None, Some(24003i32)));
        assert_eq!((record.raw("tty"), record.text("tty")), (Some(&b"(none)"[..]), None));
        assert_eq!((record.text("exe"), record.text("key")), (Some(b"/usr/bin/kill".to_vec()), Some(b"muster".to_vec())));
        assert_eq!((record.raw("id"), record.raw("pi"), record.raw("")), (None, None, None), "a part of a name is no name");
    }

    #[test]
    fn what_people_chose_cannot_pass_for_a_field() {
        let text = b"audit(1.002:4): comm=6B696C6C20757365723D30 name=(null) exe=\"/x uid=7\" uid=5";
        let record = Record::parse(text).unwrap();
        assert_eq!(record.text("comm"), Some(b"kill user=0".to_vec()));
        assert_eq!((record.text("name"), record.user("uid")), (None, Some(5)));
        let odd = Record::parse(b"audit(1.002:4): proctitle=4 comm=4G key=").unwrap();
        assert_eq!((odd.text("proctitle"), odd.text("comm"), odd.text("key")), (None, None, None));
    }

    #[test]
    fn what_is_no_record_is_refused() {
        for text in ["", "audit(", "audit(1:2): a=b", "audit(1.2:x): a=b", "audit(9223372036854775807.1:2): a=b", "kernel: audit(1.2:3):"] {
            assert!(Record::parse(text.as_bytes()).is_none(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>, name in "[a-z]{0,4}") {
            for text in [bytes.clone(), [&b"audit(1.002:3): "[..], &bytes].concat()] {
                if let Some(record) = Record::parse(&text) {
                    let _ = (record.raw(&name), record.text(&name), record.hex(&name), record.user(&name));
                }
            }
        }
    }
}
