//! Which TCP sockets listen: from the kernel by sock_diag(7), else from `/proc/net/tcp` and `tcp6` (proc_net(5)).

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use netlink_packet_core::{NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_sock_diag::SockDiagMessage;
use netlink_packet_sock_diag::constants::{AF_INET, AF_INET6, IPPROTO_TCP};
use netlink_packet_sock_diag::inet::{ExtensionFlags, InetRequest, SocketId, StateFlags};
use netlink_sys::protocols::NETLINK_SOCK_DIAG;
use netlink_sys::{Socket as Netlink, SocketAddr};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// At most so many listening sockets are taken; what is above that is not seen.
pub const SOCKETS_MAX: usize = 65_536;
/// At most so many lines of `/proc/net/tcp` are read: it lists every connection too.
const LINES_MAX: usize = 1_000_000;
/// Room for one answer of the kernel.
const READ_BYTES_MAX: usize = 64 * 1024;
/// The kernel answers at once; this is for when it does not.
const ANSWER_WITHIN: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
/// The state of a listening socket in `/proc/net/tcp`.
const LISTEN: &str = "0A";

/// A listening TCP socket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Socket {
    /// The address it is bound to.
    pub addr: IpAddr,
    /// The port.
    pub port: u16,
    /// Its inode, by which `/proc/PID/fd` names it.
    pub inode: u64,
    /// The user who made it.
    pub uid: u32,
}

/// The listening sockets of the machine at hand, or, where `root` is not `/`, those in the `/proc` below it.
pub fn listening(root: &Path) -> io::Result<Vec<Socket>> {
    if root == Path::new("/")
        && let Ok(sockets) = SockDiag::open().and_then(|mut diag| diag.listening())
    {
        return Ok(sockets);
    }
    from_proc(root)
}

/// A conversation with the kernel's socket monitoring.
pub(super) struct SockDiag {
    netlink: Netlink,
    buffer: Vec<u8>,
    /// The number of the last request; answers carry it.
    turn: u32,
}

impl SockDiag {
    /// The error says which call the kernel refused.
    pub(super) fn open() -> io::Result<SockDiag> {
        let opened = Netlink::new(NETLINK_SOCK_DIAG).and_then(|mut netlink| {
            netlink.bind_auto()?;
            netlink.connect(&SocketAddr::new(0, 0))?;
            Ok(netlink)
        });
        let netlink = opened.map_err(|error| io::Error::new(error.kind(), format!("sock_diag: {error}")))?;
        Ok(SockDiag { netlink, buffer: Vec::with_capacity(READ_BYTES_MAX), turn: 0 })
    }

    pub(super) fn listening(&mut self) -> io::Result<Vec<Socket>> {
        let mut sockets = Vec::new();
        self.dump(AF_INET, SocketId::new_v4(), &mut sockets)?;
        // A kernel without IPv6 has no such sockets.
        match self.dump(AF_INET6, SocketId::new_v6(), &mut sockets) {
            Err(error) if error.raw_os_error() != Some(libc::ENOENT) => Err(error),
            _ => Ok(sockets),
        }
    }

    fn dump(&mut self, family: u8, socket_id: SocketId, sockets: &mut Vec<Socket>) -> io::Result<()> {
        let states = StateFlags::LISTEN;
        let request = InetRequest { family, protocol: IPPROTO_TCP, extensions: ExtensionFlags::empty(), states, socket_id };
        self.turn = self.turn.wrapping_add(1);
        let mut header = NetlinkHeader::default();
        header.sequence_number = self.turn;
        header.flags = NLM_F_REQUEST | NLM_F_DUMP;
        let mut message = NetlinkMessage::new(header, SockDiagMessage::InetRequest(request).into());
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        self.netlink.send(&bytes, 0)?;
        while !self.answer(sockets)? {}
        Ok(())
    }

    /// Takes one answer in. `true`: it was the last.
    fn answer(&mut self, sockets: &mut Vec<Socket>) -> io::Result<bool> {
        if poll(&mut [PollFd::new(&self.netlink, PollFlags::IN)], Some(&ANSWER_WITHIN))? == 0 {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "sock_diag: no answer"));
        }
        self.buffer.clear();
        self.netlink.recv(&mut self.buffer, 0)?;
        read_answer(&self.buffer, self.turn, sockets)
    }
}

/// Takes what answers the request with the number `turn`. `true`: it was the last of it.
pub(super) fn read_answer(answer: &[u8], turn: u32, sockets: &mut Vec<Socket>) -> io::Result<bool> {
    let mut rest = answer;
    while !rest.is_empty() {
        let message = NetlinkMessage::<SockDiagMessage>::deserialize(rest).map_err(io::Error::other)?;
        match message.payload {
            // What is left of an answer that came too late.
            _ if message.header.sequence_number != turn => {}
            NetlinkPayload::Done(_) => return Ok(true),
            // A code that is no error's is not one to be turned round.
            NetlinkPayload::Error(error) if error.code.is_some() => {
                return Err(io::Error::from_raw_os_error(error.raw_code().saturating_neg()));
            }
            NetlinkPayload::InnerMessage(SockDiagMessage::InetResponse(answer)) if sockets.len() < SOCKETS_MAX => {
                let (id, inode, uid) = (&answer.header.socket_id, answer.header.inode.into(), answer.header.uid);
                sockets.push(Socket { addr: id.source_address, port: id.source_port, inode, uid });
            }
            _ => {}
        }
        // Messages begin at multiples of four bytes.
        let length = usize::try_from(message.header.length).unwrap_or(usize::MAX).max(1).checked_next_multiple_of(4);
        rest = length.and_then(|length| rest.get(length..)).unwrap_or_default();
    }
    Ok(false)
}

/// The listening sockets in `ROOT/proc/net/tcp` and `tcp6`. What is not there has none; lines that are not understood are
/// left out.
pub(super) fn from_proc(root: &Path) -> io::Result<Vec<Socket>> {
    let mut sockets = Vec::new();
    for file in ["proc/net/tcp", "proc/net/tcp6"] {
        let path = root.join(file);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
        };
        for line in BufReader::new(file).split(b'\n').take(LINES_MAX) {
            sockets.extend(std::str::from_utf8(&line?).ok().and_then(socket).filter(|_| sockets.len() < SOCKETS_MAX));
        }
    }
    Ok(sockets)
}

/// `sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …`
pub(super) fn socket(line: &str) -> Option<Socket> {
    let mut fields = line.split_ascii_whitespace();
    let (addr, port) = fields.nth(1)?.split_once(':')?;
    if fields.nth(1)? != LISTEN {
        return None;
    }
    let (uid, inode) = (fields.nth(3)?.parse().ok()?, fields.nth(1)?.parse().ok()?);
    Some(Socket { addr: address(addr)?, port: u16::from_str_radix(port, 16).ok()?, inode, uid })
}

/// An address as the kernel prints it: words of 32 bits in the machine's own order, in hexadecimal.
fn address(text: &str) -> Option<IpAddr> {
    let word = |at: usize| Some(u32::from_str_radix(text.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    match text.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let words = [word(0)?, word(8)?, word(16)?, word(24)?];
            Some(Ipv6Addr::from(<[u8; 16]>::try_from(words.as_flattened()).ok()?).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn lines_of_proc_are_read() {
        let line = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0 100 0 0 10 0";
        assert_eq!(socket(line), Some(Socket { addr: Ipv4Addr::LOCALHOST.into(), port: 8080, inode: 4242, uid: 1000 }));
        let line = "1: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 7 1";
        assert_eq!(socket(line), Some(Socket { addr: Ipv6Addr::LOCALHOST.into(), port: 80, inode: 7, uid: 0 }));
        assert_eq!(socket(&line.replace(" 0A ", " 01 ")), None, "a connection");
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_survived(line: String) {
            let _ = socket(&line);
        }

        #[test]
        fn any_field_is_survived(addr in "[0-9A-Fa-fé]{0,40}", port in "[0-9A-F]{0,6}", inode in "[0-9]{0,25}") {
            let _ = socket(&format!("0: {addr}:{port} 0:0 0A 0:0 0:0 0 0 0 {inode} 1"));
        }
    }
}
