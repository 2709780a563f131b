//! The fault laboratory.
#![forbid(unsafe_code)]

fn main() {}
