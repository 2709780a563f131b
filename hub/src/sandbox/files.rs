//! No file but those in the hub's own directory, no TCP connection, no signal to others: Landlock (landlock(7)).

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetStatus, Scope,
};

use super::SandboxError;

/// The newest that was tried; older kernels give what they have.
const NEWEST: ABI = ABI::V6;
/// Before it, files could be moved in and out (REFER), and cut (TRUNCATE) before the third.
const ENOUGH: ABI = ABI::V3;

/// Gives up all files but those below `home`. The inner error: this kernel cannot take them away, and why.
pub(super) fn give_up(home: &Path) -> Result<Result<(), String>, SandboxError> {
    let all = AccessFs::from_all(NEWEST) & !AccessFs::Execute;
    // The way to it may be barred by now; it is the current directory.
    let ours = PathFd::new(".").map_err(|error| SandboxError::Home { path: home.to_owned(), source: std::io::Error::other(error) })?;
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))
        .and_then(|ruleset| ruleset.handle_access(AccessNet::from_all(NEWEST)))
        .and_then(|ruleset| ruleset.scope(Scope::from_all(NEWEST)))
        .and_then(|ruleset| ruleset.create())
        .and_then(|ruleset| ruleset.add_rule(PathBeneath::new(ours, all)))
        .and_then(|ruleset| ruleset.restrict_self())
        .map_err(SandboxError::Files)?;
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced => Ok(()),
        RulesetStatus::PartiallyEnforced if has(ENOUGH) => Ok(()),
        RulesetStatus::PartiallyEnforced => Err("this kernel's is from before Linux 6.2".to_owned()),
        RulesetStatus::NotEnforced => Err("this kernel has none".to_owned()),
    })
}

/// Whether the kernel knows all of that version.
fn has(abi: ABI) -> bool {
    Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(abi))
        .is_ok_and(|r| r.create().is_ok())
}
