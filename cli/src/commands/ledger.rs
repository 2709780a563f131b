//! `ledger verify|export`: the chain; the record as JSON lines.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use muster_ledger::{export_file, verify_file};
use muster_model::request::{Broken, Reply, Request, Verified};
use muster_model::text::Text;
use serde::Serialize;

use crate::arguments::Ledger;
use crate::context::Context;
use crate::failure::{DONE, FAILED, Failure, Outcome};
use crate::places;
use crate::screen::{Page, Style};
use crate::socket::odd;

pub(super) fn run(context: &Context, typed: &Ledger) -> Outcome {
    match typed {
        Ledger::Verify => verify(context),
        Ledger::Export => export(context),
    }
}

/// The document of a verification.
#[derive(Serialize)]
struct Document<'a> {
    whole: bool,
    events: u64,
    checkpoints: u64,
    broken: Option<&'a Broken>,
}

/// Verifies through the running Muster, which knows of checkpoints elsewhere, else the file itself.
fn verify(context: &Context) -> Outcome {
    let verified = match context.agent().ask(&Request::Verify) {
        Ok(Reply::Verified(verified)) => verified,
        Ok(other) => return Err(odd(&other)),
        Err(Failure::NotReached(_)) => verify_file(&context.data, checkpoint_file(context).as_deref()).map_err(unread)?,
        Err(failure) => return Err(failure),
    };
    let Verified { events, checkpoints, broken } = &verified;
    let (text, style) = match broken {
        None => (Text::new("ledger-whole").with("events", events).with("checkpoints", checkpoints), Style::Good),
        Some(Broken { seq, how }) => (Text::new("ledger-broken").with("seq", seq).with("how", how).with("events", events), Style::Bad),
    };
    context.show(
        || Document { whole: broken.is_none(), events: *events, checkpoints: *checkpoints, broken: broken.as_ref() },
        |look| Page::of_styled(look, &muster_tell::say(look.language, &text), style),
    )?;
    Ok(if broken.is_none() { DONE } else { FAILED })
}

/// Where the configuration keeps signed checkpoints elsewhere.
fn checkpoint_file(context: &Context) -> Option<PathBuf> {
    let config = muster_agent::load(places::config_in_force(context.config.as_deref()).as_deref()).ok()?;
    config.checkpoint_file.map(PathBuf::from)
}

/// The record as it is on disk: whoever may read the file needs no Muster for it.
fn export(context: &Context) -> Outcome {
    let mut stdout = BufWriter::new(io::stdout().lock());
    export_file(&context.data, &mut stdout).map_err(unread)?;
    stdout.flush()?;
    Ok(DONE)
}

/// Why the ledger could not be read, or its reader has left (`muster ledger export | head`).
fn unread(error: muster_ledger::Error) -> Failure {
    let error = anyhow::Error::new(error);
    let left = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
    if error.chain().any(|cause| cause.downcast_ref().is_some_and(left)) { Failure::Unread } else { Failure::Other(error) }
}
