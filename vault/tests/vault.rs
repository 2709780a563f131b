//! The vault on real files.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not so")]

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use muster_model::actor::Actor;
use muster_model::change::Altered;
use muster_model::id::VersionId;
use muster_model::time::Time;
use muster_vault::{CONTENT_BYTES_MAX, Error, Permissions, Replaced, Taken, Vault};
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use tempfile::TempDir;

/// A vault, and a directory with a file to watch.
struct Scene {
    dir: TempDir,
    vault: Vault,
    clock: std::cell::Cell<i64>,
}

impl Scene {
    fn new() -> Scene {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::open(&dir.path().join("data")).unwrap();
        Scene { dir, vault, clock: std::cell::Cell::new(0) }
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("nginx.conf")
    }

    fn write(&self, content: impl AsRef<[u8]>) -> VersionId {
        fs::write(self.file(), &content).unwrap();
        VersionId::from(blake3::hash(content.as_ref()).to_hex().as_str())
    }

    fn take(&self) -> Taken {
        self.try_take(&self.file()).unwrap()
    }

    fn try_take(&self, path: &Path) -> Result<Taken, Error> {
        self.vault.take(path, self.now(), None)
    }

    fn write_back(&self, path: &Path, version: &VersionId) -> Result<Replaced, Error> {
        self.vault.write_back(path, version, self.now(), None)
    }

    /// A later time at every call.
    fn now(&self) -> Time {
        self.clock.set(self.clock.get() + 1);
        Time(self.clock.get())
    }

    /// No file was left behind in the directory.
    fn is_tidy(&self) -> bool {
        let names = fs::read_dir(self.dir.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.contains("muster")).count() == 0
    }
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn every_difference_has_its_word() {
    let scene = Scene::new();
    assert_eq!(scene.take(), Taken::Absent);
    let one = scene.write("one");
    mode(&scene.file(), 0o644);
    assert_eq!(scene.take(), Taken::Created { after: one.clone() });
    assert_eq!(scene.take(), Taken::Same { version: one.clone() });
    let two = scene.write("two");
    assert_eq!(scene.take(), Taken::Edited { before: Some(one.clone()), after: two.clone(), permissions: None });
    mode(&scene.file(), 0o600);
    let owner = fs::metadata(scene.file()).unwrap();
    let (uid, gid) = (owner.uid(), owner.gid());
    let permissions = Permissions { before: format!("0644 {uid}:{gid}"), after: format!("0600 {uid}:{gid}") };
    assert_eq!(scene.take(), Taken::Permission(permissions.clone()));
    mode(&scene.file(), 0o644);
    scene.write("one");
    let back = Permissions { before: permissions.after, after: permissions.before };
    assert_eq!(scene.take(), Taken::Edited { before: Some(two.clone()), after: one.clone(), permissions: Some(back) });
    fs::remove_file(scene.file()).unwrap();
    assert_eq!(scene.take(), Taken::Deleted { before: Some(one.clone()) });
    assert_eq!(scene.take(), Taken::Absent);
    scene.write("two");
    let again = scene.take();
    assert_eq!(again, Taken::Created { after: two.clone() });
    assert_eq!(again.altered(), Some(Altered::Created { after: Some(two) }));
}

#[test]
fn versions_are_kept_with_time_and_actor_and_found_by_their_beginning() {
    let scene = Scene::new();
    let alice = Actor { uid: Some(0), login_user: Some("alice".to_owned()), command: Some("vi nginx.conf".to_owned()), ..Actor::default() };
    let one = scene.write("one");
    scene.vault.take(&scene.file(), Time(10), None).unwrap();
    let two = scene.write("two, longer");
    scene.vault.take(&scene.file(), Time(20), Some(&alice)).unwrap();

    let versions = scene.vault.versions(&scene.file()).unwrap();
    assert_eq!(versions.iter().map(|v| (&v.version, v.at, v.bytes)).collect::<Vec<_>>(), [(&two, Time(20), 11), (&one, Time(10), 3)]);
    assert_eq!((&versions[0].actor, &versions[1].actor), (&Some(alice), &None));
    assert_eq!(versions[0].mode, mode_of(&scene.file()));

    assert_eq!(scene.vault.resolve(&scene.file(), &one.as_str()[..8]).unwrap(), one);
    assert!(matches!(scene.vault.resolve(&scene.file(), "xyz"), Err(Error::UnknownVersion { .. })));
    assert!(matches!(scene.vault.resolve(&scene.file(), ""), Err(Error::UnknownVersion { .. })));
    assert!(matches!(scene.vault.resolve(Path::new("/other"), one.as_str()), Err(Error::UnknownVersion { .. })));
    let digits = "0123456789abcdef";
    for n in 0..32 {
        scene.write(format!("number {n}"));
        scene.take();
    }
    let ambiguous = digits.chars().filter(|d| matches!(scene.vault.resolve(&scene.file(), &d.to_string()), Err(Error::Ambiguous { .. })));
    assert!(ambiguous.count() > 0);
}

#[test]
fn a_closed_vault_opens_with_all_it_kept_and_is_for_its_owner_only() {
    let scene = Scene::new();
    let one = scene.write("one");
    scene.take();
    let data = scene.dir.path().join("data");
    for name in ["vault.db", "vault.db-wal", "vault.db-shm"] {
        assert_eq!(mode_of(&data.join(name)), 0o600, "{name}");
    }
    let file = scene.file();
    drop(scene.vault);
    let vault = Vault::open(&data).unwrap();
    assert_eq!(vault.content(&one).unwrap().as_deref(), Some(b"one".as_slice()));
    assert_eq!(vault.take(&file, Time(9), None).unwrap(), Taken::Same { version: one });
    assert_eq!(vault.content(&VersionId::from("00")).unwrap(), None);
}

#[test]
fn any_bytes_are_kept_and_come_back() {
    let scene = Scene::new();
    let mut bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    for content in [Vec::new(), vec![0; CONTENT_BYTES_MAX as usize], std::mem::take(&mut bytes), b"\xff\xfe\0x\r\n".to_vec()] {
        let version = scene.write(&content);
        scene.take();
        assert_eq!(scene.vault.content(&version).unwrap(), Some(content.clone()));
        scene.write("something else");
        scene.take();
        scene.write_back(&scene.file(), &version).unwrap();
        assert_eq!(fs::read(scene.file()).unwrap(), content);
    }
}

#[test]
fn an_editor_that_replaces_the_inode_makes_an_edit_like_any_other() {
    let scene = Scene::new();
    let one = scene.write("one");
    scene.take();
    let inode = fs::metadata(scene.file()).unwrap().ino();
    let beside = scene.dir.path().join(".nginx.conf.swp");
    fs::write(&beside, "two").unwrap();
    mode(&beside, mode_of(&scene.file()));
    fs::rename(&beside, scene.file()).unwrap();
    assert_ne!(fs::metadata(scene.file()).unwrap().ino(), inode);
    let Taken::Edited { before, permissions: None, .. } = scene.take() else { panic!() };
    assert_eq!(before, Some(one));
}

#[test]
fn a_file_that_is_too_large_is_not_kept_and_not_overwritten() {
    let scene = Scene::new();
    let one = scene.write("one");
    scene.take();
    let large = CONTENT_BYTES_MAX + 1;
    fs::File::create(scene.file()).unwrap().set_len(large).unwrap();
    let taken = scene.take();
    assert_eq!(taken, Taken::TooLarge { bytes: large, before: Some(one.clone()) });
    assert_eq!(taken.altered(), Some(Altered::Edited { before: Some(one.clone()), after: None }));
    assert_eq!(scene.take(), Taken::TooLarge { bytes: large, before: None });
    assert!(matches!(scene.write_back(&scene.file(), &one), Err(Error::NotKept { bytes, .. }) if bytes == large));
    assert_eq!(fs::metadata(scene.file()).unwrap().len(), large);
    let two = scene.write("two");
    assert_eq!(scene.take(), Taken::Edited { before: None, after: two, permissions: None });
}

#[test]
fn what_is_no_regular_file_is_refused_and_never_waited_for() {
    let scene = Scene::new();
    let one = scene.write("one");
    scene.take();
    fs::remove_file(scene.file()).unwrap();
    fs::create_dir(scene.file()).unwrap();
    let error = scene.try_take(&scene.file()).unwrap_err();
    assert!(error.to_string().contains("is a directory, not a regular file"), "{error}");
    assert!(scene.write_back(&scene.file(), &one).is_err());
    assert!(scene.file().is_dir());

    let pipe = scene.dir.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
    assert!(matches!(scene.try_take(&pipe), Err(Error::NotAFile { what: "a pipe", .. })));
    assert!(matches!(scene.try_take(Path::new("/dev/null")), Err(Error::NotAFile { what: "a device", .. })));
    assert_eq!(scene.try_take(&scene.dir.path().join("no/such/dir")).unwrap(), Taken::Absent);
    assert_eq!(scene.try_take(Path::new("/dev/null/x")).unwrap(), Taken::Absent);
}

#[test]
fn an_unreadable_file_is_a_clear_error_and_no_change() {
    if is_root() {
        // Root reads everything: the same test runs as nobody, in a process of its own.
        let dir = tempfile::tempdir().unwrap();
        mode(dir.path(), 0o777);
        let test = dir.path().join("test");
        fs::copy(std::env::current_exe().unwrap(), &test).unwrap();
        mode(&test, 0o755);
        let mut command = std::process::Command::new(&test);
        std::os::unix::process::CommandExt::uid(&mut command, 65_534);
        std::os::unix::process::CommandExt::gid(&mut command, 65_534);
        command.args(["--exact", "an_unreadable_file_is_a_clear_error_and_no_change", "--nocapture"]);
        command.env("TMPDIR", dir.path()).env_remove("LLVM_PROFILE_FILE").current_dir("/");
        assert!(command.status().unwrap().success());
        return;
    }
    let scene = Scene::new();
    let one = scene.write("one");
    scene.take();
    mode(&scene.file(), 0);
    let error = scene.try_take(&scene.file()).unwrap_err();
    assert!(matches!(error, Error::Unreadable { .. }), "{error}");
    assert!(error.to_string().contains(scene.file().to_str().unwrap()));
    assert!(scene.write_back(&scene.file(), &one).is_err(), "what cannot be kept is not overwritten");
    mode(&scene.file(), 0o644);
    assert_eq!(fs::read(scene.file()).unwrap(), b"one");
}

#[test]
fn writing_back_keeps_what_was_there_and_gives_the_mode_and_owner_of_that_version() {
    let scene = Scene::new();
    let one = scene.write("one");
    mode(&scene.file(), 0o640);
    if is_root() {
        chown(scene.file(), Some(33), Some(4)).unwrap();
    }
    let was = fs::metadata(scene.file()).unwrap();
    scene.take();
    // Edited and not taken: what is overwritten must be kept all the same.
    fs::remove_file(scene.file()).unwrap();
    let two = scene.write("two");
    mode(&scene.file(), 0o666);

    let replaced = scene.write_back(&scene.file(), &one).unwrap();
    assert_eq!(replaced, Replaced { before: Some(two.clone()) });
    let is = fs::metadata(scene.file()).unwrap();
    assert_eq!(fs::read(scene.file()).unwrap(), b"one");
    assert_eq!((is.mode(), is.uid(), is.gid()), (was.mode(), was.uid(), was.gid()));
    assert_eq!(scene.take(), Taken::Same { version: one.clone() }, "Muster's own writing is no news");
    let versions: Vec<_> = scene.vault.versions(&scene.file()).unwrap().into_iter().map(|v| v.version).collect();
    assert_eq!(versions, [one.clone(), two.clone(), one.clone()]);

    // And back: undoing is the same operation.
    assert_eq!(scene.write_back(&scene.file(), &two).unwrap().before, Some(one.clone()));
    assert_eq!(mode_of(&scene.file()), 0o666);
    fs::remove_file(scene.file()).unwrap();
    assert_eq!(scene.write_back(&scene.file(), &one).unwrap(), Replaced { before: None });
    assert_eq!(fs::read(scene.file()).unwrap(), b"one");
    assert!(scene.is_tidy());
}

#[test]
fn a_version_that_the_file_never_had_is_not_written() {
    let scene = Scene::new();
    scene.write("one");
    scene.take();
    let other = scene.dir.path().join("other");
    fs::write(&other, "other").unwrap();
    let Taken::Created { after } = scene.try_take(&other).unwrap() else { panic!() };
    assert!(matches!(scene.write_back(&scene.file(), &after), Err(Error::UnknownVersion { .. })));
    assert_eq!(fs::read(scene.file()).unwrap(), b"one");
}

#[test]
fn a_symbolic_link_stays_and_what_it_leads_to_is_replaced() {
    let scene = Scene::new();
    let real = scene.dir.path().join("available");
    fs::create_dir(&real).unwrap();
    let target = real.join("site.conf");
    fs::write(&target, "one").unwrap();
    symlink("available/site.conf", scene.dir.path().join("middle")).unwrap();
    symlink("middle", scene.file()).unwrap();
    let Taken::Created { after: one } = scene.take() else { panic!() };
    fs::write(&target, "two").unwrap();
    scene.take();
    scene.write_back(&scene.file(), &one).unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"one");
    assert!(fs::symlink_metadata(scene.file()).unwrap().is_symlink());
    // A link whose end is gone is a file that was deleted; it comes back at the end of the link.
    fs::remove_file(&target).unwrap();
    assert_eq!(scene.take(), Taken::Deleted { before: Some(one.clone()) });
    scene.write_back(&scene.file(), &one).unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"one");
    // A ring of links is an error, not a hang.
    let ring = scene.dir.path().join("ring");
    symlink("ring", &ring).unwrap();
    assert!(scene.try_take(&ring).is_err());
}

#[test]
fn on_a_full_disk_the_real_file_is_left_as_it_is() {
    let scene = Scene::new();
    let small = scene.dir.path().join("small");
    fs::create_dir(&small).unwrap();
    if let Err(e) = mount("tmpfs", &small, "tmpfs", MountFlags::empty(), c"size=256k") {
        println!("skipped: mounting a tmpfs needs root: {e}");
        return;
    }
    let _mounted = Mounted(small.clone());
    let file = small.join("nginx.conf");
    let content = vec![b'x'; 100_000];
    fs::write(&file, &content).unwrap();
    let Taken::Created { after: large } = scene.try_take(&file).unwrap() else { panic!() };
    fs::write(&file, "now").unwrap();
    scene.try_take(&file).unwrap();
    let mut filler = fs::File::create(small.join("filler")).unwrap();
    while filler.write(&[0; 4096]).is_ok_and(|n| n > 0) {}
    drop(filler);

    let error = scene.write_back(&file, &large).unwrap_err();
    assert!(matches!(error, Error::Replace { .. }), "{error}");
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("No space left"));
    assert_eq!(fs::read(&file).unwrap(), b"now");
    assert_eq!(fs::read_dir(&small).unwrap().count(), 2, "nothing was left beside it");

    fs::remove_file(small.join("filler")).unwrap();
    scene.write_back(&file, &large).unwrap();
    assert_eq!(fs::read(&file).unwrap(), content);
}

/// Unmounted however the test ends.
struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = unmount(&self.0, UnmountFlags::DETACH);
    }
}

#[test]
fn a_damaged_content_is_never_written() {
    let scene = Scene::new();
    let one = scene.write("one");
    scene.take();
    scene.write("two");
    scene.take();
    let db = rusqlite::Connection::open(scene.dir.path().join("data/vault.db")).unwrap();
    db.execute("UPDATE content SET zstd = (SELECT zstd FROM content WHERE version <> ?1) WHERE version = ?1", [one.as_str()]).unwrap();
    assert!(matches!(scene.vault.content(&one), Err(Error::Damaged { .. })));
    assert!(matches!(scene.write_back(&scene.file(), &one), Err(Error::Damaged { .. })));
    assert_eq!(fs::read(scene.file()).unwrap(), b"two");
}

#[test]
fn what_is_no_vault_is_a_clear_error() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("vault.db"), "no database".repeat(200)).unwrap();
    let error = Vault::open(dir.path()).unwrap_err();
    assert!(error.to_string().contains("vault.db"), "{error}");
    let error = Vault::open(Path::new("/dev/null/data")).unwrap_err();
    assert!(matches!(error, Error::Make { .. }), "{error}");
}
