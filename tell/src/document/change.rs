//! `changes` and `diff`: what was altered, by whom.

use muster_model::actor::Actor;
use muster_model::change::Altered;
use muster_model::id::{ChangeId, ServiceName, VersionId};
use muster_model::request::{ChangeReport, DiffReport};
use muster_model::time::Time;
use serde::Serialize;
use utoipa::ToSchema;

/// Changes, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Changes {
    /// The changes.
    pub changes: Vec<ChangeDocument>,
    /// Where the next page begins; missing on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChangeDocument {
    /// Its id; `muster diff` takes it.
    pub id: ChangeId,
    /// When.
    pub at: Time,
    /// The service it touches.
    pub service: Option<ServiceName>,
    /// Which sensor saw it.
    pub source: String,
    /// The path of the file, or the name of the unit.
    pub subject: String,
    /// `created`, `edited`, `deleted`, `permission`, `enablement`.
    pub kind: &'static str,
    /// The version, the mode and owner, or systemd's word before; `null`: nothing, or not known.
    pub before: Option<String>,
    /// The same after.
    pub after: Option<String>,
    /// Who did it; `null`: no source could tell.
    pub actor: Option<Actor>,
}

/// A change with its contents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DiffDocument {
    /// The change.
    pub change: ChangeDocument,
    /// The version that was there.
    pub before_version: Option<VersionId>,
    /// The version that is there.
    pub after_version: Option<VersionId>,
    /// What was there; `null`: nothing, or it could not be kept.
    pub before: Option<String>,
    /// What is there.
    pub after: Option<String>,
    /// The difference in the unified format (diff(1)); `null` where a content that should be there could not be kept.
    pub unified: Option<String>,
}

impl Changes {
    /// The document of a list of changes.
    pub fn new(reports: &[ChangeReport]) -> Changes {
        Changes { changes: reports.iter().map(ChangeDocument::new).collect(), next: None }
    }
}

impl ChangeDocument {
    fn new(report: &ChangeReport) -> ChangeDocument {
        let version = |id: &Option<VersionId>| id.as_ref().map(|id| id.as_str().to_owned());
        let (before, after) = match &report.change.what {
            Altered::Created { after } => (None, version(after)),
            Altered::Edited { before, after } => (version(before), version(after)),
            Altered::Deleted { before } => (version(before), None),
            Altered::Permission { before, after } | Altered::Enablement { before, after } => (Some(before.clone()), Some(after.clone())),
        };
        ChangeDocument {
            id: report.id.clone(),
            at: report.at,
            service: report.service.clone(),
            source: report.source.clone(),
            subject: report.change.subject.clone(),
            kind: report.change.what.word(),
            before,
            after,
            actor: report.change.actor.clone(),
        }
    }
}

impl DiffDocument {
    /// Lines of context around a difference, as diff(1) has them.
    const CONTEXT: usize = 3;

    /// The document of a change with its contents.
    pub fn new(report: &DiffReport) -> DiffDocument {
        DiffDocument {
            change: ChangeDocument::new(&report.change),
            before_version: report.before_version.clone(),
            after_version: report.after_version.clone(),
            before: report.before.clone(),
            after: report.after.clone(),
            unified: sides(report).map(|(before, after)| {
                let subject = &report.change.change.subject;
                similar::TextDiff::from_lines(before, after)
                    .unified_diff()
                    .context_radius(Self::CONTEXT)
                    .header(&format!("a{subject}"), &format!("b{subject}"))
                    .to_string()
            }),
        }
    }
}

/// The two contents to compare, with nothing for a file that was not there, or is no more. `None` where one that was there
/// could not be kept, and for what has no content.
pub fn sides(report: &DiffReport) -> Option<(&str, &str)> {
    let (before, after) = (report.before.as_deref(), report.after.as_deref());
    match &report.change.change.what {
        Altered::Created { .. } => Some(("", after?)),
        Altered::Edited { .. } => Some((before?, after?)),
        Altered::Deleted { .. } => Some((before?, "")),
        Altered::Permission { .. } | Altered::Enablement { .. } => None,
    }
}
