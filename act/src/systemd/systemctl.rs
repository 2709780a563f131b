//! The same through systemctl(1), which as root talks to systemd's own socket.

use muster_model::time::Length;

use super::{Job, SystemdError};
use crate::{chain, shell};

/// How long it may take. What it asked for goes on in systemd after that.
const WITHIN: Length = Length::seconds(30);

pub(super) fn job(job: Job, unit: &str) -> Result<String, SystemdError> {
    // That there is nothing to forget is no reason not to start.
    let _ = run("reset-failed", &[], unit);
    run(job.verb(), &["--job-mode=replace"], unit)
}

pub(super) fn run(verb: &'static str, options: &[&str], unit: &str) -> Result<String, SystemdError> {
    let failed = |said| SystemdError::Systemctl { verb, unit: unit.to_owned(), said };
    let arguments: Vec<&str> = ["--no-pager", "--no-ask-password", verb].iter().chain(options).chain(&["--", unit]).copied().collect();
    match shell::run("systemctl", &arguments, WITHIN) {
        Ok(ran) if ran.ok() => Ok(format!("systemctl {verb} {unit}: done")),
        Ok(ran) => Err(failed(ran.words())),
        Err(error) => Err(failed(chain(&error))),
    }
}
