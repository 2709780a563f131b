//! What Muster says: the message catalogue in every language, and the documents of the contract made from the model.
//!
//! The ledger and the socket carry keys and codes ([`muster_model::text::Text`]); words are chosen here, as late as
//! possible, by whoever shows them. Nothing here does I/O.
#![forbid(unsafe_code)]

mod catalogue;
pub mod document;
mod language;
mod moment;
mod sentence;
mod signal;
mod story;
mod word;

pub use catalogue::{has, say, say_key};
pub use language::{Language, UnknownLanguage};
pub use moment::{ago, clock, date_and_clock, length};
pub use sentence::{actor, event, percent};
pub use signal::signal_name;
pub use story::{ancestry, next, sureness};
pub use word::{Words, word};
