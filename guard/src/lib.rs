//! The deterministic heart: roster, health, diagnosis, plans. No I/O, no clock, no threads.
#![forbid(unsafe_code)]
