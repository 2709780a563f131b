//! What the kernel may say of sockets, as functions of bytes for the fuzz targets (`fuzz/`).

use super::sockets::{SOCKETS_MAX, read_answer, socket};
use crate::proc::unit_in;

/// An answer of sock_diag. The number of the request is where it stands in the first message.
pub fn sock_diag(bytes: &[u8]) {
    let turn = bytes.get(8..12).and_then(|turn| turn.try_into().ok()).map_or(1, u32::from_ne_bytes);
    let mut sockets = Vec::new();
    let _ = read_answer(bytes, turn, &mut sockets);
    assert!(sockets.len() <= SOCKETS_MAX);
}

/// Lines of `/proc/net/tcp`, and of control groups.
pub fn proc_net(bytes: &[u8]) {
    for line in String::from_utf8_lossy(bytes).lines() {
        let _ = socket(line);
        assert!(unit_in(line).is_none_or(|unit| line.contains(&unit)));
    }
}
