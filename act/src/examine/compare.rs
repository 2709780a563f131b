//! Which configuration files are not as they were when the service was last well?

use std::path::Path;

use muster_model::exam::{Difference, Finding};
use muster_model::id::VersionId;

use crate::now;

pub(super) fn run(good: &[(String, VersionId)]) -> Finding {
    let differs = |(path, good): &(String, VersionId)| {
        // What cannot be read cannot be told apart.
        let now = now::version(Path::new(path)).ok()?;
        (now.as_ref() != Some(good)).then(|| Difference { path: path.clone(), good: good.clone(), now })
    };
    Finding::Compared { differ: good.iter().filter_map(differs).collect() }
}
