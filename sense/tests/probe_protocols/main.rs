//! Probes that speak a protocol, against the real programs and certificates broken in every usual way. Each program runs as
//! a child of the test, on a port of its own, in a folder of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

mod certificates;
mod databases;
mod messages;
mod programs;
mod servers;
mod tls;
