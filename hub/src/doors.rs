//! Where the hub is reached: a TCP port, and a socket for whoever runs Muster. Opened while the process may still do so.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use muster_model::hub::Settings;
use rustix::event::Timespec;

/// The hub before this one may still be ending.
const TRIES: u32 = 20;
const TRY_EVERY: Duration = Duration::from_millis(50);

/// The open doors.
#[derive(Debug)]
pub(crate) struct Doors {
    pub(crate) tcp: Vec<TcpListener>,
    pub(crate) unix: Option<UnixListener>,
}

impl Doors {
    /// Opens what can be opened, and says why the rest cannot.
    pub(crate) fn open(settings: &Settings) -> (Doors, Option<String>) {
        let unix = unix(&settings.socket);
        let mut troubles: Vec<String> = Vec::new();
        let tcp = match tcp(&settings.listen, settings.elsewhere) {
            Ok(listeners) => listeners,
            Err(error) => {
                troubles.push(format!("{}: {error}", settings.listen));
                Vec::new()
            }
        };
        if let Err(error) = &unix {
            troubles.push(format!("{}: {error}", settings.socket.display()));
        }
        let trouble = (!troubles.is_empty()).then(|| troubles.join("; "));
        (Doors { tcp, unix: unix.ok() }, trouble)
    }

    /// As URLs.
    pub(crate) fn addresses(&self) -> Vec<String> {
        self.tcp.iter().filter_map(|listener| listener.local_addr().ok()).map(|address| format!("http://{address}")).collect()
    }
}

fn tcp(listen: &str, elsewhere: bool) -> io::Result<Vec<TcpListener>> {
    let addresses: Vec<SocketAddr> = listen.to_socket_addrs()?.collect();
    match patiently(&addresses) {
        // Nobody chose this port, so nobody misses it: what is there already keeps it.
        Err(error) if elsewhere && error.kind() == io::ErrorKind::AddrInUse => {
            let anywhere: Vec<SocketAddr> = addresses.iter().map(|address| SocketAddr::new(address.ip(), 0)).collect();
            each(&anywhere)
        }
        other => other,
    }
}

fn patiently(addresses: &[SocketAddr]) -> io::Result<Vec<TcpListener>> {
    let mut tried = 0;
    loop {
        match each(addresses) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && tried < TRIES => {
                tried += 1;
                let pause = Timespec { tv_sec: 0, tv_nsec: i64::from(TRY_EVERY.subsec_nanos()) };
                let _ = rustix::thread::nanosleep(&pause);
            }
            other => return other,
        }
    }
}

/// A name may have several addresses; the first that opens is enough.
fn each(addresses: &[SocketAddr]) -> io::Result<Vec<TcpListener>> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    let mut open = Vec::new();
    for address in addresses {
        match TcpListener::bind(address) {
            Ok(listener) => open.push(listener),
            Err(error) => last = error,
        }
    }
    if open.is_empty() { Err(last) } else { Ok(open) }
}

/// Only the user under whom Muster runs, and root, may connect.
fn unix(path: &Path) -> io::Result<UnixListener> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}
