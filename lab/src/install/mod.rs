//! Installing, breaking, recovering, upgrading, uninstalling: the whole story in a box with a real systemd, once by
//! `muster install` and once by the Debian package. What the machine was like before, it must be like afterwards.

mod machine;
mod story;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::root::{self, Furniture};
use crate::systemd_box::SystemdBox;
use machine::Machine;
use story::Way;

/// What is installed.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The program to be installed; the one built beside this one where not given.
    #[arg(long, value_name = "PATH", env = "MUSTER")]
    muster: Option<PathBuf>,
    /// The Debian package; without it, only `muster install` is tried.
    #[arg(long, value_name = "FILE", requires = "newer")]
    deb: Option<PathBuf>,
    /// The package of a later version, to which it is upgraded.
    #[arg(long, value_name = "FILE")]
    newer: Option<PathBuf>,
}

/// Plays the story; says each step.
///
/// # Errors
/// The first thing that is not as it must be.
pub(crate) fn run(options: &Options) -> Result<()> {
    let root = root::cached(Furniture::Services)?;
    let muster = crate::program(options.muster.as_deref(), "muster")?;
    tell("by `muster install`", &root, |machine| story::play(machine, &Way::Program(&muster)))?;
    if let Some((old, new)) = options.deb.as_deref().zip(options.newer.as_deref()) {
        let package = |path: &Path| path.canonicalize().with_context(|| format!("cannot find {}", path.display()));
        let (old, new) = (package(old)?, package(new)?);
        ensure!(old != new, "an upgrade needs two packages");
        tell("by the Debian package", &root, |machine| story::play(machine, &Way::Package(&old, &new)))?;
    }
    Ok(())
}

fn tell(how: &str, root: &Path, story: impl FnOnce(&Machine) -> Result<()>) -> Result<()> {
    println!("Installing {how}");
    let machine = Machine { place: SystemdBox::boot(root)? };
    story(&machine).with_context(|| format!("installing {how}; muster.service said:\n{}", machine.journal()))
}
