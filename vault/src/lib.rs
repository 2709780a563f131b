//! Versions of configuration files: every content that Muster saw, each kept once, with when it was so and who made it so.
//!
//! [`Vault::take`] looks at a real file and says what is different from last time (`look` reads it, `take` compares,
//! `store` keeps it in `DATA/vault.db`); [`Vault::write_back`] puts an older version in its place, so that at every
//! instant either the one or the other is there, whole (`replace`).
//!
//! A version's name is the BLAKE3 hash of its content in hexadecimal ([`muster_model::id::VersionId`]): a content that
//! comes back gets its old name.
//!
//! Deliberately absent: comparing texts (`tell`), watching (`sense`), and knowing which version is the good one (`guard`).
#![forbid(unsafe_code)]

mod error;
mod look;
mod replace;
mod store;
mod take;

pub use error::Error;
pub use look::CONTENT_BYTES_MAX;
pub use replace::Replaced;
pub use store::{Vault, VersionInfo};
pub use take::{Permissions, Taken};
