//! What comes, for all who watch: the agent is followed once, while anybody does.

use std::sync::Arc;
use std::time::Duration;

use muster_model::hub::Ask;
use muster_model::request::{EventQuery, Record};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, broadcast};

use crate::line::{Agent, NoAnswer};

/// Who is so many events behind has lost some, and reads them up.
const BEHIND_MAX: usize = 1_024;
/// More who watch at once are turned away.
const WATCHERS_MAX: usize = 128;
/// How long after the last one has left the agent is followed on where nothing comes.
const LINGER: Duration = Duration::from_secs(5);

/// The events of this host as they come.
pub(crate) struct Live {
    agent: Agent,
    following: Mutex<Option<broadcast::Sender<Arc<Record>>>>,
    seats: Arc<Semaphore>,
}

/// Somebody who watches, until dropped.
pub(crate) struct Watcher {
    pub(crate) events: broadcast::Receiver<Arc<Record>>,
    _seat: OwnedSemaphorePermit,
}

impl Live {
    pub(crate) fn new(agent: Agent) -> Live {
        Live { agent, following: Mutex::default(), seats: Arc::new(Semaphore::new(WATCHERS_MAX)) }
    }

    /// Begins to watch; `None`: too many do.
    pub(crate) async fn watch(self: &Arc<Live>) -> Result<Option<Watcher>, NoAnswer> {
        let Ok(seat) = Arc::clone(&self.seats).try_acquire_owned() else { return Ok(None) };
        let mut following = self.following.lock().await;
        if let Some(sender) = &*following {
            return Ok(Some(Watcher { events: sender.subscribe(), _seat: seat }));
        }
        let query = EventQuery { follow: true, ..EventQuery::default() };
        let (id, mut records) = self.agent.follow(Ask::Events(query)).await?;
        let (sender, events) = broadcast::channel(BEHIND_MAX);
        *following = Some(sender.clone());
        let live = Arc::clone(self);
        tokio::spawn(async move {
            loop {
                match tokio::time::timeout(LINGER, records.recv()).await {
                    Ok(Some(told)) => told.into_iter().for_each(|record| drop(sender.send(Arc::new(record)))),
                    Ok(None) => break,
                    Err(_) => {} // a good moment to see whether anybody is left
                }
                let mut following = live.following.lock().await;
                if sender.receiver_count() == 0 {
                    *following = None;
                    drop(following);
                    live.agent.enough(id).await;
                    return;
                }
            }
            *live.following.lock().await = None;
        });
        Ok(Some(Watcher { events, _seat: seat }))
    }
}
