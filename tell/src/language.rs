//! The languages, and how one is chosen.

use std::fmt;
use std::str::FromStr;

/// A language in which Muster speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    ZhCn,
}

/// What was given is none of the languages.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a language that Muster speaks; write en or zh-CN")]
pub struct UnknownLanguage(pub String);

impl Language {
    /// All of them; the first is the one that every message has.
    pub const ALL: [Language; 2] = [Language::En, Language::ZhCn];

    /// The language's tag (BCP 47), as `--lang` and the configuration take it.
    pub const fn code(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::ZhCn => "zh-CN",
        }
    }

    /// The language of a POSIX locale such as `zh_CN.UTF-8` (locale(7)). `None` for `C`, `POSIX` and languages that
    /// Muster does not speak.
    pub fn of_locale(locale: &str) -> Option<Language> {
        let name = locale.split(['.', '@']).next().unwrap_or_default();
        name.parse().ok()
    }

    /// The language that the environment asks for: the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is set and not
    /// empty decides (locale(7)). `None` where that is none of Muster's.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Option<Language> {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| variable(name).filter(|value| !value.is_empty()))?;
        Language::of_locale(&locale)
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    /// Takes a tag in any case, with `-` or `_`, with or without a region: `zh`, `zh-CN`, `zh_cn`, `zh-Hans`, `en-GB`.
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let primary = s.split(['-', '_']).next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("en") {
            Ok(Language::En)
        } else if primary.eq_ignore_ascii_case("zh") {
            Ok(Language::ZhCn)
        } else {
            Err(UnknownLanguage(s.to_owned()))
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_taken_in_the_forms_people_write() {
        for (written, language) in [("en", Language::En), ("en-GB", Language::En), ("zh-CN", Language::ZhCn), ("ZH_cn", Language::ZhCn)] {
            assert_eq!(written.parse(), Ok(language), "{written}");
        }
        for bad in ["", "C", "fr", "english", "zhcn"] {
            assert_eq!(bad.parse::<Language>(), Err(UnknownLanguage(bad.to_owned())));
        }
    }

    #[test]
    fn the_first_set_variable_of_the_environment_decides() {
        let with = |set: &'static [(&str, &str)]| {
            Language::of_environment(|name| set.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(with(&[("LANG", "zh_CN.UTF-8")]), Some(Language::ZhCn));
        assert_eq!(with(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "en_US.UTF-8")]), Some(Language::En));
        assert_eq!(with(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "")]), Some(Language::ZhCn));
        assert_eq!(with(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "C.UTF-8")]), None);
        assert_eq!(with(&[]), None);
    }
}
