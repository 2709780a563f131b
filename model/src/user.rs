//! Who may use the API. Reading is for whoever may; acting is for those whom the administrator has let in, each with a token.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::time::{Length, Time};

/// A longer name is none.
const NAME_BYTES_MAX: usize = 64;

/// What a user may do.
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// See all there is, contents of configuration files among it.
    Read,
    /// Recover, pause, acknowledge too.
    Act,
}

impl Right {
    /// The word as it stands in JSON.
    pub const fn code(self) -> &'static str {
        match self {
            Right::Read => "read",
            Right::Act => "act",
        }
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl FromStr for Right {
    type Err = String;
    fn from_str(s: &str) -> Result<Right, String> {
        [Right::Read, Right::Act].into_iter().find(|r| r.code() == s).ok_or_else(|| format!("`{s}` is neither `read` nor `act`"))
    }
}

/// Whom to let in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Admission {
    /// The name under which it goes on record what they do.
    pub user: String,
    /// What they may do.
    pub right: Right,
    /// For how long; `None`: until they are dismissed.
    pub length: Option<Length>,
}

impl Admission {
    /// Whether the name is one: letters, digits, `.`, `-`, `_` and `@`, at most 64 of them.
    pub fn has_a_name(&self) -> bool {
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
        !self.user.is_empty() && self.user.len() <= NAME_BYTES_MAX && self.user.chars().all(fits)
    }
}

/// Somebody who may use the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Their name.
    pub user: String,
    /// What they may do.
    pub right: Right,
    /// Since when.
    pub since: Time,
    /// Until when; `None`: until they are dismissed.
    pub until: Option<Time>,
}
