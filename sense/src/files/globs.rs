//! Which paths are meant: the globs of all services as one tree over path components.
//!
//! Patterns share their beginnings, so that a thousand services under `/etc` cost one look-up there and not a
//! thousand. A [`Place`] is how far a path has come in the tree; walking down a directory is a step, and a directory
//! that leads nowhere is never looked into.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use globset::{GlobBuilder, GlobMatcher};
use muster_model::id::ServiceName;

/// What editors and package managers leave beside a file while they work on it.
const LEFT_BESIDE: [&str; 4] = ["~", ".swp", ".swx", ".dpkg-new"];
/// Emacs' lock files.
const LOCK: &str = ".#";

/// The globs of all services.
#[derive(Default)]
pub(super) struct Globs {
    /// The first one stands for `/`.
    nodes: Vec<Node>,
}

/// A place between two components.
#[derive(Default)]
struct Node {
    /// Components without a wildcard.
    named: BTreeMap<OsString, usize>,
    /// Components with one.
    shaped: Vec<(GlobMatcher, usize)>,
    /// The node of a `**` that follows; it stands for any number of components, also none.
    deep: Option<usize>,
    /// This is the node of a `**`.
    is_deep: bool,
    /// Patterns that end here.
    services: BTreeSet<ServiceName>,
}

/// How far a path has come: the nodes that its components have led to. Empty: no pattern has anything there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place(BTreeSet<usize>);

impl Place {
    pub(super) fn is_nowhere(&self) -> bool {
        self.0.is_empty()
    }
}

impl Globs {
    pub(super) fn new() -> Globs {
        Globs { nodes: vec![Node::default()] }
    }

    /// The place of `/`.
    pub(super) fn root(&self) -> Place {
        Place(BTreeSet::from([0]))
    }

    /// Adds a pattern: an absolute path in which `*`, `?`, `[…]` and `{…}` stand for a part of a name and `**` for any
    /// number of directories. The error says what is wrong with it.
    pub(super) fn add(&mut self, service: &ServiceName, glob: &str) -> Result<(), String> {
        let Some(relative) = glob.strip_prefix('/') else {
            return Err("it must begin with /".to_owned());
        };
        let parts: Vec<&str> = relative.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        if parts.is_empty() {
            return Err("it names no file".to_owned());
        }
        // Nothing is added before all of it is known to be good.
        let shapes = parts.iter().map(|part| shape(part)).collect::<Result<Vec<_>, _>>()?;
        let mut at = 0;
        for (part, shape) in parts.iter().zip(shapes) {
            at = match shape {
                Shape::Deep if self.nodes[at].is_deep => at,
                Shape::Deep => self.nodes[at].deep.unwrap_or_else(|| {
                    let deep = self.node(true);
                    self.nodes[at].deep = Some(deep);
                    deep
                }),
                Shape::Name => {
                    let known = self.nodes[at].named.get(OsStr::new(part)).copied();
                    known.unwrap_or_else(|| {
                        let next = self.node(false);
                        self.nodes[at].named.insert(part.into(), next);
                        next
                    })
                }
                Shape::Glob(glob) => {
                    let known = self.nodes[at].shaped.iter().find(|(other, _)| other.glob() == glob.glob()).map(|(_, next)| *next);
                    known.unwrap_or_else(|| {
                        let next = self.node(false);
                        self.nodes[at].shaped.push((glob, next));
                        next
                    })
                }
            };
        }
        self.nodes[at].services.insert(service.clone());
        Ok(())
    }

    fn node(&mut self, is_deep: bool) -> usize {
        self.nodes.push(Node { is_deep, ..Node::default() });
        self.nodes.len() - 1
    }

    /// Where a component leads from `place`. What editors leave beside a file leads nowhere.
    pub(super) fn step(&self, place: &Place, name: &OsStr) -> Place {
        let mut next = Place::default();
        if is_left_beside(name) {
            return next;
        }
        for at in self.reach(place) {
            let node = &self.nodes[at];
            next.0.extend(node.named.get(name));
            next.0.extend(node.shaped.iter().filter(|(glob, _)| glob.is_match(name)).map(|(_, to)| to));
            if node.is_deep {
                next.0.insert(at);
            }
        }
        next
    }

    /// The services whose patterns end at `place`.
    pub(super) fn services(&self, place: &Place) -> Vec<ServiceName> {
        let all: BTreeSet<&ServiceName> = place.0.iter().flat_map(|at| &self.nodes[*at].services).collect();
        all.into_iter().cloned().collect()
    }

    /// Whether a path at `place` is meant.
    pub(super) fn ends(&self, place: &Place) -> bool {
        place.0.iter().any(|at| !self.nodes[*at].services.is_empty())
    }

    /// Whether something below `place` may be meant, so that a directory there is to be watched.
    pub(super) fn leads(&self, place: &Place) -> bool {
        self.reach(place).any(|at| {
            let node = &self.nodes[at];
            node.is_deep || !node.named.is_empty() || !node.shaped.is_empty()
        })
    }

    /// Whether an entry of a directory at `place` may itself be meant.
    pub(super) fn holds(&self, place: &Place) -> bool {
        self.reach(place).any(|at| {
            let node = &self.nodes[at];
            let children = node.named.values().chain(node.shaped.iter().map(|(_, to)| to));
            (node.is_deep && !node.services.is_empty()) || children.into_iter().any(|to| !self.nodes[*to].services.is_empty())
        })
    }

    /// Whether a symbolic link at `place` is followed into a directory: where a pattern says its name. Below a `**` it is
    /// not, so that a link to its own parent does not go round.
    pub(super) fn follows(&self, place: &Place) -> bool {
        place.0.iter().any(|at| !self.nodes[*at].is_deep)
    }

    /// The only names that lead on from `place`; `None` where there are wildcards and the directory has to be listed.
    pub(super) fn names(&self, place: &Place) -> Option<BTreeSet<&OsStr>> {
        let mut names = BTreeSet::new();
        for at in self.reach(place) {
            let node = &self.nodes[at];
            if node.is_deep || !node.shaped.is_empty() {
                return None;
            }
            names.extend(node.named.keys().map(OsString::as_os_str));
        }
        Some(names)
    }

    /// The nodes of a place, and those that a `**` reaches from there without a component.
    fn reach<'a>(&'a self, place: &'a Place) -> impl Iterator<Item = usize> + 'a {
        place.0.iter().flat_map(|at| std::iter::once(*at).chain(self.nodes[*at].deep))
    }
}

/// What a component of a pattern is.
enum Shape {
    Name,
    Glob(GlobMatcher),
    Deep,
}

fn shape(part: &str) -> Result<Shape, String> {
    match part {
        "**" => Ok(Shape::Deep),
        ".." => Err("it must not have .. in it".to_owned()),
        _ if part.contains(['*', '?', '[', '{', '\\']) => {
            let glob = GlobBuilder::new(part).literal_separator(true).backslash_escape(true).build();
            glob.map(|glob| Shape::Glob(glob.compile_matcher())).map_err(|error| error.kind().to_string())
        }
        _ => Ok(Shape::Name),
    }
}

fn is_left_beside(name: &OsStr) -> bool {
    let name = name.as_bytes();
    name.starts_with(LOCK.as_bytes()) || LEFT_BESIDE.iter().any(|end| name.ends_with(end.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn globs(patterns: &[&str]) -> Globs {
        let mut globs = Globs::new();
        for pattern in patterns {
            globs.add(&(*pattern).into(), pattern).unwrap();
        }
        globs
    }

    fn place(globs: &Globs, path: &[u8]) -> Place {
        let names = path.split(|b| *b == b'/').filter(|n| !n.is_empty());
        names.fold(globs.root(), |place, name| globs.step(&place, OsStr::from_bytes(name)))
    }

    #[test]
    fn a_path_is_meant_when_its_components_fit() {
        let check = |pattern: &str, path: &str, meant: bool| {
            let globs = globs(&[pattern]);
            assert_eq!(globs.ends(&place(&globs, path.as_bytes())), meant, "{pattern} and {path}");
        };
        check("/etc/redis/redis.conf", "/etc/redis/redis.conf", true);
        check("/etc/redis/redis.conf", "/etc/redis/redis.con", false);
        check("/etc/nginx/**", "/etc/nginx/nginx.conf", true);
        check("/etc/nginx/**", "/etc/nginx/a/b/c.conf", true);
        check("/etc/nginx/**", "/etc/nginx", false);
        check("/etc/nginx/**", "/etc/nginxx/a", false);
        check("/etc/nginx/*.conf", "/etc/nginx/a/b.conf", false);
        check("/etc/**/*.conf", "/etc/a.conf", true);
        check("/etc/**/*.conf", "/etc/a/b/c.conf", true);
        check("/etc/**/*.conf", "/etc/a/b/c.cnf", false);
        check("/etc/**/**/x", "/etc/x", true);
        check("/etc/pg/*/main/{pg_hba,postgresql}.conf", "/etc/pg/15/main/pg_hba.conf", true);
        check("/etc/pg/*/main/{pg_hba,postgresql}.conf", "/etc/pg/15/main/other.conf", false);
        check("/srv/[ab]?/x", "/srv/a1/x", true);
        check("//etc/./x", "/etc/x", true);
    }

    #[test]
    fn what_editors_leave_beside_a_file_is_not_meant() {
        let globs = globs(&["/etc/nginx/**"]);
        for name in ["nginx.conf~", ".nginx.conf.swp", ".#nginx.conf", "nginx.conf.dpkg-new"] {
            assert!(place(&globs, format!("/etc/nginx/{name}").as_bytes()).is_nowhere(), "{name}");
        }
    }

    #[test]
    fn only_directories_on_the_way_are_watched() {
        let globs = globs(&["/etc/nginx/**", "/srv/app/x.conf"]);
        for (path, leads, holds) in [
            ("/", true, false),
            ("/etc", true, false),
            ("/etc/nginx", true, true),
            ("/etc/nginx/deep/down", true, true),
            ("/srv/app", true, true),
            ("/var", false, false),
        ] {
            let place = place(&globs, path.as_bytes());
            assert_eq!((globs.leads(&place), globs.holds(&place)), (leads, holds), "{path}");
        }
        assert_eq!(globs.names(&globs.root()).unwrap().len(), 2);
        assert!(globs.names(&place(&globs, b"/etc/nginx")).is_none());
    }

    #[test]
    fn names_that_are_not_utf_8_are_matched() {
        let globs = globs(&["/etc/x/**", "/etc/y/*.conf"]);
        assert!(globs.ends(&place(&globs, b"/etc/x/\xff\xfe")));
        assert!(globs.ends(&place(&globs, b"/etc/y/\xff.conf")));
    }

    #[test]
    fn a_pattern_that_means_nothing_is_refused_and_leaves_nothing_behind() {
        let mut globs = Globs::new();
        for (bad, word) in [("etc/x", "begin with /"), ("/", "no file"), ("/etc/../x", ".."), ("/etc/new/{a", "unclosed")] {
            let error = globs.add(&"web".into(), bad).unwrap_err();
            assert!(error.contains(word), "{bad}: {error}");
        }
        assert!(!globs.leads(&globs.root()));
    }

    #[test]
    fn a_thousand_services_share_their_way() {
        let mut globs = Globs::new();
        for i in 0..1000 {
            globs.add(&format!("s{i}").into(), &format!("/etc/app/s{i}.conf")).unwrap();
        }
        let at = place(&globs, b"/etc/app/s7.conf");
        assert_eq!(globs.services(&at), vec![ServiceName::from("s7")]);
        assert_eq!(place(&globs, b"/etc").0.len(), 1);
    }
}
