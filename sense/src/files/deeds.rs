//! What was done to files lately, and by whom, as audit records have it.
//!
//! A record says which files a system call concerned, and comes when the call returns: for an editor, when the file is
//! opened for writing. So the deeds of the last minute are kept, and when a change is told, whoever concerned himself
//! with that very file since the last one is named; where these are several, nobody is.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use muster_model::actor::Actor;
use muster_model::time::{Length, Time};

use crate::audit::{Call, TICK};

/// How long a file may have been open before it is closed and the change told.
const OPEN: Length = Length::seconds(60);
/// So many deeds are kept.
const DEEDS_MAX: usize = 1024;
/// Of so many files it is known when the last change was told.
const TOLD_MAX: usize = 4096;

/// The last of them.
#[derive(Default)]
pub(super) struct Deeds {
    kept: VecDeque<Deed>,
    /// When the last change was told.
    told: BTreeMap<PathBuf, Time>,
}

/// What somebody did to files.
struct Deed {
    at: Time,
    actor: Actor,
    /// The paths as the caller named them, where these can be told.
    paths: Vec<PathBuf>,
    /// The last parts of the names, and the inodes of the directories they are in.
    names: Vec<OsString>,
    parents: Vec<u64>,
    /// The inodes of the files.
    files: Vec<u64>,
}

impl Deeds {
    /// Keeps one.
    pub(super) fn add(&mut self, call: &Call, actor: Actor) {
        if self.kept.len() >= DEEDS_MAX {
            self.kept.pop_front();
        }
        self.kept.push_back(Deed::of(call, actor));
    }

    /// Who did what is seen of a file at that time. It is asked once: what was done until then counts as told.
    pub(super) fn who(&mut self, path: &Path, at: Time) -> Option<Actor> {
        let since = self.told.get(path).copied().unwrap_or(Time(0)).max(at.before(OPEN));
        let look = Look::at(path);
        let deeds = || self.kept.iter().filter(|deed| deed.at > since && deed.at <= at.after(TICK));
        // By its place; else by its inode, which it may have brought along from elsewhere.
        let here: Vec<&Deed> = deeds().filter(|deed| look.is_place_of(deed)).collect();
        let mut found = if here.is_empty() { deeds().filter(|deed| look.is_file_of(deed)).collect() } else { here }.into_iter();
        let last = found.next_back()?;
        // The commands of one script are one hand; of others it cannot be told whose change it was.
        let one_hand =
            found.all(|deed| deed.actor.pid == last.actor.pid || deed.actor.parent_pids.first() == last.actor.parent_pids.first());
        let actor = one_hand.then(|| last.actor.clone());
        let until = last.at.max(at);
        if self.told.len() >= TOLD_MAX {
            self.told.retain(|_, told| *told > at.before(OPEN));
        }
        if self.told.len() < TOLD_MAX {
            self.told.insert(path.to_owned(), until);
        }
        actor
    }
}

impl Deed {
    fn of(call: &Call, actor: Actor) -> Deed {
        let (parents, files): (Vec<_>, Vec<_>) = call.items.iter().partition(|item| item.is_parent);
        let cwd = call.cwd.as_deref().map(|cwd| Path::new(OsStr::from_bytes(cwd)));
        let names = files.iter().filter_map(|file| file.name.as_deref()).map(|name| Path::new(OsStr::from_bytes(name)));
        Deed {
            at: call.at,
            actor,
            paths: names.clone().filter_map(|name| absolute(cwd?, name)).collect(),
            names: names.filter_map(|name| name.file_name().map(OsStr::to_owned)).collect(),
            parents: parents.iter().filter_map(|parent| parent.inode).collect(),
            files: files.iter().filter_map(|file| file.inode).collect(),
        }
    }
}

/// A file as it is now.
struct Look<'a> {
    path: &'a Path,
    name: &'a OsStr,
    parent: Option<u64>,
    file: Option<u64>,
}

impl<'a> Look<'a> {
    fn at(path: &'a Path) -> Look<'a> {
        let inode = |path: &Path| fs::metadata(path).ok().map(|meta| meta.ino());
        Look { path, name: path.file_name().unwrap_or_default(), parent: path.parent().and_then(inode), file: inode(path) }
    }

    /// Whether the deed was done to what is at this path, by whatever name.
    fn is_place_of(&self, deed: &Deed) -> bool {
        let in_parent = self.parent.is_some_and(|parent| deed.parents.contains(&parent)) && deed.names.iter().any(|name| name == self.name);
        in_parent || deed.paths.iter().any(|path| path == self.path)
    }

    /// Whether it was done to the file that is here now, wherever that was then.
    fn is_file_of(&self, deed: &Deed) -> bool {
        self.file.is_some_and(|file| deed.files.contains(&file))
    }
}

/// A name as seen from a directory, without `.` and `..`.
fn absolute(cwd: &Path, name: &Path) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    for part in cwd.join(name).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            Component::CurDir => {}
            part => path.push(part),
        }
    }
    path.is_absolute().then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Item;

    const SECOND: Length = Length::seconds(1);

    fn at(seconds: u64) -> Time {
        Time(1_000_000_000_000).after(Length::seconds(seconds))
    }

    /// A deed of a process with a parent, on a name below `/etc/nginx`, or on an inode.
    fn deed(deeds: &mut Deeds, at: Time, pid: i32, parent: i32, name: &str, inode: u64) {
        let item = Item { name: Some(name.into()), inode: Some(inode), is_parent: false };
        let call = Call { at, cwd: Some(b"/etc/nginx".to_vec()), items: vec![item], ..Call::default() };
        deeds.add(&call, Actor { pid: Some(pid), parent_pids: vec![parent], ..Actor::default() });
    }

    fn who(deeds: &mut Deeds, path: &str, at: Time) -> Option<i32> {
        deeds.who(Path::new(path), at).and_then(|actor| actor.pid)
    }

    #[test]
    fn whoever_was_at_the_file_since_the_last_change_is_named() {
        let mut deeds = Deeds::default();
        deed(&mut deeds, at(0), 10, 1, "./conf.d/../nginx.conf", 1);
        assert_eq!(who(&mut deeds, "/etc/nginx/other.conf", at(1)), None);
        assert_eq!(who(&mut deeds, "/etc/nginx/nginx.conf", at(1)), Some(10));
        assert_eq!(who(&mut deeds, "/etc/nginx/nginx.conf", at(2)), None, "that was told");
        deed(&mut deeds, at(3), 11, 2, "/etc/nginx/nginx.conf", 1);
        assert_eq!(who(&mut deeds, "/etc/nginx/nginx.conf", at(2)), None, "what came later did not do it");
        assert_eq!(who(&mut deeds, "/etc/nginx/nginx.conf", at(5)), Some(11));
        deed(&mut deeds, at(6), 12, 2, "nginx.conf", 1);
        assert_eq!(who(&mut deeds, "/etc/nginx/nginx.conf", at(6).after(OPEN).after(SECOND)), None, "too long ago");
    }

    #[test]
    fn of_strangers_nobody_is_named_and_of_one_script_the_last() {
        let mut deeds = Deeds::default();
        deed(&mut deeds, at(0), 10, 1, "a", 1);
        deed(&mut deeds, at(0), 11, 2, "a", 1);
        assert_eq!(who(&mut deeds, "/etc/nginx/a", at(1)), None);
        deed(&mut deeds, at(2), 12, 3, "a", 1);
        deed(&mut deeds, at(2), 13, 3, "a", 1);
        assert_eq!(who(&mut deeds, "/etc/nginx/a", at(2)), Some(13));
    }

    #[test]
    fn a_file_is_known_by_its_inode_only_where_nobody_named_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("site");
        fs::write(&path, "x").unwrap();
        let inode = fs::metadata(&path).unwrap().ino();
        let mut deeds = Deeds::default();
        deed(&mut deeds, at(0), 10, 1, "elsewhere", inode);
        deed(&mut deeds, at(0), 11, 2, path.to_str().unwrap(), 0);
        assert_eq!(who(&mut deeds, path.to_str().unwrap(), at(0)), Some(11), "who brought it here, not who made it");
        deed(&mut deeds, at(2), 12, 1, "link", inode);
        assert_eq!(who(&mut deeds, path.to_str().unwrap(), at(2)), Some(12));
    }

    #[test]
    fn only_the_last_deeds_are_kept() {
        let mut deeds = Deeds::default();
        for n in 0..2 * DEEDS_MAX as i32 {
            deed(&mut deeds, at(0), n, 1, &n.to_string(), 0);
        }
        assert_eq!(deeds.kept.len(), DEEDS_MAX);
        deeds.told = (0..TOLD_MAX).map(|n| (PathBuf::from(n.to_string()), at(0))).collect();
        deed(&mut deeds, at(99), 7, 1, "new", 0);
        assert_eq!((who(&mut deeds, "/etc/nginx/new", at(99)), deeds.told.len()), (Some(7), 1));
    }
}
