//! Who writes, from the kernel's audit records: it stands beside inotify, which says what happened but not by whom.
//! Folders of configuration get a rule, and what is heard through it is kept as deeds ([`super::deeds`]).

use std::collections::BTreeMap;
use std::fs;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use muster_model::actor::Actor;
use muster_model::time::{Mono, Time};

use super::Who;
use super::deeds::Deeds;
use super::source::Key;
use crate::audit::{Audit, Error, Rule};
use crate::proc::Proc;

/// The word of this rung.
pub(super) const WORD: &str = "audit";
/// So many folders get a rule; each is looked at in every system call that alters files.
pub(super) const FOLDERS_MAX: usize = 64;

/// The system calls that alter files by name.
const CALLS: [libc::c_long; 15] = [
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_unlinkat,
    libc::SYS_renameat2,
    libc::SYS_linkat,
    libc::SYS_symlinkat,
    libc::SYS_truncate,
    libc::SYS_fchmodat,
    libc::SYS_fchmodat2,
    libc::SYS_fchownat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_mknodat,
];
/// Those that newer architectures have no longer.
#[cfg(target_arch = "x86_64")]
const OLD_CALLS: [libc::c_long; 11] = [
    libc::SYS_open,
    libc::SYS_creat,
    libc::SYS_unlink,
    libc::SYS_rename,
    libc::SYS_renameat,
    libc::SYS_link,
    libc::SYS_symlink,
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_lchown,
    libc::SYS_rmdir,
];
#[cfg(not(target_arch = "x86_64"))]
const OLD_CALLS: [libc::c_long; 0] = [];

pub(super) struct Writers {
    audit: Audit,
    who: Who,
    /// The folders that have a rule, by path, with the key that inotify knew them by: another means another directory.
    folders: BTreeMap<PathBuf, (Option<Key>, Rule)>,
    deeds: Deeds,
}

impl Writers {
    pub(super) fn open(who: Who) -> Result<Writers, Error> {
        let audit = Audit::open("files", Vec::new())?;
        Ok(Writers { audit, who, folders: BTreeMap::new(), deeds: Deeds::default() })
    }

    /// What was done to have records, for people.
    pub(super) fn words(&self) -> String {
        self.audit.words()
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.audit.as_fd()
    }

    /// See [`Audit::tend`].
    pub(super) fn tend(&mut self) -> Result<Mono, Error> {
        self.audit.tend()
    }

    /// Sees to it that these folders, and no others, have a rule. One on a folder holds for all below it.
    pub(super) fn follow(&mut self, folders: BTreeMap<PathBuf, Option<Key>>) -> Result<(), String> {
        let gone: Vec<PathBuf> =
            self.folders.iter().filter(|(path, (key, _))| folders.get(*path) != Some(key)).map(|(path, _)| path.clone()).collect();
        for path in gone {
            if let Some((_, rule)) = self.folders.remove(&path) {
                self.audit.remove(&rule).map_err(|error| error.to_string())?;
            }
        }
        for (path, key) in folders {
            if self.folders.contains_key(&path) {
                continue;
            }
            if self.folders.len() >= FOLDERS_MAX {
                return Err(format!("more than {FOLDERS_MAX} folders of configuration"));
            }
            // A rule does not follow a link; and a folder that is gone by now comes again with another key.
            let Ok(real) = fs::canonicalize(&path) else { continue };
            let rule = Rule::folder(&real, &[&CALLS[..], &OLD_CALLS[..]].concat());
            match self.audit.add(rule.clone()) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(format!("{}: {error}", path.display())),
                Ok(()) => drop(self.folders.insert(path, (key, rule))),
            }
        }
        Ok(())
    }

    /// Takes in the records that are there.
    pub(super) fn read(&mut self) -> Result<(), Error> {
        for call in self.audit.read()? {
            if !call.success || !Audit::is_ours(&call) {
                continue;
            }
            let actor = call.actor(&Proc::here(), |pid| (self.who)(pid));
            self.deeds.add(&call, actor);
        }
        Ok(())
    }

    /// See [`Audit::lost`].
    pub(super) fn lost(&self) -> u64 {
        self.audit.lost()
    }

    /// Who did what is seen of a file at that time. It is asked once: what was done until then counts as told.
    pub(super) fn who(&mut self, path: &Path, at: Time) -> Option<Actor> {
        self.deeds.who(path, at)
    }
}
