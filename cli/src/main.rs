//! The `muster` program.
#![forbid(unsafe_code)]

fn main() {}
