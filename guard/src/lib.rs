//! The deterministic heart of Muster. What happened goes in as an [`Event`](muster_model::event::Event); what is to be
//! recorded, examined and done comes out as [`host::Effects`]. There is no I/O here, no clock, no chance, no thread.
#![forbid(unsafe_code)]

pub mod host;
