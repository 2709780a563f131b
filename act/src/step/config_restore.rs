//! Write the last good content of configuration files: rehearsed on a copy first, and what is overwritten is kept.

use std::path::Path;

use muster_model::id::VersionId;
use muster_model::plan::Outcome;
use muster_model::roster::Service;

use crate::rehearse::{Rehearsal, rehearse};
use crate::{Ending, Hands, VALIDATE_WITHIN, chain, now, shell};

type Files = [(String, VersionId)];
type Replaced = [(String, Option<VersionId>)];

pub(super) fn run(hands: &Hands, service: &Service, files: &Files) -> Ending {
    let mut contents = Vec::new();
    for (path, version) in files {
        match hands.vault.content(version) {
            Ok(Some(content)) => contents.push((path.clone(), content)),
            Ok(None) => return Ending::failed(format!("version {:.12} of {path} is not in the vault", version.as_str())),
            Err(error) => return Ending::failed(chain(&error)),
        }
    }
    let rehearsal = match &service.validate {
        Some(validate) => rehearse(&contents, validate),
        None => Rehearsal::Impossible("there is no validator".to_owned()),
    };
    let wrote = |ending: Ending| {
        let list: Vec<String> = files.iter().map(|(path, version)| format!("{path} ({:.12})", version.as_str())).collect();
        Ending { said: format!("{}wrote {}", ending.said, list.join(", ")), ..ending }
    };
    match rehearsal {
        Rehearsal::Refused(why) => Ending {
            rehearsed: true,
            ..Ending::skipped(format!("on a copy the last good configuration does not pass either, so nothing was touched: {why}"))
        },
        Rehearsal::Passed => match write(hands, service, files) {
            Ok(replaced) => wrote(Ending { rehearsed: true, replaced, ..Ending::done("") }),
            Err(ending) => ending,
        },
        Rehearsal::Impossible(why) => match write(hands, service, files) {
            Ok(replaced) => match refused(service) {
                // It could not be tried anywhere else.
                Some(words) => {
                    let undone = undo(hands, service, files, &replaced);
                    Ending::failed(format!("not rehearsed ({why}); in place it does not pass: {words}; {}", undone.said))
                }
                None => wrote(Ending { replaced, ..Ending::done(format!("not rehearsed ({why}); ")) }),
            },
            Err(ending) => ending,
        },
    }
}

/// Writes them all, or none: half a configuration is worse than a broken one.
fn write(hands: &Hands, service: &Service, files: &Files) -> Result<Vec<(String, Option<VersionId>)>, Ending> {
    let mut replaced = Vec::new();
    for (path, version) in files {
        let path = Path::new(path);
        // Whoever deletes a folder deletes the files in it.
        let folder = path.parent().filter(|p| !p.exists()).map_or(Ok(()), std::fs::create_dir_all);
        let written = folder.map_err(|e| format!("cannot make the folder of {}: {e}", path.display()));
        match written.and_then(|()| hands.vault.write_back(path, version, hands.eyes.now(), None).map_err(|e| chain(&e))) {
            Ok(was) => replaced.push((path.display().to_string(), was.before)),
            Err(why) => {
                let undone = undo(hands, service, files, &replaced);
                return Err(Ending::failed(format!("{why}; {}", undone.said)));
            }
        }
    }
    Ok(replaced)
}

/// The validator's words, if it does not take what is in place now.
fn refused(service: &Service) -> Option<String> {
    let ran = shell::sh(service.validate.as_ref()?, VALIDATE_WITHIN).ok()?;
    (ran.began() && !ran.ok()).then(|| ran.words())
}

/// Writes back what was there before, or removes what was not; but nothing that somebody has altered since.
pub(super) fn undo(hands: &Hands, service: &Service, files: &Files, replaced: &Replaced) -> Ending {
    let mut undone = 0;
    let mut faults = Vec::new();
    // The last written first: two paths may lead to one file.
    for (path, before) in replaced.iter().rev() {
        let ours = files.iter().find(|(p, _)| p == path).map(|(_, version)| version);
        match take_back(hands, Path::new(path), ours, before.as_ref()) {
            Ok(()) => undone += 1,
            Err(why) => faults.push(why),
        }
    }
    let said = format!("{}: {undone} of {} files taken back", service.name, replaced.len());
    match faults.is_empty() {
        true => Ending::done(said),
        false => Ending { outcome: Outcome::Failed, ..Ending::done(format!("{said}; {}", faults.join("; "))) },
    }
}

fn take_back(hands: &Hands, path: &Path, ours: Option<&VersionId>, before: Option<&VersionId>) -> Result<(), String> {
    let now = now::version(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    if now.as_ref() == before {
        return Ok(());
    }
    if now.as_ref() != ours {
        return Err(format!("{} was altered after Muster wrote it, and is left as it is", path.display()));
    }
    match before {
        Some(version) => hands.vault.write_back(path, version, hands.eyes.now(), None).map(drop).map_err(|e| chain(&e)),
        // Its content is a version in the vault: nothing is lost.
        None => std::fs::remove_file(path).map_err(|e| format!("cannot remove {}: {e}", path.display())),
    }
}
