//! Knowledge about well-known programs, as data, and its loader.
#![forbid(unsafe_code)]
