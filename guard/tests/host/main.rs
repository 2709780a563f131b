//! The guard of a host in a world that is made up and goes by rules: ten thousand histories by chance, and stories.

#![allow(unreachable_pub)] // a test has no outside
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // all of it is a test, also where no `#[test]` stands above
#![allow(clippy::collapsible_match)] // a guard would hide that the world is altered there

mod own;
mod simulation;
mod stories;
mod world;
