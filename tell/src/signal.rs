//! Signals by name.

/// The standard signals of Linux on x86 and ARM (signal(7)), from 1.
const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD",
    "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];

/// `SIGKILL` for 9. A real-time or unknown signal is `signal 34`.
pub fn signal_name(number: i32) -> String {
    let name = usize::try_from(number).ok().and_then(|n| n.checked_sub(1)).and_then(|place| NAMES.get(place));
    name.map_or_else(|| format!("signal {number}"), |name| format!("SIG{name}"))
}

#[cfg(test)]
mod tests {
    use super::signal_name;

    #[test]
    fn numbers_become_the_names_people_know() {
        let named: Vec<String> = [1, 9, 11, 15, 19, 31, 0, -1, 34, i32::MIN].map(signal_name).to_vec();
        assert_eq!(named[..6], ["SIGHUP", "SIGKILL", "SIGSEGV", "SIGTERM", "SIGSTOP", "SIGSYS"]);
        assert_eq!(named[6..], ["signal 0", "signal -1", "signal 34", "signal -2147483648"]);
    }
}
