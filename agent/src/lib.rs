//! The loop of a host: receive, append, step, dispatch (`host`). Around it: the sensors it listens to, the hands that
//! carry out its orders, the services it runs itself, the socket at which people and programs ask, and the
//! hub, which asks for all the others.
#![forbid(unsafe_code)]

mod children;
mod desk;
mod discover;
mod eyes;
mod fixed;
mod host;
mod hub;
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
mod tally;
mod up;
mod users;
mod watchdog;
mod watching;

pub use children::{end, kept};
pub use hub::HUB_COMMAND;
pub use packs::{load_pack, own_packs};
pub use record::chain;
pub use roster::{LoadError, configuration_files, load};
pub use up::{Announce, Options, Standing, UpError, socket_path, up};
