//! `/proc/PID/stat` (proc_pid_stat(5)).

use muster_model::observation::End;

/// What Muster reads of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Its name (comm).
    pub comm: String,
    /// `R` running, `S` `D` `I` waiting, `T` `t` stopped, `Z` zombie, `X` dead.
    pub state: char,
    /// Its parent; 0 when that is outside of the pid namespace.
    pub parent: i32,
    /// Its session: the process id of the one that began it.
    pub session: i32,
    /// The device number of its controlling terminal; 0: none.
    pub terminal: u32,
    /// Processor time in user and kernel mode, in ticks.
    pub cpu: u64,
    /// How many threads it has.
    pub threads: u32,
    /// When it started, in clock ticks since boot.
    pub start: u64,
    /// How it ended, where it has and the kernel says so (field 52).
    pub end: End,
}

impl Stat {
    /// The fields of one line; `None` where they are not those of proc_pid_stat(5).
    pub fn parse(text: &str) -> Option<Stat> {
        // The name is in parentheses and may itself contain any character, so the last one closes it.
        let (open, close) = (text.find('(')?, text.rfind(')')?);
        let comm = text.get(open + 1..close)?.to_owned();
        let fields: Vec<&str> = text.get(close + 1..)?.split_ascii_whitespace().collect();
        let field = |number: usize| fields.get(number - 3).copied(); // counted as in the manual page, from 1
        let number = |n: usize| field(n)?.parse::<i64>().ok();
        let state = field(3)?.chars().next()?;
        let ended = matches!(state, 'Z' | 'X' | 'x');
        Some(Stat {
            comm,
            state,
            parent: i32::try_from(number(4)?).ok()?,
            session: i32::try_from(number(6)?).ok()?,
            terminal: number(7)? as u32, // printed as a signed number
            cpu: u64::try_from(number(14)?.checked_add(number(15)?)?).ok()?,
            threads: u32::try_from(number(20)?).ok()?,
            start: field(22)?.parse().ok()?,
            end: if ended { number(52).and_then(|n| i32::try_from(n).ok()).map_or(End::Unknown, end_of_status) } else { End::Unknown },
        })
    }

    /// Whether the whole process has ended. A first thread that ended alone also shows as a zombie.
    pub fn ended(&self) -> bool {
        matches!(self.state, 'Z' | 'X' | 'x') && self.threads <= 1
    }
}

/// What a status of wait(2) says.
pub fn end_of_status(status: i32) -> End {
    match status & 0x7f {
        0 => End::Code(status >> 8 & 0xff),
        signal => End::Signal(signal),
    }
}

/// The terminal that the kernel calls `pts0` is `/dev/pts/0`; of others the name is that of the device file.
pub fn terminal_of_name(name: &str) -> Option<String> {
    match name.strip_prefix("pts") {
        Some(number) if !number.is_empty() => Some(format!("pts/{number}")),
        _ => Some(name.to_owned()).filter(|name| !name.is_empty()),
    }
}

/// The name of a terminal by its device number (Documentation/admin-guide/devices.txt), `None` for 0 and unknown kinds.
pub(crate) fn terminal_of_number(device: u32) -> Option<String> {
    let (major, minor) = (device >> 8 & 0xfff, device & 0xff | device >> 12 & 0xfff00);
    match (major, minor) {
        (136..=143, n) => Some(format!("pts/{}", n + (major - 136) * 256)),
        (4, n @ 0..64) => Some(format!("tty{n}")),
        (4, n) => Some(format!("ttyS{}", n - 64)),
        (5, 1) => Some("console".to_owned()),
        (204, n @ 64..) => Some(format!("ttyAMA{}", n - 64)),
        (229, n) => Some(format!("hvc{n}")),
        _ => None,
    }
}
