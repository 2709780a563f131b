//! The directories that are watched, and the files in them as they were last seen.
//!
//! A survey walks from a directory down along what the globs lead to, marks every directory before it lists it (so that
//! nothing that happens in between is missed) and says which files differ from what is known. The first look, a
//! directory that comes or goes, a lost event and the regular check are all the same survey.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use muster_model::id::ServiceName;

use super::Trouble;
use super::globs::{Globs, Place};
use super::source::{Interest, Key, Seen, Source};

/// At most so many directories are watched.
pub const DIRECTORIES_MAX: usize = 4096;
/// At most so many files are remembered; what happens to others is told as long as no event is lost.
pub const FILES_MAX: usize = 16_384;
/// At most so many entries of one directory are looked at.
pub const ENTRIES_MAX: usize = 65_536;
/// At most so many different troubles are kept.
const TROUBLES_MAX: usize = 64;
/// At most so many keys of directories that are gone are remembered.
const GONE_MAX: usize = DIRECTORIES_MAX;

/// A directory's name at its source: the source's place in the list, and the key.
pub(super) type Mark = (usize, Key);

/// A file as it was seen: if any of it differs, something was done to it (the change time says so even where the size
/// and the modification time were put back).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    /// Seconds and nanoseconds of the last change of content, owner or mode.
    pub(super) changed: (i64, i64),
}

impl From<&Metadata> for Stamp {
    fn from(meta: &Metadata) -> Stamp {
        Stamp {
            device: meta.dev(),
            inode: meta.ino(),
            size: meta.size(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        }
    }
}

/// A watched directory.
struct Dir {
    place: Place,
    interest: Interest,
    /// `None`: no source takes it; only surveys see what happens there.
    mark: Option<Mark>,
}

pub(super) struct Tree {
    globs: Globs,
    /// Best first. Empty: surveys are all there is.
    sources: Vec<Box<dyn Source>>,
    dirs: BTreeMap<PathBuf, Dir>,
    /// The paths by which a marked directory is reached: more than one where links lead to it.
    marks: BTreeMap<Mark, BTreeSet<PathBuf>>,
    /// Marked directories that nothing leads to any more and whose mark could not be found to be removed.
    gone: BTreeSet<Mark>,
    files: BTreeMap<PathBuf, Stamp>,
    /// Where a meant path is a symbolic link: what it leads to, with the links.
    links: BTreeMap<PathBuf, BTreeSet<PathBuf>>,
    troubles: BTreeSet<Trouble>,
    /// Counts what was done to `dirs`.
    turns: u64,
}

impl Tree {
    pub(super) fn new(sources: Vec<Box<dyn Source>>) -> Tree {
        Tree {
            globs: Globs::new(),
            sources,
            dirs: BTreeMap::new(),
            marks: BTreeMap::new(),
            gone: BTreeSet::new(),
            files: BTreeMap::new(),
            links: BTreeMap::new(),
            troubles: BTreeSet::new(),
            turns: 0,
        }
    }

    /// Another number means that [`Tree::folders`] may have changed.
    pub(super) fn turns(&self) -> u64 {
        self.turns
    }

    /// The directories whose files are meant, those below another one of the same file system left out, with the keys of
    /// their marks.
    pub(super) fn folders(&self) -> BTreeMap<PathBuf, Option<Key>> {
        let device = |path: &Path| fs::metadata(path).ok().map(|meta| meta.dev());
        let mut folders: BTreeMap<PathBuf, Option<Key>> = BTreeMap::new();
        let mut top: Option<(&PathBuf, Option<u64>)> = None;
        for (path, dir) in self.dirs.iter().filter(|(_, dir)| dir.interest == Interest::Files) {
            if top.is_some_and(|(top, on)| path.starts_with(top) && device(path) == on) {
                continue;
            }
            if !top.is_some_and(|(top, _)| path.starts_with(top)) {
                top = Some((path, device(path)));
            }
            folders.insert(path.clone(), dir.mark.as_ref().map(|(_, key)| key.clone()));
        }
        folders
    }

    pub(super) fn directories(&self) -> usize {
        self.dirs.len()
    }

    pub(super) fn files(&self) -> &BTreeMap<PathBuf, Stamp> {
        &self.files
    }

    pub(super) fn troubles(&self) -> &BTreeSet<Trouble> {
        &self.troubles
    }

    pub(super) fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.sources.iter().map(|source| source.fd())
    }

    pub(super) fn has_sources(&self) -> bool {
        !self.sources.is_empty()
    }

    /// Takes what the source at `index` has, and gives the source's word. `None`: it failed, and from now on there are
    /// only surveys.
    pub(super) fn read(&mut self, index: usize, seen: &mut Vec<Seen>) -> Option<&'static str> {
        let source = self.sources.get_mut(index)?;
        let word = source.word();
        if let Err(error) = source.read(seen) {
            self.troubles.insert(Trouble::Source { source_word: word, why: error.to_string() });
            self.sources.clear();
            self.marks.clear();
            self.dirs.values_mut().for_each(|dir| dir.mark = None);
            return None;
        }
        Some(word)
    }

    /// Puts other globs in force and says which of the files known until now differ from what was known.
    pub(super) fn replace(&mut self, set: &[(ServiceName, Vec<String>)]) -> Vec<PathBuf> {
        self.globs = Globs::new();
        self.troubles.retain(|trouble| matches!(trouble, Trouble::Source { .. } | Trouble::Writers { .. }));
        for (service, globs) in set {
            for glob in globs {
                if let Err(why) = self.globs.add(service, glob) {
                    self.trouble(Trouble::Glob { service: service.clone(), glob: glob.clone(), why });
                } else if Path::new(glob).is_dir() {
                    self.trouble(Trouble::IsDirectory { service: service.clone(), glob: glob.clone() });
                }
            }
        }
        let found = self.walk(Path::new("/"), self.globs.root());
        let known = std::mem::replace(&mut self.files, found);
        let differ = |path: &PathBuf, stamp: &Stamp| self.files.get(path) != Some(stamp) && self.globs.ends(&self.place(path));
        known.iter().filter(|(path, stamp)| differ(path, stamp)).map(|(path, _)| path.clone()).collect()
    }

    /// The services that mean a path.
    pub(super) fn services(&self, path: &Path) -> Vec<ServiceName> {
        self.globs.services(&self.place(path))
    }

    /// What an entry of a marked directory stands for; `None`: the mark is not known.
    pub(super) fn entries(&self, mark: &Mark, name: &OsStr) -> Option<Vec<Entry>> {
        let Some(paths) = self.marks.get(mark) else {
            return self.gone.contains(mark).then(Vec::new);
        };
        let mut entries = Vec::new();
        for dir in paths {
            let path = dir.join(name);
            let place = self.dirs.get(dir).map(|dir| self.globs.step(&dir.place, name)).unwrap_or_default();
            let links = self.links.get(&path).into_iter().flatten().cloned().collect();
            let (meant, leads) = (self.globs.ends(&place), self.globs.leads(&place));
            entries.push(Entry { path, place, meant, leads, links });
        }
        Some(entries)
    }

    /// The directory behind a mark is no more.
    pub(super) fn forget(&mut self, mark: &Mark) {
        self.turns += 1;
        for path in self.marks.remove(mark).unwrap_or_default() {
            if let Some(dir) = self.dirs.get_mut(&path) {
                dir.mark = None;
            }
        }
        self.gone.remove(mark);
    }

    /// A key that nothing is known of, even after a survey, is not looked for again.
    pub(super) fn give_up_on(&mut self, mark: Mark) {
        if self.gone.len() >= GONE_MAX {
            self.gone.clear();
        }
        self.gone.insert(mark);
    }

    /// Surveys everything.
    pub(super) fn survey_all(&mut self) -> Vec<PathBuf> {
        self.survey(Path::new("/"), self.globs.root())
    }

    /// Walks from `top` down and says which meant files there came, went or differ from what is known of them.
    pub(super) fn survey(&mut self, top: &Path, place: Place) -> Vec<PathBuf> {
        let found = self.walk(top, place);
        let known = below(&self.files, top);
        let differ = |path: &&PathBuf| self.files.get(*path) != found.get(*path);
        let paths: BTreeSet<&PathBuf> = known.iter().chain(found.keys()).filter(differ).collect();
        paths.into_iter().cloned().collect()
    }

    /// Watches the directories at `top` and below, lets go of those that are no longer there, and gives the meant files.
    fn walk(&mut self, top: &Path, place: Place) -> BTreeMap<PathBuf, Stamp> {
        let before: Vec<(PathBuf, Dir)> = below(&self.dirs, top).into_iter().filter_map(|path| self.dirs.remove_entry(&path)).collect();
        for links in self.links.values_mut() {
            links.retain(|link| !link.starts_with(top));
        }
        self.links.retain(|_, links| !links.is_empty());

        let mut found = BTreeMap::new();
        let mut todo = vec![(top.to_owned(), place)];
        while let Some((path, place)) = todo.pop() {
            self.look(path, place, &mut found, &mut todo);
        }
        // A directory below `top` may be where links from elsewhere lead to.
        let targets: Vec<PathBuf> = self.links.keys().filter(|target| target.starts_with(top)).cloned().collect();
        targets.iter().for_each(|target| self.watch_target(target));
        for (path, dir) in before {
            self.release(&path, dir);
        }
        found
    }

    /// Looks at one path of a walk.
    fn look(&mut self, path: PathBuf, place: Place, found: &mut BTreeMap<PathBuf, Stamp>, todo: &mut Vec<(PathBuf, Place)>) {
        let Some((meta, is_link)) = look_at(&path) else { return };
        if meta.is_file() && self.globs.ends(&place) {
            if found.len() >= FILES_MAX {
                return self.trouble(Trouble::Files);
            }
            found.insert(path.clone(), Stamp::from(&meta));
            if is_link {
                self.link(&path);
            }
        } else if meta.is_dir() && self.globs.leads(&place) && (!is_link || self.globs.follows(&place)) {
            let interest = if self.globs.holds(&place) { Interest::Files } else { Interest::Entries };
            if !self.watch(&path, place.clone(), interest) {
                return;
            }
            for name in self.names(&path, &place) {
                let next = self.globs.step(&place, &name);
                if !next.is_nowhere() {
                    todo.push((path.join(name), next));
                }
            }
        }
    }

    /// The names in a directory that may lead on: those the globs say, else all there are.
    fn names(&mut self, dir: &Path, place: &Place) -> Vec<OsString> {
        if let Some(names) = self.globs.names(place) {
            return names.into_iter().map(OsStr::to_owned).collect();
        }
        let names: Vec<OsString> = match fs::read_dir(dir) {
            Ok(entries) => entries.flatten().map(|entry| entry.file_name()).take(ENTRIES_MAX).collect(),
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    self.trouble(Trouble::Directory { path: dir.to_owned(), why: error.to_string() });
                }
                return Vec::new();
            }
        };
        if names.len() == ENTRIES_MAX {
            self.trouble(Trouble::Entries { path: dir.to_owned() });
        }
        names
    }

    /// Marks a directory with the first source that takes it. `false`: it is gone, or there are too many.
    fn watch(&mut self, path: &Path, place: Place, interest: Interest) -> bool {
        if self.dirs.len() >= DIRECTORIES_MAX && !self.dirs.contains_key(path) {
            self.trouble(Trouble::Directories);
            return false;
        }
        let mut mark = None;
        let mut refused = None;
        for (index, source) in self.sources.iter_mut().enumerate() {
            match source.mark(path, interest) {
                Ok(key) => {
                    mark = Some((index, key));
                    break;
                }
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return false,
                Err(error) => refused = Some(error.to_string()),
            }
        }
        if let Some(mark) = &mark {
            self.gone.remove(mark);
            self.marks.entry(mark.clone()).or_default().insert(path.to_owned());
        } else if let Some(why) = refused {
            self.trouble(Trouble::Directory { path: path.to_owned(), why });
        }
        self.dirs.insert(path.to_owned(), Dir { place, interest, mark });
        self.turns += 1;
        true
    }

    /// Lets go of a directory as it was before a walk, unless the walk found it again.
    fn release(&mut self, path: &Path, dir: Dir) {
        let Some(mark) = dir.mark else { return };
        if self.dirs.get(path).is_some_and(|now| now.mark.as_ref() == Some(&mark)) {
            return;
        }
        let Some(paths) = self.marks.get_mut(&mark) else { return };
        paths.remove(path);
        if paths.is_empty() {
            self.marks.remove(&mark);
            self.sources[mark.0].unmark(path, &mark.1);
            self.give_up_on(mark);
        }
    }

    /// A meant path is a link: what happens to what it leads to happens to it.
    fn link(&mut self, link: &Path) {
        let Ok(target) = fs::canonicalize(link) else { return };
        self.links.entry(target.clone()).or_default().insert(link.to_owned());
        self.watch_target(&target);
    }

    fn watch_target(&mut self, target: &Path) {
        if let Some(dir) = target.parent() {
            let place = self.dirs.get(dir).map(|dir| dir.place.clone()).unwrap_or_default();
            self.watch(dir, place, Interest::Files);
        }
    }

    /// Takes down how a meant file is now; `None`: it is not there.
    pub(super) fn settle(&mut self, path: &Path, now: Option<Stamp>) {
        for links in self.links.values_mut() {
            links.remove(path);
        }
        self.links.retain(|_, links| !links.is_empty());
        let Some(stamp) = now else {
            self.files.remove(path);
            return;
        };
        if self.files.len() >= FILES_MAX && !self.files.contains_key(path) {
            return self.trouble(Trouble::Files);
        }
        self.files.insert(path.to_owned(), stamp);
        if fs::symlink_metadata(path).is_ok_and(|meta| meta.is_symlink()) {
            self.link(path);
        }
    }

    fn place(&self, path: &Path) -> Place {
        path.iter().skip(1).fold(self.globs.root(), |place, name| self.globs.step(&place, name))
    }

    pub(super) fn trouble(&mut self, trouble: Trouble) {
        if self.troubles.len() < TROUBLES_MAX {
            self.troubles.insert(trouble);
        }
    }
}

/// An entry of a watched directory.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) path: PathBuf,
    pub(super) place: Place,
    /// It is itself meant by a glob.
    pub(super) meant: bool,
    /// As a directory, it would be watched.
    pub(super) leads: bool,
    /// Meant links that lead to it.
    pub(super) links: Vec<PathBuf>,
}

/// What is at a path, links followed, and whether it is a link. `None`: nothing, or a link to nothing.
pub(super) fn look_at(path: &Path) -> Option<(Metadata, bool)> {
    let meta = fs::symlink_metadata(path).ok()?;
    if meta.is_symlink() { Some((fs::metadata(path).ok()?, true)) } else { Some((meta, false)) }
}

/// The paths at `top` and below it. Paths are in the order of their components, so these stand together.
fn below<T>(map: &BTreeMap<PathBuf, T>, top: &Path) -> Vec<PathBuf> {
    map.range(top.to_owned()..).map(|(path, _)| path).take_while(|path| path.starts_with(top)).cloned().collect()
}
