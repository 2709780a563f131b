//! The nouns of Muster (DESIGN §2): what may be there, what was seen of it, what was decided, what is told.
//!
//! Nothing here does I/O, reads a clock or starts a thread. Everything that crosses from one crate
//! to another, into the ledger or over the agent's socket is a type of this crate.
#![forbid(unsafe_code)]

pub mod actor;
pub mod cause;
pub mod change;
pub mod config;
pub mod event;
pub mod exam;
pub mod health;
pub mod hub;
pub mod id;
pub mod incident;
pub mod loss;
pub mod mask;
pub mod observation;
pub mod plan;
pub mod probe;
pub mod request;
pub mod roster;
pub mod sight;
pub mod text;
pub mod time;
pub mod user;
