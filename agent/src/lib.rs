//! The loop of a host: receive, append, step, dispatch (`host`). Around it: the sensors it listens to, the hands that
//! carry out its orders, the services it runs itself, and the socket at which people and programs ask.
#![forbid(unsafe_code)]

mod children;
mod discover;
mod eyes;
mod fixed;
mod host;
mod inbox;
mod learn;
mod matching;
mod packs;
mod record;
mod roster;
mod sensors;
mod sight;
mod socket;
mod status;
mod up;
mod watchdog;
mod watching;

pub use children::{end, kept};
pub use packs::{load_pack, own_packs};
pub use record::chain;
pub use roster::{LoadError, load};
pub use up::{Announce, Options, UpError, socket_path, up};
