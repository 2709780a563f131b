//! Servers and plugins that mean harm, each real and on the loopback: what they do is named, in a short time and with little
//! memory, and the prober survives it. What readers make of any bytes is shown by the fuzz targets (`fuzz/`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

mod asking;
mod dns;
mod http;
mod plugins;
mod protocols;
mod tls;
