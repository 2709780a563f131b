//! Who the hub runs as: nobody else does, and it can become nobody else.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown};
use std::path::Path;

use rustix::io::Errno;
use rustix::process::{Gid, Uid, geteuid};
use rustix::thread::{
    CapabilitySet, CapabilitySets, clear_ambient_capability_set, remove_capability_from_bounding_set, set_capabilities, set_no_new_privs,
    set_thread_groups, set_thread_res_gid, set_thread_res_uid,
};

use super::SandboxError;

/// The hub's user, where the installation has made it.
pub const HUB_USER: &str = "muster";

/// Where it has not: a number that no file and no other program has. From systemd's range for units without a user
/// (systemd.exec(5), DynamicUser=).
const NAMELESS: u32 = 64_773;

/// Becomes the hub's user, with no capability and no way to get one. The inner error: it stays who it is, and why.
pub(super) fn give_up(home: &Path) -> Result<Result<(), String>, SandboxError> {
    let failed = |source| SandboxError::Home { path: home.to_owned(), source };
    match DirBuilder::new().mode(0o700).create(home) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(failed(error)),
        _ => fs::set_permissions(home, fs::Permissions::from_mode(0o700)).map_err(failed)?,
    }
    let changed = if geteuid().is_root() {
        let (uid, gid) = user();
        chown(home, Some(uid), Some(gid)).map_err(failed)?;
        std::env::set_current_dir(home).map_err(failed)?;
        // While still root: afterwards nothing can be taken away.
        for capability in CapabilitySet::all() {
            match remove_capability_from_bounding_set(capability) {
                // What this kernel does not know, nobody has.
                Ok(()) | Err(Errno::INVAL | Errno::PERM) => {}
                Err(error) => return Err(SandboxError::Capabilities(error)),
            }
        }
        let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
        match set_thread_groups(&[]).and_then(|()| set_thread_res_gid(gid, gid, gid)).and_then(|()| set_thread_res_uid(uid, uid, uid)) {
            Ok(()) => Ok(()),
            // A user namespace that does not have the number.
            Err(Errno::INVAL) => Err(format!("user {} is not to be had here", uid.as_raw())),
            Err(error) => return Err(SandboxError::Identity(error)),
        }
    } else {
        std::env::set_current_dir(home).map_err(failed)?;
        Err("Muster does not run as root".to_owned())
    };
    set_no_new_privs(true).map_err(SandboxError::Capabilities)?;
    let _ = clear_ambient_capability_set(); // kernels before 4.3 have none
    let none = CapabilitySets { effective: CapabilitySet::empty(), permitted: CapabilitySet::empty(), inheritable: CapabilitySet::empty() };
    set_capabilities(None, none).map_err(SandboxError::Capabilities)?;
    Ok(changed)
}

/// The numbers of the hub's user and group.
fn user() -> (u32, u32) {
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let of = |line: &str| {
        let mut fields = line.split(':');
        let named = fields.next() == Some(HUB_USER);
        let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
        (named && uid != 0 && gid != 0).then_some((uid, gid))
    };
    passwd.lines().find_map(of).unwrap_or((NAMELESS, NAMELESS))
}
