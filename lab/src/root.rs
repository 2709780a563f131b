//! The root file system of the boxes: a minimal Debian with the services, made once and cached.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

/// The Debian release of the boxes.
const RELEASE: &str = "bookworm";

/// What every box has: a real systemd, real services, and what a person uses on them. The first four services run in every
/// box; the others are there and do not come up, unless a scenario wants them.
const PACKAGES: [&str; 26] = [
    "systemd",
    "systemd-sysv",
    "dbus",
    "procps",
    "iproute2",
    "sudo",
    "curl",
    "netcat-openbsd",
    "ca-certificates",
    "nginx-light",
    "redis-server",
    "postgresql-15",
    "haproxy",
    "apache2",
    "mariadb-server",
    "mosquitto",
    "memcached",
    "unbound",
    "php8.2-fpm",
    "postfix",
    "openssh-server",
    "cron",
    "rsyslog",
    "chrony",
    "logrotate",
    "dns-root-data",
];

/// The other guardians and askers that the benchmarks run beside Muster.
const PEERS: [&str; 3] = ["runit", "monit", "prometheus-blackbox-exporter"];

const FURNISH: &str = include_str!("../box/furnish.sh");

/// Nothing starts while it is installed; what is enabled starts at boot.
const FORBID_STARTS: &str =
    r#"mkdir -p "$1/usr/sbin"; printf '#!/bin/sh\nexit 101\n' > "$1/usr/sbin/policy-rc.d"; chmod 755 "$1/usr/sbin/policy-rc.d""#;

/// Which root is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Furniture {
    /// For scenarios.
    Services,
    /// For benchmarks: other guardians too.
    Peers,
}

impl Furniture {
    fn packages(self) -> Vec<&'static str> {
        match self {
            Furniture::Services => PACKAGES.to_vec(),
            Furniture::Peers => PACKAGES.iter().chain(&PEERS).copied().collect(),
        }
    }
}

/// The cached root, made first where it is not there yet (about a minute). Roots are keyed by a hash of all that
/// goes into them.
pub(crate) fn cached(furniture: Furniture) -> Result<PathBuf> {
    ensure!(rustix::process::geteuid().is_root(), "the laboratory needs root: it makes namespaces and mounts file systems");
    let cache = cache_dir()?;
    fs::create_dir_all(&cache).with_context(|| format!("cannot make {}", cache.display()))?;
    let packages = furniture.packages();
    let key = blake3::hash(format!("{RELEASE}\n{packages:?}\n{FORBID_STARTS}\n{FURNISH}").as_bytes()).to_hex();
    let root = cache.join(format!("root-{}", &key[..16]));
    // Two laboratories at once: the second waits for the first, and finds the root made.
    let lock = File::create(cache.join("lock")).context("cannot make the cache's lock file")?;
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).context("cannot lock the cache")?;
    if !root.join("etc/muster").is_dir() {
        make(&root, &packages)?;
    }
    Ok(root)
}

fn make(root: &Path, packages: &[&str]) -> Result<()> {
    eprintln!("lab: making the root file system {} (about a minute; later runs take it from there).", root.display());
    let partial = root.with_extension("partial");
    if partial.exists() {
        fs::remove_dir_all(&partial).with_context(|| format!("cannot remove {}", partial.display()))?;
    }
    let furnish = partial.with_extension("furnish.sh");
    fs::write(&furnish, FURNISH).with_context(|| format!("cannot write {}", furnish.display()))?;
    fs::set_permissions(&furnish, fs::Permissions::from_mode(0o755))?;
    // What it mounts goes with its namespace, however it ends: nothing is mounted in a half-made root that is removed later.
    let made = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "mmdebstrap"])
        .args(["--variant=apt", &format!("--include={}", packages.join(","))])
        .arg(format!("--setup-hook={FORBID_STARTS}"))
        .arg(format!("--customize-hook={}", furnish.display()))
        .args([RELEASE.as_ref(), partial.as_os_str()])
        .stdin(Stdio::null())
        .output()
        .context("cannot run mmdebstrap; install it: apt-get install mmdebstrap")?;
    fs::remove_file(&furnish)?;
    if !made.status.success() {
        let said = String::from_utf8_lossy(&made.stderr);
        let last: Vec<&str> = said.lines().rev().take(12).collect();
        bail!("mmdebstrap failed; its last lines were:\n{}", last.into_iter().rev().collect::<Vec<_>>().join("\n"));
    }
    fs::rename(&partial, root).with_context(|| format!("cannot rename {}", partial.display()))
}

/// `$MUSTER_LAB_CACHE`, else `~/.cache/muster-lab`.
fn cache_dir() -> Result<PathBuf> {
    if let Some(dir) = std::env::var_os("MUSTER_LAB_CACHE").filter(|d| !d.is_empty()) {
        return std::path::absolute(&dir).with_context(|| format!("$MUSTER_LAB_CACHE is no path: {}", dir.display()));
    }
    let home = std::env::home_dir().context("no home directory; set $MUSTER_LAB_CACHE")?;
    Ok(home.join(".cache/muster-lab"))
}
