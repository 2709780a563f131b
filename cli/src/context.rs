//! What every command needs to know: where Muster is, in which language and form to answer.

use std::io::Write;
use std::path::{Path, PathBuf};

use muster_model::text::Text;
use muster_model::time::Time;
use muster_tell::Language;
use serde::Serialize;

use crate::arguments::Global;
use crate::failure::{DONE, Failure, Outcome};
use crate::places;
use crate::screen::{Look, Page};
use crate::socket::Agent;

/// What goes with every command.
pub(crate) struct Context {
    /// The configuration file that `--config` names.
    pub(crate) config: Option<PathBuf>,
    /// The data directory.
    pub(crate) data: PathBuf,
    /// Answer in JSON.
    pub(crate) json: bool,
    /// The language of answers.
    pub(crate) language: Language,
}

impl Context {
    /// The context of a command line. `spoken` is the language of its help: that of `--lang`, else of the environment.
    pub(crate) fn new(global: Global, spoken: Option<Language>) -> Context {
        let config = global.config;
        let configured = || language_of(config.as_deref());
        let language = global.lang.or_else(configured).or(spoken).unwrap_or_default();
        Context { data: global.data.unwrap_or_else(places::data), json: global.json, language, config }
    }

    /// The running Muster.
    pub(crate) fn agent(&self) -> Agent {
        Agent::at(&self.data)
    }

    /// Now.
    pub(crate) fn now(&self) -> Time {
        muster_sense::clock::now().0
    }

    /// Says a result: its document with `--json`, else its page.
    pub(crate) fn show<D: Serialize>(&self, document: impl FnOnce() -> D, page: impl FnOnce(&Look) -> Page) -> Outcome {
        if self.json { self.json(&document()) } else { self.page(page) }
    }

    /// Says a document in JSON, on one line.
    pub(crate) fn json<D: Serialize>(&self, document: &D) -> Outcome {
        let text = serde_json::to_string(document).map_err(|error| Failure::Other(error.into()))?;
        print(&(text + "\n"))
    }

    /// Shows a page.
    pub(crate) fn page(&self, page: impl FnOnce(&Look) -> Page) -> Outcome {
        let stdout = std::io::stdout();
        let look = Look::of_output(self.language, &stdout, self.now());
        print(&page(&look).paint(look.colour))
    }

    /// Says that something was taken or done: a sentence, or `{"done": true, "text": …}`.
    pub(crate) fn tell(&self, text: &Text) -> Outcome {
        #[derive(Serialize)]
        struct Told {
            done: bool,
            text: String,
        }
        let said = muster_tell::say(self.language, text);
        if self.json { self.json(&Told { done: true, text: said }) } else { self.page(|look| Page::of_text(look, &said)) }
    }

    /// A failure in words.
    pub(crate) fn said(&self, failure: &Failure) -> String {
        match failure {
            Failure::Failed(text) | Failure::Usage(text) | Failure::NotReached(text) => muster_tell::say(self.language, text),
            Failure::Config(mistakes) => mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
            Failure::Other(error) => format!("{error:#}"),
            Failure::Unread => String::new(),
        }
    }

    /// Says a failure on standard error.
    pub(crate) fn fail(&self, failure: &Failure) {
        let begin = match failure {
            Failure::Unread => return,
            Failure::Config(_) => String::new(), // `FILE:LINE:COLUMN: …` at the beginning of a line is read by editors
            _ => muster_tell::say_key(self.language, "failure-prefix", &[]),
        };
        let said = self.said(failure);
        let stderr = std::io::stderr();
        let look = Look::of_output(self.language, &stderr, self.now());
        // Nobody is left to be told when standard error is gone.
        let _ = stderr.lock().write_all(Page::of_failure(&begin, &said).paint(look.colour).as_bytes());
    }
}

/// Writes to standard output.
pub(crate) fn print(text: &str) -> Outcome {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(|error| match error.kind() {
        std::io::ErrorKind::BrokenPipe => Failure::Unread,
        _ => error.into(),
    })?;
    Ok(DONE)
}

/// The language that the configuration asks for. A broken one is not this command's business.
fn language_of(named: Option<&Path>) -> Option<Language> {
    muster_agent::load(places::config_in_force(named).as_deref()).ok()?.language?.parse().ok()
}
