//! Executors on a host: examine, rehearse, fix, undo.
#![forbid(unsafe_code)]
