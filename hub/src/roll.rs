//! The roll call, kept for as long as it is true: many who ask at once are answered from one look.
//!
//! An answer is never older than the question, but where things happen without pause: then it may be 50 ms old, and the
//! answers of probes in it up to a second.

use std::io::Write;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use muster_model::hub::Ask;
use muster_model::request::{Reply, Status};
use muster_tell::Language;
use muster_tell::document::StatusDocument;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::line::{Agent, NoAnswer};

/// What events do not tell, such as the answers of probes, is looked at anew after this time.
const FRESH_FOR: Duration = Duration::from_secs(1);
/// The loop of the agent is asked at most this often.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The roll call of this host.
pub(crate) struct Roll {
    agent: Agent,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    /// The newest event when it was looked at.
    newest: u64,
    looked: Instant,
    /// It was so at this moment at least.
    checked: Instant,
    call: Arc<Call>,
}

/// One roll call, with its documents.
pub(crate) struct Call {
    /// The newest event that it surely knows of.
    pub(crate) newest: u64,
    pub(crate) status: Status,
    documents: std::sync::Mutex<Vec<(Language, Document)>>,
}

/// A document in JSON, as it is and compressed.
#[derive(Clone)]
pub(crate) struct Document {
    pub(crate) plain: Bytes,
    pub(crate) gzip: Bytes,
}

impl Roll {
    pub(crate) fn new(agent: Agent) -> Roll {
        Roll { agent, kept: Mutex::default() }
    }

    /// How everything is now.
    pub(crate) async fn call(&self) -> Result<Arc<Call>, NoAnswer> {
        let asked = Instant::now();
        let mut kept = self.kept.lock().await;
        if let Some(kept) = kept.as_ref().filter(|kept| kept.checked >= asked || kept.looked.elapsed() < LOOK_EVERY) {
            return Ok(Arc::clone(&kept.call));
        }
        let checked = Instant::now();
        let Reply::Newest(newest) = self.agent.ask(Ask::Newest).await? else { return Err(NoAnswer::Gone) };
        if let Some(kept) = kept.as_mut().filter(|kept| kept.newest == newest && kept.looked.elapsed() < FRESH_FOR) {
            kept.checked = checked;
            return Ok(Arc::clone(&kept.call));
        }
        let Reply::Status(status) = self.agent.ask(Ask::Status).await? else { return Err(NoAnswer::Gone) };
        let call = Arc::new(Call::new(newest, *status));
        *kept = Some(Kept { newest, looked: Instant::now(), checked, call: Arc::clone(&call) });
        Ok(call)
    }

    /// Something was done by this hub: whoever asks next looks anew.
    pub(crate) async fn forget(&self) {
        *self.kept.lock().await = None;
    }
}

impl Call {
    pub(crate) fn new(newest: u64, status: Status) -> Call {
        Call { newest, status, documents: std::sync::Mutex::default() }
    }

    /// The document, made once for each language.
    pub(crate) fn document(&self, language: Language) -> Document {
        let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, made)) = documents.iter().find(|(of, _)| *of == language) {
            return made.clone();
        }
        let made = Document::new(&StatusDocument::new(language, &self.status));
        documents.push((language, made.clone()));
        made
    }
}

impl Document {
    fn new(document: &impl serde::Serialize) -> Document {
        // Both work in memory alone and do not fail on these documents.
        let plain = serde_json::to_vec(document).unwrap_or_default();
        let mut gzip = GzEncoder::new(Vec::with_capacity(plain.len() / 8), Compression::fast());
        let _ = gzip.write_all(&plain);
        Document { plain: plain.into(), gzip: gzip.finish().unwrap_or_default().into() }
    }
}
