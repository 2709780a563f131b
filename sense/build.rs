//! Builds the eBPF programs with clang where there is one. Without it, or where that fails, the object that is checked
//! in beside the source is taken; continuous integration builds it again and compares.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

const SOURCE: &str = "bpf/muster.bpf.c";
const CHECKED_IN: &str = "bpf/muster.bpf.o";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={SOURCE}");
    println!("cargo::rerun-if-changed={CHECKED_IN}");
    println!("cargo::rerun-if-env-changed=CLANG");
    let object = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?).join("muster.bpf.o");
    if let Err(why) = compile(&object) {
        println!("cargo::warning=eBPF programs not built here ({why}); taking {CHECKED_IN}");
        fs::copy(CHECKED_IN, &object)?;
    }
    Ok(())
}

/// Compiles the source to `object`, without debugging information (BTF stays), so that it is the same wherever it is built.
fn compile(object: &Path) -> Result<(), String> {
    let clang = env::var("CLANG").unwrap_or_else(|_| "clang".to_owned());
    let machine = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_else(|_| "x86_64".to_owned());
    run(Command::new(&clang)
        .args(["-O2", "-g", "-target", "bpfel", "-Wall", "-Wextra", "-Werror", "-fdebug-compilation-dir=."])
        .arg(format!("-I/usr/include/{machine}-linux-gnu"))
        .args(["-c", SOURCE, "-o"])
        .arg(object))?;
    run(Command::new("llvm-strip").arg("-g").arg(object))
}

fn run(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let done = command.output().map_err(|e| format!("{program}: {e}"))?;
    let said = String::from_utf8_lossy(&done.stderr);
    if done.status.success() { Ok(()) } else { Err(format!("{program}: {}", said.lines().next().unwrap_or("failed"))) }
}
