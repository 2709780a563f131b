//! The packs: those that come with Muster, and those of the people here.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use muster_model::config::FILE_BYTES_MAX;
use muster_packs::{Pack, Packs, builtin};

use crate::roster::LoadError;

/// Where the packs of this machine are, whatever configuration is named.
const HERE: &str = "/etc/muster/packs.d";
/// Files in one folder beyond this number are not read.
const FILES_MAX: usize = 1_000;

/// The packs' files: those of the machine, then those in `packs.d` beside the configuration, each by name. Later ones win.
pub(crate) fn files(main: Option<&Path>) -> Vec<PathBuf> {
    let beside = main.and_then(Path::parent).map(|folder| folder.join("packs.d")).filter(|folder| folder != Path::new(HERE));
    std::iter::once(PathBuf::from(HERE)).chain(beside).flat_map(|folder| within(&folder)).collect()
}

fn within(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|e| e == "toml")).take(FILES_MAX).collect();
    files.sort();
    files
}

/// Reads a pack.
///
/// # Errors
/// The file cannot be read, or has mistakes in it.
pub fn load_pack(path: &Path) -> Result<Pack, LoadError> {
    let mut text = Vec::new();
    let most = FILE_BYTES_MAX as u64 + 1; // the parser refuses more with a message
    let read = fs::File::open(path).and_then(|file| file.take(most).read_to_end(&mut text));
    read.map_err(|source| LoadError::Read { path: path.to_owned(), source })?;
    muster_packs::parse(&path.display().to_string(), &String::from_utf8_lossy(&text)).map_err(LoadError::Wrong)
}

/// The packs of the people here with their files, as the configuration file `main` has them; later ones win.
///
/// # Errors
/// A file cannot be read, or has mistakes in it.
pub fn own_packs(main: Option<&Path>) -> Result<Vec<(PathBuf, Pack)>, LoadError> {
    files(main).into_iter().map(|path| load_pack(&path).map(|pack| (path, pack))).collect()
}

/// The built-in packs and those of the people here.
///
/// # Errors
/// A file cannot be read, or has mistakes in it.
pub(crate) fn load_packs(main: Option<&Path>) -> Result<Packs, LoadError> {
    Ok(Packs::new(builtin().into_iter().chain(own_packs(main)?.into_iter().map(|(_, pack)| pack))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_beside_the_configuration_are_read_in_order_and_a_broken_one_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let main = folder.path().join("muster.toml");
        let own = folder.path().join("packs.d");
        fs::create_dir(&own).unwrap();
        let pack = |data: &str| format!("name = \"ours\"\ndata = [\"{data}\"]\n[recognise]\nexes = [\"ours\"]\n");
        fs::write(own.join("a.toml"), pack("/a")).unwrap();
        fs::write(own.join("b.toml"), pack("/b")).unwrap();
        fs::write(own.join("c.toml.bak"), "not a pack").unwrap();
        assert_eq!(load_packs(Some(&main)).unwrap().named("ours").unwrap().data, ["/b"]);
        fs::write(own.join("b.toml"), "name = \"ours\"\n").unwrap();
        let error = load_packs(Some(&main)).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{}:1:1: missing field `recognise`", own.join("b.toml").display())), "{error}");
    }
}
