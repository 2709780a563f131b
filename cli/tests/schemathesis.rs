//! The API against its own document: schemathesis asks every route all that the document allows and much that it does not.
#![allow(clippy::unwrap_used, clippy::panic)] // a test ends with what went wrong

mod support;

use std::process::Command;

use support::{Muster, pid};

/// Where `./test` has put it.
const PROGRAM: &str = "MUSTER_SCHEMATHESIS";

#[test]
fn no_answer_is_undocumented_and_none_is_the_servers_fault() {
    let Some(program) = std::env::var_os(PROGRAM) else {
        println!("skipped: no schemathesis ({PROGRAM}); ./test installs it");
        return;
    };
    let muster = Muster::up("[muster]\nlisten = \"127.0.0.1:0\"\n[[service]]\nname = \"victim\"\nrun = \"/bin/sleep 100000\"\n");
    muster.until(|| pid(&muster, "victim"));
    let address = muster.json(&["status"])["addresses"][0].as_str().unwrap().to_owned();
    let token = muster.json(&["user", "add", "schemathesis"])["token"].as_str().unwrap().to_owned();
    let said = Command::new(program)
        .args(["run", &format!("{address}/api/v1/openapi.json"), "--url", &address, "--checks", "all", "--seed", "7"])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        // A stream does not end; `api` has a test of it. The rate is what one user may.
        .args(["--exclude-operation-id", "follow", "--rate-limit", "20/s", "-n", "20", "--phases", "examples,coverage,fuzzing"])
        .current_dir(muster.folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success(), "{text}{}", String::from_utf8_lossy(&said.stderr));
    let cases = text.lines().find(|line| line.contains("generated")).unwrap_or_default();
    assert!(!cases.is_empty(), "{text}");
    println!("{}", cases.trim());
}
