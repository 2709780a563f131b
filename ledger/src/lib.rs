//! The append-only, hash-chained record, embedded (DESIGN §7).
//!
//! One SQLite file in WAL mode, `DATA/ledger.db`, written by one thread of one process; anyone with leave to read the
//! file may read and verify it at the same time. In the order in which an event passes through:
//!
//! - [`Ledger::append`] gives it its place (`backlog`), and never waits for the disk;
//! - the `writer` takes what is there, links each event to the one before it (`chain`), and commits them together;
//!   every so often it signs where the chain stands (`checkpoint`) with the ledger's own key (`key`);
//! - subscribers get it; whoever needs it durable is told once it is;
//! - when nothing is to be written the writer keeps house (`house`): full-text search (`search`), retention (`retain`).
//!
//! Reading (`read`) and verifying (`verify`) use connections of their own, and work without an agent too:
//! [`verify_file`], [`export_file`].
//!
//! Deliberately absent: clocks (time arrives in the events; retention counts back from the newest one), and any
//! knowledge of what an event means.
#![forbid(unsafe_code)]

mod backlog;
mod blame;
mod chain;
mod checkpoint;
mod error;
mod gap;
mod house;
mod key;
mod ledger;
mod lock;
mod read;
mod retain;
mod search;
mod store;
mod verify;
mod writer;

pub use chain::{Entry, GENESIS, link};
pub use checkpoint::Checkpoint;
pub use error::Error;
pub use ledger::{Ledger, Options, State, Waits};
pub use read::{Replay, export_file};
pub use verify::verify_file;
