//! What the hub gives up before it hears the first request: its user, its capabilities, all files but those of its own
//! directory, and every system call that serving does not need. What a machine cannot take away is said in a rung.

mod calls;
mod files;
mod identity;

use std::path::Path;

use muster_model::observation::Rung;

pub use identity::HUB_USER;

/// Why the process cannot be locked in, though this machine could do it.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The directory cannot be made or given away.
    #[error("cannot use the hub's directory {path}")]
    Home {
        /// Which.
        path: std::path::PathBuf,
        /// What the kernel said.
        source: std::io::Error,
    },
    /// It still runs as root.
    #[error("cannot give up root")]
    Identity(#[source] rustix::io::Errno),
    /// The capabilities are still there.
    #[error("cannot give up capabilities")]
    Capabilities(#[source] rustix::io::Errno),
    /// The files are still there.
    #[error("cannot give up files")]
    Files(#[source] landlock::RulesetError),
    /// The system calls are still there.
    #[error("cannot give up system calls: {0}")]
    Calls(String),
}

/// Locks this process in, for good: only `home` is left to it, and what is open already. To be called before the process has
/// a second thread.
///
/// # Errors
/// The machine could do it, and did not. Such a hub must not serve.
pub fn enter(home: &Path) -> Result<Rung, SandboxError> {
    let identity = identity::give_up(home)?;
    let files = files::give_up(home)?;
    let calls = calls::give_up()?;
    // From the best to the least: all three; without Landlock, or under the user of Muster itself.
    let (mut rung, mut lacks) = (1, Vec::new());
    for (has, lack) in [(&files, "Landlock"), (&calls, "seccomp"), (&identity, "a user of its own")] {
        if let Err(why) = has {
            rung += 1;
            lacks.push(format!("{lack}: {why}"));
        }
    }
    let source = [(&identity, "user"), (&files, "landlock"), (&calls, "seccomp")]
        .into_iter()
        .filter_map(|(has, word)| has.is_ok().then_some(word))
        .collect::<Vec<_>>()
        .join("+");
    Ok(Rung {
        fact: "hub".to_owned(),
        source: if source.is_empty() { "none".to_owned() } else { source },
        rung,
        why: (!lacks.is_empty()).then(|| lacks.join("; ")),
    })
}
