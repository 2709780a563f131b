//! What `install` and `uninstall` did, thing by thing: it is said even where a later thing failed.

use std::path::Path;

use muster_model::text::Text;
use serde::Serialize;

use crate::context::Context;
use crate::failure::Outcome;
use crate::screen::installed::Row;

/// What became of one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Did {
    /// It was not there, and is now.
    Made,
    /// An older one of Muster's own was there.
    Replaced,
    /// It was there already.
    There,
    /// It is somebody else's, or was altered: left alone.
    Kept,
    /// It was there, and is not any more.
    Removed,
    /// It was done: no thing, but a deed.
    Done,
}

/// All that was done.
#[derive(Default, Serialize)]
pub(crate) struct Report {
    dry_run: bool,
    steps: Vec<Step>,
}

#[derive(Serialize)]
struct Step {
    did: Did,
    what: String,
    #[serde(skip)]
    note: Option<Text>,
    #[serde(rename = "note")]
    said: Option<String>,
    /// How a file that was left alone differs from what Muster would have written.
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<Difference>,
}

/// Two contents of one file.
#[derive(Serialize)]
pub(crate) struct Difference {
    /// What is there.
    pub(crate) there: String,
    /// What Muster would have written.
    pub(crate) ours: String,
}

impl Report {
    /// An empty one; with `dry_run` of what would be done.
    pub(crate) fn new(dry_run: bool) -> Report {
        Report { dry_run, steps: Vec::new() }
    }

    /// One thing more.
    pub(crate) fn add(&mut self, did: Did, what: impl ToString, note: Option<Text>) {
        self.steps.push(Step { did, what: what.to_string(), note, said: None, difference: None });
    }

    /// One path more.
    pub(crate) fn path(&mut self, did: Did, path: &Path, note: Option<Text>) {
        self.add(did, path.display(), note);
    }

    /// How the thing that was added last differs from what Muster would have written.
    pub(crate) fn differs(&mut self, there: String, ours: String) {
        if let Some(step) = self.steps.last_mut() {
            step.difference = Some(Difference { there, ours });
        }
    }

    /// Whether anything was altered.
    pub(crate) fn altered(&self) -> bool {
        self.steps.iter().any(|step| !matches!(step.did, Did::There | Did::Kept))
    }

    /// Says all of it, and what it comes to; where it failed, the caller says why.
    pub(crate) fn say(mut self, context: &Context, done: bool, sum: Option<&Text>) -> Outcome {
        #[derive(Serialize)]
        struct Document {
            done: bool,
            #[serde(flatten)]
            report: Report,
            text: Option<String>,
        }
        let text = sum.map(|sum| muster_tell::say(context.language, sum));
        if context.json {
            for step in &mut self.steps {
                step.said = step.note.as_ref().map(|note| muster_tell::say(context.language, note));
            }
            return context.json(&Document { done, report: self, text });
        }
        let row = |step: Step| Row { did: step.did, what: step.what, note: step.note, difference: step.difference };
        let rows: Vec<Row> = self.steps.into_iter().map(row).collect();
        context.page(|look| crate::screen::installed::page(look, &rows, self.dry_run, text.as_deref()))
    }
}
