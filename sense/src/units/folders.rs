//! The folders from which systemd reads unit files. systemd itself does not notice what a person changes in them by hand
//! (`ln -s /dev/null /etc/systemd/system/x.service`) before the next `daemon-reload`; inotify(7) does.
#![allow(unsafe_code)]

use std::path::{Path, PathBuf};

use inotify::{EventMask, Inotify, WatchMask};
use tokio::io::unix::AsyncFd;

/// Where unit files are (systemd.unit(5), "Unit File Load Path"), as far as people and packages write there.
const FOLDERS: [&str; 5] =
    ["/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];
/// Watched folders: those above with their `.wants` and `.requires`, which say what starts at boot.
const WATCHED_MAX: usize = 512;
/// Room for one read of events; more come with the next read.
const EVENTS_BYTES: usize = 16 * 1024;

/// A watch over the folders.
pub(super) struct Folders {
    inotify: AsyncFd<Inotify>,
    buffer: Vec<u8>,
}

impl Folders {
    /// Starts to watch. An error leaves the sensor with what systemd says by itself.
    pub(super) fn watch() -> std::io::Result<Folders> {
        // SAFETY: `Inotify` owns its descriptor, and neither closes nor replaces it before it is dropped.
        let inotify = unsafe { AsyncFd::register(Inotify::init()?) }?;
        let folders = Folders { inotify, buffer: vec![0; EVENTS_BYTES] };
        folders.renew();
        Ok(folders)
    }

    /// Waits until something in the folders is altered, and returns the names of the files; `None`: too many to tell.
    pub(super) async fn altered(&mut self) -> std::io::Result<Option<Vec<String>>> {
        let names = loop {
            let mut ready = self.inotify.readable_mut().await?;
            let read = ready.try_io(|inotify| {
                let mut names = Some(Vec::new());
                for event in inotify.get_mut().read_events(&mut self.buffer)? {
                    match (event.name, &mut names) {
                        _ if event.mask.contains(EventMask::Q_OVERFLOW) => names = None,
                        (Some(name), Some(names)) => names.push(name.to_string_lossy().into_owned()),
                        _ => {}
                    }
                }
                Ok(names)
            });
            if let Ok(names) = read {
                break names?;
            }
        };
        self.renew();
        Ok(names)
    }

    /// Watches folders that have come since. Watching one twice is watching it once.
    fn renew(&self) {
        let mask = WatchMask::CREATE | WatchMask::DELETE | WatchMask::MOVE | WatchMask::CLOSE_WRITE | WatchMask::ONLYDIR;
        for folder in FOLDERS.iter().flat_map(|f| with_wants(Path::new(f))).take(WATCHED_MAX) {
            // A folder that is not there, or went away between the listing and now, has nothing to say.
            let _ = self.inotify.get_ref().watches().add(folder, mask);
        }
    }
}

/// A folder and those in it that hold links to the units to start with another.
fn with_wants(folder: &Path) -> Vec<PathBuf> {
    let mut all = vec![folder.to_owned()];
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|e| e == "wants" || e == "requires") {
            all.push(path);
        }
    }
    all
}
