//! The guard of a host in a world that is made up and goes by rules: ten thousand histories by chance, and stories.

#![allow(unreachable_pub)] // a test has no outside

mod simulation;
mod stories;
mod world;
