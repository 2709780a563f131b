//! By whose hand something is done in a box. Persons type into a login shell on a terminal of their own, as they do in
//! life, so that the kernel knows their login uid and their tty.

use std::process::Command;

use serde::Deserialize;

use crate::systemd_box::SystemdBox;

/// A hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Hand {
    /// A program of nobody in particular: no login, no terminal.
    #[default]
    Exec,
    /// root, logged in on a terminal.
    RootShell,
    /// alice, logged in on a terminal. She writes `sudo` herself where she needs it.
    AliceShell,
    /// bob, the same.
    BobShell,
}

impl Hand {
    /// The command that becomes this hand, and what is then typed so that `line` is run.
    pub(crate) fn take(self, place: &SystemdBox, line: &str) -> (Command, String) {
        let shell = match self {
            Hand::Exec => {
                let mut command = place.command("bash");
                command.args(["-c", line]);
                return (command, String::new());
            }
            Hand::RootShell => "echo 0 > /proc/self/loginuid; exec script -qec 'bash --login -i' /dev/null",
            Hand::AliceShell => "echo 1000 > /proc/self/loginuid; exec script -qec 'su --login alice' /dev/null",
            Hand::BobShell => "echo 1001 > /proc/self/loginuid; exec script -qec 'su --login bob' /dev/null",
        };
        let mut command = place.command("bash");
        command.args(["-c", shell]);
        // One line: what is typed ahead is lost to whatever reads or flushes the terminal meanwhile.
        (command, format!("{line}; exit $?\n"))
    }
}
