//! The append-only, hash-chained record, embedded.
#![forbid(unsafe_code)]
