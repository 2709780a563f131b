//! `down`: end the Muster that runs on this data, and wait until it has ended.

use std::io;
use std::time::Duration;

use muster_model::request::{Reply, Request};
use muster_model::text::Text;
use muster_sense::proc::Proc;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::arguments;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::socket::odd;

use super::install::system;

/// Muster may take this long to end: a step that is under way is finished, `run` services are given time to stop.
const END_WITHIN: Duration = Duration::from_secs(60);

pub(super) fn run(context: &Context, typed: &arguments::Down) -> Outcome {
    let mut line = context.agent().open()?;
    // Taken before it is told, so that it cannot be another process by then.
    let process = pidfd_open(line.process()?, PidfdFlags::empty()).map_err(io::Error::from)?;
    let unit = keeper(line.process()?);
    match line.ask(&Request::Down { services: typed.services })? {
        Reply::Taken => {}
        other => return Err(odd(&other)),
    }
    // Its keeper would start it again.
    if let Some(unit) = unit {
        system::run("systemctl", &["stop", &unit])?;
    }
    let within = Timespec { tv_sec: END_WITHIN.as_secs() as i64, tv_nsec: 0 };
    let ended = poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&within)).map_err(io::Error::from)? > 0;
    if !ended {
        return Err(Failure::Failed(Text::new("error-not-ended").with("within", format!("{}s", END_WITHIN.as_secs()))));
    }
    context.tell(&if typed.services { Text::new("down-done-services") } else { Text::new("down-done") })
}

/// The systemd unit whose main process it is, and which would be started again.
fn keeper(process: Pid) -> Option<String> {
    let pid = process.as_raw_nonzero().get();
    let unit = muster_sense::proc::unit_of(&Proc::here(), pid)?;
    let main = system::run("systemctl", &["show", "--value", "--property", "MainPID", &unit]).ok()?;
    (main == pid.to_string()).then_some(unit)
}
