//! The guard of a host in a world that is made up and goes by rules: ten thousand histories by chance, and stories.

#![allow(dead_code)] // what only the stories use
#![allow(unreachable_pub)] // a test has no outside
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // all of it is a test, also where no `#[test]` stands above
#![allow(clippy::collapsible_match)] // a guard would hide that the world is altered there

mod simulation;
// `stories` passes under `cargo test` and not yet under nextest: it joins when that is mended.
mod world;
