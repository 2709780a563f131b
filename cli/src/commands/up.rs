//! `up`: run here until told to end.

use std::io::Write;
use std::path::{Path, PathBuf};

use muster_agent::{Options, Standing, UpError};
use muster_model::text::Text;

use crate::context::Context;
use crate::failure::{DONE, Failure, Outcome};
use crate::places;

pub(super) fn run(context: &Context) -> Outcome {
    let language = context.language;
    let announce = move |standing: &Standing| {
        let text = Text::new(if standing.addresses.is_empty() { "up-ready-no-pages" } else { "up-ready" })
            .with("version", env!("CARGO_PKG_VERSION"))
            .with("services", standing.services)
            .with("socket", standing.socket.display())
            .with("addresses", standing.addresses.join(" "));
        let mut out = std::io::stdout().lock();
        // A closed standard output is no reason not to run.
        let _ = writeln!(out, "{}", muster_tell::say(language, &text));
        let _ = out.flush();
    };
    let options = Options {
        config: places::config_in_force(context.config.as_deref()),
        usual: places::config(),
        data: context.data.clone(),
        // The very program that runs, also when another has been installed in its place meanwhile.
        hub: Some(PathBuf::from("/proc/self/exe")),
        announce: Box::new(announce),
    };
    muster_agent::up(options).map(|()| DONE).map_err(|error| failure(error, &context.data))
}

fn failure(error: UpError, data: &Path) -> Failure {
    let error = match error {
        UpError::Config(mistakes) => return super::config::failure(mistakes),
        other => other,
    };
    let data = data.display();
    let why = muster_agent::chain(&error);
    Failure::Failed(match &error {
        UpError::Ledger(muster_ledger::Error::Held { pid: Some(pid), .. }) => Text::new("up-second").with("data", data).with("pid", pid),
        UpError::Ledger(muster_ledger::Error::Held { pid: None, .. }) => Text::new("up-second-unknown").with("data", data),
        UpError::Data { .. } => Text::new("up-no-data").with("data", data).with("error", why),
        UpError::Ledger(_) => Text::new("up-no-ledger").with("data", data).with("error", why),
        UpError::Users(_) => Text::new("up-no-users").with("data", data).with("error", why),
        UpError::Vault(_) => Text::new("up-no-vault").with("data", data).with("error", why),
        UpError::Socket { .. } | UpError::Thread(_) | UpError::Config(_) => Text::new("up-failed").with("error", why),
    })
}
