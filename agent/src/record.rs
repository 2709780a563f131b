//! What the ledger and the vault have to say to those who ask: changes, differences, older versions.

use crossbeam_channel::Sender;
use muster_ledger::Ledger;
use muster_model::actor::Actor;
use muster_model::event::{Body, Command};
use muster_model::id::{ChangeId, Seq, ServiceName, VersionId};
use muster_model::observation::Fact;
use muster_model::request::{ChangeReport, DiffReport, EventQuery, Record, Reply};
use muster_model::text::Text;
use muster_model::time::Time;
use muster_vault::Vault;
use std::path::Path;

use crate::desk::{ANSWER_WITHIN, ask};
use crate::inbox::Input;

/// At most so many changes are listed.
const CHANGES_MAX: u32 = 1_000;

/// An error with all that is behind it, in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}

/// What was altered, newest first.
pub(crate) fn changes(
    ledger: &Ledger,
    service: Option<&ServiceName>,
    since: Option<Time>,
    before: Option<&ChangeId>,
    limit: Option<u32>,
) -> Result<Vec<ChangeReport>, muster_ledger::Error> {
    let query = EventQuery {
        kind: Some("change".to_owned()),
        subject: service.map(ToString::to_string),
        since,
        before: before.and_then(seq_of),
        limit: Some(limit.unwrap_or(CHANGES_MAX).min(CHANGES_MAX)),
        ..EventQuery::default()
    };
    Ok(ledger.query(&query)?.into_iter().rev().filter_map(report).collect())
}

fn report(record: Record) -> Option<ChangeReport> {
    let (seq, taken) = (record.seq, record.at);
    let Ok(Body::Observed(observation)) = serde_json::from_value(record.body) else { return None };
    let Fact::Changed(change) = observation.fact else { return None };
    let at = observation.at.min(taken);
    Some(ChangeReport { id: ChangeId::from(format!("c{seq}")), at, service: observation.service, source: observation.source, change })
}

/// The event that recorded it.
fn seq_of(id: &ChangeId) -> Option<u64> {
    id.as_str().strip_prefix('c')?.parse().ok()
}

/// A change with its contents.
pub(crate) fn diff(ledger: &Ledger, vault: &Vault, id: &ChangeId) -> Reply {
    let unknown = || Reply::Refused { why: Text::new("refused-no-such-change").with("change", id) };
    let Some(seq) = seq_of(id) else { return unknown() };
    let Ok(Some(record)) = ledger.get(Seq(seq)) else { return unknown() };
    let Some(change) = report(record) else { return unknown() };
    let content = |version: Option<&VersionId>| {
        version.and_then(|v| vault.content(v).ok().flatten()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    };
    let (before, after) = (change.change.what.before().cloned(), change.change.what.after().cloned());
    Reply::Diff(Box::new(DiffReport {
        before: content(before.as_ref()),
        after: content(after.as_ref()),
        before_version: before,
        after_version: after,
        change,
    }))
}

fn last_good(inbox: &Sender<Input>, path: &str) -> Option<VersionId> {
    let (reply, answer) = crossbeam_channel::bounded(1);
    inbox.send(Input::LastGood { path: path.to_owned(), reply }).ok()?;
    answer.recv_timeout(ANSWER_WITHIN).ok()?
}

/// Puts a file back, to a version by its first letters or to `good`, the last good one. The person's word is in the ledger before the file is touched.
pub(crate) fn restore(inbox: &Sender<Input>, vault: &Vault, by: Actor, path: &str, to: &str) -> Reply {
    let version = match if to == "good" { last_good(inbox, path) } else { None } {
        Some(good) => Ok(good),
        None => vault.resolve(Path::new(path), to),
    };
    let version = match version {
        Ok(version) => version,
        Err(error) => return Reply::Refused { why: Text::new("refused-no-such-version").with("path", path).with("error", chain(&error)) },
    };
    let command = Command::Restore { path: path.to_owned(), version: version.clone() };
    let who = by.clone();
    match ask(inbox, |reply| Input::Told { by, command, reply }) {
        Reply::Taken => {}
        refused => return refused,
    }
    match vault.write_back(Path::new(path), &version, muster_sense::clock::now().0, Some(&who)) {
        Ok(_) => Reply::Taken,
        Err(error) => Reply::Refused { why: Text::new("refused-restore").with("path", path).with("error", chain(&error)) },
    }
}
