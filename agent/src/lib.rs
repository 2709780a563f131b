//! The loop of a host: receive, append, step, dispatch.
#![forbid(unsafe_code)]
