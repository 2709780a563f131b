//! What is said to people, before it has a language.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A message by its key in the catalogue (`tell/messages/*.ftl`) with its arguments. The ledger keeps it so, and
/// whoever shows it chooses the language.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Text {
    /// The key in the catalogue.
    pub key: String,
    /// Arguments by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, String>,
}

impl Text {
    /// A message without arguments. Write the key as a literal: a test compares all literals with the catalogue.
    pub fn new(key: &'static str) -> Text {
        Text { key: key.to_owned(), args: BTreeMap::new() }
    }

    /// The same with an argument.
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Text {
        self.args.insert(name.to_owned(), value.to_string());
        self
    }
}
