//! What is said to people, before it has a language.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A message by its key in the catalogue (`tell/messages/*.ftl`) with its arguments. The ledger keeps it so, and
/// whoever shows it chooses the language.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Text {
    /// The key in the catalogue.
    pub key: String,
    /// Arguments by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, String>,
    /// Arguments that no catalogue has in words, by name: they bring their own languages.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub phrases: BTreeMap<String, Phrase>,
}

impl Text {
    /// A message without arguments. Write the key as a literal: a test compares all literals with the catalogue.
    pub fn new(key: &'static str) -> Text {
        Text { key: key.to_owned(), args: BTreeMap::new(), phrases: BTreeMap::new() }
    }

    /// The same with an argument.
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Text {
        self.args.insert(name.to_owned(), value.to_string());
        self
    }
    /// The same with an argument that is said in the language of the message.
    pub fn with_phrase(mut self, name: &'static str, phrase: &Phrase) -> Text {
        self.phrases.insert(name.to_owned(), phrase.clone());
        self
    }
}

/// Words that come with data, not with the program (a pack says what a line means), in each language that their author
/// speaks. Written as a text, which is English, or as `{ en = "…", zh-CN = "…" }`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Phrase(BTreeMap<String, String>);

/// The language of a phrase whose author gave none, and what is said where the one asked for is not there.
const FIRST_LANGUAGE: &str = "en";

impl Phrase {
    /// The words by the tag of their language.
    pub fn new<const N: usize>(words: [(&str, &str); N]) -> Phrase {
        Phrase(words.into_iter().map(|(language, words)| (language.to_owned(), words.to_owned())).collect())
    }

    /// In this language, else in English, else in any.
    pub fn said(&self, language: &str) -> &str {
        let words = self.0.get(language).or_else(|| self.0.get(FIRST_LANGUAGE)).or_else(|| self.0.values().next());
        words.map_or("", String::as_str)
    }

    /// The words by the tag of their language.
    pub fn languages(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(language, words)| (language.as_str(), words.as_str()))
    }
}

impl Serialize for Phrase {
    /// English alone is a text, as in ledgers from before there were phrases.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.get(FIRST_LANGUAGE) {
            Some(words) if self.0.len() == 1 => serializer.serialize_str(words),
            _ => {
                let mut map = serializer.serialize_map(Some(self.0.len()))?;
                self.0.iter().try_for_each(|(language, words)| map.serialize_entry(language, words))?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Phrase {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EitherForm)
    }
}

/// A text, or texts by language.
struct EitherForm;

impl<'de> Visitor<'de> for EitherForm {
    type Value = Phrase;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, or a text for each language")
    }

    fn visit_str<E: serde::de::Error>(self, words: &str) -> Result<Phrase, E> {
        Ok(Phrase::new([(FIRST_LANGUAGE, words)]))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Phrase, A::Error> {
        let mut phrase = Phrase::default();
        while let Some((language, words)) = map.next_entry()? {
            phrase.0.insert(language, words);
        }
        Ok(phrase)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_is_said_in_the_language_asked_for_and_a_text_of_old_is_english() {
        let both: Phrase = serde_json::from_str(r#"{"en":"taken","zh-CN":"被占用"}"#).unwrap();
        assert_eq!((both.said("zh-CN"), both.said("en"), both.said("fr")), ("被占用", "taken", "taken"));
        assert_eq!(serde_json::to_string(&both).unwrap(), r#"{"en":"taken","zh-CN":"被占用"}"#);
        let old: Phrase = serde_json::from_str("\"taken\"").unwrap();
        assert_eq!((old.said("zh-CN"), serde_json::to_string(&old).unwrap().as_str()), ("taken", "\"taken\""));
        assert_eq!(Phrase::default().said("en"), "");
        assert!(serde_json::from_str::<Phrase>("3").is_err());
    }
}
