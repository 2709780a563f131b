//! Who did it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The hand behind a change, a command or a signal, as far as the kernel knew it at that moment.
/// What is `None` or empty could not be known.
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The real user id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// The name of `uid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The user id that logged in (`/proc/PID/loginuid`), which sudo and su do not change. `None` when unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_uid: Option<u32>,
    /// The name of `login_uid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_user: Option<String>,
    /// The controlling terminal, such as `pts/0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tty: Option<String>,
    /// The process, in Muster's pid namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<i32>,
    /// Its program file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exe: Option<String>,
    /// Its command line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The command lines of its parents, nearest first.
    #[serde(default)]
    pub parents: Vec<String>,
    /// The same parents' process ids, in step with `parents`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parent_pids: Vec<i32>,
}

impl Actor {
    /// The name of the person to hold to it: who logged in, else the user it ran as.
    pub fn person(&self) -> String {
        let named = |name: &Option<String>, uid: Option<u32>| name.clone().or_else(|| uid.map(|u| format!("uid {u}")));
        named(&self.login_user, self.login_uid).or_else(|| named(&self.user, self.uid)).unwrap_or_else(|| "?".to_owned())
    }

    /// Whether this is process 1 of the namespace, the service manager where there is one.
    pub fn is_init(&self) -> bool {
        self.pid == Some(1)
    }

    /// Whether `pid` did this, or one of its children at any depth.
    pub fn descends_from(&self, pid: i32) -> bool {
        self.pid == Some(pid) || self.parent_pids.contains(&pid)
    }
}

impl fmt::Display for Actor {
    /// `alice (as root, pts/0): kill -9 1234`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.person())?;
        let mut notes = Vec::new();
        if self.login_uid.is_some() && self.login_uid != self.uid {
            notes.push(format!("as {}", self.user.clone().or_else(|| self.uid.map(|u| u.to_string())).unwrap_or_default()));
        }
        notes.extend(self.tty.clone());
        notes.extend(self.pid.map(|p| format!("pid {p}")));
        if !notes.is_empty() {
            write!(f, " ({})", notes.join(", "))?;
        }
        if let Some(command) = self.command.as_ref().or(self.exe.as_ref()) {
            write!(f, ": {command}")?;
        }
        Ok(())
    }
}
