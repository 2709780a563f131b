//! Ways to speak D-Bus with systemd.

use std::path::Path;
use std::time::Duration;

use zbus::Connection;
use zbus::connection::Builder;

use super::Ladder;
use super::private::Private;

/// How long a connection may take to be made, and each answer over it.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// A connection of its own to systemd, over the best way that the ladder allows and the machine has: for those who tell
/// systemd to do something. It needs a running tokio runtime.
///
/// # Errors
/// When there is no such way: why, for each that was tried.
pub async fn connect(ladder: &Ladder) -> Result<Connection, String> {
    let mut tried = Vec::new();
    if let Some(address) = &ladder.bus {
        match system(address).await {
            Ok(connection) => return Ok(connection),
            Err(e) => tried.push(e),
        }
    }
    if let Some(path) = &ladder.private {
        match private(path).await {
            Ok(connection) => return Ok(connection),
            Err(e) => tried.push(e),
        }
    }
    Err(format!("systemd cannot be reached over D-Bus ({}); is it running here, and is this root?", tried.join("; ")))
}

/// Over the system bus.
pub(super) async fn system(address: &str) -> Result<Connection, String> {
    within(Builder::address(address)).await.map_err(|e| format!("{address}: {e}"))
}

/// Over systemd's own socket.
pub(super) async fn private(path: &Path) -> Result<Connection, String> {
    let named = |e: String| format!("{}: {e}", path.display());
    let socket = Private::connect(path).await.map_err(|e| named(e.to_string()))?;
    within(Builder::socket(socket).p2p()).await.map_err(named)
}

/// A bus or a systemd that takes the connection and then says nothing is not there.
async fn within(builder: Builder<'_>) -> Result<Connection, String> {
    match tokio::time::timeout(ANSWER_WITHIN, builder.method_timeout(ANSWER_WITHIN).build()).await {
        Ok(built) => built.map_err(|e| e.to_string()),
        Err(_) => Err(format!("no answer within {} s", ANSWER_WITHIN.as_secs())),
    }
}
