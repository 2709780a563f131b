//! The hub's end of the line to its agent: questions go out as they come up, answers come back by their numbers.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use muster_model::hub::{Answer, Answered, Ask, Asked};
use muster_model::request::{Record, Reply};
use muster_model::text::Text;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot, watch};

/// The agent answers within this time, or it does not answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// A longer answer is none of an agent's.
const ANSWER_BYTES_MAX: u64 = 256 << 20;
/// Questions that wait to be written.
const QUESTIONS_MAX: usize = 256;
/// What was followed and not yet taken; more is lost to the one who follows, who sees it by the gap.
const FOLLOWED_MAX: usize = 4_096;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum NoAnswer {
    /// The agent has ended, or does not answer.
    Gone,
    /// It refused, and says why.
    Refused(Text),
    /// The token is not known, or has run out.
    Unknown,
    /// The token does not allow it.
    Forbidden,
}

/// The agent of this hub.
#[derive(Clone)]
pub(crate) struct Agent {
    questions: mpsc::Sender<Asked>,
    waiting: Arc<Mutex<Waiting>>,
    next: Arc<AtomicU64>,
}

#[derive(Default)]
struct Waiting {
    once: BTreeMap<u64, oneshot::Sender<Answer>>,
    followed: BTreeMap<u64, mpsc::Sender<Vec<Record>>>,
}

impl Agent {
    /// The agent at the other end; the second value turns true when it has hung up.
    pub(crate) fn over(line: UnixStream) -> io::Result<(Agent, watch::Receiver<bool>)> {
        line.set_nonblocking(true)?;
        let (from_agent, to_agent) = tokio::net::UnixStream::from_std(line)?.into_split();
        let (questions, to_ask) = mpsc::channel(QUESTIONS_MAX);
        let (over, ended) = watch::channel(false);
        let waiting: Arc<Mutex<Waiting>> = Arc::default();
        tokio::spawn(write(to_agent, to_ask));
        tokio::spawn({
            let waiting = Arc::clone(&waiting);
            async move {
                // However it ends, it is over: the hub has nothing to serve without its agent.
                let _ = read(from_agent, &waiting).await;
                *waiting.lock().unwrap_or_else(PoisonError::into_inner) = Waiting::default();
                let _ = over.send(true);
            }
        });
        Ok((Agent { questions, waiting, next: Arc::default() }, ended))
    }

    /// Asks, and waits for the answer.
    pub(crate) async fn ask(&self, ask: Ask) -> Result<Reply, NoAnswer> {
        match self.answer(ask).await? {
            Answer::Reply(Reply::Refused { why }) => Err(NoAnswer::Refused(why)),
            Answer::Reply(reply) => Ok(reply),
            Answer::Unknown | Answer::Who(_) => Err(NoAnswer::Unknown),
            Answer::Forbidden => Err(NoAnswer::Forbidden),
        }
    }

    /// The same, for an answer of any kind.
    pub(crate) async fn answer(&self, ask: Ask) -> Result<Answer, NoAnswer> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = oneshot::channel();
        self.waiting().once.insert(id, sender);
        let asked = async {
            self.questions.send(Asked { id, ask }).await.ok()?;
            receiver.await.ok()
        };
        let answer = tokio::time::timeout(ANSWER_WITHIN, asked).await;
        self.waiting().once.remove(&id);
        answer.ok().flatten().ok_or(NoAnswer::Gone)
    }

    /// Asks what is followed; the answers come until [`Agent::enough`].
    pub(crate) async fn follow(&self, ask: Ask) -> Result<(u64, mpsc::Receiver<Vec<Record>>), NoAnswer> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = mpsc::channel(FOLLOWED_MAX);
        self.waiting().followed.insert(id, sender);
        self.questions.send(Asked { id, ask }).await.map_err(|_| NoAnswer::Gone)?;
        Ok((id, receiver))
    }

    /// No more answers to a question that is followed.
    pub(crate) async fn enough(&self, of: u64) {
        self.waiting().followed.remove(&of);
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        // An agent that has gone sends no more anyway.
        let _ = self.questions.send(Asked { id, ask: Ask::Enough { of } }).await;
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn write(mut to_agent: OwnedWriteHalf, mut questions: mpsc::Receiver<Asked>) -> io::Result<()> {
    while let Some(asked) = questions.recv().await {
        let mut text = serde_json::to_vec(&asked)?;
        text.push(b'\n');
        to_agent.write_all(&text).await?;
    }
    Ok(())
}

async fn read(from_agent: OwnedReadHalf, waiting: &Mutex<Waiting>) -> io::Result<()> {
    let mut answers = BufReader::with_capacity(64 << 10, from_agent);
    let mut text = Vec::new();
    loop {
        text.clear();
        if (&mut answers).take(ANSWER_BYTES_MAX).read_until(b'\n', &mut text).await? == 0 {
            return Ok(());
        }
        let Answered { id, answer } = serde_json::from_slice(&text)?;
        text.shrink_to(64 << 10);
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(asker) = waiting.once.remove(&id) {
            let _ = asker.send(answer); // it may have given up
        } else if let (Some(follower), Answer::Reply(Reply::Events(records))) = (waiting.followed.get(&id), answer) {
            let _ = follower.try_send(records);
        }
    }
}
