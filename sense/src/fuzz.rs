//! The readers of what comes from outside, as functions of bytes: each takes anything, and says by its assertions what must
//! hold of what it makes of it. They are for the fuzz targets (`fuzz/`) alone. Here are those that nobody else may call.

pub use crate::audit::fuzz::audit;
pub use crate::files::fuzz::{fanotify, globs};
pub use crate::journal::fuzz::log_lines;
pub use crate::ports::fuzz::{proc_net, sock_diag};
pub use crate::probe::fuzz::{
    amqp, certificate, dns, fastcgi, grpc, http, icmp, mqtt, mysql, ntp, plugin, postgres, redis, scram, smtp, talk,
};
pub use crate::proc::fuzz::proc;
pub use crate::process::fuzz::{cgroup, connector, ebpf, kernel_log};
pub use crate::units::fuzz::systemctl;
