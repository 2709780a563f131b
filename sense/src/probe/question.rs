//! A question, ready to be put: patterns compiled, bytes decoded.

use muster_model::probe::{Answer, Ask};
use muster_model::time::Length;

use super::answers::unasked;
use super::dns::Asked;
use super::http::Get;
use super::progress::Progress;
use super::talk::Words;
use super::{amqp, exec, fastcgi, file, grpc, icmp, mqtt, mysql, ntp, postgres, processes, redis, smtp, tcp, tls, unix};

/// What a probe asks.
pub(super) enum Question {
    Http(Get),
    Tcp {
        address: String,
        words: Option<Words>,
    },
    Unix {
        path: String,
        words: Option<Words>,
    },
    /// Nothing of it has to be made ready.
    Plain(Ask),
}

impl Question {
    /// The error says why it can never be put. The configuration was checked for all of this before.
    pub(super) fn new(ask: &Ask) -> Result<Question, String> {
        Ok(match ask {
            Ask::Http { url, expect, body, roots } => Question::Http(Get::new(url, *expect, body.as_deref(), roots.as_deref())?),
            Ask::Tcp { address, talk } => Question::Tcp { address: address.clone(), words: talk.as_ref().map(Words::new).transpose()? },
            Ask::Unix { path, talk } => Question::Unix { path: path.clone(), words: talk.as_ref().map(Words::new).transpose()? },
            plain => Question::Plain(plain.clone()),
        })
    }

    /// The same question to a server at another address. What was made ready is only put elsewhere, of the others `plain` gives
    /// one anew.
    pub(super) fn at(self, elsewhere: &str, plain: impl FnOnce() -> Option<Ask>) -> Option<Question> {
        Some(match self {
            Question::Http(get) => Question::Http(get.at(elsewhere)),
            Question::Tcp { words, .. } => Question::Tcp { address: elsewhere.to_owned(), words },
            Question::Unix { .. } => return None,
            Question::Plain(_) => Question::Plain(plain()?),
        })
    }

    /// Puts it once. What is under way when the time is over is dropped, a plugin ended.
    pub(super) async fn put(&self, timeout: Length) -> Answer {
        let progress = Progress::new();
        let answer = async {
            match self {
                Question::Http(get) => get.put(&progress).await,
                Question::Tcp { address, words } => tcp::put(address, words.as_ref(), &progress).await,
                Question::Unix { path, words } => unix::put(path, words.as_ref(), &progress).await,
                // In a place of its own: the many conversations would make a question over HTTP as large as the largest of them.
                Question::Plain(ask) => Box::pin(plain(ask, &progress)).await,
            }
        };
        tokio::time::timeout(timeout.std(), answer).await.unwrap_or_else(|_| progress.over(timeout))
    }
}

async fn plain(ask: &Ask, progress: &Progress) -> Answer {
    let (Ok(answer) | Err(answer)) = match ask {
        Ask::Exec { command } => Ok(exec::put(command, progress).await),
        Ask::Tls { address, trust, days } => tls::put(address, trust, *days, progress).await,
        Ask::Dns { name, record, expect, server } => {
            Asked { name, record: *record, expect: expect.as_deref(), server: server.as_deref() }.put(progress).await
        }
        Ask::Redis(peer) => redis::put(peer, progress).await,
        Ask::Postgres(peer) => postgres::put(peer, progress).await,
        Ask::Mysql(peer) => mysql::put(peer, progress).await,
        Ask::Smtp(peer) => smtp::put(peer, progress).await,
        Ask::Amqp(peer) => amqp::put(peer, progress).await,
        Ask::Mqtt(peer) => mqtt::put(peer, progress).await,
        Ask::Grpc { peer, service } => grpc::put(peer, service, progress).await,
        Ask::Fastcgi { peer, path, body } => fastcgi::put(peer, path, body.as_deref(), progress).await,
        Ask::Icmp { host } => icmp::put(host, progress).await,
        Ask::Ntp { address, offset } => ntp::put(address, *offset, progress).await,
        Ask::File(wanted) => file::put(wanted, progress).await,
        Ask::Processes { whose, count } => processes::put(whose, *count, progress).await,
        // These were made ready.
        Ask::Http { .. } | Ask::Tcp { .. } | Ask::Unix { .. } => Err(unasked("it was not made ready")),
    };
    answer
}
