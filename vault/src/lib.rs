//! Versions of configuration files.
#![forbid(unsafe_code)]
